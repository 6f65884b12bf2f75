"""From a weight to an order: what a trading agent's answer leads to, in integers.

An agent says which part of what it has should lie in a stock (its weight). This file says which order that
is, from nothing but integers that stand on the ledger and the agent's own terms. So whoever has those
computes the very order that was handed in, or sees that none was due.
"""

from dataclasses import dataclass

from consortia.exact.auction import BUY, SELL, WORD_MAX
from consortia.exact.signals import PPM


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an agent stands when it decides: the stock by its place in its terms, and the auction's number.

    `reference` is the auction's reference price, `held` the units it has, `equity` what all it has is worth.
    """

    stock: int
    auction: int
    reference: int
    held: int
    equity: int

    def integers(self) -> tuple[int, ...]:
        """The desk as a record holds it."""
        return (self.stock, self.auction, self.reference, self.held, self.equity)


@dataclass(frozen=True, slots=True)
class Terms:
    """How an agent trades, fixed beforehand.

    It begins with `capital` and stops itself once `loss_max` of it is lost. Orders are of `order_max` units
    at most, none is made for a change below `band_ppm` of its equity, and limits lie `reach` beyond the
    reference price, in multiples of `tick`.
    """

    capital: int
    loss_max: int
    order_max: int
    band_ppm: int
    reach: int
    tick: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order that an answer leads to: `side` is exact.auction's BUY or SELL."""

    side: int
    limit: int
    quantity: int


def is_lost(terms: Terms, equity: int) -> bool:
    """Whether an agent has come to its loss limit: from then on it stops itself."""
    return terms.capital - equity >= terms.loss_max


def order_of(terms: Terms, desk: Desk, weight: int) -> Wanted | None:
    """The order that brings a stock to `weight` parts per million of the equity; None where none is due."""
    target = max(0, weight) * max(0, desk.equity) // (PPM * desk.reference)
    change = target - desk.held
    if change == 0 or abs(change) * desk.reference * PPM < terms.band_ppm * desk.equity:
        return None
    side = BUY if change > 0 else SELL
    limit = desk.reference + side * terms.reach
    limit = min(max(limit, terms.tick), WORD_MAX) // terms.tick * terms.tick
    return Wanted(side, limit, min(abs(change), terms.order_max))
