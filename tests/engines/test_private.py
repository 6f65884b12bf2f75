"""Private logistic regression: no record adds more than its bound, every sum is charged, and it learns."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consortia.base.codec import decode_record, encode_record
from consortia.engines.attack import audit_noise
from consortia.engines.evaluate import evaluate
from consortia.engines.infer import Estimator, features_of, predict, predict_features
from consortia.engines.privacy.account import cost_for
from consortia.engines.privacy.clip import squared_norm
from consortia.engines.privacy.study import train_private
from consortia.engines.privacy.terms import (
    check_noise,
    check_noisy_sum,
    contribute,
    member_noise,
    record_noise,
    total_cost,
)
from consortia.engines.train import recipe
from consortia.engines.train.api import Cohort, RecipeError, RecordBounded
from consortia.engines.train.frame import frame_of, with_ranges
from consortia.engines.train.glm import read_model
from consortia.engines.train.loop import train
from consortia.engines.train.private import PrivateState
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.engines.train.table import Table, concatenate
from consortia.exact.budget import BudgetError, Noise
from consortia.exact.fixed import divide, from_integers
from consortia.exact.linear import sigmoid_one
from consortia.exact.ring import RingError
from tests.engines.tables import make

PRIVATE = recipe("glm.logistic.private")
SCHEMA = Schema(
    (
        number("age", exponent=7, minimum="18", maximum="100"),
        category("kind", ("a", "b", "c")),
        number("dose", exponent=-3, missing_flag=True),
    ),
    Label("ill", ("no", "yes"), 0),
)
SITES = {
    "east": make(1, 60, SCHEMA, name="east"),
    "west": make(2, 25, SCHEMA, name="west"),
    "north": make(3, 40, SCHEMA, name="north"),
}
PLAN = PRIVATE.plan({}, SCHEMA)
BUDGET = cost_for(1.0, 1e-4)
ONE = 1 << 16


def secrets(seed, names=SITES):
    return {name: hashlib.sha256(f"{seed} {name}".encode()).digest() for name in names}


def after_centre(weights=None):
    """The state after an honest first round, at other weights where they are given."""
    records = sum(table.records for table in SITES.values())
    total = sum(PRIVATE.local(PLAN.initial, table) for table in SITES.values())
    state = PRIVATE.step(PLAN.initial, total, Cohort(3, records, records))
    if weights is None:
        return state
    return encode_record(replace(decode_record(PrivateState, state), weights=weights))


# ------------------------------------------------------------------ what a record adds


def plain_gradient(state, cells, truth, bound):
    """One record's clipped gradient in integers, from its design cells on the feature grid or None."""
    frame = frame_of(state.schema)
    standard = [ONE]
    for cell, mean, half in zip(cells, state.means, frame.halves, strict=True):
        deviation = max(1, divide(half, 4))
        distance = 0 if cell is None else max(-16 * deviation, min(16 * deviation, cell - mean))
        standard.append(divide(distance * ONE, deviation))
    wide = sum(c * w for c, w in zip(standard[1:], state.weights[1:], strict=True))
    residual = sigmoid_one(divide(wide, ONE) + state.weights[0]) - (truth << 24)
    words = [divide(cell * residual, 1 << 24) for cell in standard]
    norm = math.isqrt(sum(word * word for word in words) - 1) + 1
    if norm <= bound:
        return words
    return [(1 if word > 0 else -1) * (abs(word) * bound // norm) for word in words]


def test_a_gradient_is_that_of_the_plain_version_bit_for_bit():
    state = after_centre((1 << 22, -(1 << 23), 1 << 20, 0, 77, 1 << 24, -(1 << 21)))
    read, bound = decode_record(PrivateState, state), PRIVATE.record_bounds(PLAN)[1]
    table = SITES["east"]
    total = [0] * 7
    for row, truth in zip(table.numbers.tolist(), table.labels.astype(int).tolist(), strict=True):
        age, kind, dose = (None if math.isnan(cell) else cell for cell in row)
        levels = [None if kind is None else (kind == level) << 20 for level in range(3)]
        cells = [
            None if age is None else round(age * (1 << 13)),
            *levels,
            None if dose is None else round(dose * (1 << 23)),
            (dose is None) << 20,
        ]
        gradient = plain_gradient(read, cells, truth, bound)
        total = [a + b for a, b in zip(total, gradient, strict=True)]
    assert PRIVATE.local(state, table).tolist() == total


@given(
    st.lists(st.one_of(st.just(math.nan), st.floats(-1e9, 1e9)), min_size=2, max_size=2),
    st.sampled_from([0.0, 1.0]),
    st.lists(st.integers(-(1 << 34), 1 << 34), min_size=7, max_size=7),
    st.integers(1, 1_000),
)
def test_no_record_adds_more_than_its_bound_whatever_it_holds(cells, label, weights, clip):
    plan = PRIVATE.plan({"clip_milli": clip}, SCHEMA)
    table = Table("one", SCHEMA, np.array([[cells[0], 1.0, cells[1]]]), np.array([label]))
    state = decode_record(PrivateState, after_centre(tuple(weights)))
    terms = decode_record(PrivateState, plan.initial).terms
    states = plan.initial, encode_record(replace(state, terms=terms))
    for stage, bound, at in zip(plan.stages, PRIVATE.record_bounds(plan), states, strict=True):
        vector = PRIVATE.local(at, table)
        assert len(vector) == stage.length
        assert sum(word * word for word in vector.tolist()) <= bound * bound
        PRIVATE.check(at, vector, 1)


def test_a_records_absence_changes_a_sum_by_no_more_than_the_bound():
    whole = SITES["east"]
    rest = whole.take(list(range(1, whole.records)))
    for at, bound in zip((PLAN.initial, after_centre()), PRIVATE.record_bounds(PLAN), strict=True):
        change = PRIVATE.local(at, whole) - PRIVATE.local(at, rest)
        assert 0 < sum(word * word for word in change.tolist()) <= bound * bound


def test_an_open_round_refuses_a_sum_that_so_many_records_cannot_give():
    for at, bound in zip((PLAN.initial, after_centre()), PRIVATE.record_bounds(PLAN), strict=True):
        vector = PRIVATE.local(at, SITES["east"])
        vector[0] = 60 * bound + 1
        with pytest.raises(RecipeError, match="60 records"):
            PRIVATE.check(at, vector, 60)


# ------------------------------------------------------------------ the frame


def test_the_frame_is_the_declared_range_and_costs_nothing():
    frame = frame_of(SCHEMA)
    assert (frame.centres[0], frame.halves[0]) == (59 << 13, 41 << 13)
    assert frame.centres[1:4] == (0, 0, 0)
    assert frame.halves[1:4] == (1 << 20,) * 3
    assert (frame.centres[4], frame.halves[4]) == (0, 1 << 20)  # no range: the scale around zero
    assert frame.halves[5] == 1 << 20


def test_declared_ranges_bring_their_scale():
    schema = with_ranges(SCHEMA, {"dose": ("-0.1", "0.4"), "age": ("0", "128")})
    assert [field.exponent for field in schema.fields] == [7, 0, -1]
    frame = frame_of(schema)
    assert (frame.centres[4], frame.halves[4]) == (round(0.15 * (1 << 21)), 1 << 19)
    with pytest.raises(ValueError, match="range"):
        with_ranges(SCHEMA, {"age": ("5", "5")})
    with pytest.raises(KeyError):
        with_ranges(SCHEMA, {"height": ("0", "1")})


def test_a_range_far_beyond_the_scale_stays_on_the_grid():
    schema = Schema((number("x", exponent=0, minimum="-1e9", maximum="3e9"),), SCHEMA.label)
    assert frame_of(schema).centres == frame_of(schema).halves == (1 << 28,)


# ------------------------------------------------------------------ the recipe


def test_without_noise_the_federated_model_is_the_pooled_one():
    pooled = train(PRIVATE, {}, {"all": concatenate("all", list(SITES.values()))}).model
    assert train(PRIVATE, {}, SITES).model == pooled


def test_the_model_is_one_of_glm_logistic_and_publishes_no_counts():
    model = train(PRIVATE, {"rounds": 3}, SITES).model
    estimator = Estimator(model)
    assert estimator.predict_proba([[60, "a", None]]).shape == (1, 2)
    features = features_of(model, [60, "a", None])
    assert predict_features(model, [features]) == [predict(model, [60, "a", None])]
    read = decode_record(PrivateState, train(PRIVATE, {"rounds": 3}, SITES).states[-1])
    assert read.records == 125
    moments = read_model(model).moments
    assert (set(moments.counts), moments.label_mean, moments.records) == ({0}, 0, 125)


def test_any_sum_is_stepped_from_as_noise_may_give_any():
    state, cohort = PLAN.initial, Cohort(3, 100, 125)
    for index in range(PLAN.rounds):
        stage = PLAN.stage_of(index)
        edge = (1 << 62) if index % 2 else -(1 << 62)
        state = PRIVATE.step(state, from_integers([edge] * stage.length), cohort)
    assert evaluate(PRIVATE.finish(state), SITES["east"]).records == 60


def test_who_drops_out_takes_only_its_records_along():
    """The step is the mean of those who are there; the ridge weighs what it weighs with all."""
    state = after_centre((0, 1 << 24, 0, 0, 0, 0, 0))
    total = from_integers([1 << 20] * 7)
    half = PRIVATE.step(state, total, Cohort(2, 50, 100))
    whole = PRIVATE.step(state, total * 2, Cohort(3, 100, 100))
    assert decode_record(PrivateState, half).weights == decode_record(PrivateState, whole).weights


@pytest.mark.parametrize(
    ("parameters", "schema", "wanted"),
    [
        ({}, replace(SCHEMA, label=Label("y", (), 0)), "two classes"),
        ({}, Schema(tuple(number(f"x{i}") for i in range(128)), SCHEMA.label), "128 columns"),
        ({}, Schema((category("none", ()),), SCHEMA.label), "0 columns"),
        ({"clip_milli": 0}, SCHEMA, "clip_milli"),
    ],
)
def test_what_it_cannot_use_is_refused(parameters, schema, wanted):
    with pytest.raises(RecipeError, match=wanted):
        PRIVATE.plan(parameters, schema)


def test_a_state_of_other_columns_is_refused():
    state = encode_record(replace(decode_record(PrivateState, PLAN.initial), weights=(0, 0)))
    with pytest.raises(RecipeError, match="not those of the schema"):
        PRIVATE.local(state, SITES["east"])


# ------------------------------------------------------------------ terms


def test_a_budget_is_spread_over_the_stages_and_not_passed():
    noises = record_noise(PRIVATE, PLAN, BUDGET, quorum=3, colluders=1)
    cost = total_cost(PLAN, noises, 3)
    assert BUDGET * 0.999 < cost <= BUDGET
    first = noises[0].cost(PLAN.stages[0].length, 3)
    assert abs(first - BUDGET * 3 / 20) < 1e-3 * BUDGET
    assert [noise.sensitivity for noise in noises] == list(PRIVATE.record_bounds(PLAN))
    check_noise(PRIVATE, PLAN, noises, members=63)


def test_a_budget_for_members_hides_what_so_many_records_can_add():
    noises = member_noise(PRIVATE, PLAN, BUDGET, records=50, quorum=3, colluders=1)
    bounds = PRIVATE.record_bounds(PLAN)
    assert [(noise.unit, noise.sensitivity) for noise in noises] == [("member", 50 * b) for b in bounds]
    assert BUDGET * 0.999 < total_cost(PLAN, noises, 3) <= BUDGET
    check_noise(PRIVATE, PLAN, noises, members=63)
    for at in range(2):
        state = (PLAN.initial, after_centre())[at]
        clean = PRIVATE.local(state, SITES["east"])
        few = replace(noises[at], variance=1)
        sent = contribute(PLAN.stages[at], few, clean, quorum=3, secret=bytes(32), charge=b"")
        assert squared_norm(sent.astype(np.int64)) <= (few.sensitivity + 100) ** 2


def test_the_noise_that_hides_members_is_audited_as_such():
    noise = member_noise(PRIVATE, PLAN, BUDGET, records=50, quorum=3)[0]
    own = (PRIVATE.local(PLAN.initial, SITES["east"]), np.zeros(PLAN.stages[0].length, dtype=np.int64))
    found = audit_noise(PLAN.stages[0], noise, quorum=3, runs=100, delta=1e-4, seed=1, own=own)
    assert not found.refuted
    assert "with the member and as many without" in found.sentence()
    weak = replace(noise, variance=noise.variance // 400)
    claims = audit_noise(PLAN.stages[0], weak, quorum=3, runs=400, delta=1e-4, seed=1, own=own)
    assert claims.lower > found.claimed


def test_colluders_make_the_others_add_more():
    few, many = (record_noise(PRIVATE, PLAN, BUDGET, quorum=4, colluders=c)[0].each(4) for c in (0, 2))
    assert abs(many - 2 * few) <= 2


def test_a_recipe_that_does_not_bound_its_records_has_no_noise_for_them():
    logistic = recipe("glm.logistic")
    assert isinstance(PRIVATE, RecordBounded)
    with pytest.raises(RecipeError, match="bound"):
        record_noise(logistic, logistic.plan({}, SCHEMA), BUDGET, quorum=3)
    with pytest.raises(BudgetError, match="no noise"):
        record_noise(PRIVATE, PLAN, 10, quorum=3)
    with pytest.raises(RecipeError, match="cannot hide a member"):
        member_noise(logistic, logistic.plan({}, SCHEMA), BUDGET, records=5, quorum=3)


def test_noise_that_does_not_fit_the_recipe_or_the_ring_is_refused():
    noises = record_noise(PRIVATE, PLAN, BUDGET, quorum=3)
    with pytest.raises(RecipeError, match="1 stages of noise"):
        check_noise(PRIVATE, PLAN, noises[:1], members=3)
    with pytest.raises(RecipeError, match="one record may add more"):
        check_noise(PRIVATE, PLAN, (replace(noises[0], sensitivity=5), noises[1]), members=3)
    with pytest.raises(RecipeError, match="do not fit the ring"):
        check_noise(PRIVATE, PLAN, noises, members=64)
    logistic = recipe("glm.logistic")
    plan = logistic.plan({}, SCHEMA)
    member = Noise("member", 1 << 40, 1 << 60, 0)
    check_noise(logistic, plan, (member, member), members=10)
    with pytest.raises(RecipeError, match="one record may add more"):
        check_noise(logistic, plan, (member, replace(member, unit="record")), members=10)


def test_a_members_vector_is_clipped_where_the_member_is_the_unit():
    stage = PLAN.stages[0]
    vector = from_integers([1 << 30] * stage.length)
    noise = Noise("member", 1 << 20, 1, 0)
    sent = contribute(stage, noise, vector, quorum=3, secret=bytes(32), charge=b"")
    assert abs(math.sqrt(sum(int(word) ** 2 for word in sent)) - (1 << 20)) < 100
    with pytest.raises(RingError):
        contribute(stage, replace(noise, unit="record"), vector << 28, quorum=3, secret=bytes(32), charge=b"")


def test_a_noisy_sum_passes_and_what_no_members_can_make_does_not():
    for index, at in enumerate((PLAN.initial, after_centre())):
        stage, noise = PLAN.stages[index], record_noise(PRIVATE, PLAN, BUDGET, quorum=3)[index]
        sent = [
            contribute(stage, noise, PRIVATE.local(at, table), quorum=3, secret=secrets(1)[name], charge=b"")
            for name, table in SITES.items()
        ]
        total = check_noisy_sum(stage, noise, sum(sent), members=3, quorum=3)
        with pytest.raises(RingError):
            check_noisy_sum(stage, noise, total + (3 << 57) + (1 << 40), members=3, quorum=3)


# ------------------------------------------------------------------ what it is worth


def test_a_private_study_is_the_same_again_and_another_with_other_secrets():
    noises = record_noise(PRIVATE, PLAN, BUDGET, quorum=3)
    one = train_private(PRIVATE, {}, SITES, noises, secrets(1))
    assert one.model == train_private(PRIVATE, {}, SITES, noises, secrets(1)).model
    assert one.model != train_private(PRIVATE, {}, SITES, noises, secrets(2)).model
    assert one.model != train_private(PRIVATE, {}, SITES, noises, secrets(1), study=b"other").model


def test_little_noise_gives_nearly_the_quiet_model():
    noises = record_noise(PRIVATE, PLAN, 10**14, quorum=3)
    noisy = train_private(PRIVATE, {}, SITES, noises, secrets(1)).states[-1]
    quiet = train(PRIVATE, {}, SITES).states[-1]
    weights = [np.array(decode_record(PrivateState, state).weights) for state in (noisy, quiet)]
    assert np.abs(weights[0] - weights[1]).max() < 1 << 20


def test_at_epsilon_one_it_still_tells_tumours_apart():
    """One split, one draw; `bench/privacy_cost.py` has twenty of each, and real ranges."""
    split = wisconsin_hospitals(3)
    columns = split.held_out.numbers
    ranges = {
        field.name: (f"{columns[:, i].min() * 0.9:.6f}", f"{columns[:, i].max() * 1.1:.6f}")
        for i, field in enumerate(split.held_out.schema.fields)
    }
    schema = with_ranges(split.held_out.schema, ranges)
    tables = {name: replace_schema(table, schema) for name, table in split.tables.items()}
    held_out = replace_schema(split.held_out, schema)
    noises = record_noise(PRIVATE, PRIVATE.plan({}, schema), BUDGET, quorum=4)
    noisy = train_private(PRIVATE, {}, tables, noises, secrets(1, tables)).model
    assert evaluate(noisy, held_out).accuracy > 0.92
    assert evaluate(train(PRIVATE, {}, tables).model, held_out).accuracy > 0.95


def replace_schema(table, schema):
    return Table(table.name, schema, table.numbers, table.labels)
