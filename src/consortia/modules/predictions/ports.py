"""What the module asks of others, in its own words."""

from dataclasses import dataclass
from typing import Literal, Protocol

from consortia.kernel.context import Context


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


@dataclass(frozen=True, slots=True)
class Ports:
    """The module's neighbours."""

    models: Models
