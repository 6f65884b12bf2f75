"""Who of those that vote is there, and when it is said that nothing goes on."""

import pytest

from consortia.node.cometbft.company import STANDS_MS, away, has_quorum, standstill

FOUR = {"east": 1, "north": 1, "south": 1, "west": 1}


def test_who_votes_and_is_not_connected_is_away_and_oneself_never_is():
    assert away(FOUR, "east", ["west", "nobody"]) == ("north", "south")
    assert away(FOUR, "nobody", FOUR) == ()


@pytest.mark.parametrize(
    ("powers", "missing", "enough"),
    [
        (FOUR, ["west"], True),
        (FOUR, ["south", "west"], False),
        (FOUR | {"west": 6}, ["west"], False),
        ({"east": 1, "west": 1, "north": 1}, ["north"], False),
        ({"east": 1}, [], True),
    ],
)
def test_blocks_need_more_than_two_thirds_of_the_power(powers, missing, enough):
    assert has_quorum(powers, missing) == enough


def test_a_standstill_is_said_with_who_is_missing_once_something_has_waited_long():
    assert standstill(STANDS_MS - 1, FOUR, ["south", "west"]) == ""
    assert "sees nothing of south, west" in standstill(STANDS_MS, FOUR, ["south", "west"])
    assert "sees nothing" not in standstill(STANDS_MS, FOUR, ["west"])
