"""Step tables: ranks, tails and logarithms from counts, the same bits everywhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.engines.detect import reference
from consortia.exact.steps import (
    KNOTS_MAX,
    Steps,
    StepsError,
    count,
    logarithm_two,
    look_up,
    shares,
    steps,
)

words = st.lists(st.integers(-(2**45), 2**45) | st.integers(-3, 3), min_size=1, max_size=60)


@given(words, words)
def test_a_share_is_who_stands_below_and_half_of_the_equals(population, asked):
    found = look_up(shares(np.array(population)), np.array(asked))
    assert found.tolist() == [reference.share(population, each) for each in asked]


@given(words, st.integers(4, 12))
def test_a_thinned_table_keeps_the_order_and_its_ends(population, knots):
    counted = count(np.array(population), knots_max=knots, ends=knots // 4)
    assert counted.knots.size <= knots
    assert {min(population), max(population)} <= set(counted.knots.tolist()) or knots // 4 == 0
    table = shares(np.array(population), knots_max=knots)
    found = look_up(table, np.array(sorted(population)))
    assert (np.diff(found) >= 0).all()


def test_thinned_shares_stay_near_the_whole_ones():
    population = np.random.default_rng(1).standard_cauchy(50_000) * 1000
    whole = population.astype(np.int64)
    ordered = np.sort(whole)
    found = look_up(shares(whole, knots_max=1024), ordered)
    exact = (np.arange(whole.size) * (1 << 20)) // whole.size
    assert np.abs(found - exact).max() < (1 << 20) // 400


@given(st.lists(st.integers(1, 2**40), max_size=20))
def test_logarithms_are_those_of_the_plain_version(counts):
    found = logarithm_two(np.array(counts, dtype=np.int64))
    assert found.tolist() == [reference.logarithm(each) for each in counts]


@given(st.integers(1, 2**40))
def test_a_logarithm_is_at_most_a_digit_low(value):
    exact = (value**65536).bit_length() - 1
    assert exact - 1 <= reference.logarithm(value) <= exact


@pytest.mark.parametrize("wrong", [0, -1, 2**40 + 1])
def test_logarithms_of_other_numbers_are_refused(wrong):
    with pytest.raises(StepsError, match="from 1"):
        logarithm_two(np.array([1, wrong]))


def test_what_is_no_table_is_refused():
    good = steps(np.array([1, 5]), np.arange(5))
    assert look_up(good, np.array([0, 1, 3, 5, 9])).tolist() == [0, 1, 2, 3, 4]
    for knots, values in ((b"1234567", bytes(24)), (bytes(8), bytes(16)), (bytes(16), bytes(40))):
        with pytest.raises(StepsError):
            _ = Steps(knots, values).arrays
    with pytest.raises(StepsError, match="at most"):
        steps(np.arange(KNOTS_MAX + 1), np.arange(2 * KNOTS_MAX + 3))


def test_a_table_without_knots_has_one_value():
    assert look_up(steps(np.zeros(0, dtype=np.int64), np.array([7])), np.array([[1, 2]])).tolist() == [[7, 7]]
