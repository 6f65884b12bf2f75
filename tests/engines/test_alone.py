"""A shared model beside what a member could make alone: judged on unseen records, and for its noise."""

import numpy as np
import pytest

from consortia.engines.alone import measures, noise_cost, unseen
from consortia.engines.privacy.account import cost_for
from consortia.engines.privacy.terms import record_noise
from consortia.engines.train import recipe
from consortia.engines.train.api import RecipeError
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.table import Table
from tests.engines.tables import make

LOGISTIC, LINEAR, COX = recipe("glm.logistic"), recipe("glm.linear"), recipe("cox.stratified")
PRIVATE = recipe("glm.logistic.private")
FIELD = (number("x", minimum="-1", maximum="1"),)


def chance(records=40, columns=20):
    """Records whose classes mean nothing."""
    generator = np.random.default_rng(7)
    fields = tuple(number(f"x{i}", exponent=2) for i in range(columns))
    numbers = np.clip(generator.normal(size=(records, columns)).round(3), -4, 4)
    labels = generator.integers(0, 2, records).astype(float)
    return Table("chance", Schema(fields, Label("y", ("0", "1"), 0)), numbers, labels)


def test_folds_do_not_praise_a_model_for_what_it_remembers():
    table = chance()
    remembered = measures(train(LOGISTIC, {}, {"own": table}).model, table)
    honest = unseen(LOGISTIC, {}, table)
    assert list(honest) == ["accuracy", "AUROC"]
    assert remembered["accuracy"] > 0.8
    assert 0.25 < honest["accuracy"] < 0.75


def test_numbers_are_judged_by_r_squared_and_times_by_concordance():
    x = np.linspace(-1, 1, 40).reshape(-1, 1)
    straight = Table("line", Schema(FIELD, Label("y", (), 2)), x, 2 * x[:, 0] + 1)
    assert measures(train(LINEAR, {}, {"own": straight}).model, straight)["R squared"] == pytest.approx(
        1.0, abs=0.01
    )
    times = Table("times", Schema(FIELD, Label("y", (), 3)), x, np.linspace(8, 1, 40))
    assert measures(train(COX, {}, {"own": times}).model, times)["concordance"] > 0.99


def test_too_few_records_are_not_judged():
    table = make(1, 30)
    with pytest.raises(RecipeError, match="too few"):
        unseen(LOGISTIC, {}, table.take([0]))
    with pytest.raises(ValueError, match="no records"):
        measures(train(LOGISTIC, {}, {"own": table}).model, table.take([]))


def test_noise_costs_more_the_less_it_may_tell():
    generator = np.random.default_rng(3)
    x = generator.uniform(-1, 1, (120, 1)).round(3)
    table = Table("own", Schema(FIELD, Label("y", ("0", "1"), 0)), x, (x[:, 0] > 0).astype(float))
    plan, records = PRIVATE.plan({}, table.schema), {"east": 120, "north": 90, "west": 150}

    def cost(epsilon):
        noises = record_noise(PRIVATE, plan, cost_for(epsilon, 1e-4), quorum=3)
        return noise_cost(PRIVATE, {}, table, noises, records, quorum=3)

    loose, tight = cost(50.0), cost(0.05)
    assert (loose.measure, loose.draws) == ("accuracy", 5)
    assert loose.quiet == tight.quiet > 0.9
    assert abs(loose.lost) < 0.05 < tight.lost
    assert tight.worst <= tight.noisy
    assert cost(0.05) == tight
    with pytest.raises(RecipeError, match="30,000 records joined"):
        noise_cost(PRIVATE, {}, table, (), {"east": 30_000}, quorum=3)
