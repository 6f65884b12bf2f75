"""Made-up prices: a seeded walk, and nothing more.

Each stock follows one common movement and one of its own, with calmer and wilder weeks; a slow drift that
changes sign now and then gives momentum something to follow, sometimes rightly. The same seed gives the same
prices with the same release of numpy. They are of no stock that exists.
"""

from datetime import date, timedelta

import numpy as np

from consortia.solutions.finance.trading.prices import Prices

NAMES = (
    "amber",
    "birch",
    "cedar",
    "dune",
    "ember",
    "fjord",
    "grove",
    "heath",
    "iris",
    "jade",
    "kelp",
    "loam",
)
DECIMALS = 2
_COMMON, _OWN, _DRIFT = 0.007, 0.010, 0.0008
_STAY = 40
"""The drift of a stock lasts so many days on average."""


def walk(seed: int, days: int, stocks: int = len(NAMES)) -> Prices:
    """So many days of made-up closing prices, in hundredths, around 100 at the start."""
    rng = np.random.default_rng(seed)
    wild = np.exp(np.cumsum(rng.normal(0.0, 0.05, days)) * 0.5)
    wild = np.clip(wild / wild.mean(), 0.5, 2.0)
    common = rng.normal(0.0003, _COMMON, days) * wild
    closes = []
    for _ in range(stocks):
        turns = rng.random(days) < 1 / _STAY
        sign = np.where(np.cumsum(turns) % 2 == rng.integers(2), 1.0, -1.0)
        moves = common * rng.uniform(0.7, 1.3) + rng.normal(0.0, _OWN, days) * wild + _DRIFT * sign
        line = 100.0 * np.exp(np.cumsum(moves))
        closes.append(tuple(max(1, int(value)) for value in np.round(line * 10**DECIMALS)))
    first = date(2020, 1, 1)
    named = tuple((first + timedelta(day)).isoformat() for day in range(days))
    return Prices(f"walk of seed {seed}", named, NAMES[:stocks], tuple(closes), DECIMALS)


def csv_of(prices: Prices) -> str:
    """Prices as a CSV file has them: a date and a column a stock."""
    lines = [",".join(("date", *prices.stocks))]
    for at, day in enumerate(prices.days):
        cells = [f"{row[at] / 10**prices.decimals:.{prices.decimals}f}" for row in prices.closes]
        lines.append(",".join((day, *cells)))
    return "\n".join(lines) + "\n"
