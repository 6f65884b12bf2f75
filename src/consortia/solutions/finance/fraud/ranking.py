"""How well scores put frauds first: what an analyst, who looks at the top of a list, gets."""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64] | NDArray[np.int64]
Truth = NDArray[np.bool_]


def average_precision(scores: Scores, truth: Truth) -> float:
    """The mean over all frauds of the precision at that fraud's place; payments of one score share a place.

    0 where there is no fraud. Source: the step-wise area under the precision-recall curve, as scikit-learn's.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, found = scores[order], np.cumsum(truth[order])
    if not len(found) or not found[-1]:
        return 0.0
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = found[ends]
    precision = hits / (ends + 1)
    return float(np.sum(np.diff(hits, prepend=0) * precision) / found[-1])


def precision_at(scores: Scores, truth: Truth, alerts: int) -> float:
    """The share of frauds among the `alerts` payments of the highest scores; of one score, earlier first."""
    top = np.argsort(-scores, kind="stable")[:alerts]
    return float(truth[top].mean()) if len(top) else 0.0


def saved_at(scores: Scores, truth: Truth, amounts: NDArray[np.float64], alerts: int) -> float:
    """The money of the frauds among the `alerts` payments of the highest scores."""
    top = np.argsort(-scores, kind="stable")[:alerts]
    return float(amounts[top][truth[top]].sum())
