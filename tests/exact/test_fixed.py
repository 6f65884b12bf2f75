"""Fixed point: the law's division, and the one door for floats."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from consortia.exact.fixed import (
    FixedError,
    dequantise,
    divide,
    divide_array,
    from_integers,
    quantise,
    signed_type,
)

words = st.integers(-(1 << 62), 1 << 62)


@given(st.integers(), st.integers(1, 1 << 80))
def test_division_is_the_nearest_integer_with_halves_to_even(dividend, divisor):
    assert divide(dividend, divisor) == round(Fraction(dividend, divisor))


@pytest.mark.parametrize("divisor", [0, -1])
def test_division_by_nothing_positive_is_refused(divisor):
    with pytest.raises(FixedError):
        divide(1, divisor)


@given(st.lists(words, max_size=8), st.integers(1, 1 << 62))
def test_array_division_equals_the_division_of_each_element(values, divisor):
    assert divide_array(from_integers(values), divisor).tolist() == [divide(v, divisor) for v in values]


@given(st.lists(st.tuples(words, st.integers(1, 1 << 62)), max_size=8))
def test_array_division_takes_a_divisor_for_each_element(pairs):
    values, divisors = from_integers([v for v, _ in pairs]), from_integers([d for _, d in pairs])
    assert divide_array(values, divisors).tolist() == [divide(v, d) for v, d in pairs]


@pytest.mark.parametrize("divisor", [0, (1 << 62) + 1, np.array([1, 0]), np.array([1, (1 << 62) + 1])])
def test_array_division_refuses_divisors_beyond_its_range(divisor):
    with pytest.raises(FixedError):
        divide_array(np.array([1, 2]), divisor)


@given(
    hnp.arrays(np.float64, st.integers(0, 20), elements=st.floats(-1e6, 1e6)),
    st.integers(0, 30),
    st.integers(0, 40),
)
def test_quantising_rounds_the_exact_product_half_to_even_and_clips(vector, scale_bits, clip_bits):
    clip = 1 << clip_bits
    wanted = [max(-clip, min(clip, round(Fraction(float(v)) * (1 << scale_bits)))) for v in vector]
    assert quantise(vector, scale_bits=scale_bits, clip=clip, ring_bits=64).tolist() == wanted


@given(hnp.arrays(np.float32, st.integers(0, 20), elements=st.floats(-1000, 1000, width=32)))
def test_float32_is_quantised_as_the_decimal_module_would(vector):
    got = quantise(vector, scale_bits=10, clip=1 << 25)
    wanted = [int((Decimal(float(v)) * 1024).to_integral_value(ROUND_HALF_EVEN)) for v in vector]
    assert got.dtype == np.dtype("<i4")
    assert got.tolist() == wanted


def test_a_members_vector_is_scaled_by_its_share_of_the_records():
    vector = np.array([1.0, -2.0, 0.5], dtype=np.float32)
    assert quantise(vector, scale_bits=8, clip=1 << 20, records=1, joined=4).tolist() == [64, -128, 32]


def test_a_long_vector_is_quantised_the_same_as_its_pieces():
    vector = np.random.default_rng(3).standard_normal(200_001).astype(np.float32) * 3
    vector[-1] = 1e9
    whole = quantise(vector, scale_bits=20, clip=1 << 22)
    pieces = [quantise(vector[i : i + 777], scale_bits=20, clip=1 << 22) for i in range(0, len(vector), 777)]
    assert (whole == np.concatenate(pieces)).all()
    assert whole[-1] == 1 << 22


def test_a_vector_keeps_its_shape():
    assert quantise(np.ones((2, 3)), scale_bits=1, clip=4).shape == (2, 3)


def test_a_number_too_large_for_its_float_type_once_scaled_is_clipped():
    assert quantise(np.array([3e38, -3e38], dtype=np.float32), scale_bits=20, clip=8).tolist() == [8, -8]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(bad):
    with pytest.raises(FixedError, match="NaN or infinity"):
        quantise(np.array([0.0, bad]), scale_bits=4, clip=16)


@pytest.mark.parametrize(
    ("vector", "terms"),
    [
        (np.array([1]), {"clip": 4}),
        (np.array([1.0], dtype=np.float16), {"clip": 4}),
        (np.array([1.0]), {"clip": 0}),
        (np.array([1.0]), {"clip": 1 << 31}),
        (np.array([1.0], dtype=np.float32), {"clip": (1 << 24) + 1}),
        (np.array([1.0]), {"clip": 4, "ring_bits": 16}),
        (np.array([1.0]), {"clip": 4, "records": 2, "joined": 1}),
        (np.array([1.0]), {"clip": 4, "records": 0, "joined": 1}),
    ],
)
def test_terms_outside_the_grid_are_refused(vector, terms):
    with pytest.raises(FixedError):
        quantise(vector, scale_bits=4, **terms)


def test_a_result_may_be_written_where_the_last_one_stood():
    vector, place = np.array([1.0, -2.5]), np.empty(2, dtype="<i4")
    assert np.shares_memory(quantise(vector, scale_bits=1, clip=8, out=place), place)
    assert place.tolist() == [2, -5]


@pytest.mark.parametrize("place", [np.empty(3, "<i4"), np.empty(2, "<i8"), np.empty(4, "<i4")[::2]])
def test_a_place_that_does_not_fit_is_refused(place):
    with pytest.raises(FixedError, match="`out` is not"):
        quantise(np.array([1.0, 2.0]), scale_bits=1, clip=8, out=place)


def test_dequantising_gives_the_number_that_an_integer_stands_for():
    assert dequantise(np.array([3, -8]), scale_bits=2).tolist() == [0.75, -2.0]


def test_integers_beyond_64_bits_are_refused():
    with pytest.raises(FixedError):
        from_integers([1 << 64])


def test_a_ring_has_32_or_64_bits():
    assert (signed_type(32).itemsize, signed_type(64).itemsize) == (4, 8)
    with pytest.raises(FixedError):
        signed_type(33)
