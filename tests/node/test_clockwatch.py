"""When an orderer believes its clock."""

import pytest

from consortia.node.clockwatch import LEAP_MILLISECONDS, ClockWatch

HOUR = 3_600_000


class Clocks:
    """A wall clock that can be set, and a steady one."""

    def __init__(self):
        self.wall, self.steady = 1_700_000_000_000, 5
        self.watch = ClockWatch(lambda: self.wall, lambda: self.steady)

    def passes(self, milliseconds, leap=0):
        self.wall += milliseconds + leap
        self.steady += milliseconds
        return self.watch.now()


@pytest.fixture
def clocks():
    return Clocks()


def test_time_that_passes_is_believed_however_long_it_was(clocks):
    assert clocks.passes(100 * HOUR) == clocks.wall
    assert clocks.watch.leapt == 0


def test_small_corrections_are_believed_and_do_not_add_up_to_a_leap(clocks):
    for _ in range(10):
        clocks.passes(1_000, leap=LEAP_MILLISECONDS)
        assert clocks.watch.leapt == 0


@pytest.mark.parametrize("leap", [HOUR, -HOUR])
def test_a_clock_that_leapt_is_believed_when_it_leapt_back(clocks, leap):
    clocks.passes(1_000, leap=leap)
    assert clocks.watch.leapt == leap
    assert not clocks.watch.settle(3)
    clocks.passes(1_000, leap=-leap)
    assert clocks.watch.settle(3)


@pytest.mark.parametrize(("others", "needed"), [(0, 0), (1, 1), (2, 2), (3, 2), (6, 4)])
def test_a_clock_that_leapt_is_believed_when_as_many_show_its_time_as_make_a_block_final(
    clocks, others, needed
):
    clocks.passes(1_000, leap=HOUR)
    for number in range(others):
        clocks.watch.heard(f"member-{number}", -HOUR)
    for number in range(needed):
        assert not clocks.watch.settle(others)
        clocks.watch.heard(f"member-{number}", LEAP_MILLISECONDS - number)
    assert clocks.watch.settle(others)
    clocks.passes(1_000)
    assert clocks.watch.leapt == 0


def test_what_was_heard_before_the_leap_counts_no_more(clocks):
    for number in range(3):
        clocks.watch.heard(f"member-{number}", 0)
    clocks.passes(1_000, leap=HOUR)
    assert not clocks.watch.settle(3)
    for number in range(3):
        clocks.watch.heard(f"member-{number}", 0)
    clocks.passes(1_000, leap=HOUR)
    assert clocks.watch.leapt == 2 * HOUR
    assert not clocks.watch.settle(3)
