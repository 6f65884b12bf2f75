"""What every test shares: how much to try, how hypothesis searches, and that no test passes over an alarm.

Long programmes (seeds, kills, mutants) ask the `programme` fixture how many to run, so that one setting
turns the inner loop into the nightly run:

    def test_no_acknowledged_transaction_is_lost(programme):
        for seed in range(programme(quick=2, test=20, nightly=5000)): ...

`CONSORTIA_TESTS=quick|test|nightly` chooses; `test` is the default.
"""

import os
from collections.abc import Generator
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, settings

from consortia.kernel.machine import Machine, Result
from consortia.kernel.refusals import INTERNAL
from tests import loud

PROGRAMME = os.environ.get("CONSORTIA_TESTS", "test")
if PROGRAMME not in {"quick", "test", "nightly"}:
    raise pytest.UsageError(f"CONSORTIA_TESTS is quick, test or nightly, not {PROGRAMME!r}")

# No deadlines: how fast a machine is says nothing of whether the rule holds. No stored examples: a run
# depends on nothing but the tree it runs on (a failing example is printed, with the line that replays it).
_COMMON = {
    "deadline": None,
    "database": None,
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("quick", max_examples=10, **_COMMON)
settings.register_profile("test", max_examples=100, **_COMMON)
settings.register_profile("nightly", max_examples=5_000, **_COMMON)
settings.load_profile(PROGRAMME)


class Count(Protocol):
    """How many of a programme's cases to run."""

    def __call__(self, *, quick: int, test: int, nightly: int) -> int: ...


@pytest.fixture(scope="session")
def programme() -> Count:
    """Pick the count that belongs to this run (see the module's docstring)."""

    def count(*, quick: int, test: int, nightly: int) -> int:
        return {"quick": quick, "test": test, "nightly": nightly}[PROGRAMME]

    return count


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the soak out unless it is asked for by name (`-m soak`)."""
    if "soak" in (config.option.markexpr or ""):
        return
    kept = [item for item in items if item.get_closest_marker("soak") is None]
    dropped = [item for item in items if item.get_closest_marker("soak") is not None]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


# An unforeseen exception in a handler becomes a receipt, so that the ledger goes on; a test must not. Every
# block that a test's own process runs is looked at, whoever asked for it. A test that provokes the failure on
# purpose is marked `alarm`.
_alarms: list[bytes] = []
_run = Machine.run


def _watched(self: Machine, *args: Any, **kwargs: Any) -> Result:
    result = _run(self, *args, **kwargs)
    _alarms.extend(each.transaction for each in result.receipts if each.code == INTERNAL.code)
    return result


Machine.run = _watched


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test in which the machine met what nobody foresaw."""
    _alarms.clear()
    yield
    if _alarms and item.get_closest_marker("alarm") is None:
        pytest.fail(f"{INTERNAL.code}: {len(_alarms)} transactions, the first {_alarms[0].hex()}")


# What was said loudly is shown at the very end, once, by whichever process has the terminal.
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what this process said to the one that shows it, where pytest-xdist runs several."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["said"] = loud.heard()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take in what another process said; one that crashed said nothing."""
    if said := getattr(node, "workeroutput", {}).get("said"):
        loud.hear(said)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Show what must not be passed over, below all else."""
    yield
    for text, is_loud in loud.lines():
        terminalreporter.write_line(text, red=is_loud, bold=is_loud)
