"""The module's tables, and the ids and defaults of their entries."""

from consortia.base.codec import encode_record, key_of
from consortia.base.commitments import record_leaf
from consortia.base.hashing import tagged
from consortia.kernel.context import Context
from consortia.kernel.table import Table
from consortia.modules.market.meter_types import Meter, Promise, Reading, SaltedReading
from consortia.modules.market.types import (
    Account,
    Auction,
    Bounds,
    Entry,
    Level,
    Limits,
    Market,
    Named,
    Order,
    Pair,
    Part,
    Sealing,
    Side,
    Trader,
)

PAIRS = 8
"""So many auctions back a wash trade is looked for."""

MARKETS = Table("market", "markets", Market, (bytes,), "a market, by id")
NAMES = Table("market", "names", Named, (str,), "the market that has a name")
AUCTIONS = Table("market", "auctions", Auction, (bytes, int), "an auction of a market, by number")
ENTRIES = Table("market", "entries", Entry, (bytes, int, int), "an unsettled order, by its place in the book")
LEVELS = Table("market", "levels", Level, (bytes, int, int, int), "what a side (0 buys) wants at a limit")
ACCOUNTS = Table("market", "accounts", Account, (bytes, str), "what an owner has in a market")
TRADERS = Table("market", "traders", Trader, (bytes, bytes), "what a key did in a market")
PARTS = Table("market", "parts", Part, (bytes, int, str), "an account's part in an auction")
KEY_LIMITS = Table("market", "key_limits", Limits, (bytes, bytes), "the limits of a key in a market")
LIMITS = Table("market", "limits", Bounds, (bytes, str), "the limits of an account in a market")
METERS = Table("market", "meters", Meter, (bytes, str), "an account's meter in a metered market")
PROMISES = Table(
    "market",
    "promises",
    Promise,
    (bytes, str, int),
    "what an account traded in an auction that is not metered",
)
PAIRED = Table(
    "market", "paired", Pair, (bytes, int), "who traded most with whom, the newest auctions in turn"
)

TABLES = (
    MARKETS,
    NAMES,
    AUCTIONS,
    ENTRIES,
    LEVELS,
    ACCOUNTS,
    TRADERS,
    PARTS,
    KEY_LIMITS,
    LIMITS,
    PAIRED,
    METERS,
    PROMISES,
)

EMPTY = Account(0, 0, 0, 0, 0, 0, 0, 0, 0, None, None)
NOTHING = Part(0, 0, 0, 0, 0, 0, 0, 0)
FIRST = (0, 0, 0, 0, None, 0, 0, 0, None, None, 0, 0)
"""An auction's fields before its first order, its reference price apart."""

SIDES = {"buy": 0, "sell": 1}


def market_id(ctx: Context) -> bytes:
    """The id of this call's market: H("consortia/market", network | transaction | call as 8 bytes)."""
    return tagged("consortia/market", ctx.network + ctx.transaction + ctx.call.to_bytes(8, "big"))


def sealed(sealing: Sealing) -> bytes:
    """The commitment to an order: H("consortia/market/order", encoding of its `Sealing`), 32 bytes."""
    return tagged("consortia/market/order", encode_record(sealing))


def reading_message(reading: Reading) -> bytes:
    """The 32 bytes that a meter signs: H("consortia/market/reading", encoding of the `Reading`)."""
    return tagged("consortia/market/reading", encode_record(reading))


def reading_leaf(read: SaltedReading) -> bytes:
    """The leaf hash of a signed reading in its record batch."""
    return record_leaf(read.salt, encode_record(read.reading))


def order_start(side: Side, limit: int) -> bytes:
    """What the encoding of every order of a side and a limit begins with."""
    encoded = encode_record(Order(side, limit, 1))
    return encoded[: encoded.index(key_of("quantity"))]


def account(ctx: Context, market: bytes, owner: str) -> Account:
    """An owner's account in a market, empty where there is none."""
    return ACCOUNTS.get(ctx, market, owner) or EMPTY


def trader(ctx: Context, market: bytes, member: str, key: bytes) -> Trader:
    """What a key of a member did in a market."""
    return TRADERS.get(ctx, market, key) or Trader(member, 0, 0, 0, 0, 0, 0, None, None)


def part(ctx: Context, market: bytes, auction: int, owner: str) -> Part:
    """An account's part in an auction."""
    return PARTS.get(ctx, market, auction, owner) or NOTHING


def limits_of_key(ctx: Context, market: Market, key: bytes) -> Limits:
    """The limits of a key: its own, or the market's."""
    return KEY_LIMITS.get(ctx, market.id, key) or market.terms.limits


def limits_of(ctx: Context, market: Market, owner: str, begin: int) -> Limits:
    """The limits of an account with all its keys, as they stood before block time `begin`."""
    found = LIMITS.get(ctx, market.id, owner)
    standing = None if found is None else found.before if found.since >= begin else found.limits
    return standing or market.terms.limits
