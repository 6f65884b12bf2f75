"""Prediction: the same integers each time, from cells, feature integers, tables and frames alike."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.engines.infer import Estimator, Prediction, features_of, load, predict, predict_features
from consortia.engines.infer.predict import Features, score_numbers
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.reference import nearest, read_number, standard_cell
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.exact.linear import probability_ppm, sigmoid_one
from tests.engines.tables import SCHEMA, make, numeric_tables

TABLES = {"a": make(1, 80), "b": make(2, 50)}
MODEL = train(recipe("glm.logistic"), {}, TABLES).model
ROW = (61.5, "c", None)


def test_a_prediction_is_what_the_plain_version_says():
    model = load(MODEL)
    feature = read_number(61.5, 6)
    cells = [feature, 0, 0, 1 << 20, None, 1 << 20]
    standard = [
        standard_cell(*each)
        for each in zip(cells, model.moments.means, model.moments.deviations, strict=True)
    ]
    wide = sum(c * w for c, w in zip(standard, model.weights[1:], strict=True))
    score = nearest(Fraction(wide, 65536)) + model.weights[0]
    ppm = probability_ppm(sigmoid_one(score))
    assert predict(MODEL, ROW) == Prediction(score, ppm, "yes" if ppm >= 500_000 else "no")


def test_a_prediction_is_re_executed_from_its_record_bit_for_bit():
    record = encode_record(Features(features_of(MODEL, ROW)))
    answer = encode_record(predict(MODEL, ROW))
    read = decode_record(Features, record)
    assert encode_record(predict_features(MODEL, [read.cells])[0]) == answer


def test_many_rows_are_answered_as_each_alone():
    rows = [ROW, (None, None, None), ("47", "a", "0.25"), (1e9, "b", 0)]
    together = predict_features(MODEL, [features_of(MODEL, row) for row in rows])
    assert together == [predict(MODEL, row) for row in rows]
    assert predict_features(MODEL, []) == []


def test_missing_cells_have_many_spellings_and_one_meaning():
    spellings = [(None, "?", ""), (float("nan"), None, " ? "), ("", "", "?")]
    assert len({features_of(MODEL, row) for row in spellings}) == 1
    assert features_of(MODEL, spellings[0]) == (None, None, None)


def test_the_threshold_decides_the_label_and_nothing_else():
    plain = predict(MODEL, ROW)
    strict = predict(MODEL, ROW, threshold_ppm=plain.probability_ppm + 1)
    assert strict == Prediction(plain.score, plain.probability_ppm, "no")
    assert predict(MODEL, ROW, threshold_ppm=plain.probability_ppm).label == "yes"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((1, "a"), "2 cells"),
        (("old", "a", 1), 'column "age": .old. is not a finite number'),
        ((float("inf"), "a", 1), 'column "age"'),
        ((1, "z", 1), 'column "type": .z. is not one of a, b, c'),
    ],
)
def test_cells_that_the_schema_does_not_allow_are_refused(row, said):
    with pytest.raises(ValueError, match=said):
        predict(MODEL, row)


@pytest.mark.parametrize("row", [(1, 0), (1 << 29, 0, 0), (0, 3, 0), (0, -1, 0), (0, 1 << 70, 0)])
def test_feature_integers_that_no_cells_give_are_refused(row):
    with pytest.raises(ValueError, match=r"integers|is not in"):
        predict_features(MODEL, [row])


def test_bytes_that_are_no_model_are_refused():
    with pytest.raises(Malformed):
        predict(MODEL + b"\x00", ROW)


def test_the_estimator_agrees_with_the_exact_predictions():
    estimator = Estimator(MODEL)
    rows = [ROW, (40.0, "a", 0.1), (None, "b", None)]
    exact = [predict(MODEL, row) for row in rows]
    assert estimator.predict(rows).tolist() == [p.label for p in exact]
    assert estimator.predict_proba(rows)[:, 1] == pytest.approx(
        [p.probability_ppm / 1e6 for p in exact], abs=1e-6
    )
    assert estimator.predict_proba(rows).sum(axis=1).tolist() == [1.0, 1.0, 1.0]
    assert estimator.decision_function(rows) == pytest.approx([p.score / 2**24 for p in exact])
    assert estimator.predict_one({"type": "c", "age": 61.5}) == exact[0]


def test_frames_mappings_and_lists_are_answered_alike():
    estimator = Estimator(MODEL)
    frame = pd.DataFrame({"dose": [0.1, None], "extra": [1, 2], "age": [50, 60], "type": ["a", None]})
    rows = [(50, "a", 0.1), (60, None, None)]
    mappings = [dict(zip(("age", "type", "dose"), row, strict=True)) for row in rows]
    answers = [estimator.decision_function(each).tolist() for each in (frame, mappings, rows)]
    assert answers[0] == answers[1] == answers[2]


def test_a_frame_without_a_column_is_refused():
    with pytest.raises(ValueError, match="no such columns: type, dose"):
        Estimator(MODEL).predict(pd.DataFrame({"age": [1]}))


def test_no_rows_have_no_answers():
    assert Estimator(MODEL).predict([]).tolist() == []


def test_the_estimator_has_scikit_learns_attributes():
    estimator = Estimator(MODEL)
    assert estimator.classes_.tolist() == ["no", "yes"]
    assert estimator.feature_names_in_.tolist() == list(SCHEMA.names)
    assert estimator.n_features_in_ == 3
    assert estimator.coef_.shape == (1, len(SCHEMA.design_names))
    assert estimator.get_params() == {"model": MODEL}


def test_the_score_is_the_accuracy():
    estimator = Estimator(MODEL)
    rows = [ROW, (40.0, "a", 0.1)]
    labels = estimator.predict(rows)
    assert estimator.score(rows, labels) == 1.0
    assert estimator.score(rows, [labels[0], "neither"]) == 0.5


def test_coefficients_are_in_the_columns_own_units():
    """The rescaled coefficients equal scikit-learn's on the standardised columns, carried back."""
    tables = wisconsin_hospitals(2).tables
    model = train(recipe("glm.logistic"), {"rounds": 12}, tables).model
    estimator = Estimator(model)
    x = np.concatenate([t.numbers for t in tables.values()])
    y = np.concatenate([t.labels for t in tables.values()])
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    oracle = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit((x - mean) / deviation, y)
    assert estimator.coef_[0] * deviation == pytest.approx(oracle.coef_[0], abs=2e-3)
    assert x @ estimator.coef_[0] + estimator.intercept_[0] == pytest.approx(
        estimator.decision_function(x), abs=2e-3
    )


def test_a_linear_model_answers_in_the_labels_units():
    tables = numeric_tables()
    table = tables["p"]
    model = train(recipe("glm.linear"), {"ridge_milli": 1}, tables).model
    estimator = Estimator(model)
    found = estimator.predict(table.numbers)
    assert np.abs(found - table.labels).max() < 0.5
    assert estimator.score(table.numbers, table.labels) > 0.99
    assert estimator.coef_[0] == pytest.approx([3, -1], abs=0.05)
    exact = predict(model, table.numbers[0].tolist())
    assert exact == Prediction(int(score_numbers(model, table.numbers[:1])[0]), 0, "")
    assert exact.score / 2**24 * 8 == pytest.approx(found[0])
    with pytest.raises(TypeError, match="no classes"):
        estimator.predict_proba(table.numbers)
