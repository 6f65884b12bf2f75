"""What pages show of markets: the newest auctions, their prices as lines, and the newest book."""

from consortia.sdk import overview
from consortia.sdk.access import Way
from consortia.sdk.market import Market, Markets
from consortia.solutions.views import Cell, Line, Link, Moment, Series, Table

AUCTIONS = 24
"""So many of the newest auctions of a market are shown."""

MARKETS_MAX = 12
"""So many markets have theirs shown."""


def newest(way: Way, market: Market) -> int | None:
    """The newest auction in which somebody handed an order in; None where nobody ever did."""
    found = (
        did.trader.auction
        for member in overview.members(way)
        for did in overview.traders(way, market, member)
    )
    return max(found, default=None)


def auctions(way: Way, found: list[Market]) -> tuple[Table, Series]:
    """The newest auctions of these markets, newest first; and their prices, market by market."""
    asking, rows = Markets(way, ""), list[tuple[Cell, ...]]()
    prices: dict[str, dict[int, float]] = {}
    for market in found[:MARKETS_MAX]:
        last = newest(way, market)
        link = Link(market.title or market.name, f"/console/markets/{market.id.hex()}")
        prices[market.name] = {}
        for number in range(last or 0, max(-1, (last or 0) - AUCTIONS), -1) if last is not None else ():
            state = asking.auction(market, number)
            if state.auction is None:
                continue
            outcome = state.auction.outcome
            price = None if outcome is None or outcome.void else outcome.price
            if price is not None:
                prices[market.name][number] = float(price)
            rows.append(
                (
                    link,
                    number,
                    Moment(state.begins),
                    state.auction.commits,
                    state.auction.reveals,
                    price,
                    None if outcome is None else outcome.volume,
                    "open" if outcome is None else "void" if outcome.void else "cleared",
                )
            )
    at = tuple(sorted({number for one in prices.values() for number in one}))[-AUCTIONS:]
    lines = tuple(Line(name, tuple(one.get(number) for number in at)) for name, one in prices.items() if one)
    heads = ("market", "auction", "began", "orders", "opened", "price", "traded", "state")
    note = (
        f"The newest {AUCTIONS} of each market, at most {MARKETS_MAX} markets; prices in the smallest part."
    )
    return Table("Auctions", heads, tuple(rows), note), Series("Prices", "auction", "", at, lines)


def book(way: Way, found: list[Market]) -> Table:
    """The opened orders of each market's newest auction that is not settled, by limit."""
    asking, rows = Markets(way, ""), list[tuple[Cell, ...]]()
    for market in found[:MARKETS_MAX]:
        last = newest(way, market)
        if last is not None:
            link = Link(market.title or market.name, f"/console/markets/{market.id.hex()}")
            rows += [(link, last, one.side, one.limit, one.quantity) for one in asking.book(market, last)]
    note = "Orders are sealed until all are in; a settled auction has no book any more."
    return Table("Book", ("market", "auction", "side", "limit", "units"), tuple(rows), note)
