"""A proposer declares what is publicly known of a column, and hears what is wrong with it."""

import click
import pytest

from consortia.cli.output import Failure
from consortia.cli.ranges import advise, check_own, declared
from consortia.engines.train.files import RawTable
from consortia.engines.train.schema import Label, Schema, category, number

SCHEMA = Schema(
    (number("age", exponent=3), number("dose = a", exponent=9), category("sex", ("f", "m"))),
    Label("ill", ("no", "yes"), 0),
)
ROWS = RawTable("rows", ("age", "dose = a", "sex", "ill"), ("",) * 4, [["64", "0.5", "f", "yes"]], [2])


def test_a_declared_range_stands_in_the_schema_and_fixes_the_scale():
    age, dose, _ = declared(SCHEMA, ["age=18:100", "dose = a=-0.5:1e1"]).fields
    assert (age.minimum, age.maximum, age.exponent) == ("18", "100", 7)
    assert (dose.minimum, dose.maximum, dose.exponent) == ("-0.5", "1e1", 4)


def test_without_a_range_the_schema_stays():
    assert declared(SCHEMA, []) is SCHEMA


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("age", "is not COLUMN=LOW:HIGH"),
        ("age=18", "is not COLUMN=LOW:HIGH"),
        ("18:100", "is not COLUMN=LOW:HIGH"),
        ("height=1:2", "'height' is no number column; number columns are: age, dose = a"),
        ("sex=0:1", "'sex' is no number column"),
        ("ill=0:1", "'ill' is the label"),
        ("age=100:18", "two decimal numbers, the smaller first"),
        ("age=18:18", "the smaller first"),
        ("age=1/2:3", "two decimal numbers"),
        ("age=young:old", "two decimal numbers"),
        ("age=inf:nan", "two decimal numbers"),
        (f"age=0:{'9' * 41}", "two decimal numbers"),
    ],
)
def test_a_range_that_is_none_is_named(given, said):
    with pytest.raises(click.BadParameter, match=said.replace("(", r"\(")):
        declared(SCHEMA, [given])


def test_a_column_has_one_range():
    with pytest.raises(click.BadParameter, match="age has two ranges"):
        declared(SCHEMA, ["age=0:1", "age=0:2"])


def test_own_rows_outside_a_declared_range_are_told_before_anything_is_proposed():
    check_own(declared(SCHEMA, ["age=18:100"]), ROWS, ["age=18:100"])
    with pytest.raises(Failure, match=r"64 is outside 65\.\.100"):
        check_own(declared(SCHEMA, ["age=65:100"]), ROWS, ["age=65:100"])


def test_the_columns_whose_scale_is_read_from_the_rows_are_told(capsys):
    advise(declared(SCHEMA, ["age=18:100"]))
    assert "Without --range: dose = a." in capsys.readouterr().err
    advise(declared(SCHEMA, ["age=18:100", "dose = a=0:1"]))
    assert capsys.readouterr().err == ""
