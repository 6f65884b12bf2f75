"""What a row of daily worths says, for people: Sharpe ratio, drawdown, turnover, costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from consortia.solutions.finance.trading.paper import Paper

YEAR = 252
"""Trading days a year."""

NO_CLAIM = (
    "No excess return is claimed: prices that somebody chose to keep (survivors, a generator's walk) and "
    "rules that were picked later say nothing about what will be earned."
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one trader over some days.

    `sharpe` the mean of daily returns over their deviation, times the root of 252; `drawdown` the largest
    part lost since a peak; `turnover` the value bought and sold a year over the mean equity; `costs` all fees
    over the capital; `gain` what was earned over the capital, costs taken off.
    """

    sharpe: float
    drawdown: float
    turnover: float
    costs: float
    gain: float


def sharpe(worth: Sequence[int], days: int = YEAR) -> float:
    """The Sharpe ratio of daily worths, 0 where nothing moves; no riskless rate (Sharpe 1994)."""
    line = np.array(worth, dtype=np.float64)
    returns = line[1:] / line[:-1] - 1.0
    deviation = float(returns.std(ddof=1)) if returns.size > 1 else 0.0
    return float(returns.mean()) / deviation * float(np.sqrt(days)) if deviation > 0 else 0.0


def drawdown(worth: Sequence[int]) -> float:
    """The largest part of the worth that was lost since a peak."""
    line = np.array(worth, dtype=np.float64)
    return float((1.0 - line / np.maximum.accumulate(line)).max())


def figures(paper: Paper, days: int = YEAR) -> Figures:
    """The figures of a trader's book."""
    mean = float(np.mean(np.array(paper.worth, dtype=np.float64)))
    years = max(1, len(paper.traded)) / days
    capital = paper.terms.capital
    return Figures(
        sharpe=sharpe(paper.worth, days),
        drawdown=drawdown(paper.worth),
        turnover=sum(paper.traded) / mean / years if mean else 0.0,
        costs=paper.fees / capital,
        gain=paper.worth[-1] / capital - 1.0,
    )
