"""Counts: the plain version's bits, scikit-learn's model, whatever the label's scale."""

import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor

from consortia.base.codec import decode_record
from consortia.engines.infer import Estimator, Prediction, predict
from consortia.engines.train import recipe, reference
from consortia.engines.train.api import Cohort, RecipeError
from consortia.engines.train.design import design
from consortia.engines.train.glm import GlmState, curvature, labels_of, read_model
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.standardise import standard_design
from consortia.engines.train.table import Table, concatenate
from consortia.exact.exponential import MEAN_MAX

POISSON = recipe("glm.poisson")


def tables(exponent=0, height=0.3):
    schema = Schema((number("a", exponent=2), number("b")), Label("visits", (), exponent))
    draw = np.random.default_rng(0)
    found = {}
    for name, records in (("east", 400), ("west", 300)):
        x = draw.normal(size=(records, 2))
        counts = draw.poisson(np.exp(height + 0.5 * x[:, 0] - 0.3 * x[:, 1]))
        found[name] = Table(name, schema, x, counts.astype(np.float64))
    return found


@pytest.mark.parametrize(("exponent", "height"), [(0, 0.3), (3, 2.0), (5, 3.0), (-3, -3.0)])
def test_the_model_is_scikit_learns_whatever_the_labels_scale(exponent, height):
    sites = tables(exponent, height)
    whole = concatenate("all", list(sites.values()))
    trained = train(POISSON, {"ridge_milli": 2_000}, sites)
    assert decode_record(GlmState, trained.states[-1]).moved <= 2
    model = read_model(trained.model)
    columns = standard_design(design(whole.schema, whole.numbers), model.moments) / 2**16
    oracle = PoissonRegressor(alpha=2.0 / whole.records, tol=1e-12, max_iter=5000).fit(columns, whole.labels)
    weights = np.array(model.weights) / 2**24
    assert weights[1:] == pytest.approx(oracle.coef_, abs=1e-6)
    assert weights[0] + exponent * np.log(2) == pytest.approx(oracle.intercept_, abs=1e-6)
    assert Estimator(trained.model).predict(whole.numbers) == pytest.approx(oracle.predict(columns), rel=1e-4)


def test_a_newton_round_equals_the_plain_version_bit_for_bit():
    table = tables(1, 1.0)["west"].take(range(40))
    weights = (1 << 22, -(1 << 23), 3 << 23)
    moments = read_model(train(POISSON, {"rounds": 1}, {"a": table}).model).moments
    standard = standard_design(design(table.schema, table.numbers), moments)
    labels = labels_of("poisson", table)
    fast = curvature("poisson", standard, labels, weights)
    plain = reference.poisson_sums(standard.tolist(), (labels << 4).tolist(), weights)
    upper = np.triu_indices(3)
    assert fast[0].tolist() == plain[0]
    assert fast[1][upper].tolist() == np.array(plain[1])[upper].tolist()


def test_a_prediction_is_the_mean_and_the_estimators_coefficients_are_its_logarithms():
    sites = tables(3, 2.0)
    model = train(POISSON, {}, sites).model
    estimator = Estimator(model)
    numbers = sites["east"].numbers
    means = estimator.predict(numbers)
    assert np.log(means) == pytest.approx(numbers @ estimator.coef_[0] + estimator.intercept_[0], abs=1e-4)
    exact = predict(model, numbers[0].tolist())
    assert exact == Prediction(exact.score, 0, "")
    assert exact.score / 2**24 * 8 == pytest.approx(means[0])


def test_counts_of_nothing_at_all_train_to_next_to_nothing():
    schema = Schema((number("a"),), Label("visits", (), 0))
    sites = {n: Table(n, schema, np.arange(20.0).reshape(20, 1) / 20, np.zeros(20)) for n in ("east", "west")}
    model = train(POISSON, {}, sites).model
    assert 0 <= predict(model, [0.5]).score <= 2


def test_a_mean_ends_at_256_times_the_labels_scale():
    sites = tables()
    model = train(POISSON, {}, sites).model
    assert predict(model, [1e6, -1e6]).score <= MEAN_MAX


def test_a_count_below_zero_is_refused():
    table = tables()["east"]
    below = Table("east", table.schema, table.numbers, table.labels - 1)
    state = POISSON.plan({}, table.schema).initial
    state = POISSON.step(state, POISSON.local(state, table), Cohort(1, table.records, table.records))
    with pytest.raises(RecipeError, match="east: a label is below zero"):
        POISSON.local(state, below)
