"""What the module asks of others, in its own words."""

from dataclasses import dataclass
from typing import Protocol

from consortia.kernel.context import Context


class Members(Protocol):
    """Who the members are, and whether an agent may act."""

    def is_member(self, ctx: Context, name: str) -> bool:
        """Whether `name` is a member now."""
        ...

    def acting(self, ctx: Context) -> object:
        """The mandate under which this transaction's signer acts; raises Refused where it is over."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    members: Members
