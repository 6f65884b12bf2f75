"""What other modules may ask: open an election, and its outcome."""

from dataclasses import dataclass

from consortia.base.order import is_sorted
from consortia.base.refusals import require
from consortia.exact.elgamal import Ciphertext
from consortia.kernel.context import Context
from consortia.modules.ballots import refusals as codes
from consortia.modules.ballots.rules import NOTHING, are_times
from consortia.modules.ballots.state import ELECTIONS, PROGRESS, election_id
from consortia.modules.ballots.types import BALLOTS_MIN, Election, ElectionOpened, Failure, Progress, Times


@dataclass(frozen=True, slots=True)
class Asked:
    """An election as it is asked for; the fields are those of `types.Election`."""

    subject: bytes
    title: str
    voters: tuple[str, ...]
    trustees: tuple[str, ...]
    choices: tuple[str, ...]
    times: Times
    opener: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """The outcome of an election: counts in the order of its choices, and the number of ballots."""

    counts: tuple[int, ...]
    ballots: int


@dataclass(frozen=True, slots=True)
class Failed:
    """An election that has no outcome, and why."""

    why: Failure


@dataclass(frozen=True, slots=True)
class Keeper:
    """The front door of ballots."""

    def open(self, ctx: Context, asked: Asked) -> bytes:
        """Open an election and give its id; raises Refused before it writes.

        One call opens at most one. Voters and trustees are sorted member names, the trustees voters too.
        """
        # CHECK
        check_asked(ctx, asked)
        # DECIDE
        election = Election(
            id=election_id(ctx),
            subject=asked.subject,
            title=asked.title,
            opener=asked.opener,
            voters=asked.voters,
            trustees=asked.trustees,
            choices=asked.choices,
            times=asked.times,
            height=ctx.height,
            time=ctx.time,
        )
        sums = tuple(NOTHING for _ in asked.choices)
        # WRITE
        ELECTIONS.put(ctx, election, election.id)
        PROGRESS.put(ctx, _beginning(election.terms(), sums), election.id)
        # EMIT
        ctx.emit(ElectionOpened(election.id, asked.subject, asked.trustees, asked.times))
        return election.id

    def result(self, ctx: Context, election: bytes) -> Tally | Failed | None:
        """The outcome of an election; None while there is none, or no such election."""
        progress = PROGRESS.get(ctx, election)
        if progress is None:
            return None
        if progress.failure is not None:
            return Failed(progress.failure)
        return None if progress.counts is None else Tally(progress.counts, progress.ballots)


def check_asked(ctx: Context, asked: Asked) -> None:
    """Refuse an election that cannot be held."""
    require(len(set(asked.choices)) == len(asked.choices), codes.BAD_CHOICES)
    require(are_times(asked.times, ctx.time), codes.BAD_TIMES)
    require(is_sorted(asked.voters) and len(asked.voters) >= BALLOTS_MIN, codes.BAD_VOTERS)
    known = is_sorted(asked.trustees) and set(asked.trustees) <= set(asked.voters)
    require(known, codes.BAD_TRUSTEES, " ".join(asked.trustees))


def _beginning(terms: bytes, sums: tuple[Ciphertext, ...]) -> Progress:
    return Progress(
        terms=terms,
        status="preparing",
        key=None,
        ballots=0,
        sums=sums,
        root=None,
        sum=None,
        closed=None,
        counts=None,
        failure=None,
        absent=None,
        over=None,
    )
