"""Rates by group: the counts of all members together, and what no records can have."""

import numpy as np
import pytest

from consortia.base.codec import Malformed, encode_record
from consortia.engines.train import recipe
from consortia.engines.train.api import Cohort, RecipeError
from consortia.engines.train.loop import train
from consortia.engines.train.rates import RatesState, read_rates
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.table import Table

SCHEMA = Schema((number("terminal", exponent=4),), Label("fraud", ("no", "yes"), 0))
RATES = recipe("rates")


def table(name, *rows):
    cells = np.array([[group] for group, _ in rows], dtype=np.float64)
    return Table(name, SCHEMA, cells, np.array([float(label) for _, label in rows]))


EAST = table("east", (0, 0), (0, 1), (2.9, 1), (np.nan, 1))
WEST = table("west", (2, 0), (2, 1), (4, 1), (-0.5, 1), (3, 0))


def test_the_counts_are_those_of_all_members_records():
    found = read_rates(train(RATES, {"groups": 4}, {"east": EAST, "west": WEST}).model)
    assert found.records.tolist() == [2, 0, 3, 1]
    assert found.positives.tolist() == [1, 0, 2, 0]


def test_a_member_without_a_record_in_any_group_adds_nothing():
    state = RATES.plan({"groups": 4}, SCHEMA).initial
    assert RATES.local(state, table("none", (9, 1), (np.nan, 0))).tolist() == [0] * 8


@pytest.mark.parametrize(
    "counts",
    [[1, -1, 0, 0], [1, 0, 2, 0], [3, 3, 0, 0], [0, 0, 0, 1]],
    ids=["negative", "more", "many", "none"],
)
def test_counts_that_no_records_have_are_refused(counts):
    state = RATES.plan({"groups": 2}, SCHEMA).initial
    with pytest.raises(RecipeError, match="the counts are of no 5 records"):
        RATES.check(state, np.array(counts), 5)
    with pytest.raises(RecipeError, match="the counts are of no 5 records"):
        RATES.step(state, np.array(counts), Cohort(2, 5, 5))


def test_the_groups_are_numbered_by_a_number():
    kinds = Schema((category("kind", ("a", "b")),), SCHEMA.label)
    with pytest.raises(RecipeError, match="it must be a number"):
        RATES.plan({}, kinds)
    with pytest.raises(RecipeError, match="the label must have two classes"):
        RATES.plan({}, Schema(SCHEMA.fields, Label("amount", (), 3)))


def test_nothing_is_read_of_a_study_that_has_not_ended_or_was_cut():
    state = RATES.plan({"groups": 2}, SCHEMA).initial
    with pytest.raises(RecipeError, match="still to come"):
        RATES.finish(state)
    for counts in (b"", bytes(8), bytes(24)):
        with pytest.raises(Malformed, match="of counts for 2 groups"):
            read_rates(encode_record(RatesState(SCHEMA, 2, counts)))
