"""Random acts in a yard are answered as the auditor of operations foretells, and it misses every guard."""

import pytest

from consortia.modules.operations import claiming, noticing, steering
from consortia.modules.operations.refusals import REFUSALS
from consortia.testing.auditors import Found
from consortia.testing.auditors.guards import guards, taken_away
from consortia.testing.auditors.yard import Yard
from consortia.testing.machine import BenchError
from tests.fuzz.sampling import some

MOVES = 250
SEEDS_MAX = 10
GUARDS = [guard for room in (steering, noticing, claiming) for guard in guards(room)]


def test_random_acts_are_answered_as_foretold(programme):
    codes = set()
    for seed in range(programme(quick=2, test=4, nightly=2_000)):
        yard = Yard(seed)
        yard.play(MOVES)
        codes |= yard.codes
    assert {f"operations.{each.name}" for each in REFUSALS} <= codes


@pytest.mark.slow
@pytest.mark.alarm
@pytest.mark.parametrize("guard", some(GUARDS))
def test_a_guard_that_is_taken_away_is_missed(guard):
    with taken_away(guard), pytest.raises((Found, BenchError)):
        play_yards(SEEDS_MAX)


def play_yards(seeds):
    for seed in range(seeds):
        Yard(seed).play(MOVES)
