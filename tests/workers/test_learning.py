"""A guard learns from its own ledger, and what it learned raises alerts that come out the same."""

import numpy as np
import pytest

from consortia.base.codec import encode_record
from consortia.base.times import DAY
from consortia.kernel.block import OK
from consortia.modules.guard.messages import LabelAlert, SetPolicy
from consortia.workers.guard import Guard
from consortia.workers.guarding import Drawer, GuardError, Shelf, check, read_models
from consortia.workers.judging import Judge
from consortia.workers.learning import train
from tests.workers.watched import Door, Ledger, usual

MINUTES = 60_000


def lived(folder, labels):
    """A ledger of some days on which west launders now and then; each alert about it gets the next label."""
    ledger = Ledger(daily=200)
    unit, door = ledger.funded(), Door(ledger)
    guard = Guard(door, folder, "usual")
    for day, label in enumerate(labels):
        for number in range(8):
            ledger.pay("south", "north", unit, 900 + 10 * number + day, after=3 * 3_600_000)
        ledger.pay("south", "west", unit, 9_000)
        ledger.pay("west", f"east/a{day}", unit, 8_900, after=5 * MINUTES)
        ledger.bench.time = (ledger.bench.time // DAY + 1) * DAY + 8 * 3_600_000 + day
        ledger.block()
        for one in guard.work()[1]:
            for role in ("analyst", "approver") if label else ():
                ledger.run("north", role, LabelAlert(one.alert, label))
    return ledger, unit, door


def a_day(guard, ledger):
    """What a guard raises in a day's time."""
    done = []
    for _ in range(23):
        done += guard.work()[1]
        ledger.bench.time += 3_600_000
        ledger.block()
    return done


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """What a guard learned whose alerts were called hostile ten times."""
    folder = tmp_path_factory.mktemp("learned")
    labels = (*("hostile",) * 5, "unclear", *("hostile",) * 5, None)
    ledger, unit, door = lived(folder, labels)
    (policy,) = door.standing().policies
    return folder, ledger, unit, door, train(door, Drawer(folder), policy, list(door.newest()))


def test_a_lesson_says_which_blocks_and_which_labels_were_used(learned):
    folder, ledger, _, door, made = learned
    lesson = made.lesson
    assert (lesson.network, lesson.first) == (door.network, 1)
    assert lesson.last < ledger.bench.tip.height + 1
    stands = {one.alert.id: one.case.label for one in door.newest() if one.case.second is not None}
    used = {one.alert: one.label for one in lesson.labels}
    assert used == {alert: label for alert, label in stands.items() if label != "unclear"}
    assert {"act", "transfer"} <= {kind for kind, _ in lesson.events}
    assert {kept.kind for kept in made.models.odd} >= {"act", "transfer"}
    assert "transfer" in {kept.kind for kept in made.models.sure}
    assert f"blocks 1-{lesson.last}" in made.told()
    (policy,) = door.standing().policies
    again = train(door, Drawer(folder), policy, list(door.newest()))
    assert encode_record(again.models) == encode_record(made.models)  # the same past, the same bits


def test_models_on_the_shelf_are_found_by_what_a_policy_pins(learned, tmp_path):
    *_, made = learned
    shelf = Shelf(tmp_path)
    path = shelf.keep(made.models)
    assert shelf.read(made.models.digest()) == made.models == read_models(path)
    assert shelf.read(bytes(32)) is None
    path.write_bytes(b"nothing")
    with pytest.raises(GuardError, match="no models of a guard"):
        shelf.read(made.models.digest())


def test_a_guard_with_models_raises_what_no_rule_names_and_it_comes_out_the_same(learned, tmp_path):
    _, ledger, unit, door, made = learned
    votes = tuple(rule for rule in usual() if rule.kind == "vote")
    ledger.run("north", "admin", SetPolicy("learned", "watch/2", votes, made.models.digest(), 200))
    guard = Guard(door, tmp_path, "learned", made.models)
    ledger.bench.time += 2 * DAY
    ledger.pay("south", "west", unit, 9_000)
    ledger.pay("west", "east/new", unit, 8_900, after=5 * MINUTES)
    one = next(each for each in a_day(guard, ledger) if each.kind == "transfer")
    assert (one.reason, one.code) == ("learned.transfer", OK)
    policy = next(each for each in door.standing().policies if each.name == "learned")
    alert, shown = door.alert(one.alert).alert, Drawer(tmp_path).read(one.alert)
    assert alert.finding.model == made.models.digest()
    assert not alert.exact
    assert [step.wrong for step in check(alert, shown, policy, made.models)] == [""] * 6
    assert [step.what for step in check(alert, shown, policy) if step.wrong] == ["reason"]


def test_a_batch_and_one_event_alone_are_judged_alike(learned):
    _, _, _, door, made = learned
    policy = next(each for each in door.standing().policies if each.name == "usual")
    judge = Judge(policy, made.models)
    rows = np.random.default_rng(5).integers(-40, 400, size=(64, 13))
    whole = [judge.learned.rank("transfer", rows[at : at + 1])[0] for at in range(len(rows))]
    assert whole == list(judge.learned.rank("transfer", rows))


def test_without_labels_what_is_usual_is_learned_and_a_young_ledger_teaches_nothing(tmp_path):
    ledger = Ledger()
    door = Door(ledger)
    (policy,) = door.standing().policies
    with pytest.raises(GuardError, match="too young"):
        train(door, Drawer(tmp_path), policy, [])
    unit = ledger.funded()
    for number in range(60):
        ledger.pay("south", "north", unit, 900 + number)
    made = train(door, Drawer(tmp_path), policy, [])
    assert made.models.sure == ()
    ledger.run("north", "admin", SetPolicy("odd", "watch/2", (), made.models.digest(), 200))
    guard = Guard(door, tmp_path, "odd", made.models)
    ledger.bench.time += 2 * DAY
    ledger.pay("south", "west", unit, 400_000)
    one = next(each for each in a_day(guard, ledger) if each.kind == "transfer")
    assert one.reason == "learned.transfer"
