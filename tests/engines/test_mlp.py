"""Neural networks by averaging: gradients that are gradients, exact steps, and controls that stay at home."""

import numpy as np
import pytest

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.engines.evaluate import evaluate
from consortia.engines.infer import Estimator, Prediction, load, predict, predict_features
from consortia.engines.infer.predict import features_of, score_numbers
from consortia.engines.train import recipe
from consortia.engines.train.api import Cohort, KeepsAtHome, RecipeError, weighed
from consortia.engines.train.design import design
from consortia.engines.train.gradient import Rows, gradient
from consortia.engines.train.loop import train
from consortia.engines.train.mlp import MlpModel, MlpState, first_weights, read_model, unpacked
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.engines.train.standardise import standard_design
from consortia.engines.train.table import Table, concatenate
from consortia.exact.network import Shape
from tests.engines.tables import SCHEMA, make, numeric_tables

RULES = ("fedavg", "fedprox", "fedadam", "fedyogi", "scaffold")
SITES = {"east": make(1, 60, name="east"), "west": make(2, 30, name="west")}
SMALL = {"rounds": 4, "hidden": 5}


def weights_of(state):
    return unpacked(decode_record(MlpState, state).weights)


def loss(shape, weights, rows):
    values = rows.columns.astype(np.float64)
    for at, (matrix, bias, inputs, count) in enumerate(shape.parts()):
        values = np.tanh(values) if at else values
        values = values @ weights[matrix:bias].reshape(inputs, count) + weights[bias : bias + count]
    score = values[:, 0]
    if rows.kind == "number":
        return np.mean((score - rows.labels) ** 2) / 2
    return np.mean(np.logaddexp(0, score) - rows.labels * score)


@pytest.mark.parametrize("kind", ["classes", "number"])
@pytest.mark.parametrize("hidden", [(), (4,), (4, 3)])
def test_the_gradient_is_the_slope_of_the_loss(kind, hidden):
    draw = np.random.default_rng(1)
    shape = Shape(3, hidden)
    weights = draw.normal(scale=0.5, size=shape.size)
    labels = draw.integers(0, 2, 20) if kind == "classes" else draw.normal(size=20)
    rows = Rows(draw.normal(size=(20, 3)), labels, kind)
    found = gradient(shape, weights, rows)
    for at in range(shape.size):
        step = np.zeros(shape.size)
        step[at] = 1e-6
        slope = (loss(shape, weights + step, rows) - loss(shape, weights - step, rows)) / 2e-6
        assert found[at] == pytest.approx(slope, abs=1e-7)


def test_one_pass_in_one_batch_is_one_gradient_step_of_the_pooled_records():
    """FedAvg then is gradient descent on all records: each member's change is weighted by its records."""
    parameters = {"rounds": 1, "hidden": 4, "epochs": 1, "batch": 1 << 20}
    trained = train(recipe("mlp.fedavg"), parameters, SITES)
    whole = concatenate("all", list(SITES.values()))
    model = read_model(trained.model)
    start = weights_of(trained.states[1]) / 2**20
    columns = standard_design(design(whole.schema, whole.numbers), model.moments) / 2**16
    step = gradient(Shape(6, (4,)), start, Rows(columns, whole.labels, "classes"))
    assert weights_of(trained.states[2]) / 2**20 == pytest.approx(start - 0.1 * step, abs=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_learns_the_hospitals(rule):
    split = wisconsin_hospitals(1)
    model = train(recipe(f"mlp.{rule}"), {"rounds": 15}, split.tables).model
    assert evaluate(model, split.held_out).accuracy > 0.92


def test_the_pull_back_keeps_members_near_the_shared_weights():
    def far(prox_milli):
        rule = recipe("mlp.fedprox")
        state = train(rule, SMALL | {"prox_milli": prox_milli, "epochs": 10}, SITES).states[1]
        return np.abs(rule.local(state, SITES["east"])).sum()

    assert far(5_000) < far(1_000) < far(1)


def test_a_number_is_predicted_in_its_units():
    tables = numeric_tables()
    model = train(recipe("mlp.fedavg"), {"rounds": 60, "hidden": 8}, tables).model
    estimator = Estimator(model)
    table = tables["p"]
    assert estimator.score(table.numbers, table.labels) > 0.95
    exact = predict(model, table.numbers[0].tolist())
    assert exact == Prediction(exact.score, 0, "")
    assert exact.score / 2**24 * 8 == estimator.predict(table.numbers[:1])[0]
    assert not hasattr(estimator, "coef_")


def test_a_prediction_is_re_executed_bit_for_bit_from_its_feature_integers():
    model = train(recipe("mlp.fedavg"), SMALL, SITES).model
    row = (61.5, "c", None)
    answer = predict(model, row)
    assert predict_features(model, [features_of(model, row)] * 3) == [answer] * 3
    assert score_numbers(model, SITES["east"].numbers).dtype == np.int64
    assert load(model) == read_model(model)


@pytest.mark.slow
def test_without_hidden_layers_it_is_the_logistic_model_in_the_end():
    split = wisconsin_hospitals(2)
    parameters = {"layers": 0, "rounds": 200, "epochs": 1, "batch": 1 << 20, "rate_milli": 500}
    averaged = evaluate(train(recipe("mlp.fedavg"), parameters, split.tables).model, split.held_out)
    newton = evaluate(train(recipe("glm.logistic"), {}, split.tables).model, split.held_out)
    assert averaged.accuracy == pytest.approx(newton.accuracy, abs=0.02)


# ---------------------------------------------------------------------- SCAFFOLD


def unlike_sites():
    """Two sites that see different parts of one line, so that long local training pulls them apart."""
    schema = Schema((number("a", exponent=2), number("b", exponent=2)), Label("ill", ("no", "yes"), 0))
    draw = np.random.default_rng(3)
    found = {}
    for name, records, centre in (("east", 120, (2.0, -1.0)), ("west", 60, (-2.0, 2.0))):
        x = draw.normal(size=(records, 2)) + centre
        labels = (x[:, 0] + 2 * x[:, 1] + 2 * draw.logistic(size=records) > 0).astype(np.float64)
        found[name] = Table(name, schema, x, labels)
    return found


@pytest.mark.slow
def test_controls_undo_the_drift_of_unlike_sites():
    sites = unlike_sites()
    parameters = {"layers": 0, "rounds": 30, "epochs": 20, "batch": 1 << 20, "rate_milli": 200}
    best = np.array([*_pooled_optimum(sites)])
    apart = {}
    for rule in ("fedavg", "scaffold"):
        weights = unpacked(read_model(train(recipe(f"mlp.{rule}"), parameters, sites).model).weights) / 2**20
        apart[rule] = np.abs(weights - best).max()
    assert apart["scaffold"] < apart["fedavg"] / 3


def _pooled_optimum(sites):
    parameters = {"layers": 0, "rounds": 3000, "epochs": 1, "batch": 1 << 20, "rate_milli": 1_000}
    whole = {"all": concatenate("all", list(sites.values()))}
    return unpacked(read_model(train(recipe("mlp.fedavg"), parameters, whole).model).weights) / 2**20


def test_the_servers_control_stays_the_mean_of_the_members_controls():
    rule = recipe("mlp.scaffold")
    assert isinstance(rule, KeepsAtHome)
    assert not isinstance(recipe("mlp.fedavg"), KeepsAtHome)
    state, homes = _scaffold_rounds(rule, {}, 4)
    shares = {name: table.records / 90 for name, table in SITES.items()}
    mean = sum(shares[name] * unpacked(home) for name, home in homes.items())
    assert np.abs(unpacked(decode_record(MlpState, state).first) - mean).max() <= 8


def test_a_member_that_is_not_counted_keeps_its_control_and_the_mean_holds():
    rule = recipe("mlp.scaffold")
    state, homes = _scaffold_rounds(rule, {2: "west"}, 5)
    shares = {name: table.records / 90 for name, table in SITES.items()}
    mean = sum(shares[name] * unpacked(home) for name, home in homes.items())
    assert np.abs(unpacked(decode_record(MlpState, state).first) - mean).max() <= 10


def _scaffold_rounds(rule, lost, rounds):
    plan = rule.plan(SMALL | {"rounds": rounds}, SCHEMA)
    state, homes = plan.initial, dict.fromkeys(SITES, b"")
    for index in range(plan.rounds):
        vectors, records = [], 0
        for name, table in SITES.items():
            if lost.get(index) == name:
                continue
            vector, homes[name] = rule.local_at_home(state, table, homes[name])
            vectors.append(weighed(plan.stage_of(index), vector, table.records, 90))
            records += table.records
        state = rule.step(state, sum(vectors), Cohort(len(vectors), records, 90))
    return state, homes


def test_a_control_of_another_size_is_refused():
    rule = recipe("mlp.scaffold")
    state = train(rule, SMALL, SITES).states[1]
    with pytest.raises(RecipeError, match="a control of 2 weights"):
        rule.local_at_home(state, SITES["east"], bytes(8))


# ---------------------------------------------------------------------- refusals


def test_training_that_diverges_says_what_to_do():
    rule = recipe("mlp.fedavg")
    tables = numeric_tables()
    parameters = {"rate_milli": 100_000, "epochs": 50, "layers": 0, "batch": 1}
    start = rule.plan(parameters, tables["p"].schema).initial
    ready = rule.step(start, sum(rule.local(start, t) for t in tables.values()), Cohort(2, 80, 80))
    with pytest.raises(RecipeError, match="diverged; a smaller rate_milli"):
        rule.local(ready, tables["p"])


def test_a_network_beyond_the_limits_is_refused():
    with pytest.raises(RecipeError, match=r"weights; mlp\.fedavg takes at most"):
        recipe("mlp.fedavg").plan({"hidden": 1_024, "layers": 2}, SCHEMA)


def test_states_and_models_whose_parts_do_not_fit_are_refused():
    rule = recipe("mlp.fedadam")
    state = decode_record(MlpState, rule.plan(SMALL, SCHEMA).initial)
    for wrong in (
        {"weights": state.weights[:-4]},
        {"first": b""},
        {"weights": b"\x00\x00\x00\x80" * (len(state.weights) // 4)},
    ):
        broken = encode_record(
            MlpState(**{f: wrong.get(f, getattr(state, f)) for f in state.__struct_fields__})
        )
        with pytest.raises(RecipeError, match=r"not those of|beyond 32 bits"):
            rule.local(broken, SITES["east"])
    with pytest.raises(RecipeError, match=r"a state of mlp\.fedadam, not of mlp\.fedyogi"):
        recipe("mlp.fedyogi").local(rule.plan(SMALL, SCHEMA).initial, SITES["east"])
    model = read_model(train(recipe("mlp.fedavg"), SMALL, SITES).model)
    with pytest.raises(RecipeError, match="not those of the schema"):
        read_model(encode_record(MlpModel(model.terms, model.schema, model.moments, b"")))
    with pytest.raises(Malformed):
        load(b"\xa1\x61a\x01")


def test_first_weights_follow_from_the_seed_alone():
    shape = Shape(6, (4,))
    assert first_weights(shape, 1) == first_weights(shape, 1) != first_weights(shape, 2)
    weights = unpacked(first_weights(shape, 1)) / 2**20
    assert weights[24:28].tolist() == [0.0] * 4
    assert np.abs(weights[:24]).max() <= np.sqrt(6 / 10)
