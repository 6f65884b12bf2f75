"""What every verifier re-computes: terms, updates, sums and states."""

from functools import partial

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.base.codec import encode
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.api import Cohort
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.table import Table
from consortia.exact.ring import pack
from consortia.modules.training.types import Round
from consortia.testing.local import terms_of
from consortia.workers.arithmetic import BadRound, BadTerms, check_update, compute, plans, update
from consortia.workers.masks import Given

SCHEMA = Schema((number("age"),), Label("ill", ("no", "yes"), 0))
TERMS, INITIAL = terms_of("heart", SCHEMA, rounds=1)
ZERO = bytes(32)
ROUND = Round(
    id=ZERO,
    study=ZERO,
    stage=0,
    index=0,
    attempt=0,
    members=("east", "west"),
    records=8,
    state=TERMS.initial,
    status="open",
    step="commit",
    height=1,
    time=1,
    deadline=2,
    keyed=(),
    graph=None,
    group=0,
    dealers=(),
    cohort=("east", "west"),
    cohort_records=8,
    outcome=None,
    differing=(),
    missing=(),
)


def table(shift: float) -> Table:
    numbers = np.arange(4, dtype=np.float64).reshape(4, 1) + shift
    return Table("rows", SCHEMA, numbers, np.array([0.0, 1.0, 0.0, 1.0]))


def updates() -> list[Given]:
    known = plans(TERMS)
    return [
        Given(name, 4, partial(update, known, ROUND, INITIAL, table(at)))
        for at, name in enumerate(ROUND.cohort)
    ]


def replace_blob(given: Given, blob: bytes) -> Given:
    return Given(given.member, given.records, lambda: blob)


def test_the_outcome_does_not_depend_on_the_order_of_the_updates():
    known = plans(TERMS)
    one, other = compute(known, ROUND, INITIAL, updates()), compute(known, ROUND, INITIAL, updates()[::-1])
    assert one == other
    assert one.outcome.state == blob_id(one.state)


def test_after_the_last_round_the_state_is_the_model():
    known = plans(TERMS)
    between = compute(known, ROUND, INITIAL, updates()).state
    last = replace(ROUND, stage=1, index=1)
    given = [
        Given(name, 4, partial(update, known, last, between, table(at)))
        for at, name in enumerate(ROUND.cohort)
    ]
    state = compute(known, last, between, given).state
    total = sum(np.frombuffer(blob, dtype="<i8") for blob in (one.read() for one in given))
    assert state == known.recipe.finish(known.recipe.step(between, total, Cohort(2, 8, 8)))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"recipe": replace(TERMS.recipe, name="glm.nonsense")}, "no recipe"),
        ({"recipe": replace(TERMS.recipe, digest=ZERO)}, "another version"),
        ({"recipe": replace(TERMS.recipe, parameters=encode({"rounds": 0}))}, "rounds"),
        ({"recipe": replace(TERMS.recipe, parameters=encode({"rounds": "one"}))}, "no integer"),
        ({"recipe": replace(TERMS.recipe, parameters=encode([1]))}, "a map"),
        ({"schema": b"\x00"}, "Expected"),
        ({"stages": TERMS.stages[:1]}, "stages"),
        ({"stages": (replace(TERMS.stages[0], clip=1), TERMS.stages[1])}, "stages"),
        ({"initial": ZERO}, "another state"),
    ],
)
def test_terms_that_are_not_what_the_recipe_plans_are_not_worked_on(change, why):
    with pytest.raises(BadTerms, match=why):
        plans(replace(TERMS, **change))


def test_a_short_update_names_its_member():
    east, west = updates()
    with pytest.raises(BadRound, match=r"the update of east: .* bytes"):
        compute(plans(TERMS), ROUND, INITIAL, [replace_blob(east, east.read()[:-8]), west])


def test_a_word_beyond_the_clip_names_its_member():
    east, west = updates()
    words = np.frombuffer(west.read(), dtype="<i8").copy()
    words[0] = (1 << 57) + 1
    with pytest.raises(BadRound, match="the update of west: word 0"):
        compute(plans(TERMS), ROUND, INITIAL, [east, replace_blob(west, pack(words, ring_bits=64))])


def test_an_update_that_so_many_records_cannot_give_is_told():
    known, blob = plans(TERMS), updates()[0].read()
    check_update(known, ROUND, INITIAL, blob, 4)
    with pytest.raises(BadRound):
        check_update(known, ROUND, INITIAL, blob, 3)
    with pytest.raises(BadRound, match="bytes"):
        check_update(known, ROUND, INITIAL, blob[:-1], 4)


def test_a_sum_that_the_recipe_cannot_use_gives_no_result():
    with pytest.raises(BadRound, match="counts"):
        compute(plans(TERMS), replace(ROUND, cohort_records=2), INITIAL, updates())
