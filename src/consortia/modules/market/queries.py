"""What anyone may ask about markets."""

from itertools import islice
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, Record, encode
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.market import rules
from consortia.modules.market.ports import Ports
from consortia.modules.market.state import (
    AUCTIONS,
    ENTRIES,
    LEVELS,
    MARKETS,
    NAMES,
    TRADERS,
    account,
    limits_of,
    order_start,
)
from consortia.modules.market.types import (
    ORDERS_MAX,
    Account,
    Auction,
    Entry,
    Limits,
    Market,
    Number,
    Owner,
    Place,
    Side,
    Trader,
    Word,
)

PAGE_MAX = 200
_SIDES: tuple[tuple[Side, int], ...] = (("buy", 0), ("sell", 1))


class ById(Record, frozen=True):
    """A market's id."""

    market: Digest


class ByName(Record, frozen=True):
    """A market's name."""

    name: Name


class MaybeMarket(Record, frozen=True):
    """A market, or None where there is none."""

    market: Market | None


class Everything(Record, frozen=True):
    """Markets whose id is above `after` (None: from the first on)."""

    after: Digest | None
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class Markets(Record, frozen=True):
    """A page of markets, by id."""

    markets: tuple[Market, ...]


class AtAuction(Record, frozen=True):
    """One auction of a market."""

    market: Digest
    auction: Number


class AuctionState(Record, frozen=True):
    """An auction, None where nothing was handed in; with its moments in block time."""

    auction: Auction | None
    begins: Milliseconds
    reveals: Milliseconds
    clears: Milliseconds
    settles: Milliseconds | None


class Rung(Record, frozen=True):
    """How much one side wants at a limit."""

    side: Side
    limit: Word
    quantity: U63


class Ladder(Record, frozen=True):
    """The opened orders of an auction by limit: buys and then sells, ascending."""

    levels: tuple[Rung, ...]


class SomeEntries(Record, frozen=True):
    """The unsettled orders of an auction from place `first` on."""

    market: Digest
    auction: Number
    first: Place
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class Entries(Record, frozen=True):
    """Orders in the order of their places; sealed ones have no order yet."""

    entries: tuple[Entry, ...]


class Margin(Record, frozen=True):
    """The bits that `clear` has to name now; empty where nothing is cut short."""

    margin: Annotated[bytes, Meta(max_length=ORDERS_MAX // 8)]


class OfAccount(Record, frozen=True):
    """One account in a market."""

    market: Digest
    account: Owner


class OfMember(Record, frozen=True):
    """One member in a market."""

    market: Digest
    member: Name


class Statement(Record, frozen=True):
    """An account, what it is worth at the newest price, its loss, and the limits that hold."""

    account: Account
    price: Word
    worth: U63
    loss: U63
    limits: Limits


class MaybeStatement(Record, frozen=True):
    """A statement, or None where there is no such market."""

    statement: Statement | None


class Did(Record, frozen=True):
    """What a key did."""

    key: Digest
    trader: Trader


class Traders(Record, frozen=True):
    """What the keys of a member did, by key id."""

    traders: Annotated[tuple[Did, ...], Meta(max_length=1000)]


def market(ctx: Context, arguments: ById, ports: Ports) -> MaybeMarket:
    """The market with this id."""
    return MaybeMarket(MARKETS.get(ctx, arguments.market))


def by_name(ctx: Context, arguments: ByName, ports: Ports) -> MaybeMarket:
    """The market of this name."""
    named = NAMES.get(ctx, arguments.name)
    return MaybeMarket(None if named is None else MARKETS.get(ctx, named.market))


def markets(ctx: Context, arguments: Everything, ports: Ports) -> Markets:
    """All markets, a page at a time."""
    after = () if arguments.after is None else (arguments.after,)
    found = islice(MARKETS.scan(ctx, after=after), arguments.limit)
    return Markets(tuple(one for _, one in found))


def auction(ctx: Context, arguments: AtAuction, ports: Ports) -> AuctionState:
    """An auction and when it comes to what; all zero for an unknown market."""
    found = MARKETS.get(ctx, arguments.market)
    if found is None:
        return AuctionState(None, 0, 0, 0, None)
    state, terms, number = AUCTIONS.get(ctx, found.id, arguments.auction), found.terms, arguments.auction
    outcome = None if state is None else state.outcome
    return AuctionState(
        state,
        rules.begins(terms, number),
        rules.reveals_from(terms, number),
        rules.clears_from(terms, number),
        None if outcome is None else outcome.time + terms.correct_ms,
    )


def book(ctx: Context, arguments: AtAuction, ports: Ports) -> Ladder:
    """The opened orders of an auction that is not settled, by limit."""
    levels = [
        Rung(side, int(key[3]), level.quantity)
        for side, number in _SIDES
        for key, level in LEVELS.scan(ctx, arguments.market, arguments.auction, number)
    ]
    return Ladder(tuple(levels))


def entries(ctx: Context, arguments: SomeEntries, ports: Ports) -> Entries:
    """The unsettled orders of an auction, a page at a time."""
    places = range(arguments.first, arguments.first + arguments.limit)
    found = [ENTRIES.get(ctx, arguments.market, arguments.auction, place) for place in places]
    return Entries(tuple(one for one in found if one is not None))


def margin(ctx: Context, arguments: AtAuction, ports: Ports) -> Margin:
    """The orders at the limit where the longer side would be cut short now."""
    found = MARKETS.get(ctx, arguments.market)
    state = AUCTIONS.get(ctx, arguments.market, arguments.auction)
    if found is None or state is None:
        return Margin(b"")
    ladder = book(ctx, arguments, ports).levels
    bids = [(rung.limit, rung.quantity) for rung in ladder if rung.side == "buy"]
    asks = [(rung.limit, rung.quantity) for rung in ladder if rung.side == "sell"]
    outcome, where = rules.price_of(bids, asks, state.reference, found.terms.tick)
    if where is None:
        return Margin(b"")
    side: Side = "buy" if outcome.demand > outcome.supply else "sell"
    named = bytearray((state.commits + 7) // 8)
    start = order_start(side, where[0])
    for key, entry in ENTRIES.scan(ctx, arguments.market, arguments.auction, containing=start):
        if entry.order is not None and (entry.order.side, entry.order.limit) == (side, where[0]):
            place = int(key[2])
            named[place // 8] |= 0x80 >> place % 8
    return Margin(bytes(named))


def statement(ctx: Context, arguments: OfAccount, ports: Ports) -> MaybeStatement:
    """What an owner has in a market, or None in an unknown one."""
    found = MARKETS.get(ctx, arguments.market)
    if found is None:
        return MaybeStatement(None)
    held = account(ctx, found.id, arguments.account)
    value = rules.bounded(rules.worth(held, found.reference))
    loss = rules.bounded(rules.lost(held.basis, value))
    limits = limits_of(ctx, found, arguments.account, ctx.time)
    return MaybeStatement(Statement(held, found.reference, value, loss, limits))


def traders(ctx: Context, arguments: OfMember, ports: Ports) -> Traders:
    """What a member's keys did in a market."""
    scanned = TRADERS.scan(ctx, arguments.market, containing=encode(arguments.member))
    return Traders(
        tuple(Did(bytes(key[1]), done) for key, done in scanned if done.member == arguments.member)  # type: ignore[arg-type]
    )


QUERIES = (
    Query("market", ById, MaybeMarket, market, "A market, by id."),
    Query("by_name", ByName, MaybeMarket, by_name, "A market, by name."),
    Query("markets", Everything, Markets, markets, "All markets, a page at a time."),
    Query("auction", AtAuction, AuctionState, auction, "An auction: orders, outcome, moments."),
    Query("book", AtAuction, Ladder, book, "The opened orders of an unsettled auction, by limit."),
    Query("entries", SomeEntries, Entries, entries, "The unsettled orders of an auction, a page at a time."),
    Query(
        "statement",
        OfAccount,
        MaybeStatement,
        statement,
        "What an owner has in a market, its loss and limits.",
    ),
    Query("traders", OfMember, Traders, traders, "What each key of a member did in a market."),
    Query("margin", AtAuction, Margin, margin, "The bits that `clear` has to name now."),
)
