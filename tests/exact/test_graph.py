"""Graphs and groups: regular, mutual, connected after losses, and the same for everyone."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.hashing import tagged
from consortia.exact.graph import COMPLETE_MAX, DEGREE, GraphError, groups, neighbours, threshold

SEED = st.binary(min_size=32, max_size=32)


@pytest.mark.parametrize(
    ("size", "least"), [(1, 1), (3, 3), (4, 3), (5, 4), (6, 5), (10, 7), (20, 14), (32, 22)]
)
def test_the_threshold_is_the_least_number_above_two_thirds(size, least):
    assert threshold(size) == least


@given(st.integers(1, COMPLETE_MAX), SEED, st.integers(3, 40))
def test_up_to_32_members_all_are_neighbours(count, seed, degree):
    assert neighbours(count, seed, degree) == tuple(tuple(range(count)) for _ in range(count))


@given(st.integers(3, 120), SEED, st.none() | st.integers(3, 130))
def test_a_graph_is_mutual_and_everybody_holds_as_many(count, seed, degree):
    graph = neighbours(count, seed, degree)
    wanted = DEGREE if degree is None else degree
    if count <= COMPLETE_MAX or wanted >= count - 1:
        size = count
    else:
        size = wanted + 1 if wanted % 2 == 0 and count % 2 == 1 else wanted
    for member, near in enumerate(graph):
        assert len(near) == size
        assert list(near) == sorted(set(near))
        assert member in near
        assert all(member in graph[other] for other in near)


def test_the_graph_is_the_circle_that_the_page_says():
    seed, count = b"\x07" * 32, 40
    circle = sorted(range(count), key=lambda i: tagged("consortia/graph", seed + i.to_bytes(8, "big")))
    graph = neighbours(count, seed, 6)
    for place, member in enumerate(circle):
        near = {circle[(place + step) % count] for step in (-2, -1, 0, 1, 2, 20)}
        assert set(graph[member]) == near


@given(st.integers(33, 100), SEED, st.sampled_from([6, 7, 20, 32]), st.randoms(use_true_random=False))
def test_a_graph_falls_apart_only_when_as_many_are_lost_as_a_member_has_neighbours(
    count, seed, degree, random
):
    """The circulant is (size-1)-connected: the honest who stay are masked by one another."""
    graph = neighbours(count, seed, degree)
    lost = set(random.sample(range(count), len(graph[0]) - 2))
    rest = set(range(count)) - lost
    reached, border = set(), [min(rest)]
    while border:
        member = border.pop()
        if member not in reached:
            reached.add(member)
            border += [other for other in graph[member] if other in rest]
    assert reached == rest


def test_another_seed_gives_another_graph():
    assert neighbours(50, bytes(32)) != neighbours(50, b"\x01" * 32)
    assert neighbours(50, bytes(32)) == neighbours(50, bytes(32), DEGREE)


def at_least(members: int, marked: int, drawn: int, found: int) -> Fraction:
    """The chance that `drawn` of `members`, `marked` of them marked, hold `found` marked ones or more."""
    ways = sum(
        comb(marked, i) * comb(members - marked, drawn - i) for i in range(found, min(marked, drawn) + 1)
    )
    return Fraction(ways, comb(members, drawn))


def test_the_degree_keeps_what_the_page_says_of_100_members():
    """Union bound over members, as Bell et al. 2020, section 3.2; the first two hold for every seed."""
    least = threshold(DEGREE)
    assert least - 1 == 21  # so many colluders gather no secret
    assert DEGREE - least == 10  # so many may drop
    assert (100 - 22) * at_least(99, 22, DEGREE - 1, least) < Fraction(1, 1 << 40)
    assert (100 - 30) * at_least(99, 30, DEGREE - 1, least) < Fraction(1, 1 << 20)


def test_neighbourhoods_of_20_would_lose_secrets_that_those_of_32_keep():
    """Ten of a hundred drop out: in one or two rounds of a hundred too many of them stand together."""
    lost = set(range(0, 100, 10))
    failed = {20: 0, 32: 0}
    for number in range(500):
        for degree in failed:
            graph = neighbours(100, tagged("test", number.to_bytes(2, "big")), degree)
            missing = max(len(lost & set(near)) for near in graph)
            failed[degree] += missing > degree - threshold(degree)
    assert failed[32] == 0
    assert 5 <= failed[20] <= 15


@given(st.integers(3, 120), st.integers(3, 40), SEED)
def test_groups_part_the_members_as_evenly_as_can_be(count, size, seed):
    if size > count:
        with pytest.raises(GraphError):
            groups(count, size, seed)
        return
    parts = groups(count, size, seed)
    assert sorted(member for part in parts for member in part) == list(range(count))
    sizes = [len(part) for part in parts]
    assert min(sizes) >= size
    assert max(sizes) - min(sizes) <= 1
    assert sizes == sorted(sizes, reverse=True)
    assert len(parts) == count // size
    assert all(list(part) == sorted(part) for part in parts)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: threshold(0),
        lambda: neighbours(0, bytes(32)),
        lambda: neighbours(65537, bytes(32)),
        lambda: neighbours(5, bytes(31)),
        lambda: neighbours(50, bytes(32), 2),
        lambda: groups(5, 2, bytes(32)),
        lambda: groups(5, 6, bytes(32)),
        lambda: groups(5, 3, b""),
    ],
)
def test_what_has_no_graph_or_groups_is_refused(wrong):
    with pytest.raises(GraphError):
        wrong()
