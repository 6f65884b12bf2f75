"""The signatures of a bundle are checked in steps before it is, and never more of them than it is worth."""

import pytest

from consortia.base.keys import verify
from consortia.drivers.cometbft.bundle import Tick, pack, squeezed
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.pool import ACCEPTED, AHEAD
from consortia.testing.plain import VALUE_BYTES_MAX, Member, Write
from tests.drivers.cometbft.engine import AMBER, BIRCH, START, altered, block, founded, write

NOW = START + 1_000


def large(sequence):
    return write(sequence, message=Write("x", bytes(VALUE_BYTES_MAX)))


class Counted:
    """Counts the signatures that are checked."""

    def __init__(self):
        self.count = 0

    def __call__(self, *signed):
        self.count += 1
        return verify(*signed)


def test_the_signatures_of_a_bundle_are_checked_in_steps_before_it_is_and_no_more_of_them():
    counted = Counted()
    driver = CometBft(founded(), counted)
    raws = [write(number, member) for member in (AMBER, BIRCH) for number in range(2 * AHEAD)]
    entry = squeezed(pack(raws))
    steps = [counted.count for _ in driver.pool.ahead(entry, NOW)]
    assert steps == [AHEAD, 2 * AHEAD, 3 * AHEAD, 4 * AHEAD]
    assert len(driver.pool) == 0
    assert driver.check_tx(entry, NOW).code == ACCEPTED
    assert (counted.count, len(driver.pool)) == (len(raws), len(raws))


@pytest.mark.parametrize(
    ("entry", "checked"),
    [
        (b"no bundle", 0),
        (Tick(0).encode(), 0),
        (pack([write(0), write(2), write(1)]), 2),
        (pack([write(5), write(6)]), 0),
        (pack([altered(write(0)), write(0, BIRCH)]), 1),
        (pack([write(0, Member("stranger")), write(0)]), 0),
    ],
)
def test_nothing_is_checked_ahead_that_would_not_be_checked(entry, checked):
    counted = Counted()
    driver = CometBft(founded(), counted)
    assert list(driver.pool.ahead(entry, NOW)) == []
    assert counted.count == checked
    driver.check_tx(entry, NOW)


def test_of_what_there_is_no_room_for_nothing_is_checked_ahead(monkeypatch):
    counted = Counted()
    driver = CometBft(founded(), counted, member="amber")
    assert driver.check_tx(pack([large(0)]), NOW).code == ACCEPTED
    monkeypatch.setattr(driver.pool, "_share", 1)
    assert list(driver.pool.ahead(pack([large(1)]), NOW)) == []
    assert counted.count == 1


def test_what_follows_upon_the_block_that_is_being_decided_is_checked_ahead():
    counted = Counted()
    driver = CometBft(founded(), counted)
    assert driver.process_proposal(block(1, pack([write(0)])))
    entry = pack([write(1)])
    assert list(driver.pool.ahead(entry, NOW)) == []
    assert counted.count == 2
    assert driver.check_tx(entry, NOW).code == ACCEPTED
    assert counted.count == 2
