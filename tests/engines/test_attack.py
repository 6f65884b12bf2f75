"""Attacks succeed where they should, and stay at chance, or within the bound, where we promise it."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.stats import beta

from consortia.base.codec import decode_record
from consortia.engines import mask
from consortia.engines.attack import (
    Guesses,
    against,
    audit,
    audit_noise,
    best_match,
    guesses,
    invert_round,
    lone_records,
    membership,
    records_of_layer,
    two_updates,
)
from consortia.engines.attack.epsilon import rate_bounds
from consortia.engines.privacy.account import advantage, cost_for, epsilon
from consortia.engines.privacy.study import train_private
from consortia.engines.privacy.terms import contribute, record_noise
from consortia.engines.train import recipe
from consortia.engines.train.api import Cohort, full_clip
from consortia.engines.train.api import Stage as EngineStage
from consortia.engines.train.glm import GlmState
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.table import Table, concatenate
from consortia.exact.budget import Noise, variance_for
from tests.engines.tables import SCHEMA, make

LOGISTIC, PRIVATE = recipe("glm.logistic"), recipe("glm.logistic.private")
DELTA = 1e-4


def noise_table(records=40, columns=20):
    """Records whose classes mean nothing: whatever a model says of them better than chance, it remembers."""
    generator = np.random.default_rng(5)
    fields = tuple(number(f"x{i}", exponent=2, minimum="-4", maximum="4") for i in range(columns))
    numbers = np.clip(np.round(generator.normal(size=(records, columns)), 3), -4, 4)
    labels = generator.integers(0, 2, records).astype(float)
    return Table("noise", Schema(fields, Label("y", ("0", "1"), 0)), numbers, labels)


def sites(table):
    """A table over three members."""
    return {f"m{i}": table.take(list(range(i, table.records, 3))) for i in range(3)}


# ------------------------------------------------------------------ membership


def test_a_model_that_remembers_gives_its_records_away():
    def careless(table, index):
        return train(LOGISTIC, {"rounds": 5, "ridge_milli": 1}, {"all": table}).model

    found = membership(careless, noise_table(), models=24, seed=1)
    assert found.seen == found.unseen == 24 * 20
    assert found.advantage > 0.4
    assert found.auroc > 0.75
    assert "advantage of 0." in found.sentence()


@pytest.mark.slow
def test_a_private_model_gives_no_more_away_than_its_budget_allows():
    table = noise_table()
    cost = cost_for(1.0, DELTA)
    plan = PRIVATE.plan({}, table.schema)
    noises = record_noise(PRIVATE, plan, cost, quorum=3)

    def private(table, index):
        tables = sites(table)
        secrets = {name: hashlib.sha256(f"{index} {name}".encode()).digest() for name in tables}
        return train_private(PRIVATE, {}, tables, noises, secrets).model

    found = membership(private, table, models=24, seed=1)
    spread = 2 / math.sqrt(found.seen)
    # A half without the record holds another instead: two steps between neighbours, four times the cost.
    assert found.advantage <= advantage(4 * cost) + spread
    assert found.auroc < 0.6
    quiet = membership(lambda t, _: train(PRIVATE, {}, sites(t)).model, table, models=24, seed=1)
    assert quiet.auroc > found.auroc + 0.1


def test_a_finished_model_is_attacked_with_what_it_saw_and_what_it_did_not():
    whole = noise_table(120, 60)
    table, others = whole.take(range(60)), whole.take(range(60, 120))
    careless = train(LOGISTIC, {"rounds": 5, "ridge_milli": 1}, {"all": table}).model
    found = against(careless, table, others)
    assert (found.seen, found.unseen) == (60, 60)
    assert found.advantage > found.chance(120) == 2 / math.sqrt(120)
    careful = train(LOGISTIC, {"rounds": 5, "ridge_milli": 1_000_000}, {"all": table}).model
    assert against(careful, table, others).auroc < found.auroc
    with pytest.raises(ValueError, match="records of both kinds"):
        against(careless, table, table.take([]))


def test_an_attack_on_too_little_is_refused():
    with pytest.raises(ValueError, match="8 models"):
        membership(lambda t, _: b"", noise_table(), models=7, seed=1)


# ------------------------------------------------------------------ inversion


def first_round(tables):
    """The state after the statistics round."""
    plan = LOGISTIC.plan({}, tables[0].schema)
    records = sum(table.records for table in tables)
    total = sum(LOGISTIC.local(plan.initial, table) for table in tables)
    return LOGISTIC.step(plan.initial, total, Cohort(len(tables), records, records))


TABLES = [make(1, 40, missing=0.0), make(2, 30, missing=0.0)]
STATE = first_round(TABLES)


@pytest.mark.parametrize("row", range(6))
def test_the_record_of_a_lone_patient_is_read_out_of_an_open_round(row):
    lone = TABLES[0].take([row])
    found = invert_round(STATE, LOGISTIC.local(STATE, lone))
    assert found is not None
    age, kind, dose = lone.numbers[0]
    assert found.cells["age"] == pytest.approx(age, abs=1e-3)
    assert found.cells["dose"] == pytest.approx(dose, abs=1e-4)
    assert [round(found.cells[f"type={level}"]) for level in "abc"] == [kind == i for i in range(3)]
    assert found.label == ("no", "yes")[int(lone.labels[0])]
    assert found.label in found.sentence()


def test_an_update_of_several_records_is_not_taken_for_one():
    assert invert_round(STATE, LOGISTIC.local(STATE, TABLES[0])) is None
    assert invert_round(STATE, LOGISTIC.local(STATE, TABLES[0].take([0, 3]))) is None
    assert invert_round(STATE, LOGISTIC.local(STATE, TABLES[0]) * 0) is None
    with pytest.raises(ValueError, match="first round"):
        invert_round(LOGISTIC.plan({}, SCHEMA).initial, LOGISTIC.local(STATE, TABLES[0]))


def read_network(batch):
    """How far the worst record of a batch is from what a network's first layer gives, and what it gives."""
    generator = np.random.default_rng(3)
    inputs, neurons = 10, 200
    x, y = generator.normal(size=(batch, inputs)), generator.integers(0, 2, batch)
    first, bias = generator.normal(size=(neurons, inputs)), generator.normal(size=neurons)
    second = generator.normal(size=neurons) / neurons**0.5
    hidden = x @ first.T + bias
    active = hidden > 0
    chance = 1 / (1 + np.exp(-(hidden * active) @ second))
    signal = (chance - y)[:, None] * second * active
    found = records_of_layer(signal.T @ x, signal.sum(axis=0))
    return max(min(np.abs(record - each).max() for each, _ in found) for record in x), found


def test_a_small_batch_is_read_out_of_the_first_layer_of_a_network():
    apart, found = read_network(4)
    assert apart < 1e-6
    assert len(found) <= 15  # the records and their mixtures: what 4 records can excite together
    assert found[0][1] > 1


def test_a_large_batch_is_not():
    apart, _ = read_network(64)
    assert apart > 0.1


def masked(vector, index):
    """A vector as it leaves a member of a masked round of three."""
    round_id = hashlib.sha256(f"round {index}".encode()).digest()
    draw = {
        name: mask.Secrets.of(hashlib.shake_256(f"{index} {name}".encode()).digest(128)) for name in "abc"
    }
    public = {name: mask.publish(round_id, name, draw[name]).masking for name in "bc"}
    pairs = mask.pair_streams(round_id, "a", draw["a"].masking, public)
    return mask.masked(vector, 64, mask.own_stream(round_id, "a", draw["a"].seed), pairs)


def test_a_masked_vector_shows_nothing_of_the_record_behind_it():
    """Which of four patients it is: certain in the open, and a guess behind a mask."""
    records = [LOGISTIC.local(STATE, TABLES[0].take([row])) for row in range(4)]
    trials, opened, guessed = 400, 0, 0
    for trial in range(trials):
        truth = trial % 4
        opened += best_match(records[truth], records) == truth
        hidden = masked(records[truth], trial)
        guessed += best_match(hidden, records) == truth
        assert invert_round(STATE, hidden) is None
    assert opened == trials
    assert abs(guessed - trials / 4) < 4 * math.sqrt(trials * 3 / 16)


def test_a_member_reads_its_own_lone_records_and_cannot_where_there_is_no_such_attack():
    assert lone_records(LOGISTIC, STATE, TABLES[0], range(12)) == 12
    first = LOGISTIC.plan({}, SCHEMA).initial
    assert lone_records(LOGISTIC, first, TABLES[0], [0]) is None
    assert lone_records(PRIVATE, PRIVATE.plan({}, SCHEMA).initial, TABLES[0], [0]) is None


def test_a_member_tells_its_open_updates_apart_and_its_masked_ones_by_chance_alone():
    stage = LOGISTIC.plan({}, SCHEMA).stages[1]
    opened, hidden = Guesses(0, 0), Guesses(0, 0)
    for trial in range(60):
        own, other = two_updates(LOGISTIC, stage, STATE, TABLES[0], joined=70, seed=trial)
        opened += guesses(own, own, other)
        hidden += guesses(masked(own, trial), own, other)
    assert opened.hits == opened.tries == hidden.tries >= 400
    assert opened.found
    assert not hidden.found
    assert abs(hidden.hits - hidden.tries / 2) < 4 * math.sqrt(hidden.tries / 4)


def test_guesses_are_found_only_where_chance_does_not_explain_them():
    assert not Guesses(0, 0).found
    assert not Guesses(6, 6).found
    assert Guesses(7, 7).found
    assert Guesses(7, 7).by_chance == 1 / 128
    assert not Guesses(60, 100).found
    assert Guesses(65, 100).found


# ------------------------------------------------------------------ is the epsilon true?

STAGE = EngineStage("sum", 1, 31, full_clip(64, 16), "sum")


def claim(**changes):
    """Noise of three members for one sum at epsilon 1, one of four assumed to collude."""
    cost = cost_for(1.0, DELTA)
    noise = Noise("record", 50_000, 1, 1)
    each = variance_for(noise.sensitivity, cost, members=3, length=STAGE.length)
    return replace(noise, variance=3 * each, **changes)


def audited(by=contribute, runs=500):
    return audit_noise(STAGE, claim(), quorum=4, runs=runs, delta=DELTA, seed=1, by=by)


@pytest.mark.slow
def test_honest_noise_keeps_its_claim():
    found = audited()
    assert found.claimed == pytest.approx(1.0, abs=1e-3)
    assert 0 < found.lower < found.claimed
    assert not found.refuted
    assert "the claim stands" in found.sentence()


@pytest.mark.slow
def test_noise_a_quarter_as_wide_is_caught():
    def cheap(stage, noise, vector, **rest):
        return contribute(stage, replace(noise, variance=noise.variance // 16), vector, **rest)

    found = audited(cheap)
    assert found.refuted
    assert found.lower > found.claimed
    assert "the claim is false" in found.sentence()


def test_noise_that_is_the_same_each_time_is_caught():
    """A member that draws once and adds the same noise to every sum hides nothing."""

    def lazy(stage, noise, vector, *, quorum, secret, charge):
        once = contribute(stage, noise, vector * 0, quorum=quorum, secret=bytes(32), charge=b"")
        return vector + once

    assert audited(lazy, runs=100).refuted


def test_the_bound_of_a_gaussian_comes_near_its_true_epsilon_and_not_above():
    generator = np.random.default_rng(2)
    draws = generator.normal(size=(2, 40_000))

    def score(present, run):
        return draws[int(present), run] + present

    found = audit(score, 20_000, claimed=epsilon(5 * 10**8, 1e-6), delta=1e-6)
    assert 2.0 < found.lower < found.claimed


@given(st.integers(1, 3_000), st.floats(0, 1), st.sampled_from([0.05, 0.025, 0.001]))
def test_rates_are_bounded_as_clopper_and_pearson_do(runs, share, alpha):
    hits = round(share * runs)
    low, high = rate_bounds(hits, runs, alpha)
    wanted = (
        0.0 if hits == 0 else beta.ppf(alpha, hits, runs - hits + 1),
        1.0 if hits == runs else beta.ppf(1 - alpha, hits + 1, runs - hits),
    )
    assert (low, high) == pytest.approx(wanted, abs=1e-9)


def test_the_moments_that_an_attack_reads_are_those_of_all_records():
    assert decode_record(GlmState, STATE).moments.records == concatenate("all", TABLES).records


def test_the_noise_is_audited_with_a_record_of_ones_own():
    table = make(3, 30)
    plan = PRIVATE.plan({}, table.schema)
    noise = record_noise(PRIVATE, plan, cost_for(1.0, DELTA), quorum=3)[0]
    own = PRIVATE.local(plan.initial, table), PRIVATE.local(plan.initial, table.take(range(29)))
    honest = audit_noise(plan.stages[0], noise, quorum=3, runs=60, delta=DELTA, seed=1, own=own)
    assert not honest.refuted

    def silent(stage, noise, vector, *, quorum, secret, charge):
        return vector

    caught = audit_noise(plan.stages[0], noise, quorum=3, runs=60, delta=DELTA, seed=1, own=own, by=silent)
    assert caught.refuted
