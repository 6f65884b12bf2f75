"""An alert is executed again from its evidence, bit for bit, and whatever was changed shows."""

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.base.codec import encode_record
from consortia.base.commitments import record_leaf
from consortia.engines.watch import Event, Watcher, columns
from consortia.engines.watch.features import SCHEMA
from consortia.engines.watch.learned import EXTRA, fit_odd, fit_sure
from consortia.modules.guard.messages import RaiseAlert, SetPolicy
from consortia.modules.guard.types import Opening
from consortia.testing.machine import Bench
from consortia.workers.guarding import Drawer, GuardError, Kept, Models, Score, check, read
from tests.workers.watched import NAMES, found, usual

HOUR = 3_600_000
OPENING = Opening("south", "south/a1")


def raised(model=None):
    """A ledger with one alert by rule: the alert, its policy and what opens it."""
    bench = Bench(NAMES)
    bench.ok("north", "admin", SetPolicy("usual", SCHEMA, usual(), model, 15))
    (policy,) = bench.query("guard.standing", member="north").policies
    watcher = Watcher()
    for number in range(20):
        event = Event(number * HOUR, "spend", "south/a1", "records", (900, 100, 500))
        assert found(policy, watcher, event, OPENING) is None
    event = Event(100 * HOUR, "spend", "south/a1", "records", (900, 980, 500))
    finding, shown = found(policy, watcher, event, OPENING)
    receipt = bench.ok("north", "operator", RaiseAlert(finding))
    alert = bench.query("guard.alert", alert=receipt.events[0].body["alert"]).found.alert
    return alert, policy, shown


def wrong(steps):
    return [step.what for step in steps if step.wrong]


def test_an_alert_comes_out_the_same():
    alert, policy, shown = raised()
    assert alert.exact
    steps = check(alert, shown, policy)
    assert [step.what for step in steps] == ["commitments", "time", "state", "vector", "reason", "score"]
    assert wrong(steps) == []


def test_whatever_was_changed_shows():
    alert, policy, shown = raised()
    fact = shown.fact
    other = replace(shown, opening=Opening("west", "west/a1"))
    assert wrong(check(alert, other, policy)) == ["commitments"]
    graver = replace(shown, score=Score(99))
    assert wrong(check(alert, graver, policy)) == ["commitments", "score"]
    mild = replace(shown, fact=replace(fact, values=(900, 100, 500)))
    assert wrong(check(alert, mild, policy)) == ["commitments", "reason", "score"]
    stale = replace(shown, fact=replace(fact, prior=Watcher().save()))
    assert wrong(check(alert, stale, policy))[:2] == ["commitments", "state"]
    broken = replace(shown, fact=replace(fact, prior=b"nothing"))
    assert wrong(check(alert, broken, policy)) == ["commitments", "state", "vector"]
    later = replace(shown, fact=replace(fact, schema="watch/3"))
    assert wrong(check(alert, later, policy)) == ["commitments", "vector"]


def test_a_policy_that_changed_since_is_named():
    alert, policy, shown = raised()
    assert wrong(check(alert, shown, replace(policy, version=2))) == ["reason"]
    assert wrong(check(alert, shown, None)) == ["reason"]


def models():
    rows = np.array(
        [
            Watcher().vector(Event(0, "spend", "south/a1", "records", (n, 900 if n % 5 == 0 else 9, 5)))
            for n in range(100)
        ]
    )
    odd = fit_odd({"spend": rows})
    labels = np.array([int(n % 5 == 0) for n in range(100)])
    wide = np.column_stack([rows, np.zeros((100, len(EXTRA)), dtype=np.int64)])
    sure = fit_sure({"spend": wide}, {"spend": labels})
    return Models(SCHEMA, (Kept("spend", odd["spend"]),), (Kept("spend", sure["spend"]),))


def test_a_learned_alert_is_ranked_again_by_the_models_that_it_pins():
    pinned = models()
    alert, policy, shown = raised(pinned.digest())
    vector = Watcher.load(shown.fact.prior).vector(shown.fact.event())
    assert len(vector) == len(columns("spend"))
    rank = int(pinned.learned(policy.rules).rank("spend", np.array([vector]))[0])
    shown = replace(shown, score=Score(rank))
    finding = replace(
        alert.finding,
        code="learned.spend",
        model=pinned.digest(),
        score=record_leaf(shown.score_salt, encode_record(shown.score)),
    )
    learned = replace(alert, finding=finding, exact=False)
    assert wrong(check(learned, shown, policy, pinned)) == []
    assert wrong(check(learned, shown, policy)) == ["reason"]
    off = replace(shown, score=Score(rank + 1))
    assert wrong(check(learned, off, policy, pinned)) == ["commitments", "score"]


def test_models_of_other_vectors_are_refused_and_named():
    with pytest.raises(GuardError, match=r"watch/0.*watch/2"):
        Models("watch/0", (), ()).learned(())
    with pytest.raises(GuardError, match="models"):
        Models(SCHEMA, (Kept("spend", b"nothing"),), ()).learned(())


def test_evidence_is_kept_for_its_owner_and_read_back(tmp_path):
    alert, _, shown = raised()
    drawer = Drawer(tmp_path)
    assert drawer.read(alert.id) is None
    path = drawer.keep(alert.id, shown)
    assert drawer.read(alert.id) == shown == read(path)
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"nothing")
    with pytest.raises(GuardError, match=alert.id.hex()):
        drawer.read(alert.id)
