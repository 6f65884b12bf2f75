"""Changes of the member set, each under a final checkpoint of the set before it.

Whoever starts at the genesis and reads one checkpoint for each change can follow the sets to the
newest: the block of a change is cosigned by the set at its start. So a second change must show the
checkpoint by which the first one became final, and no block holds two.
"""

from consortia.base.codec import Malformed
from consortia.base.note import parse_note
from consortia.base.refusals import Refused, require
from consortia.kernel.checkpoint import NotFinal, check_final
from consortia.kernel.context import Context
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.keeper import derived_set
from consortia.modules.identity.state import CHANGES, LATEST
from consortia.modules.identity.types import Change, Latest, MemberSetChanged


def check_change(ctx: Context, checkpoint: bytes | None) -> None:
    """Refuse a change of the member set that does not show the right checkpoint.

    1. after the genesis set there is none to show;
    2. after any other, one is shown;
    3. it is a checkpoint that the set before the last change made final;
    4. it covers the block of the last change, or at least its first leaf, and
    5. no more than the log has.
    """
    latest = LATEST.get(ctx)
    last = None if latest is None else CHANGES.get(ctx, latest.number)
    if latest is None or latest.number == 0 or last is None:
        require(checkpoint is None, codes.CHECKPOINT_UNEXPECTED)
        return
    if checkpoint is None:
        raise Refused(codes.CHECKPOINT_REQUIRED, f"it must cover leaf {last.first_leaf}")
    before = CHANGES.get(ctx, latest.number - 1)
    try:
        note = parse_note(checkpoint)
        if before is not None:
            check_final(note, ctx.network, before.members)
    except (Malformed, NotFinal) as error:
        raise Refused(codes.CHECKPOINT_NOT_FINAL, str(error)) from None
    size = note.checkpoint.size
    require(size > last.first_leaf, codes.CHECKPOINT_TOO_EARLY, f"size {size}, leaf {last.first_leaf}")
    require(size <= ctx.size, codes.CHECKPOINT_TOO_LATE, f"size {size}, the log has {ctx.size}")


def record_change(ctx: Context, checkpoint: bytes | None) -> None:
    """Put the member set, as the tables now give it, in force, and tell so."""
    latest = LATEST.get(ctx)
    number = 0 if latest is None else latest.number + 1
    members = derived_set(ctx)
    CHANGES.put(ctx, Change(ctx.height, ctx.time, ctx.size, members, checkpoint), number)
    LATEST.put(ctx, Latest(number))
    ctx.emit(MemberSetChanged(number, members.hash()))
