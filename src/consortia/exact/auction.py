"""The call auction: one price for all orders of a book, found and shared out in integers.

A limit order wants `quantity` units at `limit` or better. Buyers with a limit at or above a price demand at
it, sellers with a limit at or below it supply. The price is that of:

1. the most volume, min(demand, supply);
2. among those, the least imbalance, |demand - supply|;
3. among those, which are neighbours, the nearest to the reference price.

At that price the shorter side trades in full. On the longer side better limits trade in full, and the worst
limit that trades at all (the margin) is shared out in proportion to quantity: whole units first, then one
unit each by largest remainder, ties to the order that came first. Who gets such a unit follows from two
numbers, so that anybody can say what one order traded without going through the others (`Clearing.filled`).
Here stands what the ledger needs, which has a book by its levels; `exact.book` has whole books.

The rules are those of opening auctions at exchanges (Madhavan 1992; Economides and Schwartz 1995); the
proportional margin is that of Hamilton's apportionment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

BUY, SELL = 1, -1
"""The sides of a book."""

WORD_MAX = (1 << 31) - 1
"""Prices and quantities are in 1..2^31-1."""


@dataclass(frozen=True, slots=True)
class Margin:
    """The limit at which the longer side is cut short.

    `wanted` units are shared out over the orders of `side` at `limit`, which want `total` together. An order
    gets one unit beyond its whole share when its remainder is above `remainder`, or equal to it
    with a place in the book of at most `place`.
    """

    side: int
    limit: int
    wanted: int
    total: int
    remainder: int
    place: int

    def share(self, quantity: int, place: int) -> int:
        """What an order at this margin trades."""
        whole, rest = divmod(self.wanted * quantity, self.total)
        return whole + (rest > self.remainder or (rest == self.remainder and place <= self.place))


@dataclass(frozen=True, slots=True)
class Clearing:
    """The outcome of an auction: price, volume, demand and supply at that price, and the margin, if any.

    `price` is None when nothing trades.
    """

    price: int | None
    volume: int
    demand: int
    supply: int
    margin: Margin | None

    def filled(self, side: int, limit: int, quantity: int, place: int) -> int:
        """What one order of the book trades; `place` is its place in it, from 0."""
        if self.price is None or side * (limit - self.price) < 0:
            return 0
        margin = self.margin
        if margin is None or side != margin.side or limit != margin.limit:
            return quantity
        return margin.share(quantity, place)


Levels = Sequence[tuple[int, int]]
"""The limits of one side and the quantity at each, ascending by limit."""


@dataclass(frozen=True, slots=True)
class Found:
    """A price, and demand and supply at it."""

    price: int
    demand: int
    supply: int


def find(bids: Levels, asks: Levels, reference: int) -> Found | None:
    """The price of a book given by levels, by steps 1 to 3 above; None when nothing trades."""
    if not bids or not asks:
        return None
    import numpy as np  # noqa: PLC0415 (200 ms that every command would pay, and only a clearing needs)

    bid_limits, bid_totals = np.array(bids, dtype=np.int64).T
    ask_limits, ask_totals = np.array(asks, dtype=np.int64).T
    # Demand and supply are constant from one of these prices up to just below the next.
    starts = np.unique(np.concatenate((ask_limits, bid_limits + 1)))
    above = np.concatenate((np.cumsum(bid_totals[::-1])[::-1], [0]))
    below = np.concatenate(([0], np.cumsum(ask_totals)))
    demand = above[np.searchsorted(bid_limits, starts, side="left")]
    supply = below[np.searchsorted(ask_limits, starts, side="right")]
    volume = np.minimum(demand, supply)
    if not volume.any():
        return None
    most = np.flatnonzero(volume == volume.max())
    imbalance = np.abs(demand - supply)[most]
    best = most[imbalance == imbalance.min()]
    low, high = int(starts[best[0]]), int(starts[best[-1] + 1]) - 1
    price = min(max(reference, low), high)
    at = int(np.searchsorted(starts, price, side="right")) - 1
    return Found(price, int(demand[at]), int(supply[at]))


def cut(found: Found, levels: Levels) -> tuple[int, int] | None:
    """Where the longer side is cut short: the limit, and what its orders get together; None when both fit.

    `levels` are those of the longer side: the bids when demand exceeds supply, otherwise the asks. Because
    the imbalance is least, the margin is the worst limit that trades at the price.
    """
    excess = found.demand - found.supply
    if excess == 0:
        return None
    if excess > 0:
        limit, total = next(level for level in levels if level[0] >= found.price)
    else:
        limit, total = next(level for level in reversed(levels) if level[0] <= found.price)
    return limit, total - abs(excess)


def ration(side: int, limit: int, wanted: int, quantities: Sequence[int], places: Sequence[int]) -> Margin:
    """The margin over the orders at its limit: their quantities, and their places in the book, ascending."""
    total = sum(quantities)
    shares = [divmod(wanted * quantity, total) for quantity in quantities]
    left = wanted - sum(whole for whole, _ in shares)
    if left == 0:
        return Margin(side, limit, wanted, total, total, 0)
    ranked = sorted((-rest, place) for (_, rest), place in zip(shares, places, strict=True))
    rest, place = ranked[left - 1]
    return Margin(side, limit, wanted, total, -rest, place)
