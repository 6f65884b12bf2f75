"""Random guards, each answer and effect foretold; and each guard of theirs missed when it is gone."""

from collections import Counter

import pytest

from consortia.app import application
from consortia.modules.guard import handlers, keeper, suspending
from consortia.testing.auditors import Found
from consortia.testing.auditors.guard_play import Watch
from consortia.testing.auditors.guards import guards, taken_away
from consortia.testing.machine import BenchError
from tests.fuzz.sampling import some

pytestmark = pytest.mark.slow

GUARDS = [guard for room in (handlers, keeper, suspending) for guard in guards(room)]
SEEDS, MOVES = 60, 250


def test_random_guards_do_as_the_auditor_foretells(programme):
    codes = Counter()
    for seed in range(programme(quick=3, test=12, nightly=2_000)):
        watch = Watch(seed)
        watch.run(400)
        codes += watch.codes
    if programme(quick=0, test=1, nightly=1):
        (module,) = (module for module in application().modules if module.name == "guard")
        assert {refusal.code for refusal in module.refusals} <= set(codes)


def missed(seed):
    """Whether the auditor, or an invariant, tells of what a play with this seed does."""
    try:
        Watch(seed).run(MOVES)
    except (Found, BenchError):
        return True
    return False


@pytest.mark.alarm
@pytest.mark.parametrize("guard", some(GUARDS))
def test_a_guard_of_the_guard_that_is_taken_away_is_missed(guard):
    with taken_away(guard):
        assert any(missed(seed) for seed in range(SEEDS))
