"""Consensus keys and voting powers: who votes where a consensus engine orders the blocks.

Where nobody registered a consensus key, one member's node orders and none of this is in force. Blocks that
change it are ordinary ones: the member set, which cosigns, is another matter (see `roll`).
"""

from collections.abc import Sequence

from consortia.base.keys import key_id
from consortia.base.refusals import require
from consortia.kernel.block import Misdeed
from consortia.kernel.context import Context
from consortia.kernel.ports import Validator
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.state import KEYS, MEMBERS, OFFENCES, OWNERS, PROPOSALS, SEATS, text
from consortia.modules.identity.types import (
    POWER_OF_EACH,
    PROPOSAL_MILLISECONDS_MAX,
    KeySpec,
    Offence,
    Proposal,
    Seat,
    SeatSet,
)


def seat_of(ctx: Context, name: str) -> Seat:
    """The seat of a member."""
    return SEATS.get(ctx, name) or Seat(None, POWER_OF_EACH)


def validators(ctx: Context) -> tuple[Validator, ...]:
    """The members with a consensus key and a voting power above zero, sorted by name."""
    found = []
    for (part,), seat in SEATS.scan(ctx):
        name = text(part)
        key = None if seat.consensus is None else KEYS.get(ctx, name, seat.consensus)
        if key is not None and seat.power:
            found.append(Validator(name, key.public, seat.power))
    return tuple(sorted(found, key=lambda one: one.member))


def consensus_keys(ctx: Context) -> tuple[Validator, ...]:
    """Every consensus key there is or was, with its member's power now (0 for a key out of force)."""
    found = []
    for (part, wanted), key in KEYS.scan(ctx):
        if "consensus" in key.roles:
            name = text(part)
            seat = seat_of(ctx, name)
            found.append(Validator(name, key.public, seat.power if seat.consensus == wanted else 0))
    return tuple(sorted(found, key=lambda one: (one.member, one.public)))


def check_not_last(ctx: Context, name: str, after: Seat) -> None:
    """Refuse what would leave consensus without anybody who votes, where there is somebody now."""
    voting = [one.member for one in validators(ctx)]
    votes = after.consensus is not None and after.power > 0
    require(votes or voting != [name], codes.LAST_VALIDATOR, name)


def seat_with(ctx: Context, name: str, keys: Sequence[KeySpec]) -> Seat:
    """The seat of `name` once `keys` are its whole set."""
    own = next((key_id(key.public) for key in keys if "consensus" in key.roles), None)
    return Seat(own, seat_of(ctx, name).power)


def write_seat(ctx: Context, name: str, seat: Seat) -> None:
    """Give `name` this seat and tell so; nothing where it is the one it has."""
    if seat != seat_of(ctx, name):
        SEATS.put(ctx, seat, name)
        ctx.emit(SeatSet(name, seat.consensus, seat.power))


def accuse(ctx: Context, public: bytes, height: int, misdeed: Misdeed) -> None:
    """Write down that a consensus key was convicted at a height of its engine, and propose the removal.

    1. A key that is nobody's, and an offence that stands already, change nothing.
    2. The member is marked, for ever.
    3. Its removal is proposed, by nobody, unless it has left, is alone, or is asked about already. Its power
       stays until the others decide: taking one of four away would leave a quorum of everybody.
    """
    wanted = key_id(public)
    owner = OWNERS.get(ctx, wanted)
    key = None if owner is None or owner.joining else KEYS.get(ctx, owner.member, wanted)
    if owner is None or key is None or "consensus" not in key.roles:
        return
    name = owner.member
    if OFFENCES.has(ctx, name, wanted, height):
        return
    OFFENCES.put(ctx, Offence(misdeed, ctx.time), name, wanted, height)
    present = [text(part) for (part,), member in MEMBERS.scan(ctx) if member.left is None]
    standing = PROPOSALS.get(ctx, "removal", name)
    asked = standing is not None and standing.expires >= ctx.time
    if name in present and len(present) > 1 and not asked:
        expires = ctx.time + PROPOSAL_MILLISECONDS_MAX
        PROPOSALS.put(ctx, Proposal(None, ctx.time, expires, (), None, None, None), "removal", name)
