"""Server steps in integers: the papers' rules to the last place, and bounds that hold."""

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest

from consortia.exact.adaptive import (
    UPDATE_MAX,
    VALUE_MAX,
    Moments,
    Rates,
    adam,
    averaged,
    first_moments,
    mean_update,
    moved,
    root,
    yogi,
)
from consortia.exact.ring import RingError

RATES = Rates(30, 900, 990, 1_000)
DRAW = np.random.default_rng(6)
UPDATES = [DRAW.integers(-(1 << bits), 1 << bits, 50) for bits in (25, 18, 10, 4, 25, 12)]


def plain(rule, updates):
    """The rule number by number, in Python's integers and fractions; weights after every update."""
    tau = max(1, round(Fraction(RATES.tau_micro << 20, 10**6)))
    weights, first, second = ([start] * 50 for start in (0, 0, tau * tau))
    for update in updates:
        for i, change in enumerate(update.tolist()):
            square = change * change
            if rule is adam:
                second[i] = round(Fraction(990 * second[i] + 10 * square, 1000))
            else:
                sign = (second[i] > square) - (second[i] < square)
                second[i] = max(0, second[i] - round(Fraction(10 * square, 1000)) * sign)
            first[i] = round(Fraction(900 * first[i] + 100 * (change << 8), 1000))
            weights[i] += round(Fraction((first[i] * 30) << 12, (isqrt(second[i]) + tau) * 1000))
    return weights


@pytest.mark.parametrize("rule", [adam, yogi])
def test_a_rule_is_its_plain_version_number_by_number(rule):
    moments, weights = first_moments(50, RATES.tau_micro), np.zeros(50, dtype=np.int64)
    for update in UPDATES:
        moments, change = rule(moments, update, RATES)
        weights = moved(weights, change)
    assert weights.tolist() == plain(rule, UPDATES)


def test_adam_is_the_papers_rule_in_floats():
    moments, weights = first_moments(50, RATES.tau_micro), np.zeros(50, dtype=np.int64)
    m, v, w = np.zeros(50), np.full(50, 1e-6), np.zeros(50)
    for update in UPDATES:
        moments, change = adam(moments, update, RATES)
        weights = moved(weights, change)
        delta = update / 2**20
        m = 0.9 * m + 0.1 * delta
        v = 0.99 * v + 0.01 * delta**2
        w = w + 0.03 * m / (np.sqrt(v) + 1e-3)
    assert weights / 2**20 == pytest.approx(w, abs=1e-3)


def test_the_extremes_stay_inside_64_bits():
    largest = np.full(3, UPDATE_MAX) * np.array([1, -1, 0])
    for rule in (adam, yogi):
        moments = Moments(largest << 8, np.full(3, UPDATE_MAX**2))
        after, change = rule(moments, largest, Rates(10_000, 999, 0, 1))
        assert change[0] == -change[1]
        assert change[2] == 0
        assert (np.abs(change) <= 1 << 40).all()
        assert int(after.second.min()) >= 0


def test_roots_are_whole_and_rounded_down():
    values = [
        0,
        1,
        2,
        3,
        4,
        8,
        9,
        (1 << 50) - 1,
        1 << 50,
        (1 << 61) - 1,
        *DRAW.integers(0, 1 << 60, 100).tolist(),
    ]
    assert root(np.array(values)).tolist() == [isqrt(value) for value in values]


def test_a_mean_is_brought_to_the_cohort_and_clipped():
    total = np.array([5, -5, 7, UPDATE_MAX + 1])
    assert mean_update(total, joined=10, cohort=10).tolist() == [5, -5, 7, UPDATE_MAX]
    assert mean_update(total[:3], joined=10, cohort=4).tolist() == [12, -12, 18]
    with pytest.raises(RingError, match="64 bits"):
        mean_update(np.array([1 << 40]), joined=1 << 30, cohort=1)


def test_weights_stay_inside_32_bits():
    assert moved(np.array([VALUE_MAX, -VALUE_MAX]), np.array([9, -9])).tolist() == [VALUE_MAX, -VALUE_MAX]


@pytest.mark.parametrize(("joined", "cohort"), [(1, 1), (90, 60), (1_000, 7)])
@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_averaging_block_by_block_is_the_mean_update_and_the_move(joined, cohort, kind):
    total = DRAW.integers(-(1 << 24), 1 << 24, 100_000).astype(kind)
    weights = DRAW.integers(-VALUE_MAX, VALUE_MAX, 100_000).astype(np.int32)
    update = mean_update(total.astype(np.int64), joined=joined, cohort=cohort)
    following = averaged(weights, total, joined=joined, cohort=cohort)
    assert following.dtype == np.dtype("<i4")
    assert (following == moved(weights.astype(np.int64), update)).all()


def test_averaging_refuses_a_product_beyond_64_bits():
    with pytest.raises(RingError):
        averaged(np.zeros(2, dtype=np.int32), np.array([0, 1 << 60]), joined=1_000, cohort=1)
