"""Linear and logistic models in integers: a prediction re-executes bit for bit.

Three grids: features at 2^-20 of their column's power-of-two scale (FEATURE_BITS), standardised
features at 2^-16 (STANDARD_BITS), weights, scores and probabilities at 2^-24 (WEIGHT_BITS). Every
rounding is half to even. A missing feature is the shared mean, that is, zero once standardised.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from consortia.exact.fixed import Integers, divide, divide_array

FEATURE_BITS = 20
STANDARD_BITS = 16
WEIGHT_BITS = 24

FEATURE_MAX = 1 << (FEATURE_BITS + 8)
"""Features are clipped to 256 times their column's scale."""
STANDARD_MAX = 16
"""Standardised features are clipped to 16 standard deviations, so that one wild cell cannot rule."""
WEIGHT_MAX = 1 << (WEIGHT_BITS + 10)
"""Weights stay within 1,024 per standard deviation, so that every score fits 64 bits."""

_STEP_BITS = 10
_EDGE = 16
_TABLE_BITS = 40
_WORK_BITS = 128


def standardise(
    values: Integers, present: NDArray[np.bool_], means: Integers, deviations: Integers
) -> Integers:
    """`(values - means) / deviations` on the 2^-16 grid; missing cells and constant columns are 0.

    `values` and `present` have shape (records, columns), `means` and `deviations` (columns,), all on
    the feature grid. A deviation of 0 marks a constant column.
    """
    varied = deviations > 0
    divisors = np.where(varied, deviations, 1)
    distance = np.clip(values - means, -STANDARD_MAX * divisors, STANDARD_MAX * divisors)
    standard = divide_array(distance << STANDARD_BITS, divisors)
    standard[~present] = 0
    standard[:, ~varied] = 0
    return standard


def scores(standard: Integers, weights: Integers, intercept: int) -> Integers:
    """`standard @ weights + intercept` on the 2^-24 grid, shape (records,).

    `standard` on the 2^-16 grid, `weights` (columns,) and `intercept` on the 2^-24 grid. With at most
    128 columns inside STANDARD_MAX and WEIGHT_MAX no product or sum leaves 64 bits.
    """
    wide = standard @ weights
    return divide_array(wide, 1 << STANDARD_BITS) + intercept


def sigmoid(score: Integers) -> Integers:
    """1 / (1 + e^-score), score and result on the 2^-24 grid; within one unit (2^-24) of the true value.

    Linear interpolation in a table of step 2^-10, exact to 2^-40: the chord is off by at most
    2^-20 / 8 * max|sigmoid''| < 1.2e-8, a fifth of a unit; the rounding adds half a unit. Beyond
    +-16 the value at 16 stands. Exactly symmetric: sigmoid(-x) = 1 - sigmoid(x).
    """
    table = _sigmoid_table()
    one = 1 << WEIGHT_BITS
    magnitude = np.minimum(np.abs(score), _EDGE * one)
    fraction_bits = WEIGHT_BITS - _STEP_BITS
    cell = magnitude >> fraction_bits
    within = magnitude - (cell << fraction_bits)
    low = table[cell]
    wide = (low << fraction_bits) + (table[cell + 1] - low) * within
    upper = divide_array(wide, 1 << (fraction_bits + _TABLE_BITS - WEIGHT_BITS))
    return np.where(score >= 0, upper, one - upper)


def sigmoid_one(score: int) -> int:
    """`sigmoid` of one score."""
    return int(sigmoid(np.array([max(-(1 << 40), min(1 << 40, score))], dtype=np.int64))[0])


def probability_ppm(probability: int) -> int:
    """A probability on the 2^-24 grid as parts per million."""
    return divide(probability * 1_000_000, 1 << WEIGHT_BITS)


def classify(probability: Integers, threshold: int = 1 << (WEIGHT_BITS - 1)) -> NDArray[np.bool_]:
    """Whether each probability reaches the threshold (one half by default), both on the 2^-24 grid."""
    return probability >= threshold


@cache
def _sigmoid_table() -> Integers:
    """sigmoid(k * 2^-10) for k = 0..16,385 on the 2^-40 grid, from integers alone; the last entry repeats."""
    one = 1 << _WORK_BITS
    ratio, term, k = one, one, 0
    while term:
        k += 1
        term = -divide(abs(term), k << _STEP_BITS) if k % 2 else divide(abs(term), k << _STEP_BITS)
        ratio += term
    entries = []
    power = one
    for _ in range((_EDGE << _STEP_BITS) + 1):
        entries.append(divide(one << _TABLE_BITS, one + power))
        power = power * ratio >> _WORK_BITS
    entries.append(entries[-1])
    return np.array(entries, dtype=np.int64)
