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


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    members: Members
    assets: Assets
