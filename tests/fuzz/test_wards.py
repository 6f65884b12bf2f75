"""Random acts in a ward are answered as the auditor of consent foretells, and it misses every guard."""

import pytest

from consortia.modules.consent import access, covering, handlers
from consortia.modules.consent.refusals import REFUSALS
from consortia.testing.auditors import Found
from consortia.testing.auditors.guards import guards, taken_away
from consortia.testing.auditors.ward import Ward
from consortia.testing.machine import BenchError
from tests.fuzz.sampling import some

MOVES = 300
MOVES_MAX = 3_000
GUARDS = [guard for room in (handlers, covering, access) for guard in guards(room)]


def test_random_acts_are_answered_as_foretold(programme):
    codes = set()
    for seed in range(programme(quick=2, test=6, nightly=2_000)):
        ward = Ward(seed)
        ward.play(MOVES)
        codes |= ward.codes
    assert {f"consent.{each.name}" for each in REFUSALS} <= codes


@pytest.mark.slow
@pytest.mark.alarm
@pytest.mark.parametrize("guard", some(GUARDS))
def test_a_guard_that_is_taken_away_is_missed(guard):
    with taken_away(guard), pytest.raises((Found, BenchError)):
        play_wards(MOVES_MAX // MOVES)


def play_wards(seeds):
    for seed in range(seeds):
        Ward(seed).play(MOVES)
