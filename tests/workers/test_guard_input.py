"""What is wrong with what a guard is given is named and never scored: clocks, versions, numbers."""

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.base.codec import encode, encode_record
from consortia.base.commitments import record_leaf
from consortia.engines import detect
from consortia.engines.watch import Event, Watcher, columns
from consortia.engines.watch.features import StateError
from consortia.engines.watch.learned import fit_odd
from consortia.modules.guard.messages import RaiseAlert, SetPolicy
from consortia.modules.guard.types import Opening
from consortia.testing.machine import Bench
from consortia.workers.guarding import GuardError, Kept, Models, check
from tests.workers.watched import NAMES, found, usual

HOUR = 3_600_000
OPENING = Opening("south", "south/a1")
NO_NUMBERS = (float("nan"), float("inf"), float("-inf"))


def raised():
    """An alert by rule, its policy and what opens it, on a ledger of today."""
    bench = Bench(NAMES)
    bench.ok("north", "admin", SetPolicy("usual", "watch/2", usual(), None, 15))
    (policy,) = bench.query("guard.standing", member="north").policies
    event = Event(bench.tip.time, "spend", "south/a1", "records", (900, 980, 500))
    finding, shown = found(policy, Watcher(), event, OPENING)
    receipt = bench.ok("north", "operator", RaiseAlert(finding))
    alert = bench.query("guard.alert", alert=receipt.events[0].body["alert"]).found.alert
    return alert, policy, shown


def test_an_event_that_is_later_than_its_alert_is_named_as_a_clock_in_the_future():
    alert, policy, shown = raised()
    assert not any(step.wrong for step in check(alert, shown, policy))
    ahead = replace(shown, fact=replace(shown.fact, time=alert.time + 1))
    committed = record_leaf(ahead.fact_salt, encode_record(ahead.fact))
    forged = replace(alert, finding=replace(alert.finding, evidence=committed))
    wrong = {step.what: step.wrong for step in check(forged, ahead, policy) if step.wrong}
    assert wrong == {"time": "the event is later than the alert: a clock in the future"}


@pytest.mark.parametrize("row", [[0, 0, 0, 0, -1, *[0] * 30], [1 << 62, (1 << 64) - 1, *[0] * 33]])
def test_a_state_that_no_events_led_to_is_named(row):
    """Whoever raised an alert may have committed to any state; a check of it names it and goes on."""
    alert, policy, shown = raised()
    prior = encode({"schema": "watch/2", "kept": [[["spend south/a1", row]], [], []]})
    forged = replace(shown, fact=replace(shown.fact, prior=prior))
    wrong = {step.what: step.wrong for step in check(alert, forged, policy) if step.wrong}
    assert {"commitments", "state", "vector"} <= set(wrong)


def test_a_time_that_no_clock_shows_makes_no_event():
    for time in (-1, 1 << 62):
        with pytest.raises(ValueError, match="a time is in milliseconds"):
            Event(time, "spend", "south", "records", (1, 2, 3))


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_an_event_with_a_value_that_is_no_number_is_named(value):
    with pytest.raises(ValueError, match="spend: values are integers"):
        Event(0, "spend", "south", "records", (1, value, 3))


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_feature_that_is_no_number_is_named_by_its_row_and_column(value):
    rows = np.ones((60, len(columns("vote"))))
    rows[7, 2] = value
    with pytest.raises(detect.DetectError, match=r"row 7.*changed|changed.*row 7"):
        fit_odd({"vote": rows})
    good = np.arange(60 * rows.shape[1], dtype=np.int64).reshape(60, -1)
    model = detect.load(fit_odd({"vote": good})["vote"])
    with pytest.raises(detect.DetectError, match=r"row 7.*changed|changed.*row 7"):
        model.watch(rows)


def test_a_detectors_state_of_another_model_or_version_is_named():
    rows = np.arange(120, dtype=np.int64).reshape(60, 2)
    slow = detect.load(detect.fit("cusum", rows, ("a", "b")))
    other = detect.load(detect.fit("cusum", rows + 5, ("a", "b")))
    _, state = slow.watch(rows[:3])
    with pytest.raises(detect.DetectError, match="state"):
        other.watch(rows[3:], state)
    with pytest.raises(detect.DetectError, match="state"):
        slow.watch(rows[3:], state[:-1])
    usual_rows = detect.fit("ecod", rows, ("a", "b"))
    with pytest.raises(detect.DetectError, match="version"):
        detect.load(usual_rows.replace(b"gversion\x01", b"gversion\x09"))


def test_a_watchers_state_of_another_version_is_named():
    saved = Watcher().save()
    with pytest.raises(StateError, match=r"version 'watch/9'; this program reads 'watch/2'"):
        Watcher.load(saved.replace(b"watch/2", b"watch/9"))


def test_models_of_another_version_are_named_before_anything_is_scored():
    rows = np.arange(60 * len(columns("vote")), dtype=np.int64).reshape(60, -1)
    model = fit_odd({"vote": rows})["vote"].replace(b"gversion\x01", b"gversion\x09")
    with pytest.raises(GuardError, match=r"the guard's models: .*version"):
        Models("watch/2", (Kept("vote", model),), ()).learned(usual())
