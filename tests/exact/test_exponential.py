"""The exponential in integers: as near as it says, for every magnitude, in any order."""

from fractions import Fraction

import numpy as np
import pytest

from consortia.exact.exponential import (
    MANTISSA_BITS,
    MEAN_MAX,
    SCORE_MAX,
    exponential,
    logarithm,
    mean_of,
    mean_of_one,
)

ONE = 1 << 24


def true(score: int) -> Fraction:
    """e^(score / 2^24), by the series of a hundredth part and repeated squaring, to 300 bits."""
    x, halvings = Fraction(score, ONE), 10
    part, term = Fraction(1), Fraction(1)
    for k in range(1, 40):
        term = Fraction(int(term * x / (k << halvings) * (1 << 400)), 1 << 400)
        part += term
    for _ in range(halvings):
        part = Fraction(int(part * part * (1 << 400)), 1 << 400)
    return part


SCORES = [
    0,
    1,
    -1,
    7,
    ONE,
    -ONE,
    ONE // 3,
    11629079,
    11629080,
    -11629080,
    5 * ONE + 12345,
    SCORE_MAX,
    -SCORE_MAX,
]
RANDOM = np.random.default_rng(3).integers(-SCORE_MAX, SCORE_MAX, 200).tolist()


@pytest.mark.parametrize("scores", [SCORES, RANDOM], ids=["edges", "random"])
def test_mantissa_and_power_are_within_2_to_the_minus_28(scores):
    mantissas, powers = exponential(np.array(scores, dtype=np.int64))
    for score, mantissa, power in zip(scores, mantissas.tolist(), powers.tolist(), strict=True):
        assert 1 << MANTISSA_BITS <= mantissa <= 2 << MANTISSA_BITS
        found = Fraction(mantissa) * Fraction(2) ** (power - MANTISSA_BITS)
        assert abs(found / true(score) - 1) < Fraction(1, 1 << 28)


def test_a_mean_is_within_a_unit_or_its_relative_error():
    scores = np.random.default_rng(4).integers(-17 * ONE, 11 * ONE // 2, 300)
    for score, mean in zip(scores.tolist(), mean_of(scores).tolist(), strict=True):
        exact = true(score) * ONE
        assert abs(mean - exact) <= max(1, exact / (1 << 28))


def test_means_end_at_their_bounds():
    assert mean_of(np.array([SCORE_MAX, 6 * ONE, -SCORE_MAX, -(1 << 60)])).tolist() == [
        MEAN_MAX,
        MEAN_MAX,
        0,
        0,
    ]
    assert mean_of_one(0) == ONE
    assert mean_of_one(1 << 80) == MEAN_MAX


@pytest.mark.parametrize("mean", [1, 12345, ONE, 3 * ONE, 200 * ONE, MEAN_MAX])
def test_the_logarithm_undoes_the_exponential(mean):
    score = logarithm(mean)
    assert mean_of_one(score) >= mean > mean_of_one(score - ONE // mean - 2)


def test_a_mean_of_nothing_has_a_finite_logarithm():
    assert logarithm(0) == -18 * ONE
