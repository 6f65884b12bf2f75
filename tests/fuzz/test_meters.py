"""Each guard of metered markets is missed when it is gone."""

import pytest

from consortia.modules.market import metering, trading
from consortia.testing.auditors.guards import guards, taken_away
from consortia.testing.battery import play
from consortia.testing.machine import BenchError
from consortia.testing.scenarios.market_meters import METERED

GUARDS = [
    *guards(metering),
    *(guard for guard in guards(trading) if guard.what in {"owing", "beyond_capacity"}),
]


def missed(scenario):
    """Whether a scenario is answered otherwise than its row says."""
    try:
        played = play(scenario)
    except BenchError:
        return True
    return played.receipt.code != scenario.code or bool(played.violations)


@pytest.mark.alarm
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_of_meters_that_is_taken_away_is_missed(guard):
    concerned = [one for one in METERED if one.code == f"market.{guard.what}"]
    with taken_away(guard):
        assert any(missed(scenario) for scenario in concerned)
