"""A backtest: strategies in call auctions on the prices of a file, by the ledger's own arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from consortia.cli.demo.telling import paragraph
from consortia.cli.output import DONE, Failure, facts, say, table
from consortia.engines.infer.trader import ModelTrader, ProgramTrader, Trader
from consortia.engines.train.api import RecipeError
from consortia.engines.train.files import DataError
from consortia.exact.signals import SignalError
from consortia.solutions.finance.trading.figures import NO_CLAIM, Figures, figures
from consortia.solutions.finance.trading.learning import LOOK, learned
from consortia.solutions.finance.trading.paper import Replayed, replay, terms_for
from consortia.solutions.finance.trading.prices import Prices, read_prices
from consortia.solutions.finance.trading.strategies import STRATEGIES
from consortia.workers.delegate import RuleError
from consortia.workers.trading import load_strategy

PARTIES = ("first", "second", "third", "fourth")
"""Those among whom the stocks are dealt out when a model is learned."""


@dataclass(frozen=True, slots=True)
class Days:
    """From which day to which to play, and until which a model learns; empty for none named."""

    first: str
    last: str
    learn_until: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: the days, who trades besides those that are shipped, what it costs."""

    days: Days
    programs: tuple[str, ...]
    fee_ppm: int
    band_ppm: int


def tell(path: Path, asked: Asked, *, as_json: bool) -> int:
    """Play the days of a file and tell how each strategy fared, with costs and without; raises Failure."""
    try:
        prices = read_prices(path, fewest_days=LOOK + 2, fewest_stocks=2)
        traders, played = _who(prices, asked), _days(prices, asked.days)
        runs = {fee: _run(played, traders, asked, fee) for fee in sorted({0, asked.fee_ppm})}
    except (DataError, RecipeError, RuleError, SignalError) as error:
        raise Failure(str(error)) from None
    if as_json:
        facts(_facts(played, runs))
        return DONE
    for fee, run in runs.items():
        _say(run, fee)
    say(paragraph("An order is decided on one close and met by the next. " + NO_CLAIM))
    return DONE


def _who(prices: Prices, asked: Asked) -> dict[str, Trader]:
    """The traders: those shipped, the user's own, and a model where days to learn by are named."""
    traders: dict[str, Trader] = {name: ProgramTrader(one) for name, one in STRATEGIES.items()}
    for program in asked.programs:
        traders[program] = load_strategy(program).trader
    if asked.days.learn_until:
        past = prices.between("", asked.days.learn_until)
        if len(past.days) < LOOK + 2:
            days = len(past.days)
            raise DataError(f"{prices.name}: only {days} days up to {past.days[-1]} to learn by.")
        traders["model"] = ModelTrader(learned(past, PARTIES[: len(prices.stocks)]), len(prices.stocks))
    return traders


def _days(prices: Prices, asked: Days) -> Prices:
    """The days to play, with those before that the strategies look back over."""
    begin = max(asked.first, asked.learn_until)
    inside = prices.between(begin, asked.last)
    at = prices.days.index(inside.days[0]) + (begin != "" and begin == asked.learn_until == inside.days[0])
    end = prices.days.index(inside.days[-1]) + 1
    first = max(LOOK, at)
    if end - first < 2:
        raise DataError(f"{prices.name}: fewer than 2 days to play, behind {LOOK} to look back over.")
    return prices.part(first - LOOK, end)


def _run(prices: Prices, traders: dict[str, Trader], asked: Asked, fee: int) -> Replayed:
    terms = terms_for(prices, band_ppm=asked.band_ppm)
    return replay(prices, traders, dict.fromkeys(traders, terms), look=LOOK, fee_ppm=fee)


def _facts(prices: Prices, runs: dict[int, Replayed]) -> dict[str, object]:
    return {
        "stocks": list(prices.stocks),
        "first": prices.days[LOOK],
        "last": prices.days[-1],
        "runs": [
            {
                "fee_ppm": fee,
                "auctions": run.auctions,
                "orders": run.orders,
                "replay": run.digest,
                "traders": {name: _plain(figures(paper)) for name, paper in run.papers.items()},
            }
            for fee, run in runs.items()
        ],
        "claim": NO_CLAIM,
    }


def _plain(one: Figures) -> dict[str, float]:
    return {name: round(getattr(one, name), 6) for name in Figures.__slots__}


def _say(run: Replayed, fee: int) -> None:
    days = f"{run.days[1]} to {run.days[-1]}"
    costs = f"{fee / 100:g} basis points of the value traded" if fee else "nothing"
    say(f"{run.auctions} auctions, {run.orders} orders, {days}; trading costs {costs}")
    rows: list[Sequence[str]] = []
    for name, paper in run.papers.items():
        one = figures(paper)
        cells = [f"{one.sharpe:.3f}", f"{one.drawdown:.1%}", f"{one.turnover:.2f}"]
        rows.append([name, *cells, f"{one.costs:.2%}", f"{one.gain:.1%}"])
    table(rows, ["", "Sharpe", "drawdown", "turnover a year", "costs", "gain"])
    say(f"replay {run.digest}\n")
