"""Prices are read in two shapes, as whole numbers; every fault is one line that names row and column."""

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.finance.trading.prices import read_prices
from consortia.solutions.finance.trading.walks import csv_of, walk


def read(tmp_path, text, **needed):
    path = tmp_path / "prices.csv"
    path.write_text(text, encoding="utf-8")
    return read_prices(path, **needed)


def test_both_shapes_give_the_same_prices(tmp_path):
    wide = read(tmp_path, "Date,A,B\n2020-01-02,12.5,100\n2020-01-03,12.6,101\n")
    rows = ["2020-01-03,A,12.6", "2020-01-02,A,12.5", "2020-01-02,B,100", "2020-01-03,B,101"]
    long = read(tmp_path, "date,symbol,close\n" + "\n".join(rows) + "\n")
    assert wide == long
    assert wide.closes == ((1_250, 1_260), (10_000, 10_100))
    assert (wide.days, wide.stocks, wide.decimals) == (("2020-01-02", "2020-01-03"), ("A", "B"), 2)


def test_made_up_prices_depend_on_their_seed_alone_and_survive_a_file(tmp_path):
    assert walk(3, 80, 4) == walk(3, 80, 4) != walk(4, 80, 4)
    assert read(tmp_path, csv_of(walk(3, 80, 4))).closes == walk(3, 80, 4).closes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,A\n2020-01-02,1\n", 'row 1: no column "date"'),
        ("date\n2020-01-02\n", "no column besides the date"),
        ("date,A\n2020-01-02,1\n2020-01-02,2\n", 'row 3, column "date": 2020-01-02 stands in row 2'),
        ("date,A,B\n2020-01-02,1,\n", 'row 2, column "B": no price'),
        ("date,A,B\n2020-01-02,1,NaN\n", 'row 2, column "B": no price'),
        ("date,A\n2020-01-02,-4\n", 'row 2, column "A": -4 is no price'),
        ("date,A\n2020-01-02,0\n", 'row 2, column "A": 0 is no price'),
        ("date,A\n2020-01-02,inf\n", "is no number"),
        ("date,A\n2020-01-02,1_0\n", "is no number"),
        ("date,A\n2020-01-02,twelve\n", "is no number"),
        ("date,A\n2020-01-02,1e13\n", "Check the unit"),
        ("date,A\n02.01.2020,12\n", "is no date"),
        ("date,A,B\n2020-01-02,0.0001,900000000\n2020-01-03,1,1\n", "too far apart"),
        ("date,symbol,close\n2020-01-02,A,1\n2020-01-02,A,1\n", "has a price on 2020-01-02 already"),
        ("date,symbol,close\n2020-01-02,,1\n", "no symbol"),
        ("date,symbol,close\n2020-01-02,A,1\n2020-01-03,B,1\n", 'column "A": no price on 2020-01-03'),
    ],
)
def test_a_fault_is_one_line_that_says_where(tmp_path, text, said):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_too_few_days_or_stocks_are_said(tmp_path):
    with pytest.raises(DataError, match="1 days of 1 stocks; at least 2 of 3"):
        read(tmp_path, "date,A\n2020-01-02,1\n", fewest_stocks=3)
