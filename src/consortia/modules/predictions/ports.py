"""What the module asks of others, in its own words."""

from dataclasses import dataclass
from typing import Literal, Protocol

from consortia.kernel.context import Context, Signer


class Models(Protocol):
    """What stands about models on the ledger."""

    def kind(self, ctx: Context, asset: bytes) -> str | None:
        """What kind of asset it is ("model" for a model), or None for an unknown one."""
        ...

    def content(self, ctx: Context, asset: bytes) -> bytes | None:
        """The blob id of the model's version in force (32 bytes), or None."""
        ...

    def is_withdrawn(self, ctx: Context, asset: bytes) -> bool:
        """Whether the model is closed to new use."""
        ...

    def may(
        self, ctx: Context, member: str, asset: bytes, right: Literal["download", "process"], purpose: str
    ) -> bool:
        """Whether a member may use a right on the model for a purpose."""
        ...


class Pin(Protocol):
    """What an agent runs."""

    @property
    def asset(self) -> bytes | None:
        """The asset of a model; None for a program."""
        ...

    @property
    def content(self) -> bytes:
        """The model's blob id, or the program's hash."""
        ...


class Mandate(Protocol):
    """Under what an agent acts."""

    @property
    def id(self) -> bytes:
        """The mandate's id."""
        ...

    @property
    def owner(self) -> str:
        """The member whose agent it is."""
        ...

    @property
    def agent(self) -> str:
        """The agent's name."""
        ...

    @property
    def pin(self) -> Pin:
        """What the agent runs."""
        ...

    @property
    def methods(self) -> tuple[str, ...]:
        """What it may sign."""
        ...

    @property
    def delay(self) -> int:
        """For how many milliseconds each of its acts waits."""
        ...


class Agents(Protocol):
    """Who acts for whom."""

    def acting(self, ctx: Context) -> Mandate:
        """The live mandate of the agent that signed; raises Refused where it is over."""
        ...

    def signer(self, ctx: Context, mandate: bytes) -> Signer | None:
        """The agent of a mandate, as the signer of its acts; None where the mandate is over."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    models: Models
    agents: Agents
