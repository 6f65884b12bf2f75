"""What the module asks of others, in its own words."""

from dataclasses import dataclass
from typing import Protocol

from consortia.kernel.context import Context


class Members(Protocol):
    """Who belongs to the network."""

    def members(self, ctx: Context) -> tuple[str, ...]:
        """The names of all members now, sorted."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    members: Members
