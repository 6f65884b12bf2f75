"""Signals and orders in integers: what a weight leads to, and nothing below the band."""

from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.exact.auction import BUY, SELL
from consortia.exact.desk import Desk, Terms, is_lost, order_of
from consortia.exact.signals import PPM, SignalError, View, past, swing

TERMS = Terms(capital=100_000, loss_max=5_000, order_max=60, band_ppm=0, reach=10, tick=2)


def test_signals_are_changes_and_swings_in_parts_per_million():
    prices = [100, 110, 99]
    assert past(prices, 2) == -10_000
    assert swing(prices, 2) == isqrt((100_000**2 + 100_000**2) // 2)
    assert View([prices, [50, 50, 50]]).signal("past-1") == (-100_000, 0)


@pytest.mark.parametrize("name", ["past-0", "swing-1001", "swing", "trend-5", "past-3"])
def test_what_is_no_signal_or_looks_too_far_back_is_refused(name):
    with pytest.raises(SignalError):
        View([[100, 110, 99]]).signal(name)


def test_a_weight_leads_to_the_order_that_brings_the_stock_there():
    desk = Desk(stock=0, auction=3, reference=1_000, held=20, equity=100_000)
    assert order_of(TERMS, desk, 500_000) == (wanted := order_of(TERMS, desk, 500_000))
    assert (wanted.side, wanted.limit, wanted.quantity) == (BUY, 1_010, 30)
    sold = order_of(TERMS, desk, 0)
    assert (sold.side, sold.limit, sold.quantity) == (SELL, 990, 20)


def test_no_order_is_larger_than_the_largest_and_none_is_made_for_a_change_below_the_band():
    desk = Desk(0, 0, 1_000, 0, 100_000)
    assert order_of(TERMS, desk, PPM).quantity == 60
    banded = Terms(100_000, 5_000, 60, 100_000, 10, 2)
    assert order_of(banded, desk, 90_000) is None
    assert order_of(banded, desk, 100_000).quantity == 10


@given(st.integers(0, PPM), st.integers(1, 10**6), st.integers(0, 10**6), st.integers(-(10**9), 10**12))
def test_whoever_has_nothing_buys_nothing_and_nobody_sells_more_than_is_held(weight, reference, held, equity):
    order = order_of(TERMS, Desk(0, 0, reference, held, equity), weight)
    if order is not None and order.side == SELL:
        assert order.quantity <= held
    if order is not None and order.side == BUY:
        assert (held + order.quantity) * reference * PPM <= weight * equity


def test_the_loss_limit_is_met_to_the_unit():
    assert not is_lost(TERMS, 95_001)
    assert is_lost(TERMS, 95_000)
