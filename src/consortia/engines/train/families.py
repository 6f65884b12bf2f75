"""The families of generalised linear models: what a score means, and how strongly a record bends the loss.

All on the 2^-24 grid, elementwise and exact. `logistic`: a chance, from log odds. `linear`: the label itself.
`poisson`: a mean that is not negative, from its logarithm, at most 256 times the label's scale.
"""

from typing import Literal, TypeAlias

import numpy as np

from consortia.exact.exponential import MEAN_BITS, mean_of
from consortia.exact.fixed import Integers, divide_array
from consortia.exact.linear import WEIGHT_BITS, sigmoid

Family: TypeAlias = Literal["logistic", "linear", "poisson"]

RESIDUAL_BITS = {"logistic": 0, "linear": 6, "poisson": MEAN_BITS}
"""A record's residual is at most 2^bits; beyond it (linear only) it is clipped."""
CURVE_QUARTERS = {"logistic": 1, "linear": 4, "poisson": 4 << MEAN_BITS}
"""A record's curvature is at most so many quarters."""
CURVE_LEAST = 1 << 4
"""2^-20: times an intercept's cell it is one unit of the curvature's grid, so that no Hessian vanishes."""


def expected(family: Family, score: Integers) -> Integers:
    """What the family expects at each score: a chance, the label, a mean."""
    if family == "logistic":
        return sigmoid(score)
    return score if family == "linear" else mean_of(score)


def residual(family: Family, expectation: Integers, target: Integers) -> Integers:
    """The gradient of each record's loss by its score: expectation less label, within the family's bound."""
    bound = 1 << (WEIGHT_BITS + RESIDUAL_BITS[family])
    away: Integers = np.clip(expectation - target, -bound, bound)
    return away


def curve(family: Family, expectation: Integers) -> Integers:
    """The second derivative of each record's loss by its score; at least CURVE_LEAST."""
    if family == "linear":
        return np.full(len(expectation), 1 << WEIGHT_BITS, dtype=np.int64)
    if family == "poisson":
        return np.maximum(expectation, CURVE_LEAST)
    variance = divide_array(expectation * ((1 << WEIGHT_BITS) - expectation), 1 << WEIGHT_BITS)
    return np.maximum(variance, CURVE_LEAST)
