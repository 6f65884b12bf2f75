"""Paper mode: days of call auctions by the ledger's own arithmetic, with nothing at stake.

Each day there is one auction a stock, around the price of the last. Every trader decides on what it sees
before the auction, by the two functions that it would run on a ledger, and its order comes from `exact.desk`
as there. The rest of the world is a counterparty that buys and sells any quantity at the day's closing price;
a fee in parts per million of the value traded stands for all costs. So an order meets the next close, never
the one that it was decided on.

All of it is in integers: the same file gives the same fills on any machine.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from consortia.base.codec import encode
from consortia.engines.infer.trader import Trader
from consortia.exact.auction import BUY, SELL, WORD_MAX
from consortia.exact.book import Book, clear, fills
from consortia.exact.desk import Desk, Terms, Wanted, is_lost, order_of
from consortia.exact.signals import PPM, View
from consortia.solutions.finance.trading.prices import Prices

DEPTH = 1 << 30
"""The counterparty buys and sells so many units an auction."""

UNITS = 1_000
"""A trader's part in the dearest stock is at least so many units, so that whole units are fine enough."""


@dataclass(slots=True)
class Paper:
    """A trader's book: cash, units of each stock, and what it was worth after each day."""

    trader: Trader
    terms: Terms
    cash: int
    units: list[int]
    worth: list[int]
    traded: list[int] = field(default_factory=list)
    fees: int = 0
    orders: int = 0
    stopped: int | None = None

    def equity(self, prices: Sequence[int]) -> int:
        """What it is worth at these prices."""
        return self.cash + sum(held * price for held, price in zip(self.units, prices, strict=True))


@dataclass(frozen=True, slots=True)
class Fill:
    """An order of an auction, who made it and what it traded; `None` is the counterparty."""

    account: str | None
    order: Wanted
    filled: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """What days of auctions came to: the traders' books, how many auctions and orders, and a hash of all."""

    papers: dict[str, Paper]
    days: tuple[str, ...]
    auctions: int
    orders: int
    digest: str


def terms_for(prices: Prices, *, loss_ppm: int = PPM, band_ppm: int = 0) -> Terms:
    """Terms with enough capital for whole units to be fine enough, and limits that any close is within."""
    dearest = max(max(row) for row in prices.closes)
    capital = UNITS * dearest * len(prices.stocks)
    return Terms(capital, capital * loss_ppm // PPM, WORD_MAX, band_ppm, WORD_MAX, 1)


def replay(
    prices: Prices, traders: Mapping[str, Trader], terms: Mapping[str, Terms], *, look: int, fee_ppm: int
) -> Replayed:
    """Play every day behind the first `look` ones, by which the traders first decide."""
    stocks = len(prices.stocks)
    seen = [list(row[:look]) for row in prices.closes]
    start = [row[-1] for row in seen]
    papers = {
        name: Paper(trader, terms[name], terms[name].capital, [0] * stocks, [terms[name].capital])
        for name, trader in traders.items()
    }
    digest, auctions, orders = hashlib.sha256(), 0, 0
    for day in range(look, len(prices.days)):
        wanted = decided(papers, seen, start, day - look)
        for paper in papers.values():
            paper.traded.append(0)
        for stock in range(stocks):
            fair = prices.closes[stock][day]
            price, filled = auction(wanted[stock], fair, start[stock])
            for one in filled:
                if one.account is not None:
                    book(papers[one.account], stock, one, price, fee_ppm)
            digest.update(encode([day - look, stock, price, [one.filled for one in filled]]))
            auctions, orders = auctions + 1, orders + len(filled)
            start[stock] = price
            seen[stock].append(price)
        for paper in papers.values():
            paper.worth.append(paper.equity(start))
    return Replayed(papers, prices.days[look - 1 :], auctions, orders, digest.hexdigest())


def decided(
    papers: Mapping[str, Paper], seen: Sequence[Sequence[int]], reference: Sequence[int], number: int
) -> list[list[tuple[str, Wanted]]]:
    """The orders of an auction's traders, by stock; who came to its loss limit makes none any more."""
    wanted: list[list[tuple[str, Wanted]]] = [[] for _ in reference]
    view = View(seen)
    for name, paper in papers.items():
        equity = paper.equity(reference)
        if paper.stopped is None and is_lost(paper.terms, equity):
            paper.stopped = number
        if paper.stopped is not None:
            continue
        answers = paper.trader.act(paper.trader.observe(view))
        for stock, answer in enumerate(answers):
            desk = Desk(stock, number, reference[stock], paper.units[stock], equity)
            order = order_of(paper.terms, desk, answer.weight)
            if order is not None:
                wanted[stock].append((name, order))
    return wanted


def auction(wanted: Sequence[tuple[str, Wanted]], fair: int, reference: int) -> tuple[int, list[Fill]]:
    """One auction with the counterparty at the price `fair`: price, and what each order traded."""
    orders: list[tuple[str | None, Wanted]] = [
        (None, Wanted(BUY, fair, DEPTH)),
        (None, Wanted(SELL, fair, DEPTH)),
        *wanted,
    ]
    of = Book.of(
        [order.side for _, order in orders],
        [order.limit for _, order in orders],
        [order.quantity for _, order in orders],
    )
    cleared = clear(of, reference)
    filled = fills(of, cleared).tolist()
    told = [Fill(name, order, units) for (name, order), units in zip(orders, filled, strict=True)]
    return cleared.price or reference, told


def book(paper: Paper, stock: int, fill: Fill, price: int, fee_ppm: int) -> None:
    """Put what an order traded into its trader's book; the fee is rounded down, as the market does."""
    value = fill.filled * price
    fee = value * fee_ppm // PPM
    paper.units[stock] += fill.order.side * fill.filled
    paper.cash -= fill.order.side * value + fee
    paper.fees += fee
    paper.traded[-1] += value
    paper.orders += 1
