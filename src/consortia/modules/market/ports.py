"""What the module asks of others, in its own words."""

from dataclasses import dataclass
from typing import Protocol

from consortia.kernel.context import Context


class Cash(Protocol):
    """Where the units of value are."""

    def is_unit(self, ctx: Context, unit: bytes) -> bool:
        """Whether there is such a unit."""
        ...

    def pay_in(self, ctx: Context, account: str, market: bytes, unit: bytes, amount: int) -> None:
        """Move units from an account of the signer's member to the market's; raises Refused."""
        ...

    def pay_out(self, ctx: Context, market: bytes, account: str, unit: bytes, amount: int) -> None:
        """Move units from the market's account to a member's account; raises Refused."""
        ...

    def held(self, ctx: Context, market: bytes, unit: bytes) -> int:
        """How much of a unit the market's account holds."""
        ...


class Members(Protocol):
    """Who is there, and for whom a key acts."""

    def is_member(self, ctx: Context, name: str) -> bool:
        """Whether this is a member now."""
        ...

    def owns(self, ctx: Context, member: str, key: bytes) -> bool:
        """Whether the key with this id is the member's, or its agent's."""
        ...

    def charge(self, ctx: Context, unit: bytes, amount: int) -> None:
        """Count an outflow against the mandate of the signer, if it is an agent; raises Refused."""
        ...


class Batches(Protocol):
    """The record batches that members registered."""

    def root(self, ctx: Context, member: str, batch: bytes) -> bytes | None:
        """The root over the records of a member's batch; None where it has none such, or withdrew it."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    cash: Cash
    members: Members
    batches: Batches
