"""How the message is judged and executed: CHECK, DECIDE, WRITE, EMIT."""

from consortia.base.refusals import require
from consortia.kernel.context import Context
from consortia.modules.predictions import messages as asked
from consortia.modules.predictions import refusals as codes
from consortia.modules.predictions.ports import Ports
from consortia.modules.predictions.state import BATCHES, BY_MODEL, DEED_ROOTS, ROOTS, TOTALS, batch_id
from consortia.modules.predictions.types import Batch, ByModel, Recorded, Rooted, Total


def record_batch(ctx: Context, message: asked.RecordBatch, ports: Ports) -> None:
    """Record a batch of a member that may process the model for the purpose it names."""
    # CHECK
    member, model = ctx.signer.member, message.model
    check_model(ctx, (model, message.content), member, message.purpose, ports)
    known = ROOTS.has(ctx, message.root) or DEED_ROOTS.has(ctx, message.root)
    require(not known, codes.REPEATED, message.root.hex())
    # DECIDE
    batch = Batch(
        id=batch_id(ctx),
        member=member,
        model=model,
        content=message.content,
        purpose=message.purpose,
        policy=message.policy,
        root=message.root,
        count=message.count,
        opened=message.opened,
        height=ctx.height,
        time=ctx.time,
    )
    # WRITE, EMIT
    write_batch(ctx, batch)


def check_model(ctx: Context, model: tuple[bytes, bytes], member: str, purpose: str, ports: Ports) -> None:
    """Refuse answers of a model (asset, content) that is not in force, or not the member's for this."""
    asset, content = model
    require(ports.models.kind(ctx, asset) == "model", codes.NO_MODEL, asset.hex())
    require(not ports.models.is_withdrawn(ctx, asset), codes.WITHDRAWN)
    require(ports.models.content(ctx, asset) == content, codes.WRONG_CONTENT, content.hex())
    require(ports.models.may(ctx, member, asset, "process", purpose), codes.NOT_ALLOWED, purpose)


def write_batch(ctx: Context, batch: Batch) -> None:
    """Write a batch in its place among its model's, and tell of it."""
    total = TOTALS.get(ctx, batch.model) or Total(0, 0)
    BATCHES.put(ctx, batch, batch.id)
    ROOTS.put(ctx, Rooted(batch.id), batch.root)
    BY_MODEL.put(ctx, ByModel(batch.id), batch.model, total.batches)
    TOTALS.put(ctx, Total(total.batches + 1, total.records + batch.count), batch.model)
    ctx.emit(Recorded(batch.id, batch.member, batch.model, batch.root, batch.count))
