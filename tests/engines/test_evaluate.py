"""Figures: exact, equal to scikit-learn's, worst site first, and honest when somebody gains nothing."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

from consortia.engines.evaluate import (
    Comparison,
    Evaluation,
    compare,
    concordance,
    evaluate,
    measures,
    pooled_model,
)
from consortia.engines.infer.predict import features_of, predict_features, score_numbers
from consortia.engines.train import recipe
from consortia.engines.train.api import RecipeError
from consortia.engines.train.loop import train
from consortia.engines.train.table import Table
from consortia.testing.recipes import tables as tables_of
from tests.engines.tables import make, numeric_tables

LOGISTIC = recipe("glm.logistic")
TABLES = {"a": make(1, 40), "b": make(2, 90), "c": make(3, 25)}
MODEL = train(LOGISTIC, {}, TABLES).model


def coarse(table):
    """The table with whole ages only, so that scores tie."""
    numbers = table.numbers.copy()
    numbers[:, 0] = np.round(numbers[:, 0], -1)
    numbers[:, 2] = np.nan
    return Table("coarse", table.schema, numbers, table.labels)


@pytest.mark.parametrize("table", [make(9, 200), coarse(make(9, 200))], ids=["few ties", "many ties"])
def test_accuracy_and_auroc_equal_scikit_learns(table):
    found = evaluate(MODEL, table)
    score = score_numbers(MODEL, table.numbers)
    assert found.auroc == pytest.approx(roc_auc_score(table.labels, score), abs=1e-12)
    assert found.accuracy == pytest.approx(((score >= 0) == table.labels).mean())


def test_the_measures_of_two_classes_stand_beside_what_needs_no_model():
    table = make(9, 200)
    score = score_numbers(MODEL, table.numbers) / 2**24
    found = measures(MODEL, table)
    assert found["log loss"] == pytest.approx(log_loss(table.labels, 1 / (1 + np.exp(-score))), abs=1e-12)
    assert found["AUROC"] == pytest.approx(roc_auc_score(table.labels, score), abs=1e-12)
    assert found["accuracy"] == pytest.approx(((score >= 0) == table.labels).mean())
    assert found["always the commoner class"] == max(table.labels.mean(), 1 - table.labels.mean())


def test_the_error_of_a_number_is_in_its_unit_and_beside_that_of_the_mean():
    tables = numeric_tables()
    model = train(recipe("glm.linear"), {}, tables).model
    for table in tables.values():
        found = measures(model, table)
        unit = 2.0 ** (table.schema.label.exponent - 24)
        rows = [features_of(model, row) for row in table.numbers.tolist()]
        said = [unit * one.score for one in predict_features(model, rows)]
        assert found["root mean square error"] == pytest.approx(root_mean_squared_error(table.labels, said))
        assert found["always the mean"] == pytest.approx(np.std(table.labels))


def test_times_are_measured_by_concordance_and_nothing_by_no_record():
    sites = tables_of("times")
    model = train(recipe("cox.stratified"), {}, sites).model
    table = sites["east"]
    assert measures(model, table) == {"concordance": concordance(model, table).c}
    with pytest.raises(ValueError, match="no records to judge by"):
        measures(model, table.take([]))


def test_without_one_of_the_classes_auroc_is_one_half():
    table = make(9, 20)
    assert evaluate(MODEL, Table("one", table.schema, table.numbers, np.zeros(20))).auroc == 0.5


def test_a_table_without_records_or_classes_is_not_judged_by():
    empty = make(9, 20).take([])
    for table in (empty, numeric_tables()["p"]):
        with pytest.raises(ValueError, match="no records with two classes"):
            evaluate(MODEL, table)


def test_a_comparison_holds_every_site_worst_first_and_the_pooled_model():
    held_out = make(9, 300)
    figures = compare(LOGISTIC, {}, TABLES, held_out)
    accuracies = [site.accuracy for site in figures.sites.values()]
    assert sorted(figures.sites) == ["a", "b", "c"]
    assert accuracies == sorted(accuracies)
    assert figures.largest == "b"
    assert figures.federated == evaluate(MODEL, held_out)
    assert figures.pooled == evaluate(pooled_model(LOGISTIC, {}, TABLES), held_out)
    assert compare(LOGISTIC, {}, TABLES, held_out, federated=MODEL) == figures


def test_a_comparison_wants_tables():
    with pytest.raises(RecipeError, match="no tables"):
        compare(LOGISTIC, {}, {}, make(9, 10))


def figures(correct):
    sites = {"small": Evaluation(100, 60, 50, 0), "big": Evaluation(100, 80, 50, 0)}
    return Comparison(sites, Evaluation(100, correct, 50, 0), Evaluation(100, 85, 50, 0), "big")


@pytest.mark.parametrize(
    ("correct", "gains", "said"),
    [
        (84, True, "big, gains 4.0 points."),
        (80, False, "gains nothing: its own model reaches 80.0 %; the worst site, small, gains 20.0 points."),
        (60, False, "loses accuracy: its own model reaches 80.0 %; no site gains."),
        (
            70,
            False,
            "loses accuracy: its own model reaches 80.0 %; the worst site, small, gains 10.0 points.",
        ),
    ],
)
def test_the_sentence_says_what_the_largest_site_gains(correct, gains, said):
    comparison = figures(correct)
    assert comparison.largest_gains is gains
    assert comparison.sentence().endswith(said)
    assert comparison.sentence().startswith("Alone, the sites reach small 60.0 %, big 80.0 %; together")
