"""Exact prediction: the same integers from the same model and features, on any machine.

`features_of` reads a row of cells into the integers that a prediction record holds; `predict_features`
answers from those integers alone, so that anyone with the model and the record re-executes the answer
bit for bit; `predict` does both.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from consortia.base.codec import Malformed, Record, decode_record
from consortia.engines.infer.models import Model, answers, kind_of, load
from consortia.engines.train.design import features, row_numbers
from consortia.exact.fixed import Integers, from_integers
from consortia.exact.linear import FEATURE_MAX, probability_ppm, sigmoid

FeatureRow: TypeAlias = Sequence[int | None]

THRESHOLD_PPM = 500_000


class Prediction(Record, frozen=True):
    """An answer in integers.

    `score` on the 2^-24 grid: log odds of the second class; for a number the label over 2^exponent; for
    times the logarithm of the risk. `probability_ppm`: of the second class, parts per million; 0 without
    classes. `label`: the class's text; empty without classes.
    """

    score: int
    probability_ppm: int
    label: str


class Features(Record, frozen=True):
    """A feature row as a prediction record holds it: grid integers, level indices, or null for missing."""

    cells: tuple[int | None, ...]


class Seen(Record, frozen=True):
    """What a trading agent saw: the cells that it answers to, and the integers of its desk (`exact.desk`)."""

    cells: tuple[int | None, ...]
    desk: tuple[int, ...]


def cells_in(data: bytes) -> tuple[int | None, ...]:
    """The cells that were answered to, of a record `Features` or `Seen`; raises base.codec.Malformed."""
    try:
        return decode_record(Features, data).cells
    except Malformed:
        return decode_record(Seen, data).cells


def features_of(model: bytes | Model, row: Sequence[object]) -> tuple[int | None, ...]:
    """The feature integers of one row of cells in the schema's order (numbers, text, None for missing).

    Raises ValueError, naming the column, for a cell that the schema does not allow.
    """
    schema = _loaded(model).schema
    values, present = features(schema, row_numbers(schema, row))
    return tuple(int(value) if here else None for value, here in zip(values[0], present[0], strict=True))


def predict_features(
    model: bytes | Model, rows: Sequence[FeatureRow], *, threshold_ppm: int = THRESHOLD_PPM
) -> list[Prediction]:
    """The predictions for rows of feature integers; exact.

    The label is the second class from `threshold_ppm` on. Raises ValueError for a row that `features_of`
    cannot have made: another length, a number beyond its clip, an index of no level.
    """
    loaded = _loaded(model)
    width = len(loaded.schema.fields)
    for row in rows:
        _check_features(loaded, row)
    values = from_integers([0 if v is None else v for row in rows for v in row]).reshape(len(rows), width)
    present = np.array([[v is not None for v in row] for row in rows], dtype=np.bool_).reshape(
        len(rows), width
    )
    return _predictions(loaded, answers(loaded, values, present), threshold_ppm)


def predict(model: bytes | Model, row: Sequence[object], *, threshold_ppm: int = THRESHOLD_PPM) -> Prediction:
    """The prediction for one row of cells; see `features_of` and `predict_features`."""
    return predict_features(model, [features_of(model, row)], threshold_ppm=threshold_ppm)[0]


def score_numbers(
    model: bytes | Model, numbers: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> Integers:
    """The scores of a table's `numbers` (records, fields) on the 2^-24 grid: many rows at once."""
    loaded = _loaded(model)
    return answers(loaded, *features(loaded.schema, numbers))


def probabilities(score: Integers) -> Integers:
    """The second class's probability for each score, both on the 2^-24 grid."""
    return sigmoid(score)


def _check_features(model: Model, row: FeatureRow) -> None:
    if len(row) != len(model.schema.fields):
        raise ValueError(f"a feature row has {len(model.schema.fields)} integers")
    for field, value in zip(model.schema.fields, row, strict=True):
        low, high = (-FEATURE_MAX, FEATURE_MAX) if field.kind == "number" else (0, len(field.levels) - 1)
        if value is not None and not low <= value <= high:
            raise ValueError(f'column "{field.name}": {value} is not in {low}..{high}')


def _loaded(model: bytes | Model) -> Model:
    return load(model) if isinstance(model, bytes) else model


def _predictions(model: Model, score: Integers, threshold_ppm: int) -> list[Prediction]:
    if kind_of(model) != "chance":
        return [Prediction(int(value), 0, "") for value in score]
    classes = model.schema.label.classes
    parts = [probability_ppm(int(value)) for value in sigmoid(score)]
    return [
        Prediction(int(value), ppm, classes[ppm >= threshold_ppm])
        for value, ppm in zip(score, parts, strict=True)
    ]
