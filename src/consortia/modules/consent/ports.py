"""What the module asks of others, in its own words."""

from dataclasses import dataclass
from typing import Protocol

from consortia.kernel.context import Context


@dataclass(frozen=True, slots=True)
class Held:
    """Whose a data set is, and whether it is committed by subject."""

    owner: str
    by_subject: bool


class Assets(Protocol):
    """The data sets of the network."""

    def dataset(self, ctx: Context, asset: bytes) -> Held | None:
        """A data set, or None where there is none with this id."""
        ...

    def root(self, ctx: Context, asset: bytes, version: int) -> bytes | None:
        """The set hash of a version that is still open to use, or None."""
        ...

    def may_download(self, ctx: Context, member: str, asset: bytes, purpose: str) -> bool:
        """Whether a member may have a data set's records for a purpose now."""
        ...


class Persons(Protocol):
    """Whose keys members enrolled."""

    def person(self, ctx: Context) -> str | None:
        """What the person who signed is called; None for any other key. Raises Refused for one released."""
        ...

    def withdrawing(self, ctx: Context) -> str | None:
        """As `person`, for one that was released too."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    assets: Assets
    persons: Persons
