"""Random markets, each answer and effect foretold; and each guard of the market missed when it is gone."""

import pytest

from consortia.modules.market import clearing, lookup, standing, trading
from consortia.testing.auditors import Found
from consortia.testing.auditors.guards import guards, taken_away
from consortia.testing.auditors.market_play import Play
from consortia.testing.machine import BenchError
from tests.fuzz.sampling import some

pytestmark = pytest.mark.slow

ROOMS = (clearing, lookup, standing, trading)
GUARDS = [guard for room in ROOMS for guard in guards(room) if guard.what not in {"owing", "beyond_capacity"}]
"""Those of meters are in `test_meters`."""

SEEDS = 40
MOVES = 300


def test_random_markets_do_as_the_auditor_foretells(programme):
    for seed in range(programme(quick=1, test=6, nightly=250)):
        Play(seed).run(400)


def missed(seed, moves):
    """Whether the auditor, or an invariant, tells of what a play with this seed does."""
    try:
        Play(seed).run(moves)
    except (Found, BenchError):
        return True
    return False


@pytest.mark.alarm
@pytest.mark.parametrize("guard", some(GUARDS))
def test_a_guard_that_is_taken_away_is_missed(guard):
    with taken_away(guard):
        assert any(missed(seed, MOVES) for seed in range(SEEDS))
