"""A trained model in scikit-learn's shape, without scikit-learn."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consortia.engines.infer.models import is_logarithm, kind_of, linear_weights, load
from consortia.engines.infer.predict import Prediction, predict, probabilities, score_numbers
from consortia.engines.train.design import row_numbers
from consortia.engines.train.files import canonical
from consortia.exact.fixed import from_integers
from consortia.exact.linear import FEATURE_BITS, WEIGHT_BITS

X = Any
"""Rows: a data frame with the model's columns, an array or nested list (records, columns), or mappings."""


class Estimator:
    """`predict`, `predict_proba`, `decision_function`, `score` over rows of raw features.

    `classes_` (2,) are the label's classes as text, the second being the positive one;
    `feature_names_in_` the raw columns, `design_names_` those of the design; `coef_` (1, design columns)
    and `intercept_` (1,), of linear models, apply to the design in its own units, as a pooled fit's would:
    to the log odds, the label, the logarithm of a mean or of a risk. Missing cells are None, NaN, "" or "?".
    Where a number is predicted there are no classes: `predict` gives numbers and `score` is R squared.
    """

    def __init__(self, model: bytes) -> None:
        """`model` as a recipe's `finish` gives it; raises base.codec.Malformed."""
        self.model = model
        self._model = load(model)
        schema = self._model.schema
        self.classes_ = np.array(schema.label.classes, dtype=object)
        self.feature_names_in_ = np.array(schema.names, dtype=object)
        self.design_names_ = np.array(schema.design_names, dtype=object)
        self.n_features_in_ = len(schema.names)
        weights = linear_weights(self._model)
        if weights is not None:
            coefficients, self.intercept_ = self._raw_coefficients(weights)
            self.coef_ = coefficients.reshape(1, -1)

    def decision_function(self, rows: X) -> NDArray[np.float64]:
        """The log odds of the second class (else the label, or the log risk), shape (records,)."""
        return np.ldexp(
            score_numbers(self._model, self._numbers(rows)).astype(np.float64), self._label_exponent()
        )

    def predict_proba(self, rows: X) -> NDArray[np.float64]:
        """The probabilities of both classes, shape (records, 2); raises TypeError where there are none."""
        if not len(self.classes_):
            raise TypeError("the model predicts a number and has no classes")
        chance = probabilities(score_numbers(self._model, self._numbers(rows)))
        second = np.ldexp(chance.astype(np.float64), -WEIGHT_BITS)
        return np.column_stack([1.0 - second, second])

    def predict(self, rows: X) -> NDArray[Any]:
        """The class of each row as text, or the number that is predicted; shape (records,)."""
        if not len(self.classes_):
            return self.decision_function(rows)
        found: NDArray[Any] = self.classes_[(self.predict_proba(rows)[:, 1] >= 0.5).astype(np.int64)]
        return found

    def predict_one(self, row: Sequence[object] | Mapping[str, object]) -> Prediction:
        """The exact prediction for one row of cells, as a prediction record holds it."""
        return predict(self._model, self._cells(row))

    def score(self, rows: X, labels: Sequence[object] | NDArray[Any]) -> float:
        """The accuracy (without classes: R squared) on rows with known labels."""
        found = self.predict(rows)
        if len(self.classes_):
            return float(np.mean([_same(a, b) for a, b in zip(found, labels, strict=True)]))
        truth = np.asarray(labels, dtype=np.float64)
        return float(1.0 - ((truth - found) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 (scikit-learn's signature)
        """The constructor's argument, as scikit-learn's `clone` asks for it."""
        del deep
        return {"model": self.model}

    def _cells(self, row: Sequence[object] | Mapping[str, object]) -> Sequence[object]:
        if isinstance(row, Mapping):
            return [row.get(name) for name in self._model.schema.names]
        return row

    def _numbers(self, rows: X) -> NDArray[np.float64]:
        schema = self._model.schema
        if hasattr(rows, "columns"):
            missing = [name for name in schema.names if name not in rows.columns]
            if missing:
                raise ValueError(f"no such columns: {', '.join(missing)}")
            rows = rows[list(schema.names)].to_numpy(dtype=object)
        if isinstance(rows, np.ndarray) and rows.dtype.kind in "fiu" and rows.ndim == 2:
            numeric = all(field.kind == "number" for field in schema.fields)
            if numeric and rows.shape[1] == len(schema.fields):
                return rows.astype(np.float64)
        if not len(rows):
            return np.empty((0, len(schema.fields)))
        return np.concatenate([row_numbers(schema, self._cells(row)) for row in rows])

    def _label_exponent(self) -> int:
        exponent = 0 if kind_of(self._model) == "risk" else self._model.schema.label.exponent
        return exponent - WEIGHT_BITS

    def _raw_coefficients(self, integers: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        model = self._model
        exponents: list[int] = []
        for field in model.schema.fields:
            exponents += [field.exponent] * (1 if field.kind == "number" else len(field.levels))
            exponents += [0] * field.missing_flag
        scale = np.array(exponents, dtype=np.int64) - FEATURE_BITS
        means = np.ldexp(from_integers(model.moments.means).astype(np.float64), scale)
        deviations = np.ldexp(from_integers(model.moments.deviations).astype(np.float64), scale)
        logarithm = is_logarithm(model)
        unit = -WEIGHT_BITS if logarithm else self._label_exponent()
        weights = np.ldexp(from_integers(integers).astype(np.float64), unit)
        varied = deviations > 0
        slopes = np.where(varied, weights[1:] / np.where(varied, deviations, 1.0), 0.0)
        intercept = weights[0] - float((slopes * means).sum())
        # A mean is 2^exponent times what its score says; a risk has no unit.
        counts = logarithm and kind_of(model) == "number"
        return slopes, np.array([intercept + counts * model.schema.label.exponent * math.log(2.0)])


def _same(found: object, label: object) -> bool:
    return found == canonical(str(label).strip())
