"""Blinded names: what members have in common comes out alike, and nothing is tried without all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consortia.base.codec import Malformed
from consortia.base.group import ORDER, BadPoint, check_point, hash_point, multiply
from consortia.engines import intersect
from consortia.engines.intersect import Blinding, around, in_common

names = st.sets(st.binary(max_size=8), max_size=6)


@settings(max_examples=40)
@given(st.lists(names, min_size=2, max_size=4))
def test_members_find_exactly_what_they_have_in_common(sets):
    members = [Blinding(b"ring") for _ in sets]
    lists = [sorted(one) for one in sets]
    seen = [around(members, at, one) for at, one in enumerate(lists)]
    for at, one in enumerate(lists):
        for other, their in enumerate(lists):
            if at != other:
                found = {one[place] for place in in_common(seen[at], seen[other])}
                assert found == set(one) & set(their)


def test_a_name_has_another_pseudonym_for_another_purpose():
    one, other = Blinding(b"rings", 5), Blinding(b"cards", 5)
    assert one.begin([b"x"]) != other.begin([b"x"])
    assert Blinding(b"a", 5).begin([b"bx"]) != Blinding(b"ab", 5).begin([b"x"])


def test_without_one_member_s_secret_a_known_name_does_not_fit():
    members = [Blinding(b"ring", secret) for secret in (3, 5, 7)]
    pseudonym = around(members, 0, [b"account"])
    assert pseudonym != around(members[:2], 0, [b"account"])
    assert pseudonym == [multiply(3 * 5 * 7, multiply(pow(3, -1, ORDER), members[0].begin([b"account"])[0]))]


@pytest.mark.parametrize(
    "point", [bytes(32), b"\x01" + bytes(31), b"\xff" * 32, b"short", b"\xec" + b"\xff" * 30 + b"\x7f"]
)
def test_what_is_no_point_of_prime_order_is_not_blinded(point):
    with pytest.raises(BadPoint):
        Blinding(b"ring").go_on([point])


def test_a_list_beyond_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(intersect, "NAMES_MAX", 1)
    with pytest.raises(Malformed, match="2 names; at most 1"):
        Blinding(b"ring").go_on([hash_point("t", b"a"), hash_point("t", b"b")])


@pytest.mark.parametrize("secret", [0, ORDER, -1])
def test_a_secret_is_a_scalar_that_is_not_zero(secret):
    with pytest.raises(ValueError, match="not in 1"):
        Blinding(b"ring", secret)


def test_a_point_of_a_hash_is_fixed_and_of_prime_order():
    point = hash_point("consortia/test", b"data")
    assert check_point(point) == point
    assert point == hash_point("consortia/test", b"data") != hash_point("consortia/test", b"date")
    assert multiply(ORDER - 1, point) != point
