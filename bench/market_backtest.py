"""market.backtest: twenty stocks, 2003 to 2022, played again by the auctions of the ledger, in two processes.

Prices: `finance/sp500_20stocks_daily_1990_2022.csv.gz` (of the package skfolio) in the folder that the
variable CONSORTIA_DATA names; they are not ours to ship. Twenty companies that were large in 2022 were chosen
with hindsight: the set is biased by survival, and no excess return is claimed. The peer is the same rule in
floats, traded at the very close that it was decided on, without costs, as backtests are often made; ours
decides on one close and trades at the next. The model learns from 1990 to 2002.
"""

import gzip
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from consortia.engines.infer.trader import ModelTrader, ProgramTrader
from consortia.solutions.finance.trading.figures import YEAR, figures
from consortia.solutions.finance.trading.learning import LOOK, learned
from consortia.solutions.finance.trading.paper import replay, terms_for
from consortia.solutions.finance.trading.prices import read_prices
from consortia.solutions.finance.trading.strategies import LOOK as BACK
from consortia.solutions.finance.trading.strategies import STRATEGIES

FILE = "finance/sp500_20stocks_daily_1990_2022.csv.gz"
BEGIN, BAND, FEE = "2003-01-01", 2_500, 500
MEMBERS = ("first", "second", "third", "fourth")


def source() -> Path | None:
    folder = os.environ.get("CONSORTIA_DATA")
    path = None if folder is None else Path(folder) / FILE
    return path if path is not None and path.is_file() else None


def read(path: Path):
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "prices.csv"
        plain.write_bytes(gzip.decompress(path.read_bytes()))
        return read_prices(plain)


def played(asked: tuple[Path, int]) -> tuple[str, dict]:
    """The replay's hash, and the figures of each trader; in a process of its own."""
    path, fee = asked
    prices = read(path)
    at = next(at for at, day in enumerate(prices.days) if day >= BEGIN)
    days, stocks = prices.part(at - LOOK, len(prices.days)), len(prices.stocks)
    traders = {name: ProgramTrader(one) for name, one in STRATEGIES.items()}
    traders["model"] = ModelTrader(learned(prices.part(0, at), MEMBERS, every=5), stocks)
    terms = dict.fromkeys(traders, terms_for(days, band_ppm=BAND))
    run = replay(days, traders, terms, look=LOOK, fee_ppm=fee)
    return run.digest, {name: figures(paper) for name, paper in run.papers.items()}


def in_floats(path: Path) -> dict[str, float]:
    """Sharpe ratios of the same rules in floats, traded at the close that they were decided on."""
    prices = read(path)
    closes = np.array(prices.closes, dtype=np.float64).T
    returns = closes[1:] / closes[:-1] - 1.0
    at = next(at for at, day in enumerate(prices.days) if day >= BEGIN)
    found: dict[str, list[float]] = {name: [] for name in STRATEGIES}
    for day in range(at - 1, len(returns)):
        swing = returns[day - BACK : day].std(axis=0, ddof=1)
        past = closes[day] / closes[day - BACK]
        better = np.argsort(-past, kind="stable")[: (len(past) + 1) // 2]
        found["equal weight"].append(returns[day].mean())
        found["inverse volatility"].append(float((returns[day] / swing).sum() / (1.0 / swing).sum()))
        found["momentum"].append(float(returns[day][better].mean()))
    return {name: float(np.mean(r) / np.std(r, ddof=1) * YEAR**0.5) for name, r in found.items()}


def row(name, **fields):
    usual = {"id": name, "peer": None, "peer_value": None, "ratio": None}
    return usual | fields


def run() -> list[dict]:
    """The rows."""
    path = source()
    if path is None:
        note = f"not run: CONSORTIA_DATA names no folder with {FILE}"
        return [row("market.backtest", value=None, unit="differences", bar="0", met=False, note=note)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        free, again, costly = pool.map(played, [(path, 0), (path, 0), (path, FEE)])
    apart = int(free[0] != again[0])
    floats = in_floats(path)
    said = "; ".join(
        f"{name}: Sharpe {one.sharpe:.3f} ({costly[1][name].sharpe:.3f} with costs), "
        f"drawdown {one.drawdown:.0%}, turnover {one.turnover:.1f} a year"
        for name, one in free[1].items()
    )
    rows = [
        row(
            "market.backtest",
            value=apart,
            unit="differences",
            bar="0",
            met=apart == 0,
            note=f"100,660 auctions in two processes, {FEE / 100:g} basis points where costs count; {said}; "
            "survivors chosen with hindsight: no excess return is claimed",
        )
    ]
    for name, value in floats.items():
        ours = free[1][name].sharpe
        rows.append(
            row(
                f"market.backtest.{name.split()[0]}",
                value=round(ours, 3),
                unit="Sharpe ratio",
                bar="none: a report",
                met=None,
                peer="floats, at the close decided on",
                peer_value=round(value, 3),
                ratio=round(ours / value, 3),
                note=f"{name}, without costs",
            )
        )
    return rows


if __name__ == "__main__":
    for each in run():
        print(each)
