"""How much is read of callers that nobody knows yet, and who counts as one place."""

import pytest

from consortia.base.ids import is_name
from consortia.node.http_answers import HttpProblem
from consortia.node.limits import SHARES, Bodies, place_of

MOST = 1_000


def test_one_place_has_its_share_of_the_room_for_bodies_and_gives_it_back():
    bodies = Bodies(MOST)
    bodies.take("192.0.2.7", MOST // SHARES)
    with pytest.raises(HttpProblem, match="too many large requests"):
        bodies.take("192.0.2.7", 1)
    bodies.take("192.0.2.8", 1)
    bodies.give("192.0.2.7", MOST // SHARES)
    bodies.take("192.0.2.7", 1)
    assert bodies.held == 2


@pytest.mark.parametrize("here", ["127.0.0.1", "::1"])
def test_this_machines_programs_may_have_all_of_it_and_no_more(here):
    bodies = Bodies(MOST)
    bodies.take(here, MOST)
    with pytest.raises(HttpProblem) as caught:
        bodies.take("192.0.2.8", 1)
    assert caught.value.status == 503
    bodies.give(here, MOST)
    assert bodies.held == 0


def test_addresses_with_one_prefix_are_one_place():
    assert place_of("2001:db8::1") == place_of("2001:db8::ffff:2") != place_of("2001:db8:1::1")
    assert place_of("192.0.2.7") != place_of("192.0.2.8")
    assert not is_name(place_of("::1:0:0:0:1"))  # none is counted as the member of that name
