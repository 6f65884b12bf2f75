"""What anyone may ask about elections."""

from itertools import islice
from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import Digest, Name, Record, encode
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.ballots.ports import Ports
from consortia.modules.ballots.state import ELECTIONS, KEPT, PROGRESS, ballots, found, parts, trustees
from consortia.modules.ballots.types import Election, Kept, Part, Progress, Trustee

PAGE_MAX = 100

Step = Literal["commit", "open", "complain", "begin", "vote", "close", "decrypt", "end", "over"]
"""What is to be done in an election now."""


class ById(Record, frozen=True):
    """An election's id."""

    election: Digest


class ElectionView(Record, frozen=True):
    """An election, how far it is, and what is to be done; None and "over" where there is none.

    `step` is that of the newest block's time, which stands still while nothing happens.
    """

    election: Election | None
    progress: Progress | None
    step: Step


class ListElections(Record, frozen=True):
    """The elections behind the id `after`."""

    after: Digest | None
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class ElectionPage(Record, frozen=True):
    """A page of elections by id; `next` is the `after` of the next page, None on the last."""

    elections: tuple[ElectionView, ...]
    next: Digest | None


class ByMember(Record, frozen=True):
    """A member's name."""

    member: Name


class Duties(Record, frozen=True):
    """The elections that are not over of which a member is a trustee."""

    elections: tuple[ElectionView, ...]


class TrusteeEntry(Record, frozen=True):
    """A trustee that committed, by name."""

    name: Name
    trustee: Trustee


class PartEntry(Record, frozen=True):
    """A part of the decryption, by its trustee."""

    name: Name
    part: Part


class TrusteesView(Record, frozen=True):
    """What the trustees of an election did, each sorted by name."""

    trustees: tuple[TrusteeEntry, ...]
    parts: tuple[PartEntry, ...]


class AskBallot(Record, frozen=True):
    """A voter's ballot."""

    election: Digest
    voter: Name


class MaybeBallot(Record, frozen=True):
    """The ballot that counts, or None."""

    kept: Kept | None


class BallotEntry(Record, frozen=True):
    """A ballot that counts, by its voter."""

    voter: Name
    kept: Kept


class BallotsView(Record, frozen=True):
    """The ballots that count, by voter."""

    ballots: tuple[BallotEntry, ...]


def step_of(election: Election, progress: Progress, now: int) -> Step:
    """What is to be done in an election at a block time."""
    times = election.times
    if progress.status == "preparing":
        steps: tuple[tuple[int, Step], ...] = (
            (times.commit, "commit"),
            (times.open, "open"),
            (times.complain, "complain"),
        )
        return next((step for end, step in steps if now < end), "begin")
    if progress.status == "voting":
        return "vote" if now < times.vote else "close"
    if progress.over is not None:
        return "over"
    return "decrypt" if now < times.decrypt else "end"


def election(ctx: Context, arguments: ById, ports: Ports) -> ElectionView:
    """An election and how far it is."""
    there, progress = ELECTIONS.get(ctx, arguments.election), PROGRESS.get(ctx, arguments.election)
    if there is None or progress is None:
        return ElectionView(None, None, "over")
    return ElectionView(there, progress, step_of(there, progress, ctx.time))


def elections(ctx: Context, arguments: ListElections, ports: Ports) -> ElectionPage:
    """All elections, a page at a time."""
    after = () if arguments.after is None else (arguments.after,)
    ids = [one.id for _, one in islice(ELECTIONS.scan(ctx, after=after), arguments.limit + 1)]
    page = ids[: arguments.limit]
    views = tuple(election(ctx, ById(one), ports) for one in page)
    return ElectionPage(views, page[-1] if len(ids) > len(page) else None)


def duties(ctx: Context, arguments: ByMember, ports: Ports) -> Duties:
    """The elections in which a trustee has something to do, now or later."""
    held = ELECTIONS.scan(ctx, containing=encode(arguments.member))
    own = [one.id for _, one in held if arguments.member in one.trustees]
    views = [election(ctx, ById(one), ports) for one in own]
    return Duties(tuple(view for view in views if view.step != "over"))


def trustees_of(ctx: Context, arguments: ById, ports: Ports) -> TrusteesView:
    """What the trustees of an election did."""
    there, _ = found(ctx, arguments.election)
    committed = tuple(TrusteeEntry(name, one) for name, one in trustees(ctx, there.id).items())
    return TrusteesView(committed, tuple(PartEntry(name, one) for name, one in parts(ctx, there.id).items()))


def ballot(ctx: Context, arguments: AskBallot, ports: Ports) -> MaybeBallot:
    """The ballot of a voter that counts."""
    return MaybeBallot(KEPT.get(ctx, arguments.election, arguments.voter))


def all_ballots(ctx: Context, arguments: ById, ports: Ports) -> BallotsView:
    """All ballots of an election that count."""
    kept = ballots(ctx, arguments.election)
    return BallotsView(tuple(BallotEntry(voter, one) for voter, one in kept.items()))


QUERIES = (
    Query("election", ById, ElectionView, election, "An election, how far it is, and what is due."),
    Query("elections", ListElections, ElectionPage, elections, "All elections, a page at a time."),
    Query("duties", ByMember, Duties, duties, "The elections that a trustee has still to do with."),
    Query("trustees", ById, TrusteesView, trustees_of, "What the trustees of an election did."),
    Query("ballot", AskBallot, MaybeBallot, ballot, "The ballot of a voter that counts."),
    Query("ballots", ById, BallotsView, all_ballots, "All ballots of an election that count."),
)
