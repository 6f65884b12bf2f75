"""Finding an auction's price, settling its orders, and correcting it: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.exact.auction import ration
from consortia.kernel.context import Context
from consortia.modules.market import messages as asked
from consortia.modules.market import refusals as codes
from consortia.modules.market import rules
from consortia.modules.market.events import Annulled, Cleared, Settled
from consortia.modules.market.lookup import auction_of, market_of, operated
from consortia.modules.market.ports import Ports
from consortia.modules.market.settling import Settling
from consortia.modules.market.state import AUCTIONS, ENTRIES, LEVELS, MARKETS, SIDES
from consortia.modules.market.types import Auction, Cut, Market, Outcome, Side


def clear(ctx: Context, message: asked.Clear, ports: Ports) -> None:
    """Find the price. An auction that a halt met is void: everything is given back when it settles."""
    # CHECK
    market, number = market_of(ctx, message.market), message.auction
    auction = auction_of(ctx, market, number)
    require(ctx.time >= rules.clears_from(market.terms, number), codes.TOO_EARLY, str(number))
    require(auction.outcome is None, codes.TOO_LATE, "it is cleared already")
    void = market.halt is not None and market.halt >= rules.begins(market.terms, number)
    outcome = Outcome(None, 0, 0, 0, None, 0, void=True) if void else _outcome(ctx, market, auction, message)
    # DECIDE
    outcome = replace(outcome, time=ctx.time)
    reference = outcome.price or market.reference
    # WRITE
    AUCTIONS.put(ctx, replace(auction, outcome=outcome), market.id, number)
    MARKETS.put(ctx, replace(market, reference=reference), market.id)
    # EMIT
    ctx.emit(Cleared(market.id, number, outcome.price, outcome.volume, void))


def settle(ctx: Context, message: asked.Settle, ports: Ports) -> None:
    """Settle the next orders: holds end, fills move units, deposits go where they belong."""
    # CHECK
    market, number = market_of(ctx, message.market), message.auction
    auction = auction_of(ctx, market, number)
    outcome = auction.outcome
    if outcome is None or ctx.time < outcome.time + market.terms.correct_ms:
        raise Refused(codes.TOO_EARLY, str(number))
    require(auction.settled < auction.commits, codes.TOO_LATE, "it is settled already")
    # DECIDE
    end = min(auction.commits, auction.settled + message.orders)
    done = end == auction.commits
    settling = Settling.of(ctx, market, number, auction, outcome)
    for place in range(auction.settled, end):
        settling.order(place)
    settling.finish(done=done)
    auction = settling.settled(end)
    # WRITE
    settling.write()
    if done:
        _forget_levels(ctx, market, number)
    AUCTIONS.put(ctx, auction, market.id, number)
    # EMIT
    for event in settling.events:
        ctx.emit(event)
    ctx.emit(Settled(market.id, number, len(settling.places), done))


def annul(ctx: Context, message: asked.Annul, ports: Ports) -> None:
    """Make an auction void after its price was found and before anything of it settled."""
    # CHECK
    market, number = operated(ctx, message.market), message.auction
    auction = auction_of(ctx, market, number)
    outcome = auction.outcome
    if outcome is None:
        raise Refused(codes.TOO_EARLY, str(number))
    require(auction.settled == 0 and not outcome.void, codes.TOO_LATE, str(number))
    # DECIDE
    void = Outcome(None, 0, 0, 0, None, outcome.time, void=True)
    reference = auction.reference if market.reference == outcome.price else market.reference
    # WRITE
    AUCTIONS.put(ctx, replace(auction, outcome=void), market.id, number)
    MARKETS.put(ctx, replace(market, reference=reference), market.id)
    # EMIT
    ctx.emit(Annulled(market.id, number, message.reason))


def _outcome(ctx: Context, market: Market, auction: Auction, message: asked.Clear) -> Outcome:
    """The outcome of the auction's book, the margin that the message names checked against it."""
    bids = _levels(ctx, market, message.auction, "buy")
    asks = _levels(ctx, market, message.auction, "sell")
    outcome, where = rules.price_of(bids, asks, auction.reference, market.terms.tick)
    if where is None:
        require(not message.margin, codes.WRONG_MARGIN, "nothing is cut short")
        return outcome
    side: Side = "buy" if outcome.demand > outcome.supply else "sell"
    return replace(outcome, cut=_cut(ctx, market, message, side, where))


def _levels(ctx: Context, market: Market, number: int, side: Side) -> list[tuple[int, int]]:
    scanned = LEVELS.scan(ctx, market.id, number, SIDES[side])
    return [(int(key[3]), level.quantity) for key, level in scanned]


def _cut(ctx: Context, market: Market, message: asked.Clear, side: Side, where: tuple[int, int]) -> Cut:
    """The margin, from the orders that the message names: all of them, as their sum is the level's."""
    limit, wanted = where
    number, places, quantities = message.auction, list[int](), list[int]()
    for place in bits(message.margin):
        entry = ENTRIES.get(ctx, market.id, number, place)
        order = None if entry is None else entry.order
        if order is None or (order.side, order.limit) != (side, limit):
            raise Refused(codes.WRONG_MARGIN, str(place))
        places.append(place)
        quantities.append(order.quantity)
    level = LEVELS.get(ctx, market.id, number, SIDES[side], limit)
    whole = level is not None and sum(quantities) == level.quantity
    require(whole, codes.WRONG_MARGIN, f"not all orders at {limit}")
    return rules.cut_of(ration(rules.SIGN[side], limit, wanted, quantities, places))


def bits(margin: bytes) -> list[int]:
    """The places that a margin's bits name, ascending."""
    return [
        8 * at + bit for at, byte in enumerate(margin) if byte for bit in range(8) if byte & (0x80 >> bit)
    ]


def _forget_levels(ctx: Context, market: Market, number: int) -> None:
    for side in SIDES.values():
        for key, _ in list(LEVELS.scan(ctx, market.id, number, side)):
            LEVELS.delete(ctx, *key)
