"""The trading story's data: what it takes, what it cuts, and what a delegate's rule is made of."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.finance.scenarios.floor import Delegate, Floor
from consortia.solutions.finance.scenarios.trading import STORY
from consortia.solutions.finance.trading import day as of
from consortia.solutions.finance.trading.day import prepare
from consortia.solutions.finance.trading.walks import csv_of, walk
from consortia.solutions.story import Asked
from consortia.workers.trading import load_strategy, read_trade_rule

PROGRAM = "consortia.solutions.finance.trading.strategies:momentum"


@dataclass
class Here:
    """As much of a stage as a rule needs."""

    folder: Path


def test_every_stock_stands_at_the_same_price_before_the_day():
    day = prepare(Asked(seed=5))
    assert {row[-1] for row in day.traded.closes} == {of.BASE}
    assert len(day.traded.stocks) == of.STOCKS
    assert {len(row) for row in day.closes} == {of.AUCTIONS + of.MORE}


def test_the_model_learns_from_no_day_of_paper_mode_and_paper_mode_from_none_of_the_day():
    day = prepare(Asked(seed=5))
    assert day.learned.days[-1] < day.traded.days[of.LOOK]
    assert day.whole(3).days[-3:] == ("auction 0", "auction 1", "auction 2")
    assert day.whole(0).closes == tuple(row[-of.LOOK :] for row in day.traded.closes)


def test_a_seed_gives_the_same_day_and_another_seed_another():
    assert prepare(Asked(seed=5)) == prepare(Asked(seed=5)) != prepare(Asked(seed=6))


def test_prices_of_the_users_own_are_taken_and_moves_beyond_the_collar_cut(tmp_path):
    lines = csv_of(walk(1, of.FEWEST_DAYS, 4)).splitlines()
    last = lines[-1].split(",")
    last[1] = str(float(last[1]) * 2)
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([*lines[:-1], ",".join(last)]) + "\n")
    day = prepare(Asked(data=path))
    assert day.cut >= 1
    for row in day.closes:
        moves = [abs(now - before) for before, now in zip((of.BASE, *row), row, strict=False)]
        assert max(moves) <= of.COLLAR


@pytest.mark.parametrize(("stocks", "days"), [(3, of.FEWEST_DAYS), (4, of.FEWEST_DAYS - 1)])
def test_too_few_stocks_or_days_are_said_in_one_line(tmp_path, stocks, days):
    path = tmp_path / "few.csv"
    path.write_text(csv_of(walk(1, days, stocks)))
    with pytest.raises(DataError, match=f"few.csv: {days} days of {stocks} stocks; at least"):
        prepare(Asked(data=path))
    with pytest.raises(DataError, match="takes no --label"):
        prepare(Asked(label="rises"))


def test_a_delegate_gets_a_rule_that_its_agent_reads(tmp_path):
    floor = Floor(Here(tmp_path), prepare(Asked()), "atlas")
    floor.all = [SimpleNamespace(id=bytes([number]) * 32) for number in range(of.STOCKS + 1)]
    rule = read_trade_rule(floor.rule(Delegate("atlas", PROGRAM, PROGRAM, 1_000)).read_bytes())
    assert (rule.terms.capital, rule.terms.loss_max) == (of.CAPITAL, 1_000)
    assert [stock.prices[-1] for stock in rule.trade.stocks] == [of.BASE] * of.STOCKS
    assert load_strategy(rule.trade.program).trader is not None
    assert len(STORY.members) == 5
