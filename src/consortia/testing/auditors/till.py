"""A small module from which anybody may spend, so that what mandates cap is spent without a bank.

Mandates have one door that no message of identity opens: `Keeper.charge`, for whatever moves value.
"""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Digest, Record
from consortia.kernel.context import Context
from consortia.kernel.module import Method, Module
from consortia.modules.identity import Keeper

Amount = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]


class Spend(Record, frozen=True):
    """Let so much of a unit leave the signer's hands."""

    unit: Digest
    amount: Amount


def spend(ctx: Context, message: Spend, keeper: Keeper) -> None:
    """Spend it."""
    keeper.charge(ctx, message.unit, message.amount)


def till() -> Module:
    """The declaration."""
    return Module(
        name="till",
        version=1,
        doc="Spends what mandates cap.",
        methods=(Method(Spend, spend, frozenset({"agent", "operator"})),),
        refusals=(),
        tables=(),
        ports=Keeper(),
    )
