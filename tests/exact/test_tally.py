"""Quorums."""

import pytest

from consortia.exact.tally import quorum


@pytest.mark.parametrize(
    ("of", "least"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (10, 7), (32, 22)]
)
def test_a_quorum_is_floor_of_two_thirds_and_one(of, least):
    assert quorum(of) == least


@pytest.mark.parametrize("of", range(1, 100))
def test_a_quorum_is_the_least_count_that_is_more_than_two_thirds(of):
    assert 3 * quorum(of) > 2 * of >= 3 * (quorum(of) - 1)
