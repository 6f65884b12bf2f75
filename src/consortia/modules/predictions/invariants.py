"""What holds after every block."""

from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.kernel.table import Part
from consortia.modules.predictions.ports import Ports
from consortia.modules.predictions.state import (
    BATCHES,
    BY_ACTOR,
    BY_MODEL,
    DEED_ROOTS,
    DEEDS,
    ROOTS,
    TOTALS,
    TRACKS,
)
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


def deeds(ctx: Context, ports: Ports) -> str | None:
    """Every act has its root, once, its place among those of what acted, and counts in its track record."""
    counts: dict[tuple[Part, ...], int] = {}
    for _, deed in DEEDS.scan(ctx):
        root = deed.account.root
        done, rooted = DEED_ROOTS.get(ctx, root), ROOTS.has(ctx, root)
        if done is None or done.deed != deed.id or rooted != (deed.model is not None):
            return f"the root of act {deed.id.hex()} leads elsewhere"
        counts[deed.owner, deed.content] = counts.get((deed.owner, deed.content), 0) + 1
    kept = {key: track.acts for key, track in TRACKS.scan(ctx) if track.acts}
    placed = sum(1 for _ in BY_ACTOR.scan(ctx))
    if counts != kept or placed != sum(counts.values()):
        return "the track records do not count the acts"
    return None


INVARIANTS = (Invariant("totals", totals), Invariant("places", places), Invariant("deeds", deeds))
