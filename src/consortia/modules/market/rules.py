"""The module's arithmetic and judgements, pure functions of records."""

from collections.abc import Iterable

from msgspec.structs import astuple, replace

from consortia.exact.auction import BUY, SELL, Clearing, Levels, Margin, cut, find
from consortia.modules.market.types import (
    PPM,
    Account,
    Auction,
    Cut,
    Limits,
    Market,
    Order,
    Outcome,
    Pair,
    Part,
    Side,
    Terms,
    Trader,
)

U63_MAX = (1 << 63) - 1
DOMINANT_PERCENT = 80
"""A member that bought (or sold) so much of an auction's volume dominates that side of it."""

WASH_PERCENT = 25
"""A trade back of a volume that differs by at most so much is a wash trade."""

UNREVEALED_MIN = 8
"""Orders left sealed are a pattern from so many orders on, when a quarter of them stayed sealed."""

SIGN = {"buy": BUY, "sell": SELL}


def fits(terms: Terms, reference: int) -> bool:
    """Whether terms make sense: distinct units, phases inside the period, a deposit that binds.

    The deposit is at least the largest order times the width of the collar: what leaving an order sealed
    could be worth at most.
    """
    width = 2 * terms.collar_ticks * terms.tick
    phases = terms.commit_ms + terms.reveal_ms <= terms.period_ms
    binds = terms.deposit >= terms.limits.order_max * width
    return terms.base != terms.quote and phases and binds and reference % terms.tick == 0


def begins(terms: Terms, auction: int) -> int:
    """The block time at which an auction begins."""
    return terms.start + auction * terms.period_ms


def begun(terms: Terms, time: int) -> int:
    """The block time at which the auction that is under way began; before the first, when that one does."""
    return begins(terms, max(0, time - terms.start) // terms.period_ms)


def reveals_from(terms: Terms, auction: int) -> int:
    """The block time from which its orders are opened."""
    return begins(terms, auction) + terms.commit_ms


def clears_from(terms: Terms, auction: int) -> int:
    """The block time from which it is cleared."""
    return reveals_from(terms, auction) + terms.reveal_ms


def in_collar(terms: Terms, reference: int, limit: int) -> bool:
    """Whether a limit is near enough to the reference price."""
    return abs(limit - reference) <= terms.collar_ticks * terms.tick


def fee(terms: Terms, value: int) -> int:
    """The operator's part of a value traded, rounded down."""
    return value * terms.fee_ppm // PPM


def cost(terms: Terms, order: Order) -> int:
    """What an order may take out of its account: quote for a buyer, its fee included; base for a seller."""
    if order.side == "sell":
        return order.quantity
    value = order.limit * order.quantity
    return value + fee(terms, value)


def worth(account: Account, price: int) -> int:
    """What an account is worth at a price, in quote."""
    return account.quote + account.base * price


def bounded(value: int) -> int:
    """The value, or the largest of its sign that a record holds: only what measures losses is cut so."""
    return max(-U63_MAX, min(U63_MAX, value))


def tighter(limits: Limits, most: Limits) -> bool:
    """Whether limits allow nothing that `most` does not."""
    pairs = zip(astuple(limits), astuple(most), strict=True)
    return all(one <= other for one, other in pairs)


def lost(basis: int, value: int) -> int:
    """How much less than `basis` something is worth now, 0 when it is not less."""
    return max(0, basis - value)


def may_reach(limits: Limits, position: int, buying: int, selling: int) -> bool:
    """Whether a position stays within the limits with everything open traded, or nothing of one side."""
    return position + buying <= limits.position_max and selling - position <= limits.position_max


def crosses(part: Part, order: Order) -> bool:
    """Whether an order could trade with another of the same member in the auction."""
    if order.side == "buy":
        return bool(part.sell_low) and order.limit >= part.sell_low
    return bool(part.buy_high) and order.limit <= part.buy_high


def joined(part: Part, order: Order) -> Part:
    """A member's part with one more opened order."""
    if order.side == "buy":
        return replace(part, buy_high=max(part.buy_high, order.limit))
    return replace(part, sell_low=min(part.sell_low or order.limit, order.limit))


def price_of(bids: Levels, asks: Levels, reference: int, tick: int) -> tuple[Outcome, tuple[int, int] | None]:
    """The outcome of an auction given by its levels, without its margin; and where the longer side is cut.

    Prices are multiples of the tick, so the search is over ticks. The time of the outcome is left 0.
    """
    low = [(limit // tick, quantity) for limit, quantity in bids]
    high = [(limit // tick, quantity) for limit, quantity in asks]
    found = find(low, high, reference // tick)
    if found is None:
        return Outcome(None, 0, 0, 0, None, 0, void=False), None
    where = cut(found, low if found.demand > found.supply else high)
    volume = min(found.demand, found.supply)
    outcome = Outcome(found.price * tick, volume, found.demand, found.supply, None, 0, void=False)
    return outcome, None if where is None else (where[0] * tick, where[1])


def cut_of(margin: Margin) -> Cut:
    """The margin as a record."""
    side: Side = "buy" if margin.side == BUY else "sell"
    return Cut(side, margin.limit, margin.wanted, margin.total, margin.remainder, margin.place)


def clearing(outcome: Outcome) -> Clearing:
    """The outcome as `exact.auction` has it."""
    found = outcome.cut
    margin = None
    if found is not None:
        margin = Margin(
            SIGN[found.side], found.limit, found.wanted, found.total, found.remainder, found.place
        )
    return Clearing(outcome.price, outcome.volume, outcome.demand, outcome.supply, margin)


def is_faithful(part: Part) -> bool:
    """Whether an account opened everything that it handed in and did not take back."""
    return 0 < part.reveals == part.commits - part.cancelled


def bonus(market: Market, auction: Auction) -> int:
    """The part of the forfeited deposits for the next faithful account.

    Equal parts, the units left over one each to the first.
    """
    forfeited = (auction.commits - auction.cancelled - auction.reveals) * market.terms.deposit
    share, rest = divmod(forfeited, auction.faithful)
    return share + (auction.rewarded < rest)


def opened(account: Account, terms: Terms, order: Order) -> Account:
    """The account once an order is open: what it may cost is held."""
    held = cost(terms, order)
    if order.side == "buy":
        return replace(account, quote_held=account.quote_held + held, buying=account.buying + order.quantity)
    return replace(account, base_held=account.base_held + held, selling=account.selling + order.quantity)


def closed(account: Account, terms: Terms, order: Order) -> Account:
    """The account once an order is no longer open: as before `opened`."""
    held = cost(terms, order)
    if order.side == "buy":
        return replace(account, quote_held=account.quote_held - held, buying=account.buying - order.quantity)
    return replace(account, base_held=account.base_held - held, selling=account.selling - order.quantity)


def traded(account: Account, terms: Terms, order: Order, filled: int, price: int) -> Account:
    """The account after so many units of an order were filled at a price, its fee paid."""
    sign, value = SIGN[order.side], filled * price
    quote = account.quote - sign * value - fee(terms, value)
    return replace(account, base=account.base + sign * filled, quote=quote)


def opening(trader: Trader, order: Order, sign: int) -> Trader:
    """A key's record with an order more (`sign` 1) or less (-1) open."""
    if order.side == "buy":
        return replace(trader, buying=trader.buying + sign * order.quantity)
    return replace(trader, selling=trader.selling + sign * order.quantity)


def tallied(trader: Trader, terms: Terms, order: Order, filled: int, price: int) -> Trader:
    """A key's record after so many units of an order of it were filled at a price."""
    sign, value = SIGN[order.side], filled * price
    quote = bounded(trader.quote - sign * value - fee(terms, value))
    return replace(trader, base=bounded(trader.base + sign * filled), quote=quote)


def dominates(traded: int, volume: int) -> bool:
    """Whether who traded so much dominates one side of a volume."""
    return traded * 100 >= volume * DOMINANT_PERCENT


def is_wash(pair: Pair, earlier: Iterable[Pair]) -> bool:
    """Whether a pair trades back what it traded the other way a few auctions before."""
    return any(
        (one.buyer, one.seller) == (pair.seller, pair.buyer)
        and pair.buyer != pair.seller
        and abs(one.volume - pair.volume) * 100 <= WASH_PERCENT * max(one.volume, pair.volume)
        for one in earlier
    )


def is_push(market: Market, auction: int, reference: int, price: int) -> bool:
    """Whether a closing auction moved the price by more than half of what the collar allows."""
    terms = market.terms
    closing = auction % terms.day_auctions == terms.day_auctions - 1
    return closing and 2 * abs(price - reference) > terms.collar_ticks * terms.tick


def leaves_sealed(account: Account) -> bool:
    """Whether a quarter of a member's orders were never opened."""
    return account.all >= UNREVEALED_MIN and 4 * account.sealed >= account.all
