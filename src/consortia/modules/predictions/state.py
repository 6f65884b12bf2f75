"""The module's tables."""

from consortia.base.hashing import tagged
from consortia.kernel.context import Context
from consortia.kernel.table import Table
from consortia.modules.predictions.types import Batch, ByModel, Rooted, Total

BATCHES = Table("predictions", "batches", Batch, (bytes,), "a batch of prediction records, by id")
ROOTS = Table("predictions", "roots", Rooted, (bytes,), "the batch with this root")
BY_MODEL = Table("predictions", "by_model", ByModel, (bytes, int), "the batches of a model, from 0 on")
TOTALS = Table("predictions", "totals", Total, (bytes,), "batches and records of a model")

TABLES = (BATCHES, ROOTS, BY_MODEL, TOTALS)


def batch_id(ctx: Context) -> bytes:
    """The id of this call's batch: H("consortia/predictions", network | transaction | call as 8 bytes)."""
    return tagged("consortia/predictions", ctx.network + ctx.transaction + ctx.call.to_bytes(8, "big"))
