"""What the module asks of others, in its own words."""

from dataclasses import dataclass
from typing import Protocol

from consortia.kernel.context import Context


class Members(Protocol):
    """Who the members are and whose a key is."""

    def is_member(self, ctx: Context, name: str) -> bool:
        """Whether `name` is a member now."""
        ...

    def members(self, ctx: Context) -> tuple[str, ...]:
        """The names of all members now, sorted."""
        ...

    def is_officer(self, ctx: Context, member: str, key: bytes) -> bool:
        """Whether the key with this id is in force and an officer's of the member."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    members: Members
