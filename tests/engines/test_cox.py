"""Stratified Cox: the stratified fit of all records, by two libraries' coefficients and by the textbook."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.engines.evaluate import Concordance, concordance
from consortia.engines.infer import Estimator, Prediction, load, predict
from consortia.engines.infer.predict import score_numbers
from consortia.engines.train import recipe
from consortia.engines.train.api import RecipeError
from consortia.engines.train.cox import CoxModel, CoxState, read_model, stratum
from consortia.engines.train.files import DataError, RawTable
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.table import Table, make_table
from consortia.engines.train.times import signed_times, times_of
from consortia.exact.exponential import exponential
from consortia.testing.recipes import tables as battery_tables

COX = recipe("cox.stratified")
RECORDED = json.loads(Path(__file__).with_name("cox.json").read_text(encoding="utf-8"))
SCHEMA = Schema((number("a", exponent=1), number("b")), Label("days", (), 5))


def sites():
    found = {}
    for name in ("east", "north", "west"):
        rows = [row for row in RECORDED["rows"] if row[0] == name]
        numbers = np.array([row[1:3] for row in rows])
        labels = np.array([float(row[3] if row[4] else -row[3]) for row in rows])
        found[name] = Table(name, SCHEMA, numbers, labels)
    return found


SITES = sites()


def standard_weights(model):
    return np.array(read_model(model).weights) / 2**24


@pytest.mark.parametrize(("efron", "by"), [(1, "efron"), (0, "breslow")])
def test_the_federated_coefficients_are_those_of_the_stratified_fit(efron, by):
    model = train(COX, {"ridge_milli": 0, "efron": efron}, SITES).model
    assert standard_weights(model) == pytest.approx(RECORDED[by], abs=1e-6 + 1e-5 * abs(RECORDED[by][0]))
    whole = np.concatenate([table.numbers for table in SITES.values()])
    assert Estimator(model).coef_[0] * whole.std(axis=0) == pytest.approx(RECORDED[by], abs=5e-6)


def test_one_site_alone_is_the_plain_fit():
    model = train(COX, {"ridge_milli": 0}, {"west": SITES["west"]}).model
    whole = np.concatenate([table.numbers for table in SITES.values()])
    found = Estimator(model).coef_[0] * whole.std(axis=0)
    assert found == pytest.approx(RECORDED["west_alone_efron"], abs=5e-6)


def textbook(rows, times, weights, *, efron):
    """The gradient of the negative log partial likelihood, event by event, in fractions."""
    risks = []
    for row in rows:
        score = round(Fraction(sum(c * w for c, w in zip(row, weights, strict=True)), 1 << 16))
        mantissa, power = (int(part[0]) for part in exponential(np.array([score])))
        risks.append(Fraction(mantissa) * Fraction(2) ** power)
    gradient = [Fraction(0)] * len(weights)
    hessian = [[Fraction(0)] * len(weights) for _ in weights]
    for time in sorted({t for t in times if t > 0}):
        dead = [i for i, t in enumerate(times) if t == time]
        alive = [i for i, t in enumerate(times) if abs(t) >= time]
        for gone in range(len(dead)):
            share = {
                i: Fraction(1) - (Fraction(gone, len(dead)) if efron and i in dead else 0) for i in alive
            }
            total = sum(share[i] * risks[i] for i in alive)
            means = [
                sum(share[i] * risks[i] * rows[i][c] for i in alive) / total for c in range(len(weights))
            ]
            for c in range(len(weights)):
                gradient[c] += (means[c] - rows[dead[gone]][c]) / (1 << 16)
                for d in range(len(weights)):
                    both = sum(share[i] * risks[i] * rows[i][c] * rows[i][d] for i in alive) / total
                    hessian[c][d] += (both - means[c] * means[d]) / (1 << 32)
    return gradient, hessian


@pytest.mark.parametrize("efron", [True, False])
@pytest.mark.parametrize("weights", [(0, 0), (3 << 23, -(1 << 24)), (40 << 24, 1 << 20)])
def test_gradient_and_hessian_are_the_textbooks_sums(efron, weights):
    draw = np.random.default_rng(2)
    rows = draw.integers(-(1 << 17), 1 << 17, (18, 2))
    times = draw.integers(1, 7, 18) * draw.choice([-1, 1, 1], 18)
    gradient, hessian = stratum(rows, times, weights, efron=efron)
    exact, curved = textbook(rows.tolist(), times.tolist(), weights, efron=efron)
    for found, true in zip(gradient.tolist(), exact, strict=True):
        assert abs(found - true * (1 << 24)) <= 40
    for found, true in zip(
        hessian.reshape(-1).tolist(), [each for row in curved for each in row], strict=True
    ):
        assert abs(found - true * (1 << 24)) <= 2000


def test_a_stratum_without_events_adds_nothing():
    rows, times = np.array([[1 << 16], [-(1 << 16)]]), np.array([-3, -5])
    gradient, hessian = stratum(rows, times, (1 << 24,), efron=True)
    assert (gradient.tolist(), hessian.tolist()) == ([0], [[0]])


def test_it_converges_as_newtons_method_does_and_its_columns_may_be_constant():
    schema = Schema((number("a"), number("same"), category("kind", ("u", "v"))), Label("days", (), 5))
    tables = {}
    for name, table in SITES.items():
        numbers = np.column_stack([table.numbers[:, 0], np.full(table.records, 2.0), table.numbers[:, 1]])
        tables[name] = Table(name, schema, numbers, table.labels)
    trained = train(COX, {}, tables)
    assert decode_record(CoxState, trained.states[-1]).moved <= 1
    weights = read_model(trained.model).weights
    assert weights[1] == 0
    assert abs(weights[2] + weights[3]) <= 2
    zero = read_model(train(COX, {"ridge_milli": 0}, {n: _without(t) for n, t in tables.items()}).model)
    assert zero.weights[1] == 0


def _without(table):
    """The table without its category, which no fit without a ridge takes."""
    schema = Schema(table.schema.fields[:2], table.schema.label)
    return Table(table.name, schema, table.numbers[:, :2], table.labels)


def test_a_perfect_predictor_of_who_dies_first_stays_finite():
    schema = Schema((number("x"),), Label("days", (), 5))
    table = Table("a", schema, np.linspace(1, 0, 20).reshape(20, 1), np.arange(1.0, 21))
    weights = read_model(train(COX, {"ridge_milli": 100, "rounds": 20}, {"a": table}).model).weights
    assert 1 << 24 < weights[0] < 1 << 30


def test_a_prediction_is_the_logarithm_of_the_risk_and_ranks_as_the_estimator_does():
    sites = battery_tables("times")
    model = train(COX, {}, sites).model
    table = sites["north"]
    row = [61.5, "c", None]
    answer = predict(model, row)
    assert answer == Prediction(answer.score, 0, "")
    estimator = Estimator(model)
    assert estimator.predict([row])[0] == answer.score / 2**24
    assert len(estimator.classes_) == 0
    risks = score_numbers(model, table.numbers)
    assert estimator.predict(table.numbers[:0]).tolist() == []
    assert risks.dtype == np.int64
    assert load(model) == read_model(model)


def by_all_pairs(risks, times):
    pairs = wins = 0
    for i, t in enumerate(times):
        for j, other in enumerate(times):
            outlived = abs(other) > t or (abs(other) == t and other < 0)
            if t > 0 and i != j and outlived:
                pairs += 1
                wins += 2 * (risks[i] > risks[j]) + (risks[i] == risks[j])
    return pairs, wins


def test_concordance_counts_every_pair_and_tie():
    model = train(COX, {}, SITES).model
    for table in SITES.values():
        risks = score_numbers(model, table.numbers).tolist()
        pairs, wins = by_all_pairs(risks, times_of(table).tolist())
        assert concordance(model, table) == Concordance(table.records, pairs, wins)
        assert 0.5 < concordance(model, table).c < 1


def test_concordance_is_lifelines():
    """Of a model whose risk is the first column alone, over all records together."""
    numbers = np.concatenate([table.numbers for table in SITES.values()])
    labels = np.concatenate([table.labels for table in SITES.values()])
    trained = read_model(train(COX, {}, SITES).model)
    first = CoxModel(trained.terms, trained.schema, trained.moments, (1 << 24, 0))
    found = concordance(encode_record(first), Table("all", SCHEMA, numbers, labels))
    assert found.c == pytest.approx(RECORDED["concordance_of_a"], abs=1e-12)


def test_without_pairs_concordance_is_one_half():
    model = train(COX, {}, SITES).model
    table = SITES["east"]
    assert concordance(model, Table("none", SCHEMA, table.numbers, -np.abs(table.labels))).c == 0.5


RAW = RawTable(
    "a.csv", ("age", "t", "dead"), ("years", "days", ""), [["50", "12", "1"], ["61", "7", "0"]], [2, 3]
)


def test_two_columns_become_one_of_signed_times():
    made = signed_times(RAW, "t", "dead", name="days")
    assert made.header == ("age", "days")
    assert made.units == ("years", "")
    assert made.rows == [["50", "12"], ["61", "-7"]]
    table = make_table(made, Schema((number("age", exponent=6, unit="years"),), Label("days", (), 4)))
    assert table.labels.tolist() == [12.0, -7.0]


def test_a_time_that_is_none_is_refused_with_its_place():
    for cell in ("0", "-3", "", "soon"):
        raw = RAW._replace(rows=[["50", cell, "1"], RAW.rows[1]])
        with pytest.raises(DataError, match=r'a\.csv, row 2, column "t"'):
            signed_times(raw, "t", "dead", name="days")
    with pytest.raises(DataError, match=r'column "lost": no such column'):
        signed_times(RAW, "lost", "dead", name="days")


def test_a_label_of_zero_has_no_sign_and_is_refused():
    table = SITES["west"]
    labels = table.labels.copy()
    labels[3] = 0.0
    with pytest.raises(RecipeError, match="west: a time is zero"):
        COX.local(COX.plan({}, SCHEMA).initial, Table("west", SCHEMA, table.numbers, labels))


def test_no_ridge_and_collinear_columns_have_no_solution_by_name():
    with pytest.raises(RecipeError, match="has no solution"):
        train(COX, {"ridge_milli": 0}, battery_tables("times"))


def test_too_many_columns_and_foreign_bytes_are_refused():
    wide = Schema(tuple(number(f"x{i}") for i in range(129)), Label("days", (), 5))
    with pytest.raises(RecipeError, match="129 columns"):
        COX.plan({}, wide)
    model = read_model(train(COX, {"rounds": 1}, SITES).model)
    with pytest.raises(RecipeError, match="not those of the schema"):
        read_model(encode_record(CoxModel(model.terms, model.schema, model.moments, (1,))))
    with pytest.raises(Malformed):
        load(b"\xa0")


@pytest.mark.parametrize(("index", "word"), [(0, 1 << 50), (-1, -1), (-1, 1 << 50)])
def test_sums_that_so_many_records_cannot_give_are_refused(index, word):
    state = train(COX, {"rounds": 1}, SITES).states[1]
    vector = COX.local(state, SITES["west"])
    COX.check(state, vector, SITES["west"].records)
    vector[index] = word
    with pytest.raises(RecipeError, match="no 24 records give this"):
        COX.check(state, vector, 24)


def test_more_records_than_make_a_stratum_are_refused(monkeypatch):
    monkeypatch.setattr("consortia.engines.train.cox.RECORDS_MAX", 20)
    state = train(COX, {"rounds": 1}, {"west": SITES["west"].take(range(20))}).states[1]
    with pytest.raises(RecipeError, match=r"24 records, cox\.stratified takes at most 20"):
        COX.local(state, SITES["west"])
