"""The group behaves as a group, refuses what is outside it, and agrees with plain Edwards arithmetic."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consortia.base import group
from consortia.testing import plain_ballots
from consortia.testing.curve import decoded, encoded_sum
from consortia.testing.elections import TORSION

SCALAR = st.integers(0, group.ORDER - 1)
EDGE = st.sampled_from([0, 1, 2, group.ORDER - 1, group.ORDER - 2])
ANY = st.one_of(SCALAR, EDGE)


@settings(max_examples=30)
@given(ANY, ANY)
def test_sums_and_multiples_are_those_of_plain_arithmetic(one, other):
    points = [group.times_base(one), group.times_base(other)]
    assert points[0] == plain_ballots.combination((one, plain_ballots.B))
    assert group.add(*points) == group.times_base(one + other)
    assert group.subtract(*points) == group.times_base(one - other)
    assert group.multiply(other, points[0]) == group.times_base(one * other)
    decoded_points = [(1, decoded(point)) for point in points]
    assert group.add(*points) == plain_ballots.combination(*decoded_points)


@given(ANY)
def test_a_point_and_its_opposite_are_neutral_together(scalar):
    point = group.times_base(scalar)
    assert group.add(point, group.negate(point)) == group.NEUTRAL
    assert group.negate(group.negate(point)) == point
    assert group.check_element(point) == point


@given(st.integers(1, group.ORDER - 1))
def test_a_scalar_has_one_spelling(scalar):
    data = group.write_scalar(scalar)
    assert group.read_scalar(data) == scalar
    other = (scalar + group.ORDER).to_bytes(32, "little")
    with pytest.raises(group.BadScalar):
        group.read_scalar(other)
    topped = data[:31] + bytes([data[31] | 0x80])
    with pytest.raises(group.BadScalar):
        group.read_scalar(topped)


def test_a_scalar_that_is_zero_has_a_name_of_its_own():
    with pytest.raises(group.ZeroScalar):
        group.read_scalar(bytes(32))
    assert group.multiply(0, group.GENERATOR) == group.times_base(group.ORDER) == group.NEUTRAL


@pytest.mark.parametrize("value", [-1, group.ORDER])
def test_a_number_outside_is_not_written(value):
    with pytest.raises(ValueError, match=r"0\.\.ORDER-1"):
        group.write_scalar(value)


def test_a_point_with_a_part_of_small_order_is_refused_before_and_while_multiplying():
    mixed = encoded_sum(group.GENERATOR, TORSION)
    for point in (TORSION, mixed):
        with pytest.raises(group.BadPoint):
            group.check_point(point)
        with pytest.raises(group.BadPoint):
            group.check_element(point)
        with pytest.raises(group.BadPoint):
            group.multiply(8, point)


def test_the_generator_and_the_neutral_point_are_what_they_are_called():
    assert group.times_base(1) == group.GENERATOR == plain_ballots.combination((1, plain_ballots.B))
    assert group.total([]) == group.NEUTRAL == group.subtract(group.GENERATOR, group.GENERATOR)
    assert group.check_element(group.NEUTRAL) == group.NEUTRAL
    assert group.subtract(group.NEUTRAL, group.GENERATOR) == group.negate(group.GENERATOR)
    assert group.negate(group.NEUTRAL) == group.NEUTRAL == group.multiply(5, group.NEUTRAL)
    with pytest.raises(group.BadPoint):
        group.check_point(group.NEUTRAL)
    assert group.total([group.GENERATOR] * 3) == group.times_base(3)


def test_a_hash_is_a_scalar_of_its_tag_and_data():
    found = [group.hash_scalar(tag, data) for tag, data in (("a", b"x"), ("a", b"y"), ("b", b"x"))]
    assert len(set(found)) == 3
    assert all(0 <= each < group.ORDER for each in found)


def test_a_point_of_a_hash_is_fixed_and_of_prime_order():
    found = [group.hash_point(tag, data) for tag, data in (("a", b"x"), ("a", b"y"), ("b", b"x"))]
    assert len(set(found)) == 3
    assert [group.check_point(each) for each in found] == found
    assert group.hash_point("a", b"x") == found[0]
