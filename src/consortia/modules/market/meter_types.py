"""The nouns of a metered market: what its meters are, what they sign, and what was promised of an hour."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import I64, Digest, PublicKey, Record, Salt, SignatureBytes
from consortia.modules.market.types import WORD_MAX, Number, Owner, Word

READINGS_MAX = 64
"""A message brings at most so many readings."""

Drawn = Annotated[int, Meta(ge=-WORD_MAX, le=WORD_MAX)]
"""Units of base that went through a meter: drawn from the grid, or, where it is negative, fed into it."""


class Meter(Record, frozen=True):
    """An account's meter: its key, and at most how many units go through it in one auction's delivery.

    It was read for every auction before `next` (None: the grid has not accepted it). After the one `until`
    it is read no more. `owed` is what its account could not pay yet; where it is negative, what the grid
    could not.
    """

    key: PublicKey
    capacity: Word
    next: Number | None
    until: Number | None
    owed: I64


class Promise(Record, frozen=True):
    """Units that an account bought less those that it sold in an auction that its meter is not read for."""

    units: I64


class Reading(Record, frozen=True):
    """What a meter signs: how much went through it in the delivery of an auction."""

    network: Digest
    market: Digest
    account: Owner
    auction: Number
    drawn: Drawn


class SignedReading(Record, frozen=True):
    """A reading as it stands in a record batch: the meter's signature is over `state.reading_message`."""

    account: Owner
    auction: Number
    drawn: Drawn
    signature: SignatureBytes


class SaltedReading(Record, frozen=True):
    """A signed reading with the salt that it stands in its batch under."""

    reading: SignedReading
    salt: Salt
