"""How the message is judged and executed: CHECK, DECIDE, WRITE, EMIT."""

from consortia.base.refusals import require
from consortia.kernel.context import Context
from consortia.modules.predictions import messages as asked
from consortia.modules.predictions import refusals as codes
from consortia.modules.predictions.ports import Ports
from consortia.modules.predictions.state import BATCHES, BY_MODEL, ROOTS, TOTALS, batch_id
from consortia.modules.predictions.types import Batch, ByModel, Recorded, Rooted, Total


def record_batch(ctx: Context, message: asked.RecordBatch, ports: Ports) -> None:
    """Record a batch of a member that may process the model for the purpose it names."""
    # CHECK
    member, model = ctx.signer.member, message.model
    require(ports.models.kind(ctx, model) == "model", codes.NO_MODEL, model.hex())
    require(not ports.models.is_withdrawn(ctx, model), codes.WITHDRAWN)
    require(ports.models.content(ctx, model) == message.content, codes.WRONG_CONTENT, message.content.hex())
    require(
        ports.models.may(ctx, member, model, "process", message.purpose), codes.NOT_ALLOWED, message.purpose
    )
    require(not ROOTS.has(ctx, message.root), codes.REPEATED, message.root.hex())
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
    total = TOTALS.get(ctx, model) or Total(0, 0)
    # WRITE
    BATCHES.put(ctx, batch, batch.id)
    ROOTS.put(ctx, Rooted(batch.id), batch.root)
    BY_MODEL.put(ctx, ByModel(batch.id), model, total.batches)
    TOTALS.put(ctx, Total(total.batches + 1, total.records + batch.count), model)
    # EMIT
    ctx.emit(Recorded(batch.id, member, model, batch.root, batch.count))
