"""A small module that says what became of studies and proposals, so that none need be held to audit payments.

The bank asks of studies whether they have finished, and who did what for them, and of proposals whether they
were carried out. Here any member may say so.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import U32, Digest, Milliseconds, Name, Record
from consortia.kernel.context import Context
from consortia.kernel.module import Method, Module
from consortia.kernel.table import Table
from consortia.modules.bank import Contribution, Decision, Standing

Outcome = Literal["executed", "lost", "open"]


class Did(Record, frozen=True):
    """What a member did for a study."""

    member: Name
    records: U32
    rounds: U32


class Teach(Record, frozen=True):
    """Say of a study how it stands; what is said last holds."""

    study: Digest
    begun: bool
    open: bool
    sealed: bool
    finished: bool
    copied: bool
    did: Annotated[tuple[Did, ...], Meta(max_length=12)]


class Decide(Record, frozen=True):
    """Say of a proposal how far it is; what has come to an end stays so."""

    proposal: Digest
    outcome: Outcome


class Halt(Record, frozen=True):
    """Say that nothing is done that escrows wait for, from now on and for so long."""

    milliseconds: U32


class Halted(Record, frozen=True):
    """When nothing was done."""

    since: Milliseconds
    until: Milliseconds


class Decided(Record, frozen=True):
    """What became of a proposal, and since when."""

    outcome: Outcome
    time: Milliseconds


class Taught(Record, frozen=True):
    """How a study stands, and since when it is finished."""

    said: Teach
    finished: Milliseconds | None


STUDIES = Table("school", "studies", Taught, (bytes,), "a study")
HALTS = Table("school", "halts", Halted, (int,), "a time in which methods stood still")
PROPOSALS = Table("school", "proposals", Decided, (bytes,), "a proposal")


class School:
    """The studies and proposals, in the words of the bank."""

    def exists(self, ctx: Context, study: bytes) -> bool:
        """Whether anybody spoke of it."""
        return STUDIES.has(ctx, study)

    def finished(self, ctx: Context, study: bytes) -> int | None:
        """When it was first said to be finished."""
        found = STUDIES.get(ctx, study)
        return None if found is None else found.finished

    def standing(self, ctx: Context, study: bytes) -> Standing | None:
        """How it stands."""
        found = STUDIES.get(ctx, study)
        return None if found is None else Standing(found.said.begun, found.said.open, found.said.sealed)

    def contributions(self, ctx: Context, study: bytes) -> tuple[Contribution, ...]:
        """Who did what for it."""
        found = STUDIES.get(ctx, study)
        did = () if found is None else found.said.did
        return tuple(Contribution(each.member, each.records, each.rounds) for each in did)

    def copied(self, ctx: Context, study: bytes) -> tuple[str, str] | None:
        """Two members that sent the same."""
        found = STUDIES.get(ctx, study)
        return ("one", "another") if found is not None and found.said.copied else None

    def decision(self, ctx: Context, proposal: bytes) -> Decision | None:
        """What became of a proposal."""
        found = PROPOSALS.get(ctx, proposal)
        if found is None:
            return None
        return Decision(found.time if found.outcome == "executed" else None, found.outcome == "lost", ("it",))

    def stopped(self, ctx: Context, methods: Iterable[str], since: int, at: int) -> int:
        """All methods stand still together."""
        spans = [(max(each.since, since), min(each.until, at)) for _, each in HALTS.scan(ctx)]
        return sum(max(0, end - start) for start, end in spans) if any(True for _ in methods) else 0


def halt(ctx: Context, message: Halt, _ports: School) -> None:
    """Write it down, unless all stand still already."""
    before = [each for _, each in HALTS.scan(ctx)]
    if not before or before[-1].until <= ctx.time:
        HALTS.put(ctx, Halted(ctx.time, ctx.time + message.milliseconds), len(before))


def decide(ctx: Context, message: Decide, _ports: School) -> None:
    """Write it down."""
    before = PROPOSALS.get(ctx, message.proposal)
    if before is None or before.outcome == "open":
        PROPOSALS.put(ctx, Decided(message.outcome, ctx.time), message.proposal)


def teach(ctx: Context, message: Teach, ports: School) -> None:
    """Write it down; what has finished stays finished."""
    before = ports.finished(ctx, message.study)
    finished = ctx.time if message.finished and before is None else before
    STUDIES.put(ctx, Taught(message, finished), message.study)


def school() -> Module:
    """The declaration."""
    return Module(
        name="school",
        version=1,
        doc="Says what became of studies and proposals.",
        methods=(
            Method(Teach, teach, frozenset({"operator"})),
            Method(Decide, decide, frozenset({"operator"})),
            Method(Halt, halt, frozenset({"operator"})),
        ),
        refusals=(),
        tables=(STUDIES, PROPOSALS, HALTS),
        ports=School(),
    )
