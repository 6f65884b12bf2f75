"""Paying in and out, handing in sealed orders and opening them: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.market import messages as asked
from consortia.modules.market import meter_rules, rules
from consortia.modules.market import refusals as codes
from consortia.modules.market.events import Cancelled, Committed, Funded, Revealed
from consortia.modules.market.lookup import auction_of, market_of, own, running
from consortia.modules.market.metering import counting, owing
from consortia.modules.market.ports import Ports
from consortia.modules.market.state import (
    ACCOUNTS,
    AUCTIONS,
    ENTRIES,
    FIRST,
    LEVELS,
    PARTS,
    SIDES,
    TRADERS,
    limits_of,
    limits_of_key,
    part,
    sealed,
)
from consortia.modules.market.types import (
    Account,
    Auction,
    Entry,
    Level,
    Limits,
    Market,
    Order,
    Sealing,
    Trader,
)


def fund(ctx: Context, message: asked.Fund, ports: Ports) -> None:
    """Move units into an account in the market. They are no gain: its basis rises with them."""
    # CHECK
    market, owner = market_of(ctx, message.market), message.account
    held = own(ctx, market, owner)
    require(message.unit in (market.terms.base, market.terms.quote), codes.UNKNOWN_UNIT, message.unit.hex())
    # DECIDE
    moved = _moved(market, held, message.unit, message.amount)
    # WRITE
    ports.cash.pay_in(ctx, owner, market.id, message.unit, message.amount)
    ACCOUNTS.put(ctx, moved, market.id, owner)
    # EMIT
    ctx.emit(Funded(market.id, owner, message.unit, message.amount, paid=True))


def take(ctx: Context, message: asked.Take, ports: Ports) -> None:
    """Move units that are not held out of an account in the market."""
    # CHECK
    market, owner = market_of(ctx, message.market), message.account
    held = own(ctx, market, owner)
    require(message.unit in (market.terms.base, market.terms.quote), codes.UNKNOWN_UNIT, message.unit.hex())
    is_base = message.unit == market.terms.base
    unowed = held.quote - held.quote_held - owing(ctx, market, owner)
    free = held.base - held.base_held if is_base else max(0, unowed)
    require(message.amount <= free, codes.NO_FUNDS, str(free))
    # DECIDE
    moved = _moved(market, held, message.unit, -message.amount)
    # WRITE
    ACCOUNTS.put(ctx, moved, market.id, owner)
    ports.cash.pay_out(ctx, market.id, owner, message.unit, message.amount)
    # EMIT
    ctx.emit(Funded(market.id, owner, message.unit, message.amount, paid=False))


def commit(ctx: Context, message: asked.Commit, ports: Ports) -> None:
    """Put a sealed order at the end of the auction's book, and hold its deposit."""
    # CHECK
    market, owner = market_of(ctx, message.market), message.account
    terms, number = market.terms, message.auction
    require(not market.halted, codes.HALTED)
    begin = rules.begins(terms, number)
    require(ctx.time >= begin, codes.TOO_EARLY, str(number))
    require(ctx.time < rules.reveals_from(terms, number), codes.TOO_LATE, str(number))
    held, done = running(ctx, market, owner)
    require(held.lost is None and done.lost is None, codes.STOPPED, "its loss has come to the limit")
    meter = counting(ctx, market, owner, number)
    require(meter is None or meter.owed <= 0, codes.OWING, owner)
    auction = AUCTIONS.get(ctx, market.id, number) or Auction(market.reference, *FIRST)
    require(auction.commits < terms.orders_max, codes.BOOK_FULL, str(terms.orders_max))
    mine = part(ctx, market.id, number, owner)
    before = done.commits if done.auction == number else 0
    require(before < limits_of_key(ctx, market, ctx.signer.key).commits_max, codes.TOO_MANY)
    require(mine.commits < limits_of(ctx, market, owner, begin).commits_max, codes.TOO_MANY)
    require(held.quote - held.quote_held >= terms.deposit, codes.NO_FUNDS, str(terms.deposit))
    # DECIDE
    place = auction.commits
    entry = Entry(owner, ctx.signer.key, message.commitment, None, cancelled=False)
    held = replace(held, quote_held=held.quote_held + terms.deposit, all=held.all + 1)
    # WRITE
    ports.members.charge(ctx, terms.quote, terms.deposit)
    ENTRIES.put(ctx, entry, market.id, number, place)
    AUCTIONS.put(ctx, replace(auction, commits=place + 1), market.id, number)
    ACCOUNTS.put(ctx, held, market.id, owner)
    PARTS.put(ctx, replace(mine, commits=mine.commits + 1), market.id, number, owner)
    TRADERS.put(ctx, replace(done, auction=number, commits=before + 1), market.id, ctx.signer.key)
    # EMIT
    ctx.emit(Committed(market.id, number, place, owner))


def cancel(ctx: Context, message: asked.Cancel, ports: Ports) -> None:
    """Take an order back while others can still be handed in.

    Its place stays taken, and its deposit is held until the auction is settled: so places that nobody
    means to trade in cost what places cost, and a book is not filled for nothing.
    """
    # CHECK
    market, number = market_of(ctx, message.market), message.auction
    require(ctx.time < rules.reveals_from(market.terms, number), codes.TOO_LATE, str(number))
    auction = auction_of(ctx, market, number)
    entry = _sealed_entry(ctx, market, number, message.place)
    # DECIDE
    mine = part(ctx, market.id, number, entry.account)
    # WRITE
    PARTS.put(ctx, replace(mine, cancelled=mine.cancelled + 1), market.id, number, entry.account)
    ENTRIES.put(ctx, replace(entry, cancelled=True), market.id, number, message.place)
    AUCTIONS.put(ctx, replace(auction, cancelled=auction.cancelled + 1), market.id, number)
    # EMIT
    ctx.emit(Cancelled(market.id, number, message.place))


def reveal(ctx: Context, message: asked.Reveal, ports: Ports) -> None:
    """Open an order: it counts from now on, and what it may cost is held."""
    # CHECK
    market = market_of(ctx, message.market)
    number, order = message.auction, message.order
    require(not market.halted, codes.HALTED)
    require(ctx.time >= rules.reveals_from(market.terms, number), codes.TOO_EARLY, str(number))
    require(ctx.time < rules.clears_from(market.terms, number), codes.TOO_LATE, str(number))
    auction = auction_of(ctx, market, number)
    entry = _entry(ctx, market, message)
    owner = entry.account
    held, done = running(ctx, market, owner)
    mine = part(ctx, market.id, number, owner)
    _check_order(market, auction, order)
    _check_limits(limits_of_key(ctx, market, ctx.signer.key), order, done)
    begin = rules.begins(market.terms, number)
    _check_limits(limits_of(ctx, market, owner, begin), order, held)
    require(not rules.crosses(mine, order), codes.SELF_TRADE)
    meter = counting(ctx, market, owner, number)
    open_units = held.buying if order.side == "buy" else held.selling
    carries = meter is None or meter_rules.carries(meter, open_units, order)
    require(carries, codes.BEYOND_CAPACITY, owner)
    cost = rules.cost(market.terms, order)
    require(cost <= _free(held, order), codes.NO_FUNDS, str(cost))
    # DECIDE
    mine = rules.joined(replace(mine, reveals=mine.reveals + 1), order)
    faithful = auction.faithful + rules.is_faithful(mine)
    auction = replace(auction, reveals=auction.reveals + 1, faithful=faithful)
    side = SIDES[order.side]
    level = LEVELS.get(ctx, market.id, number, side, order.limit) or Level(0)
    unit = market.terms.quote if order.side == "buy" else market.terms.base
    # WRITE
    ports.members.charge(ctx, unit, cost)
    ENTRIES.put(ctx, replace(entry, order=order), market.id, number, message.place)
    LEVELS.put(ctx, Level(level.quantity + order.quantity), market.id, number, side, order.limit)
    AUCTIONS.put(ctx, auction, market.id, number)
    ACCOUNTS.put(ctx, rules.opened(held, market.terms, order), market.id, owner)
    PARTS.put(ctx, mine, market.id, number, owner)
    TRADERS.put(ctx, rules.opening(done, order, 1), market.id, ctx.signer.key)
    # EMIT
    ctx.emit(Revealed(market.id, number, message.place))


def _moved(market: Market, held: Account, unit: bytes, amount: int) -> Account:
    """The account with `amount` units more, or less when it is negative.

    It never holds more than there is of a unit, which a balance has room for.
    """
    is_base = unit == market.terms.base
    value = amount * market.reference if is_base else amount
    return replace(
        held,
        base=held.base + (amount if is_base else 0),
        quote=held.quote + (0 if is_base else amount),
        basis=rules.bounded(held.basis + value),
    )


def _sealed_entry(ctx: Context, market: Market, number: int, place: int) -> Entry:
    """The signer's own order at a place, neither opened nor cancelled."""
    entry = ENTRIES.get(ctx, market.id, number, place)
    if entry is None:
        raise Refused(codes.UNKNOWN_PLACE, str(place))
    require(entry.key == ctx.signer.key, codes.NOT_YOURS, entry.account)
    require(entry.order is None, codes.ALREADY_OPEN, str(place))
    require(not entry.cancelled, codes.GONE, str(place))
    return entry


def _entry(ctx: Context, market: Market, message: asked.Reveal) -> Entry:
    """The signer's sealed order at a place, which is the one that the message opens."""
    entry = _sealed_entry(ctx, market, message.auction, message.place)
    sealing = Sealing(ctx.network, market.id, message.auction, ctx.signer.key, message.salt, message.order)
    require(sealed(sealing) == entry.commitment, codes.WRONG_COMMITMENT, str(message.place))
    return entry


def _check_order(market: Market, auction: Auction, order: Order) -> None:
    """Whether the auction takes such an order from anybody."""
    require(order.limit % market.terms.tick == 0, codes.OFF_TICK, str(order.limit))
    near = rules.in_collar(market.terms, auction.reference, order.limit)
    require(near, codes.OUTSIDE_COLLAR, f"{order.limit}, the reference is {auction.reference}")


def _check_limits(limits: Limits, order: Order, opened: Trader | Account) -> None:
    """Whether the order keeps within limits, given the position and what else is open."""
    require(order.quantity <= limits.order_max, codes.TOO_LARGE, str(limits.order_max))
    buying = opened.buying + (order.quantity if order.side == "buy" else 0)
    selling = opened.selling + (order.quantity if order.side == "sell" else 0)
    within = rules.may_reach(limits, opened.base, buying, selling)
    require(within, codes.POSITION, str(limits.position_max))


def _free(held: Account, order: Order) -> int:
    """What of the account an order may use."""
    return held.quote - held.quote_held if order.side == "buy" else held.base - held.base_held
