"""Budgets: integers that never charge less than the theorem says, and at most a hair more."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.exact.budget import (
    NANO,
    SENSITIVITY_MAX,
    VARIANCE_MAX,
    BudgetError,
    ceiling,
    correction,
    fits_ring,
    rho,
    root_up,
    share,
    sum_bound,
    variance_for,
)

sensitivities = st.integers(1, SENSITIVITY_MAX)
variances = st.integers(1, VARIANCE_MAX)
members = st.integers(1, 63)
lengths = st.integers(1, 1 << 28)


@given(st.integers(-(1 << 80), 1 << 80), st.integers(1, 1 << 80))
def test_the_ceiling_is_the_least_integer_that_is_not_below(dividend, divisor):
    assert ceiling(dividend, divisor) == math.ceil(Fraction(dividend, divisor))


@given(st.integers(0, 1 << 130))
def test_a_root_rounded_up_is_the_least_whose_square_is_enough(value):
    root = root_up(value)
    assert root * root >= value
    assert root == 0 or (root - 1) ** 2 < value


@given(sensitivities, variances)
def test_one_members_noise_costs_the_gaussian_price_rounded_up(sensitivity, variance):
    assert rho(sensitivity, variance) == math.ceil(Fraction(NANO * sensitivity**2, 2 * variance))


@given(st.integers(1, 40), st.integers(2, 63), st.integers(1, 1 << 28))
def test_the_correction_is_never_below_the_theorems(variance, count, length):
    with localcontext() as context:
        context.prec = 60
        pi = Decimal("3.14159265358979323846264338327950288419716939937510582")
        tau = sum(
            (Decimal(10) * (-2 * pi * pi * variance * Decimal(k) / Decimal(k + 1)).exp())
            for k in range(1, count)
        )
        assert correction(variance, members=count, length=length) >= tau * length * NANO


@given(variances, lengths)
def test_one_discrete_gaussian_needs_no_correction(variance, length):
    assert correction(variance, members=1, length=length) == 0


@given(st.integers(6, VARIANCE_MAX), st.integers(2, 63), st.integers(1, 1 << 10))
def test_the_correction_is_one_unit_where_the_noise_is_wide(variance, count, length):
    assert correction(variance, members=count, length=length) == 1


def test_the_correction_grows_with_the_length_where_the_noise_is_narrow():
    assert correction(1, members=2, length=1 << 14) == 10 * NANO
    assert correction(2, members=3, length=1 << 28) == 20 * NANO


def pmf(variance, width):
    """A discrete Gaussian's weights over -width..width, to 40 digits."""
    weights = [(-(Decimal(x * x)) / (2 * variance)).exp() for x in range(-width, width + 1)]
    total = sum(weights)
    return [weight / total for weight in weights]


@pytest.mark.parametrize(("variance", "count"), [(1, 2), (1, 3), (2, 2), (3, 4)])
def test_a_sum_of_discrete_gaussians_is_as_close_to_one_as_the_correction_assumes(variance, count):
    """The log ratio of the two, everywhere it can be computed, stays within half of tau."""
    with localcontext() as context:
        context.prec = 40
        width = 14 * (1 + math.isqrt(variance * count))
        one = pmf(variance, width)
        summed = one
        for _ in range(count - 1):
            full = [Decimal(0)] * (len(summed) + len(one) - 1)
            for i, a in enumerate(summed):
                for j, b in enumerate(one):
                    full[i + j] += a * b
            spare = (len(full) - len(one)) // 2
            summed = full[spare : spare + len(one)]
        ideal = pmf(variance * count, width)
        near = range(width - 4 * math.isqrt(variance * count), width + 4 * math.isqrt(variance * count) + 1)
        worst = max(abs((summed[x] / ideal[x]).ln()) for x in near)
        bound = Decimal(correction(variance, members=count, length=1 << 20)) / NANO / (1 << 20)
        assert 0 < worst <= bound / 2


@given(variances, st.integers(1, 63), st.integers(0, 62))
def test_what_the_honest_add_is_never_less_than_was_asked_for(variance, quorum, colluders):
    if colluders >= quorum:
        with pytest.raises(BudgetError, match="colluders"):
            share(variance, quorum=quorum, colluders=colluders)
        return
    each = share(variance, quorum=quorum, colluders=colluders)
    assert each * (quorum - colluders) >= variance > (each - 1) * (quorum - colluders)


@given(sensitivities, st.integers(1, 1 << 50), members, st.integers(1, 1 << 20))
def test_the_variance_for_a_cost_is_the_least_that_keeps_it(sensitivity, cost, count, length):
    try:
        variance = variance_for(sensitivity, cost, members=count, length=length)
    except BudgetError:
        assert rho(sensitivity, VARIANCE_MAX, members=count, length=length) > cost
        return
    assert rho(sensitivity, variance, members=count, length=length) <= cost
    assert variance == 1 or rho(sensitivity, variance - 1, members=count, length=length) > cost


@given(sensitivities, variances, members, lengths)
def test_more_noise_or_more_members_never_cost_more_but_for_the_rounding(
    sensitivity, variance, count, length
):
    cost = rho(sensitivity, variance, members=count, length=length)
    if variance < VARIANCE_MAX:
        assert rho(sensitivity, variance + 1, members=count, length=length) <= cost
    assert rho(sensitivity, variance, members=1) >= cost - correction(variance, members=count, length=length)


def test_a_noisy_sums_bound_is_every_clip_and_eight_deviations():
    assert sum_bound(1_000, 25, members=4) == 4_000 + 8 * 10
    assert sum_bound(0, 26, members=1) == 8 * 6


def test_a_sum_fits_the_ring_with_room_for_its_noise():
    assert fits_ring(1 << 25, (1 << 20) ** 2, members=62, ring_bits=32)
    assert not fits_ring(1 << 25, (1 << 26) ** 2, members=63, ring_bits=32)
    assert not fits_ring(1 << 25, 1, members=64, ring_bits=32)


@pytest.mark.parametrize(
    ("wanted", "call"),
    [
        ("sensitivity", lambda: rho(0, 1)),
        ("sensitivity", lambda: rho(SENSITIVITY_MAX + 1, 1)),
        ("variance", lambda: rho(1, 0)),
        ("members", lambda: rho(1, 1, members=0)),
        ("variance", lambda: correction(0, members=1, length=1)),
        ("variance", lambda: correction(VARIANCE_MAX + 1, members=1, length=1)),
        ("members", lambda: correction(1, members=0, length=1)),
        ("length", lambda: correction(1, members=1, length=0)),
        ("variance", lambda: share(0, quorum=3, colluders=0)),
        ("colluders", lambda: share(9, quorum=3, colluders=3)),
        ("colluders", lambda: share(9, quorum=3, colluders=-1)),
        ("no noise in range", lambda: variance_for(SENSITIVITY_MAX, 1)),
    ],
)
def test_a_number_outside_its_range_is_refused_by_name(wanted, call):
    with pytest.raises(BudgetError, match=wanted):
        call()
