"""What a member may ask of a metered market."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Digest, PublicKey, Record
from consortia.modules.market.meter_types import READINGS_MAX, SaltedReading
from consortia.modules.market.types import Metering, Number, Owner, Word


class Measure(Record, frozen=True):
    """Have a market metered, before its first order; only its operator can."""

    market: Digest
    metering: Metering


class AttachMeter(Record, frozen=True):
    """Name the meter of an account of the member; it counts once the grid accepts it.

    With it the member agrees that the account is billed by the readings that this key signs.
    """

    market: Digest
    account: Owner
    key: PublicKey
    capacity: Word


class AcceptMeter(Record, frozen=True):
    """Take a meter into the grid: it counts from the auction that begins next. Only the grid can."""

    market: Digest
    account: Owner


class DetachMeter(Record, frozen=True):
    """Have a meter count for no auction after the present one; its member can, and the grid.

    It stands until it is read for that one, and nothing is owed.
    """

    market: Digest
    account: Owner


class ReadMeters(Record, frozen=True):
    """Bring readings of the member's meters: all records of a record batch of its own, in their order.

    Each meter is read for one auction after the other, and billed with it.
    """

    market: Digest
    batch: Digest
    readings: Annotated[tuple[SaltedReading, ...], Meta(min_length=1, max_length=READINGS_MAX)]


class MissReadings(Record, frozen=True):
    """Bill accounts whose readings of an auction did not come in time; anyone may.

    A missing reading counts as all that the meter lets through having been drawn: leaving it out gains
    nothing.
    """

    market: Digest
    auction: Number
    accounts: Annotated[tuple[Owner, ...], Meta(min_length=1, max_length=READINGS_MAX)]


class CollectOwed(Record, frozen=True):
    """Have what an account and the grid owe one another paid, as far as there are funds; anyone may."""

    market: Digest
    account: Owner
