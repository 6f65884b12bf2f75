"""What a metered market tells in receipts."""

from consortia.base.codec import I64, Digest, Record
from consortia.modules.market.meter_types import Drawn
from consortia.modules.market.types import Metering, Number, Owner, Word


class Measured(Record, frozen=True):
    """A market is metered from now on."""

    market: Digest
    metering: Metering


class MeterAttached(Record, frozen=True):
    """A member named the meter of an account."""

    market: Digest
    account: Owner
    capacity: Word


class MeterAccepted(Record, frozen=True):
    """A meter counts from this auction on."""

    market: Digest
    account: Owner
    auction: Number


class MeterDetached(Record, frozen=True):
    """A meter counts for no auction after this one; None where it never counted."""

    market: Digest
    account: Owner
    until: Number | None


class Billed(Record, frozen=True):
    """An account was billed for an auction: what it traded, what it drew, and what that costs at the tariff.

    `cost` is negative where the account earns; `paid` moved to the grid now (negative: from it), and `owed`
    is still to be. Where the reading is `missing`, `drawn` is all that the meter lets through.
    """

    market: Digest
    auction: Number
    account: Owner
    traded: I64
    drawn: Drawn
    missing: bool
    cost: I64
    paid: I64
    owed: I64


class Collected(Record, frozen=True):
    """What was owed is paid, this much of it (negative: by the grid), and this is left."""

    market: Digest
    account: Owner
    paid: I64
    owed: I64


METER_EVENTS: tuple[type[Record], ...] = (
    Measured,
    MeterAttached,
    MeterAccepted,
    MeterDetached,
    Billed,
    Collected,
)
