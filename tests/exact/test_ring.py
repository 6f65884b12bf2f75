"""Ring vectors: one spelling, exact sums, ranges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.exact.ring import (
    RingError,
    add_all,
    check_range,
    check_sum,
    clip_max,
    largest,
    pack,
    unpack,
)

RINGS = [32, 64]


@pytest.mark.parametrize("bits", RINGS)
def test_a_blob_is_the_words_in_little_endian_twos_complement(bits):
    vector = np.array([1, -1, 258], dtype=f"i{bits // 8}")
    blob = pack(vector, ring_bits=bits)
    assert blob == b"".join(v.to_bytes(bits // 8, "little", signed=True) for v in (1, -1, 258))
    assert unpack(blob, ring_bits=bits, length=3).tolist() == [1, -1, 258]


def test_a_big_endian_array_has_the_same_blob():
    assert pack(np.array([1, -2], dtype=">i8"), ring_bits=64) == pack(np.array([1, -2]), ring_bits=64)


def test_a_blob_of_another_length_is_refused():
    with pytest.raises(RingError, match="bytes"):
        unpack(b"\x00" * 9, ring_bits=32, length=2)


@pytest.mark.parametrize("vector", [np.array([1 << 31]), np.array([-(1 << 31) - 1]), np.array([1.0])])
def test_what_is_not_of_the_ring_is_not_packed(vector):
    with pytest.raises(RingError):
        pack(vector, ring_bits=32)


def test_an_empty_vector_has_an_empty_blob():
    assert pack(np.array([], dtype=np.int64), ring_bits=32) == b""


@pytest.mark.parametrize("bits", RINGS)
@given(data=st.data())
def test_a_sum_is_exact_modulo_the_ring_in_any_order(bits, data):
    word = st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    rows = data.draw(st.lists(st.lists(word, min_size=3, max_size=3), min_size=1, max_size=5))
    order = data.draw(st.permutations(rows))
    total = add_all([np.array(row, dtype=f"i{bits // 8}") for row in order])
    edge = 1 << (bits - 1)
    assert total.tolist() == [(sum(column) + edge) % (2 * edge) - edge for column in zip(*rows, strict=True)]


def test_a_sum_longer_than_a_block_equals_numpys():
    vectors = [np.random.default_rng(i).integers(-1000, 1000, 100_003, dtype=np.int32) for i in range(3)]
    assert (add_all(vectors) == np.sum(vectors, axis=0)).all()


@pytest.mark.parametrize(
    "vectors",
    [[], [np.zeros(2, np.int32), np.zeros(3, np.int32)], [np.zeros(2, np.int32), np.zeros(2)], [np.zeros(2)]],
)
def test_vectors_of_different_rings_or_lengths_are_not_added(vectors):
    with pytest.raises(RingError):
        add_all(vectors)


@pytest.mark.parametrize("bits", RINGS)
def test_64_members_at_the_full_clip_never_wrap(bits):
    kind = f"i{bits // 8}"
    full = np.array([clip_max(bits)], dtype=kind)
    with pytest.raises(RingError, match="do not fit"):
        check_sum(full, clip=clip_max(bits), members=64)
    check_sum(add_all([full] * 63), clip=clip_max(bits), members=63)
    check_sum(add_all([-full] * 63), clip=clip_max(bits), members=63)


def test_a_word_beyond_the_clip_is_named():
    check_range(np.array([5, -5]), 5)
    with pytest.raises(RingError, match="word 1 is -6, beyond 5"):
        check_range(np.array([5, -6]), 5)


def test_the_lowest_word_of_a_ring_has_a_magnitude():
    assert largest(np.array([-(1 << 63)])) == 1 << 63
    assert largest(np.array([], dtype=np.int64)) == 0


def test_a_sum_that_the_members_cannot_make_is_refused():
    check_sum(np.array([20]), clip=10, members=2)
    with pytest.raises(RingError):
        check_sum(np.array([21]), clip=10, members=2)
