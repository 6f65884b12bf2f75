"""What holds after every block."""

from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.predictions.ports import Ports
from consortia.modules.predictions.state import BATCHES, BY_MODEL, ROOTS, TOTALS
from consortia.modules.predictions.types import Total


def totals(ctx: Context, ports: Ports) -> str | None:
    """Each model's totals are those of its batches."""
    sums: dict[bytes, Total] = {}
    for _, batch in BATCHES.scan(ctx):
        before = sums.get(batch.model, Total(0, 0))
        sums[batch.model] = Total(before.batches + 1, before.records + batch.count)
    kept = {key[0]: total for key, total in TOTALS.scan(ctx)}
    return None if kept == sums else "the totals of a model are not those of its batches"


def places(ctx: Context, ports: Ports) -> str | None:
    """Every batch has its root, once, and its place among its model's batches."""
    count = 0
    for _, batch in BATCHES.scan(ctx):
        rooted = ROOTS.get(ctx, batch.root)
        if rooted is None or rooted.batch != batch.id:
            return f"the root of batch {batch.id.hex()} leads elsewhere"
        count += 1
    placed = {(key[0], place.batch) for key, place in BY_MODEL.scan(ctx)}
    roots = sum(1 for _ in ROOTS.scan(ctx))
    return None if len(placed) == roots == count else f"{count} batches, {roots} roots, {len(placed)} places"


INVARIANTS = (Invariant("totals", totals), Invariant("places", places))
