"""What the module asks of others, in its own words."""

from dataclasses import dataclass
from typing import Protocol

from consortia.kernel.context import Context


class Members(Protocol):
    """Who belongs to the network."""

    def is_member(self, ctx: Context, name: str) -> bool:
        """Whether `name` is a member now."""
        ...

    def members(self, ctx: Context) -> tuple[str, ...]:
        """The names of all members now, sorted."""
        ...


class Assets(Protocol):
    """Models and data sets."""

    def model_content(self, ctx: Context, model: bytes) -> bytes | None:
        """The content (32 bytes) of a model that is open to new use, or None."""
        ...

    def owner(self, ctx: Context, asset: bytes) -> str | None:
        """Whose an asset is, or None."""
        ...


class Mandate(Protocol):
    """What binds an agent."""

    @property
    def id(self) -> bytes:
        """Its id, 32 bytes."""
        ...

    @property
    def owner(self) -> str:
        """The member that it acts for."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of proposals in which it may have a say."""
        ...


class Agents(Protocol):
    """Programs that act under a mandate, and how good they were so far."""

    def acting(self, ctx: Context) -> Mandate | None:
        """The mandate of the agent that signed; None for officers. Raises Refused where it is over."""
        ...

    def ended_at(self, ctx: Context, mandate: bytes) -> int | None:
        """The block time from which on nothing done under a mandate stands; None while it does."""
        ...

    def end(self, ctx: Context, mandate: bytes, by: str) -> None:
        """End a mandate; raises Refused."""
        ...

    def content(self, ctx: Context, mandate: bytes) -> bytes:
        """The content (32 bytes) of the model or program that a mandate pins."""
        ...

    def family(self, ctx: Context, mandate: bytes) -> bytes:
        """What the model of a mandate descends from (32 bytes): those of one origin are one family."""
        ...

    def advises_only(self, ctx: Context, mandate: bytes) -> bool:
        """Whether the agent's record is so poor that it only advises."""
        ...

    def pledge(self, ctx: Context, proposal: bytes) -> None:
        """Hold the agent that acts to the probability it stated."""
        ...

    def resolve(self, ctx: Context, proposal: bytes, *, outcome: bool) -> None:
        """Score what agents stated about a proposal that was decided."""
        ...

    def void(self, ctx: Context, proposal: bytes) -> None:
        """Let go of what agents stated about a proposal that is never decided."""
        ...

    def overridden(self, ctx: Context, mandate: bytes) -> None:
        """Count that an officer voted in the place of an agent."""
        ...

    def vetoed(self, ctx: Context, mandate: bytes) -> None:
        """Count that officers stopped what an agent proposed."""
        ...


Outcome = tuple[int, int, int] | str
"""What an election came to: the ballots for, against and abstaining, or why there is no count."""


class Elections(Protocol):
    """Secret votes."""

    def open(
        self,
        ctx: Context,
        proposal: bytes,
        title: str,
        *,
        voters: tuple[str, ...],
        trustees: tuple[str, ...],
        ends: tuple[int, ...],
    ) -> bytes:
        """Open the election of a proposal, with the choices of `types.CHOICES`, and give its id.

        `ends` are the block times at which its five steps end: trustees commit, open and complain; voters
        vote; trustees decrypt.
        """
        ...

    def outcome(self, ctx: Context, election: bytes) -> Outcome | None:
        """What an election came to; None while that is open."""
        ...


class Treasury(Protocol):
    """The members' common money."""

    def pay(self, ctx: Context, payee: str, unit: bytes, amount: int) -> None:
        """Pay out of the treasury to an account that may be paid; raises Refused."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    members: Members
    assets: Assets
    agents: Agents
    treasury: Treasury
    elections: Elections
