"""What the module asks of others, in its own words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from consortia.kernel.context import Context


class Members(Protocol):
    """Who belongs to the network."""

    def is_member(self, ctx: Context, name: str) -> bool:
        """Whether `name` is a member now."""
        ...

    def key_since(self, ctx: Context, key: bytes) -> int | None:
        """The block time since which a member's key is known, or None for an unknown one."""
        ...


class Agents(Protocol):
    """What programs may spend that act for a member, and persons whose keys it enrolled."""

    def account(self, ctx: Context) -> str | None:
        """The one account that an agent, or a person, may spend from; None for a member's own keys."""
        ...

    def charge(self, ctx: Context, unit: bytes, amount: int) -> None:
        """Count what leaves an agent's hands; raises Refused beyond its mandate. Nobody else is counted."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How a study stands: whether it has begun, shows its updates, and none before all are fixed."""

    begun: bool
    open: bool
    sealed: bool


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a member did for a study: the records that it joined with, and its number of final rounds."""

    member: str
    records: int
    rounds: int


class Studies(Protocol):
    """What became of studies."""

    def exists(self, ctx: Context, study: bytes) -> bool:
        """Whether there is a study with this id."""
        ...

    def finished(self, ctx: Context, study: bytes) -> int | None:
        """The block time at which a study finished, or None while it has not."""
        ...

    def standing(self, ctx: Context, study: bytes) -> Standing | None:
        """How a study stands, or None where there is none."""
        ...

    def contributions(self, ctx: Context, study: bytes) -> tuple[Contribution, ...]:
        """What the members did whose updates are in a final round, sorted by name."""
        ...

    def copied(self, ctx: Context, study: bytes) -> tuple[str, str] | None:
        """Two members that sent one update in one final round, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a proposal: when it was `executed`, or that it is `lost`, as it never will be.

    Carrying it out takes its `methods`.
    """

    executed: int | None
    lost: bool
    methods: tuple[str, ...]


class Decisions(Protocol):
    """What the members decided."""

    def decision(self, ctx: Context, proposal: bytes) -> Decision | None:
        """What became of a proposal so far, or None where there is none."""
        ...


class Stops(Protocol):
    """Methods that stood still for a while."""

    def stopped(self, ctx: Context, methods: Iterable[str], since: int, at: int) -> int:
        """For how many milliseconds one of the methods stood still from `since` to `at`, the longest."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    members: Members
    agents: Agents
    studies: Studies
    decisions: Decisions
    stops: Stops
