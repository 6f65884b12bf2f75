"""Intercepts kept at home: the joint fit of all weights and offsets, of which no offset is sent."""

import numpy as np
import pytest

from consortia.base.codec import decode_record
from consortia.engines.infer import Estimator, predict
from consortia.engines.train import recipe
from consortia.engines.train.api import RecipeError
from consortia.engines.train.design import design
from consortia.engines.train.glm import GlmState, own_model, read_model
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.standardise import standard_design
from consortia.engines.train.table import Table

LOGISTIC = recipe("glm.logistic")
PARAMETERS = {"rounds": 12, "site_ridge_milli": 500}


def tables():
    """Three sites with one effect of two columns, and a base of their own."""
    schema = Schema((number("a"), number("b")), Label("ill", ("no", "yes"), 0))
    draw = np.random.default_rng(5)
    found = {}
    for name, records, base in (("east", 150, -2.0), ("north", 80, 0.0), ("west", 60, 2.0)):
        x = draw.normal(size=(records, 2))
        score = base + 1.2 * x[:, 0] - 0.6 * x[:, 1] + draw.logistic(size=records)
        found[name] = Table(name, schema, x, (score > 0).astype(np.float64))
    return found


SITES = tables()
TRAINED = train(LOGISTIC, PARAMETERS, SITES)


def joint_fit(sites, ridge, site_ridge):
    """Newton's method in floats over the intercept, two weights and an offset for each site, all at once."""
    moments = read_model(TRAINED.model).moments
    rows, labels = [], []
    for at, table in enumerate(sites.values()):
        columns = standard_design(design(table.schema, table.numbers), moments) / 2**16
        offsets = np.zeros((table.records, len(sites)))
        offsets[:, at] = 1
        rows.append(np.column_stack([np.ones(table.records), columns, offsets]))
        labels.append(table.labels)
    x, y = np.concatenate(rows), np.concatenate(labels)
    penalty = np.array([0, ridge, ridge] + [site_ridge] * len(sites))
    weights = np.zeros(x.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (chance - y) + penalty * weights
        hessian = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(penalty)
        weights -= np.linalg.solve(hessian, gradient)
    return weights


def test_the_shared_weights_and_every_offset_are_those_of_the_joint_fit():
    oracle = joint_fit(SITES, 1.0, 0.5)
    shared = np.array(read_model(TRAINED.model).weights) / 2**24
    assert shared == pytest.approx(oracle[:3], abs=1e-5)
    for at, table in enumerate(SITES.values()):
        own = np.array(read_model(own_model(TRAINED.model, table)).weights) / 2**24
        assert own[1:].tolist() == shared[1:].tolist()
        assert own[0] - shared[0] == pytest.approx(oracle[3 + at], abs=1e-5)


def test_it_converges_as_newtons_method_does():
    moved = [decode_record(GlmState, state).moved for state in TRAINED.states[2:]]
    assert moved[-1] <= 1
    assert len([step for step in moved if step > 1 << 10]) <= 6


def test_sites_with_another_base_predict_better_with_their_own_model():
    for name in ("east", "west"):
        table = SITES[name]
        labels = [table.schema.label.classes[int(each)] for each in table.labels]
        shared = Estimator(TRAINED.model).score(table.numbers, labels)
        own = Estimator(own_model(TRAINED.model, table)).score(table.numbers, labels)
        assert own > shared


def test_an_own_model_is_a_model_like_any_other():
    own = own_model(TRAINED.model, SITES["east"])
    assert predict(own, [0.0, 0.0]).probability_ppm < predict(TRAINED.model, [0.0, 0.0]).probability_ppm
    assert own_model(own, SITES["east"]) != own, "an own model is not the shared one: do not take it for it"


def test_a_site_of_one_class_keeps_a_finite_intercept():
    table = SITES["west"]
    ones = table.take(np.flatnonzero(table.labels == 1.0))
    model = train(LOGISTIC, PARAMETERS, SITES | {"west": ones}).model
    offset = read_model(own_model(model, ones)).weights[0] - read_model(model).weights[0]
    assert 0 < offset < 16 << 24


def test_every_family_takes_a_site_ridge():
    schema = Schema((number("a"), number("b")), Label("visits", (), 2))
    draw = np.random.default_rng(7)
    sites = {}
    for name, base in (("east", 0.5), ("west", 2.0)):
        x = draw.normal(size=(200, 2))
        sites[name] = Table(name, schema, x, draw.poisson(np.exp(base + 0.3 * x[:, 0])).astype(np.float64))
    for name in ("glm.poisson", "glm.linear"):
        model = train(recipe(name), {"rounds": 8, "site_ridge_milli": 100}, sites).model
        means = [
            Estimator(own_model(model, table)).predict(table.numbers).mean() / table.labels.mean()
            for table in sites.values()
        ]
        assert means == pytest.approx([1.0, 1.0], abs=0.02)


def test_a_model_without_a_site_ridge_has_no_own_version():
    with pytest.raises(RecipeError, match="one intercept for all"):
        own_model(train(LOGISTIC, {"rounds": 1}, SITES).model, SITES["east"])


def test_honest_vectors_pass_the_check():
    for state in TRAINED.states[:-1]:
        for table in SITES.values():
            LOGISTIC.check(state, LOGISTIC.local(state, table), table.records)
