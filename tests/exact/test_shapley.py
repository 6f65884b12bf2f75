"""Shapley values in integers, against the definition; amounts divided to the last part."""

from fractions import Fraction
from itertools import permutations
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.exact.shapley import (
    ShapleyError,
    coalitions,
    divide_amount,
    exact_values,
    orders,
    sampled_values,
)


def by_definition(members, counts):
    """What each adds, averaged over every order."""
    total = [Fraction(0)] * members
    for order in permutations(range(members)):
        mask = 0
        for member in order:
            total[member] += counts[mask | 1 << member] - counts[mask]
            mask |= 1 << member
    return [value / factorial(members) for value in total]


@st.composite
def games(draw):
    members = draw(st.integers(1, 6))
    return members, draw(st.lists(st.integers(0, 10_000), min_size=1 << members, max_size=1 << members))


@given(games())
def test_values_are_those_of_the_definition(game):
    members, counts = game
    assert [Fraction(v, factorial(members)) for v in exact_values(counts)] == by_definition(members, counts)


@given(games())
def test_together_members_are_worth_what_all_of_them_add(game):
    members, counts = game
    assert sum(exact_values(counts)) == factorial(members) * (counts[-1] - counts[0])


def test_who_adds_nothing_is_worth_nothing_and_equals_are_worth_the_same():
    counts = [0, 5, 5, 9, 0, 5, 5, 9]
    first, second, third = exact_values(counts)
    assert (first, third) == (second, 0)


def test_all_orders_drawn_give_the_exact_values():
    counts = [3, 10, 7, 12, 8, 20, 9, 31]
    drawn = list(permutations(range(3)))
    assert sampled_values(drawn, dict(enumerate(counts))) == exact_values(counts)


@pytest.mark.parametrize("counts", [[], [1], [1, 2, 3], [0] * 512])
def test_counts_of_no_such_number_of_coalitions_are_refused(counts):
    with pytest.raises(ShapleyError):
        exact_values(counts)


def test_orders_follow_from_the_seed_alone():
    drawn = orders(bytes(32), 12, 20)
    assert drawn == orders(bytes(32), 12, 20)
    assert drawn != orders(bytes([1] * 32), 12, 20)
    assert all(sorted(order) == list(range(12)) for order in drawn)
    assert len(set(drawn)) > 15


@pytest.mark.parametrize(("members", "count"), [(0, 1), (64, 1), (3, 0), (3, 257)])
def test_no_orders_or_too_many_are_refused(members, count):
    with pytest.raises(ShapleyError):
        orders(bytes(32), members, count)


def test_the_coalitions_of_orders_start_with_nobody_and_hold_everybody():
    found = coalitions(orders(bytes(32), 9, 16))
    assert (found[0], found[9]) == (0, 511)
    assert len(set(found)) == len(found)


def test_a_coalition_without_a_count_is_refused():
    with pytest.raises(ShapleyError):
        sampled_values([(0, 1)], {0: 0, 1: 1})


@given(st.integers(0, 2**63 - 1), st.lists(st.integers(-5, 2**70), min_size=1, max_size=63))
def test_an_amount_is_divided_to_the_last_part(amount, weights):
    shares = divide_amount(amount, weights)
    if max(weights) <= 0:
        assert not any(shares)
        return
    assert sum(shares) == amount
    total = sum(max(0, weight) for weight in weights)
    for share, weight in zip(shares, weights, strict=True):
        exact = amount * max(0, weight)
        assert abs(share * total - exact) < total


def test_of_equal_remainders_the_first_gets_the_part():
    assert divide_amount(5, [1, 1, 1]) == [2, 2, 1]
    assert divide_amount(1, [0, 1, 1]) == [0, 1, 0]


def test_a_negative_amount_is_refused():
    with pytest.raises(ShapleyError):
        divide_amount(-1, [1])
