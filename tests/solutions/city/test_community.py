"""A community's hour saves what matching saves, its cash adds up to nothing, its forecasts see no future."""

import random

import numpy as np
import pytest

from consortia.engines.infer.estimator import Estimator
from consortia.engines.train import recipe
from consortia.engines.train.agree import infer_schema
from consortia.engines.train.files import RawTable
from consortia.engines.train.loop import train
from consortia.engines.train.table import make_table
from consortia.sdk.meters import Metering
from consortia.solutions.city import tasks
from consortia.solutions.city.community import alone, play

METERING = Metering("grid", 30, 8, 2, 3_000, 3_000)
FREE = Metering("grid", 30, 0, 0, 3_000, 3_000)


def drawn(seed):
    draw = random.Random(seed)
    return {f"house-{number}": draw.randrange(-4_000, 4_000) for number in range(17)}


@pytest.mark.parametrize("seed", range(20))
def test_bids_of_what_is_metered_save_what_perfect_matching_saves(seed):
    net = drawn(seed)
    hour = play(net, net, FREE, 15)
    matched = min(sum(max(0, units) for units in net.values()), sum(max(0, -units) for units in net.values()))
    assert hour.volume == matched
    assert sum(alone(net, FREE).values()) - sum(bill.total for bill in hour.bills.values()) == matched * 30


@pytest.mark.parametrize("seed", range(20))
def test_cash_adds_up_to_nothing_whatever_was_bid(seed):
    hour = play(drawn(seed), drawn(seed + 100), METERING, 19)
    assert sum(bill.auction for bill in hour.bills.values()) == 0
    assert sum(bill.total for bill in hour.bills.values()) == hour.grid
    assert sum(bill.traded for bill in hour.bills.values()) == 0


def test_nobody_is_worse_off_whose_bid_comes_true():
    net = drawn(1)
    hour = play(net, net, METERING, 19)
    before = alone(net, METERING)
    assert all(hour.bills[home].total <= before[home] for home in net)


def test_a_home_without_a_bid_pays_as_it_would_alone():
    net = drawn(2)
    hour = play({}, net, METERING, 19)
    assert hour.price is None
    assert {home: bill.total for home, bill in hour.bills.items()} == alone(net, METERING)


def test_a_deviation_is_charged_so_that_overbidding_does_not_pay():
    net = {"buyer": 1_000, "seller": -1_000}
    true, over = (play({"buyer": bid, "seller": -5_000}, net, METERING, 19).bills for bid in (1_000, 3_000))
    assert over["buyer"].total > true["buyer"].total


def test_columns_of_an_hour_hold_nothing_of_it_or_later():
    net = np.random.default_rng(1).normal(0, 2, 400)
    known = tasks.columns(net)
    for hour in (tasks.LOOK, 250, 399):
        other = net.copy()
        other[hour:] = 99.0
        assert (tasks.columns(other)[: hour - tasks.LOOK + 1] == known[: hour - tasks.LOOK + 1]).all()
        row = known[hour - tasks.LOOK].tolist()
        assert row[: len(tasks.LAGS)] == [net[hour - lag] for lag in tasks.LAGS]
        assert row[-2] == pytest.approx(np.mean([net[hour - 24 * day] for day in range(1, 8)]))
        assert row[-1] == pytest.approx(np.mean([net[hour - 1 - 24 * day] for day in range(1, 8)]))
    assert len(known) == len(net) - tasks.LOOK + 1


def test_rows_of_a_data_set_train_the_model_of_the_same_hours():
    rng = np.random.default_rng(2)
    net = np.round(2 * np.sin(np.arange(500) / 24 * 2 * np.pi) + rng.normal(0, 0.3, 500), 3)
    rows = tasks.rows_of(net)
    raw = RawTable("a", tasks.HEADER, ("",) * len(tasks.HEADER), rows, list(range(2, len(rows) + 2)))
    schema = infer_schema([raw], tasks.LABEL, task="number")
    model = Estimator(
        train(recipe(tasks.RECIPE), dict(tasks.PARAMETERS), {"a": make_table(raw, schema)}).model
    )
    answers = model.predict([row[:-1] for row in rows])
    truth = net[tasks.LOOK :]
    assert np.abs(answers - truth).mean() < np.abs(net[tasks.LOOK - 1 : -1] - truth).mean()
