"""What anyone may ask about the masks of a round."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Name, Record
from consortia.base.refusals import Refused
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.training import masks
from consortia.modules.training import refusals as codes
from consortia.modules.training.ports import Ports
from consortia.modules.training.queries import ByRound, round_view
from consortia.modules.training.state import (
    complaints_of,
    dealings_of,
    keys_of,
    own_tries,
    secrets_of,
    submissions_of,
)
from consortia.modules.training.types import (
    JOINED_MAX,
    Complaint,
    Names,
    Round,
    RoundKeys,
    SealedShares,
    Secret,
)


class MemberKeys(Record, frozen=True):
    """A member and its keys for a round."""

    member: Name
    keys: RoundKeys


class MemberSecret(Record, frozen=True):
    """A dealer and its revealed secret."""

    member: Name
    secret: Secret


class MasksView(Record, frozen=True):
    """What lifts the masks from a round's sum: the keys that count, and the secrets once revealed.

    `repeats` is the try whose very update is to be sent again, where this one asks for the same sum.
    """

    round: Round
    keys: Annotated[tuple[MemberKeys, ...], Meta(max_length=JOINED_MAX)]
    secrets: Annotated[tuple[MemberSecret, ...], Meta(max_length=JOINED_MAX)]
    repeats: Digest | None


class BySharing(Record, frozen=True):
    """A holder in one try of a round."""

    round: ByRound
    member: Name


class Held(Record, frozen=True):
    """What a dealer dealt to a holder, and the holder's complaint if it does not open."""

    dealer: Name
    shares: SealedShares
    complaint: Complaint | None


class Accuser(Record, frozen=True):
    """A holder who complains, and the block that says so: an answer waits until that one is final."""

    holder: Name
    height: U63


class SharesView(Record, frozen=True):
    """A member's neighbourhood in a round, the shares that complete a secret, and what was dealt to it.

    `complaints` are of holders who complain of what the member dealt them, and wait for its answer.
    """

    neighbours: Names
    threshold: Annotated[int, Meta(ge=1, le=JOINED_MAX)]
    held: Annotated[tuple[Held, ...], Meta(max_length=JOINED_MAX)]
    complaints: Annotated[tuple[Accuser, ...], Meta(max_length=JOINED_MAX)]


def round_masks(ctx: Context, arguments: ByRound, ports: Ports) -> MasksView:
    """The keys and the revealed secrets of one try of a round."""
    this = round_view(ctx, arguments, ports).round
    keys = keys_of(ctx, this.id)
    repeats = masks.repeated(this, own_tries(ctx, this))
    return MasksView(
        this,
        tuple(MemberKeys(name, keys[name]) for name in this.keyed),
        tuple(MemberSecret(name, secret) for name, secret in secrets_of(ctx, this.id).items()),
        None if repeats is None else repeats.id,
    )


def shares(ctx: Context, arguments: BySharing, ports: Ports) -> SharesView:
    """What a member holds of the others' secrets, sealed to it; nothing once the secrets are revealed."""
    this = round_view(ctx, arguments.round, ports).round
    neighbours = masks.neighbourhood(this, arguments.member)
    if not neighbours:
        raise Refused(codes.NOT_IN_ROUND, arguments.member)
    dealings, complaints = dealings_of(ctx, this.id), complaints_of(ctx, this.id)
    held = [
        Held(
            name,
            masks.entry(this, dealings[name], name, arguments.member),
            complaints.get((name, arguments.member)),
        )
        for name in neighbours
        if name in dealings
    ]
    unanswered = masks.waiting(complaints, submissions_of(ctx, this.id))
    waiting = tuple(
        Accuser(holder, complaints[dealer, holder].height)
        for dealer, holder in unanswered
        if dealer == arguments.member
    )
    return SharesView(neighbours, masks.threshold(this, arguments.member), tuple(held), waiting)


QUERIES = (
    Query("masks", ByRound, MasksView, round_masks, "The keys of a masked round, and what lifts its masks."),
    Query(
        "shares", BySharing, SharesView, shares, "What a member holds of the others' secrets, sealed to it."
    ),
)
