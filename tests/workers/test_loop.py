"""A member's worker and its trustee take turns at one door."""

from consortia.workers.loop import TRUSTEE_MILLISECONDS, Together


class Clock:
    """A door of which only the clock is asked."""

    def __init__(self):
        self.time = 1_000_000

    def now(self):
        return self.time


class Busy:
    """Does as many things as it is given, and counts how often it looked."""

    def __init__(self, door, things=0):
        self.door, self.things, self.looked = door, things, 0

    def work(self):
        self.looked += 1
        self.things -= 1
        return self.things >= 0


def test_a_trustee_with_nothing_to_do_is_not_asked_at_every_turn_of_a_round():
    clock = Clock()
    worker, trustee = Busy(clock), Busy(clock)
    both = Together(worker, trustee)
    for _ in range(10):
        assert not both.work()
    assert (worker.looked, trustee.looked) == (10, 1)
    clock.time += TRUSTEE_MILLISECONDS
    both.work()
    assert trustee.looked == 2


def test_a_trustee_with_something_to_do_goes_on_at_once():
    clock = Clock()
    worker, trustee = Busy(clock), Busy(clock, things=3)
    both = Together(worker, trustee)
    assert [both.work() for _ in range(5)] == [True, True, True, False, False]
    assert trustee.looked == 4


def test_a_clock_that_is_set_back_silences_no_trustee():
    clock = Clock()
    worker, trustee = Busy(clock), Busy(clock)
    both = Together(worker, trustee)
    both.work()
    clock.time -= 3_600_000
    both.work()
    assert trustee.looked == 2
