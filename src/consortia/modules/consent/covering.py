"""How it is shown that everybody in a version consents: CHECK, DECIDE, WRITE, EMIT."""

from consortia.base.refusals import Refused, require
from consortia.base.setcommit import SetPathError, root_of_part
from consortia.kernel.context import Context
from consortia.modules.consent import messages as asked
from consortia.modules.consent import refusals as codes
from consortia.modules.consent.handlers import own_scope
from consortia.modules.consent.ports import Ports
from consortia.modules.consent.rules import begins_part, following, fresh, holds, is_whole, stands
from consortia.modules.consent.state import CONSENTS, COVERS, withdrawn
from consortia.modules.consent.types import Cover, VersionCovered


def cover_cost(message: asked.Cover) -> int:
    """What showing a part costs: 15 for each person, 5 for each step of the way."""
    return 200 + 15 * len(message.entries) + 5 * len(message.siblings)


def cover(ctx: Context, message: asked.Cover, ports: Ports) -> None:
    """Take down that everybody in the next part of a version's set consents to a purpose.

    What was shown before a withdrawal, or until somebody's consent expired, is shown anew from the start.
    """
    # CHECK
    own_scope(ctx, message.dataset)
    root = ports.assets.root(ctx, message.dataset, message.version)
    if root is None:
        raise Refused(codes.UNKNOWN_VERSION, str(message.version))
    place = (message.dataset, message.version, message.purpose)
    known, gone = COVERS.get(ctx, *place), withdrawn(ctx, message.dataset, message.purpose)
    require(not is_whole(known, gone, ctx.time), codes.COVERED)
    so_far = known if known is not None and holds(known, gone, ctx.time) else fresh(gone)
    start = so_far.next or bytes(32)
    _check_part(start, root, message)
    ends = [_end(ctx, message, key) for key, _ in message.entries]
    # DECIDE
    shown = Cover(
        next=following(start, len(message.siblings)),
        until=min(so_far.until, *ends) if ends else so_far.until,
        withdrawn=gone,
        people=so_far.people + len(ends),
    )
    # WRITE
    COVERS.put(ctx, shown, *place)
    # EMIT
    if shown.next is None:
        ctx.emit(VersionCovered(*place, shown.people, shown.until))


def _check_part(start: bytes, root: bytes, message: asked.Cover) -> None:
    """Raise Refused unless these are all entries of the part of the set that begins at `start`."""
    require(begins_part(start, len(message.siblings)), codes.WRONG_PART, "it begins elsewhere")
    try:
        found = root_of_part(start, message.siblings, message.entries)
    except SetPathError as error:
        raise Refused(codes.WRONG_PART, str(error)) from None
    require(found == root, codes.WRONG_PART, "it does not lead to the root")


def _end(ctx: Context, message: asked.Cover, subject: bytes) -> int:
    """When a person's consent to the purpose ends; raises Refused where none stands."""
    consent = CONSENTS.get(ctx, message.dataset, subject, message.purpose)
    if consent is None or not stands(consent, ctx.time):
        raise Refused(codes.NO_CONSENT, subject.hex())
    return consent.expires
