"""What a member may ask of the module."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import Digest, Name, Record, Salt, Text80
from consortia.modules.market.types import (
    ORDERS_MAX,
    Limits,
    Number,
    Order,
    Owner,
    Place,
    Terms,
    Word,
)

SETTLED_MAX = 2_000
"""A message settles at most so many orders."""


class Open(Record, frozen=True):
    """Open a market under a name not taken yet; the signer's member is its operator."""

    name: Name
    title: Text80
    terms: Terms
    reference: Word


class Fund(Record, frozen=True):
    """Pay units (base or quote) from an account at the bank into the account of that name in a market."""

    market: Digest
    account: Owner
    unit: Digest
    amount: Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]


class Take(Record, frozen=True):
    """Take units that are not held out of an account in a market, to the account of that name at the bank."""

    market: Digest
    account: Owner
    unit: Digest
    amount: Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]


class Commit(Record, frozen=True):
    """Hand in a sealed order of an account for the auction that takes them now.

    `commitment` is the hash of `types.Sealing`; a deposit is held until the order is settled.
    """

    market: Digest
    account: Owner
    auction: Number
    commitment: Digest


class Cancel(Record, frozen=True):
    """Take back the sealed order at a place of an auction's book, while orders are still handed in.

    It counts among the orders that a key may hand in, and its deposit is held until the auction is
    settled.
    """

    market: Digest
    auction: Number
    place: Place


class Reveal(Record, frozen=True):
    """Open the sealed order at a place of an auction's book, by the key that handed it in."""

    market: Digest
    auction: Number
    place: Place
    salt: Salt
    order: Order


class Clear(Record, frozen=True):
    """Find the price of an auction whose orders are due; anyone may.

    `margin` has a bit for each place of the book (the first is the highest bit of the first byte): those of
    the orders at the limit that is cut short, where there is one. The ledger checks that none is missing.
    """

    market: Digest
    auction: Number
    margin: Annotated[bytes, Meta(max_length=ORDERS_MAX // 8)]


class Settle(Record, frozen=True):
    """Settle the next `orders` of a cleared auction, in the order of its book; anyone may."""

    market: Digest
    auction: Number
    orders: Annotated[int, Meta(ge=1, le=SETTLED_MAX)]


class Annul(Record, frozen=True):
    """Correct an auction before it settles: all orders and deposits are given back."""

    market: Digest
    auction: Number
    reason: Text80


class Halt(Record, frozen=True):
    """Stop a market: auctions that are under way are void. Only its operator can."""

    market: Digest


class Resume(Record, frozen=True):
    """Let a halted market go on."""

    market: Digest


class Stop(Record, frozen=True):
    """Stop the trading of an account of the member: nothing more is handed in or opened.

    Deposits of orders that stay sealed are lost all the same: else stopping would be an order withdrawn
    for nothing.
    """

    market: Digest
    account: Owner


class StopKey(Record, frozen=True):
    """Stop the trading of one of the member's keys, an agent's among them; as `Stop`."""

    market: Digest
    key: Digest


class Restart(Record, frozen=True):
    """Let an account of the member trade again; its losses are counted anew."""

    market: Digest
    account: Owner


class RestartKey(Record, frozen=True):
    """Let one of the member's keys trade again; its losses are counted anew."""

    market: Digest
    key: Digest


class Limit(Record, frozen=True):
    """Set the limits of an account with all its keys; only the operator can."""

    market: Digest
    account: Owner
    limits: Limits


class LimitKey(Record, frozen=True):
    """Set the limits of one of the member's own keys in a market."""

    market: Digest
    key: Digest
    limits: Limits
