"""The prices of the trading story: what is looked back over, what the model learns from, and the day itself.

Prices of the day are counted so that each stock stands at 10,000 on the last close before it. A move that no
auction's collar would let through is cut, and counted.
"""

from dataclasses import dataclass

from consortia.engines.train.files import DataError
from consortia.exact.desk import Terms
from consortia.exact.signals import PPM
from consortia.solutions.finance.trading.learning import LOOK
from consortia.solutions.finance.trading.prices import Prices, read_prices
from consortia.solutions.finance.trading.walks import walk
from consortia.solutions.story import Asked

BASE = 10_000
"""What a stock's price stands at before the day."""

COLLAR = 500
"""Limits lie at most so far from the reference price: 5 per cent of the base."""

MOVE_PPM = 45_000
STOCKS = 4
AUCTIONS, MORE = 6, 6
"""The auctions of the day, and so many more where something is awaited that has not happened."""

LEARN_DAYS, PAPER_DAYS = 300, 250
"""The model learns from days before those of paper mode."""

MADE_STOCKS = 8
FEWEST_DAYS = 3 * LOOK + AUCTIONS + MORE

CAPITAL = 50_000_000
LARGEST = 8_000
"""The largest order; the counterparty's is as large."""

FEE_PPM = 500
BAND_PPM = 1_000


@dataclass(frozen=True, slots=True)
class Day:
    """What the story needs: prices to learn from, those of paper mode (traded stocks alone), the day's.

    `cut` moves of the day were beyond the collar, and cut.
    """

    learned: Prices
    traded: Prices
    closes: tuple[tuple[int, ...], ...]
    cut: int

    def whole(self, auctions: int) -> Prices:
        """The traded stocks with so many auctions of the day behind what is looked back over."""
        before = self.traded.part(len(self.traded.days) - LOOK, len(self.traded.days))
        closes = tuple((*row, *day[:auctions]) for row, day in zip(before.closes, self.closes, strict=True))
        days = (*before.days, *(f"auction {number}" for number in range(auctions)))
        return Prices(before.name, days, before.stocks, closes, before.decimals)


def terms(loss_max: int) -> Terms:
    """How the delegates trade."""
    return Terms(CAPITAL, loss_max, LARGEST, BAND_PPM, COLLAR, 1)


def prepare(asked: Asked) -> Day:
    """The prices that `--data` names, else made-up ones of the seed; raises DataError."""
    if asked.label is not None:
        raise DataError("the trading story takes no --label: it reads prices alone.")
    if asked.data is None:
        prices = walk(asked.seed, LEARN_DAYS + PAPER_DAYS + AUCTIONS + MORE, MADE_STOCKS)
    else:
        prices = read_prices(asked.data, fewest_days=FEWEST_DAYS, fewest_stocks=STOCKS)
    begin = len(prices.days) - AUCTIONS - MORE
    middle = max(begin - PAPER_DAYS, (begin + LOOK) // 2)
    chosen = prices.only(prices.stocks[:STOCKS])
    scaled = tuple(tuple(max(1, price * BASE // row[begin - 1]) for price in row) for row in chosen.closes)
    traded = Prices(prices.name, prices.days, chosen.stocks, scaled, 0).part(middle - LOOK, begin)
    closes, cut = [], 0
    for row in scaled:
        line, was = [], row[begin - 1]
        for price in row[begin:]:
            room = min(was * MOVE_PPM // PPM, COLLAR)
            kept = min(max(price, was - room), was + room)
            cut += kept != price
            line.append(kept)
            was = kept
        closes.append(tuple(line))
    return Day(prices.part(max(0, middle - LEARN_DAYS), middle), traded, tuple(closes), cut)
