"""Integer models: the sigmoid is as exact as stated, standardisation and scores are as written."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.exact.linear import (
    STANDARD_MAX,
    WEIGHT_BITS,
    WEIGHT_MAX,
    classify,
    probability_ppm,
    scores,
    sigmoid,
    sigmoid_one,
    standardise,
)

ONE = 1 << WEIGHT_BITS


def true_sigmoid(score):
    with localcontext() as context:
        context.prec = 50
        return 1 / (1 + (-Decimal(score) / ONE).exp())


@given(st.integers(-16 * ONE, 16 * ONE))
def test_the_sigmoid_is_within_one_unit_of_the_true_value(score):
    assert abs(Decimal(sigmoid_one(score)) - true_sigmoid(score) * ONE) <= 1


@given(st.integers(-(1 << 62), 1 << 62))
def test_the_sigmoid_is_symmetric(score):
    assert sigmoid_one(score) + sigmoid_one(-score) == ONE


def test_the_sigmoid_never_falls():
    grid = np.arange(-17 * ONE, 17 * ONE, 40_009)
    assert (np.diff(sigmoid(grid)) >= 0).all()


def test_the_sigmoid_of_zero_is_one_half_and_stands_still_beyond_16():
    assert sigmoid_one(0) == ONE // 2
    assert sigmoid_one(16 * ONE) == sigmoid_one(1000 * ONE) == ONE - 2


def test_one_score_and_an_array_of_scores_agree():
    values = [-3 * ONE, -1, 0, 12_345_678, 20 * ONE]
    assert sigmoid(np.array(values)).tolist() == [sigmoid_one(v) for v in values]


@given(st.integers(-(1 << 28), 1 << 28), st.integers(-(1 << 28), 1 << 28), st.integers(1, 1 << 28))
def test_a_cell_is_standardised_half_to_even_and_clipped(value, mean, deviation):
    got = standardise(np.array([[value]]), np.array([[True]]), np.array([mean]), np.array([deviation]))
    exact = Fraction(value - mean, deviation)
    clipped = max(Fraction(-STANDARD_MAX), min(Fraction(STANDARD_MAX), exact))
    assert got.tolist() == [[round(clipped * 65536)]]


def test_missing_cells_and_constant_columns_are_zero():
    got = standardise(np.array([[9, 9]]), np.array([[False, True]]), np.array([1, 1]), np.array([1, 0]))
    assert got.tolist() == [[0, 0]]


def test_a_score_is_the_weighted_sum_and_the_intercept():
    assert scores(np.array([[65536, -32768]]), np.array([ONE, 3]), 5).tolist() == [ONE - 2 + 5]


def test_the_largest_score_fits_64_bits():
    wide = np.full((1, 128), STANDARD_MAX << 16, dtype=np.int64)
    got = scores(wide, np.full(128, WEIGHT_MAX, dtype=np.int64), WEIGHT_MAX)
    assert got.tolist() == [128 * STANDARD_MAX * WEIGHT_MAX + WEIGHT_MAX]


@pytest.mark.parametrize(
    ("probability", "ppm"), [(0, 0), (ONE // 2, 500_000), (ONE, 1_000_000), (1, 0), (9, 1)]
)
def test_a_probability_is_shown_in_parts_per_million(probability, ppm):
    assert probability_ppm(probability) == ppm


def test_a_probability_at_the_threshold_is_of_the_second_class():
    assert classify(np.array([ONE // 2 - 1, ONE // 2])).tolist() == [False, True]
