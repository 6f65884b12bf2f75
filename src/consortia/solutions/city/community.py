"""A community of homes: what an hour's auction and its meters come to, as a metered market has it.

The same rules as on the ledger, played without one: the price and the fills are those of `exact.auction`, the
bill is that of the module's meters. So a street can see what it would save before it founds anything, and
anybody can play a year again. Energy is in watt-hours, money in the smallest parts that a price has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from consortia.exact.auction import BUY, SELL
from consortia.exact.book import Book, clear, fills
from consortia.sdk.meters import Metering, cost


@dataclass(frozen=True, slots=True)
class Bill:
    """What an hour cost a home: units traded (bought positive), paid in the auction, and paid to the grid.

    Both payments are negative where the home earns.
    """

    traded: int
    auction: int
    grid: int

    @property
    def total(self) -> int:
        """All that the hour cost."""
        return self.auction + self.grid


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the community: its price, if anything traded, the volume, and each home's bill."""

    price: int | None
    volume: int
    bills: Mapping[str, Bill]

    @property
    def grid(self) -> int:
        """What the grid's account got, all homes together."""
        return sum(bill.grid for bill in self.bills.values())


def play(bids: Mapping[str, int], net: Mapping[str, int], metering: Metering, reference: int) -> Hour:
    """An hour: `bids` are what homes expect to draw (negative: to feed in), `net` what their meters said.

    A home buys at the grid's price for drawing or less, and sells at its price for feeding in or more.
    """
    orders = [(home, units) for home, units in bids.items() if units]
    limits = [limit_of(units, metering) for _, units in orders]
    sides = [BUY if units > 0 else SELL for _, units in orders]
    book = Book.of(sides, limits, [abs(units) for _, units in orders])
    found = clear(book, reference)
    filled = fills(book, found).tolist()
    traded = {home: side * units for (home, _), side, units in zip(orders, sides, filled, strict=True)}
    price = found.price or 0
    bills = {
        home: Bill(
            traded.get(home, 0), traded.get(home, 0) * price, cost(metering, traded.get(home, 0), drawn)
        )
        for home, drawn in net.items()
    }
    return Hour(found.price, found.volume, bills)


def alone(net: Mapping[str, int], metering: Metering) -> dict[str, int]:
    """What an hour costs each home that trades with nobody."""
    return {home: cost(metering, 0, drawn) for home, drawn in net.items()}


def limit_of(units: int, metering: Metering) -> int:
    """The worst price that a home takes: what the grid would ask or pay, one part at least."""
    return metering.draw if units > 0 else max(1, metering.feed)
