"""Who opens too many connections is hung up on, and others are served."""

import pytest

from consortia.node.http_protocol import SHARES, crowds

MOST = 8 * SHARES


@pytest.mark.parametrize(
    ("caller", "others"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::ffff:2"), ("fe80::1%eth0", "fe80::2%eth0")],
)
def test_one_place_has_its_share_of_the_connections_and_no_more(caller, others):
    there = ["192.0.2.8", "2001:db8:1::1", "127.0.0.1"] * MOST
    assert not crowds(caller, [caller, *[others] * (MOST // SHARES - 1), *there], MOST)
    assert crowds(caller, [caller, *[others] * (MOST // SHARES), *there], MOST)


@pytest.mark.parametrize("caller", ["127.0.0.1", "::1"])
def test_programs_of_the_same_machine_may_have_all(caller):
    assert not crowds(caller, [caller] * 2 * MOST, MOST)


def test_a_node_of_few_connections_still_serves_everybody_once():
    assert not crowds("192.0.2.7", ["192.0.2.7"], 1)
    assert crowds("192.0.2.7", ["192.0.2.7"] * 2, 1)
