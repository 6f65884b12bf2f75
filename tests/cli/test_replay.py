"""`consortia market replay` plays prices and orders again, and says in one line what it cannot read."""

import csv
import io

import pytest

from consortia.solutions.finance.trading.walks import csv_of, walk


@pytest.fixture
def prices(terminal):
    (terminal.folder / "walk.csv").write_text(csv_of(walk(2, 90, 3)))
    return "walk.csv"


def test_prices_are_played_with_costs_and_without_beside_equal_weight(terminal, prices):
    told = terminal.facts("market", "replay", prices, "--learn-until", "2020-03-15", "--fee", "1000")
    free, costly = told["runs"]
    assert (free["fee_ppm"], costly["fee_ppm"]) == (0, 1_000)
    for run in (free, costly):
        assert list(run["traders"]) == ["equal weight", "inverse volatility", "momentum", "model"]
    assert costly["traders"]["momentum"]["costs"] > 0 == free["traders"]["momentum"]["costs"]
    assert told["first"] == "2020-03-16"
    assert "No excess return is claimed" in told["claim"]
    again = terminal.run("market", "replay", prices, "--from", "2020-03-10").stdout
    assert "No excess return is" in again
    assert "Sharpe" in again


def test_a_strategy_of_the_users_own_is_an_object_with_two_functions(terminal, prices):
    (terminal.folder / "mine.py").write_text(
        "class First:\n    def observe(self, view, stock):\n        return (stock,)\n\n"
        "    def act(self, vector):\n        return 1_000_000 if vector[0] == 0 else 0\n\n\nfirst = First()\n"
    )
    told = terminal.facts("market", "replay", prices, "--program", "mine:first", PYTHONPATH=".")
    assert "mine:first" in told["runs"][0]["traders"]
    said = terminal.error("market", "replay", prices, "--program", "mine:nothing", PYTHONPATH=".")
    assert "no program mine:nothing" in said


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("date,A,B\n2020-01-02,1,-2\n", 1, 'row 2, column "B": -2 is no price'),
        ("date,A,B\n2020-01-02,1,2\n", 1, "at least 63 of 2 are needed"),
        ("auction,account,side,limit\n1,a,buy,1\n", 2, "no column quantity"),
        ("auction,account,side,limit,quantity\n1,a,buy,10,-5\n", 2, "line 2: quantity is 1 to"),
        ("auction,account,side,limit,quantity\n1,a,buy,ten,5\n", 2, "limit is a whole number"),
        ("auction,account,side,limit,quantity\n1,a,hold,10,5\n", 2, "side is buy or sell"),
        ("auction,account,side,limit,quantity\n1,a,buy,10\n", 2, "line 2: 4 cells, the header has 5"),
        ('auction,account,side,limit,quantity\n1,"a,buy,10,5\n', 2, "line 2: no row of CSV"),
        ("auction,account,side,limit,quantity\n1,a\x00,buy,10,5\n", 2, "line 2: no text: a zero byte"),
        ("auction,account,side,limit,quantity\n", 2, "holds no orders"),
    ],
)
def test_a_file_that_cannot_be_played_is_said_in_one_line(terminal, text, code, said):
    (terminal.folder / "it.csv").write_text(text)
    assert said in terminal.error("market", "replay", "it.csv", "--reference", "10", code=code)


RECORDED = [
    [
        "market",
        "auction",
        "account",
        "side",
        "limit",
        "quantity",
        "reference",
        "tick",
        "price",
        "bought",
        "sold",
    ],
    ["m", "0", "a", "buy", "104", "20", "100", "2", "100", "20", "0"],
    ["m", "0", "b", "sell", "98", "30", "100", "2", "100", "0", "20"],
]


def recorded(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def test_recorded_orders_are_held_to_what_the_ledger_recorded(terminal):
    (terminal.folder / "day.csv").write_text(recorded(RECORDED))
    told = terminal.facts("market", "replay", "day.csv")
    assert (told["recorded"], told["differences"]) == (True, [])
    assert told["accounts"]["m a"] == {"base": 20, "quote": -2_000}


@pytest.mark.parametrize(("column", "value"), [(8, "98"), (9, "19"), (5, "15")])
def test_a_record_with_one_number_changed_is_noticed(terminal, column, value):
    rows = [list(row) for row in RECORDED]
    rows[1][column] = value
    (terminal.folder / "day.csv").write_text(recorded(rows))
    assert "day.csv, line" in terminal.error("market", "replay", "day.csv")
    assert terminal.facts("market", "replay", "day.csv", code=1)["differences"]
