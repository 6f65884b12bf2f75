"""The guard at work: it finds what is odd in blocks, raises the best of it, and a crash changes nothing."""

import shutil

import pytest
from msgspec.structs import replace

from consortia.base.codec import encode_record
from consortia.base.times import DAY
from consortia.engines.watch.features import StateError
from consortia.kernel.block import OK
from consortia.modules.guard.messages import Allow, LabelAlert, SetPolicy
from consortia.workers.agent import MandateOver
from consortia.workers.guard import FILE, Guard, alert_id, read_place
from consortia.workers.guarding import Drawer, GuardError, Models, check
from consortia.workers.observing import Observer
from consortia.workers.seen import named
from tests.workers.watched import NAMES, Door, Killed, Ledger, usual

MINUTES = 60_000
PLACE = FILE.format("usual")


@pytest.fixture
def laundered():
    """A ledger on which south passes on, within minutes, what it got from east."""
    ledger = Ledger()
    unit = ledger.funded()
    ledger.pay("south", "west", unit, 480_000, after=10 * MINUTES)
    return ledger, unit


def comes_out(door, folder):
    """Whether every alert of the guard comes out the same from the evidence that is kept in a folder."""
    policies = {policy.version: policy for policy in door.standing().policies}
    steps = [
        step
        for filed in door.newest()
        for step in check(
            filed.alert, Drawer(folder).read(filed.alert.id), policies.get(filed.alert.policy_version)
        )
    ]
    return steps and not any(step.wrong for step in steps)


def test_money_that_is_passed_on_within_minutes_is_one_alert_that_comes_out_the_same(laundered, tmp_path):
    ledger, _ = laundered
    door = Door(ledger)
    guard = Guard(door, tmp_path, "usual")
    more, (done,) = guard.work()
    assert (more, done.code, done.reason, done.kind) == (False, OK, "payment.passed_through", "transfer")
    (filed,) = door.newest()
    shown = Drawer(tmp_path).read(done.alert)
    assert (filed.alert.id, shown.opening.member, shown.fact.target) == (done.alert, "south", "west")
    assert shown.fact.values == (480_000, 966, 10)
    assert comes_out(door, tmp_path)
    assert guard.work() == (False, [])  # its own alert is nothing to look at
    assert read_place(tmp_path / "guard" / PLACE).height == ledger.bench.tip.height


def test_an_account_with_the_longest_of_names_is_no_way_to_end_a_guard(tmp_path):
    """Whom money goes to chooses its account's label; the evidence can be read all the same."""
    long = "hospital-of-the-longest-of-names"
    ledger = Ledger(names=(*NAMES, long))
    unit, away = ledger.funded(), f"{long}/{'a' * 64}"
    ledger.pay("south", away, unit, 480_000, after=10 * MINUTES)
    door = Door(ledger)
    ((done,), other) = Guard(door, tmp_path, "usual").work()[1], f"{away[:-1]}b"
    assert (done.code, comes_out(door, tmp_path)) == (OK, True)
    told = Drawer(tmp_path).read(done.alert).fact.target
    assert told.startswith(f"{long}/a")
    assert told == named(away) != named(other)
    assert Guard(door, tmp_path, "usual").work() == (False, [])


def test_a_guard_that_dies_at_any_call_loses_no_alert_and_raises_none_twice(tmp_path):
    calls = 0
    while True:
        ledger = Ledger()
        unit = ledger.funded()
        ledger.pay("south", "west", unit, 480_000, after=10 * MINUTES)
        folder, door = tmp_path / str(calls), Door(ledger)
        door.dies = calls
        try:
            Guard(door, folder, "usual").work()
        except Killed:
            door.dies = None
            Guard(door, folder, "usual").work()
        assert [one.alert.finding.code for one in door.newest()] == ["payment.passed_through"], calls
        assert comes_out(door, folder), calls
        if door.dies is not None:
            break
        calls += 1
    assert calls > 10


def test_an_answer_that_is_lost_is_asked_for_again_and_the_alert_stands_once(laundered, tmp_path):
    ledger, _ = laundered
    door = Door(ledger)
    door.loses = 1
    with pytest.raises(Killed):
        Guard(door, tmp_path, "usual").work()
    _, (done,) = Guard(door, tmp_path, "usual").work()
    assert (done.code, len(door.newest())) == (OK, 1)
    assert len({signed.raw for signed in door.handed}) == 1


def test_an_alert_that_no_block_took_in_time_is_signed_anew_and_the_old_bytes_are_void(laundered, tmp_path):
    ledger, _ = laundered
    door = Door(ledger)
    door.shut = True
    with pytest.raises(Killed):
        Guard(door, tmp_path, "usual").work()
    door.shut = False
    ledger.bench.time += 10 * MINUTES
    ledger.block()
    _, done = Guard(door, tmp_path, "usual").work()
    assert [one.code for one in done][-1] == OK
    assert len(door.newest()) == 1
    first, *_, last = door.handed
    assert first.transaction != last.transaction
    assert Drawer(tmp_path).read(alert_id(door.network, first)) is None
    assert comes_out(door, tmp_path)


def test_a_place_from_a_backup_does_not_raise_again_what_stands_on_the_ledger(laundered, tmp_path):
    ledger, unit = laundered
    door = Door(ledger)
    Guard(door, tmp_path, "usual").work()
    (tmp_path / "guard" / PLACE).unlink()
    assert Guard(door, tmp_path, "usual").work() == (False, [])
    shutil.copy(tmp_path / "guard" / PLACE, tmp_path / "backup")
    ledger.pay("east", "north", unit, 300_000)
    ledger.pay("north", "west", unit, 290_000, after=MINUTES)
    ledger.bench.time += 3 * 3_600_000
    ledger.block()
    _, (done,) = Guard(door, tmp_path, "usual").work()
    assert done.code == OK
    shutil.copy(tmp_path / "backup", tmp_path / "guard" / PLACE)
    assert Guard(door, tmp_path, "usual").work() == (False, [])
    assert len(door.newest()) == 2


def test_one_actor_and_kind_has_one_alert_a_day_and_the_day_is_spread(laundered, tmp_path):
    ledger, unit = laundered
    for payer in ("west", "north", "west"):
        ledger.pay("east", payer, unit, 100_000)
        ledger.pay(payer, "south", unit, 100_000, after=MINUTES)
    door = Door(ledger)
    guard = Guard(door, tmp_path, "usual")
    assert len(guard.work()[1]) == 1  # the first at once
    raised = 1
    for _ in range(24):
        ledger.bench.time += DAY // 24
        ledger.block()
        raised += len(guard.work()[1])
    shown = [Drawer(tmp_path).read(one.alert.id) for one in door.newest()]
    actors = [one.fact.actor for one in shown if one.fact.kind == "transfer"]
    assert sorted(actors) == sorted(set(actors))
    assert {"south", "north"} <= set(actors)
    assert raised == len(shown)


def test_no_more_alerts_are_raised_than_the_policy_allows(tmp_path):
    ledger = Ledger(daily=1)
    unit = ledger.funded()
    door = Door(ledger)
    guard = Guard(door, tmp_path, "usual")
    for payer in ("west", "north", "south"):
        ledger.pay("east", payer, unit, 100_000)
        ledger.pay(payer, "east", unit, 100_000, after=MINUTES)
        guard.work()
    assert len(door.newest()) == 1
    assert all(code == OK for code in door.met)  # the guard does not ask for what is not due


def test_what_two_people_let_pass_is_not_raised_again_for_a_while(laundered, tmp_path):
    ledger, unit = laundered
    door, bench = Door(ledger), ledger.bench
    guard = Guard(door, tmp_path, "usual")
    _, (done,) = guard.work()
    for role in ("analyst", "approver"):
        ledger.run("north", role, LabelAlert(done.alert, "honest"))
    ledger.run("north", "admin", Allow(done.alert, bench.time + 3 * DAY))
    for days, expected in ((2, 1), (2, 2)):
        bench.time += days * DAY
        ledger.pay("east", "south", unit, 100_000)
        ledger.pay("south", "west", unit, 100_000, after=MINUTES)
        guard.work()
        actors = [Drawer(tmp_path).read(one.alert.id).fact.actor for one in door.newest()]
        assert actors.count("south") == expected


def test_a_policy_that_changes_has_what_waits_judged_anew(laundered, tmp_path):
    ledger, unit = laundered
    door = Door(ledger)
    guard = Guard(door, tmp_path, "usual")
    guard.work()
    ledger.pay("east", "north", unit, 100_000)
    ledger.pay("north", "west", unit, 100_000, after=MINUTES)
    guard.work()
    assert len(read_place(tmp_path / "guard" / PLACE).waiting) == 1
    other = tuple(rule for rule in usual() if rule.kind == "vote")
    ledger.run("north", "admin", SetPolicy("usual", "watch/2", other, None, 15))
    ledger.bench.time += 4 * 3_600_000
    ledger.block()
    assert guard.work() == (False, [])
    assert read_place(tmp_path / "guard" / PLACE).waiting == ()


def test_the_saved_place_is_small_and_goes_on_with_the_same_events(laundered, tmp_path):
    ledger, _ = laundered
    whole = Door(ledger)
    Guard(whole, tmp_path / "one", "usual").work()
    ledger.wholes[-1:] = []  # the alert is the other's; look at the blocks before it alone
    whole.upto = len(ledger.wholes)
    first = read_place(tmp_path / "one" / "guard" / PLACE)
    again = Observer()
    for one in ledger.wholes:
        again.block(one, whole.who)
        again = Observer.load(again.save())
    assert again.save() == first.observer
    assert len(encode_record(first)) < 8_192


def test_a_place_that_fits_nothing_is_named_and_nothing_is_raised(laundered, tmp_path):
    ledger, _ = laundered
    door = Door(ledger)
    path = tmp_path / "guard" / PLACE
    Guard(door, tmp_path, "usual").work()
    place = read_place(path)
    for other, words in (
        (replace(place, schema="guard/0"), "version 'guard/0'; this program reads 'guard/1'"),
        (replace(place, height=10_000), "at block 10000, and the ledger is final up to"),
        (replace(place, policy="cards"), "the place of policy cards"),
        (replace(place, network=bytes(32)), "another guard"),
        (replace(place, watcher=b"nothing"), "not a watcher's state"),
        (replace(place, observer=b"nothing"), "not an observer's state"),
    ):
        path.write_bytes(encode_record(other))
        with pytest.raises(GuardError, match=words):
            Guard(door, tmp_path, "usual")
    path.write_bytes(encode_record(place)[:-1])
    with pytest.raises(GuardError, match=r"place-usual: no place of a guard"):
        Guard(door, tmp_path, "usual")
    full = Observer()
    for number in range(4_096):
        full._tables.put("voted", str(number), ["x" * 8_000])
    assert len(full.save()) > 1 << 24
    assert Observer.load(full.save()).save() == full.save()
    with pytest.raises(StateError, match="observe/0"):
        Observer.load(Observer().save().replace(b"observe/1", b"observe/0"))
    with pytest.raises(StateError, match="damaged"):
        Observer.load(b"\xa2dkept\x01fschemaiobserve/1")
    with pytest.raises(StateError, match="not an observer"):
        Observer.load(b"\xa0")


def test_a_policy_or_models_that_are_not_at_hand_are_named(laundered, tmp_path):
    ledger, _ = laundered
    with pytest.raises(GuardError, match="no policy cards"):
        Guard(Door(ledger), tmp_path, "cards").work()
    models = Models("watch/2", (), ())
    ledger.run("north", "admin", SetPolicy("learned", "watch/2", usual(), models.digest(), 15))
    with pytest.raises(GuardError, match=r"pins the models .*none are at hand"):
        Guard(Door(ledger), tmp_path, "learned").work()
    ledger.run("north", "admin", SetPolicy("later", "watch/3", usual(), None, 15))
    with pytest.raises(GuardError, match="vectors 'watch/3'; this program makes 'watch/2'"):
        Guard(Door(ledger), tmp_path, "later").work()


def test_a_key_that_acts_no_more_ends_the_guard_and_the_finding_is_kept(laundered, tmp_path):
    ledger, _ = laundered
    door = Door(ledger)
    door.refuses = "identity.mandate_over"
    with pytest.raises(MandateOver):
        Guard(door, tmp_path, "usual").work()
    assert [one.code for one in read_place(tmp_path / "guard" / PLACE).waiting] == ["payment.passed_through"]
