"""The guard at a prompt: a policy, an alert that is worked and executed again, and what suspends nobody."""

import json
import random
import signal
import time

import pytest

from consortia.base.keys import SigningKey
from consortia.base.times import HOUR
from consortia.cli.session import Keyring, at_home
from consortia.cli.suspensions import suspension
from consortia.engines.watch import Event, Watcher
from consortia.modules.bank.messages import NewUnit
from consortia.modules.guard.messages import RaiseAlert
from consortia.modules.guard.queries import ByMember, Standing
from consortia.modules.guard.types import Opening
from consortia.node.home import Home
from consortia.node.keys import find_keys, key_info
from consortia.sdk.guards import ClientGuardDoor
from consortia.testing.machine import Bench
from consortia.testing.scenarios.governance_parts import GENESIS
from consortia.testing.scenarios.guard_parts import empowered, labelled, policy
from consortia.workers.files import alone
from consortia.workers.guarding import Drawer
from tests.cli.terminal import Terminal, until
from tests.node.receiving import receiving
from tests.workers.watched import found

OPENING = Opening("south", "south/a1")
EVENT = Event(5 * HOUR, "transfer", "south/a1", "west", (900, 990, 5))
NAMES = ("east", "north", "south", "west")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """One member with a node, its policy, and one alert by rule with its evidence: a terminal and the id."""
    with Terminal(tmp_path_factory.mktemp("guards")).session() as terminal:
        terminal.run("init", "heart", "--org", "north", "--home", "north", "--plain-keys", "--no-worker")
        terminal.up("north")
        terminal.run("key", "new", "desk", "--role", "operator", "--home", "north")
        terminal.run("guard", "policy", "usual", "--daily", "3", "--home", "north")
        session = at_home(terminal.folder / "north")
        (usual,) = session.ask("guard.standing", ByMember("north"), Standing).policies
        what, shown = found(usual, Watcher(), EVENT, OPENING)
        assert what.code == "payment.passed_through"
        receipt = session.submit(RaiseAlert(what), key=session.keyring.open("operator"))
        alert = bytes(receipt.events[0].body["alert"])
        Drawer(session.home.private).keep(alert, shown)
        session.client.close()
        yield terminal, session, alert


def test_a_guard_goes_by_a_policy_and_says_how_it_stands(network):
    terminal, _, _ = network
    stands = terminal.facts("guard", "status", "--home", "north")
    assert [(one["name"], one["daily"]) for one in stands["policies"]] == [("usual", 3)]
    assert (stands["tally"]["alerts"], stands["mandate"], stands["suspended"]) == (1, None, False)
    said = terminal.run("guard", "status", "--home", "north").stdout
    assert "suspends nobody" in said
    (terminal.folder / "rules.json").write_text("[{}]")
    said = terminal.error("guard", "policy", "bad", "--rules", "rules.json", "--home", "north")
    assert "rules.json: no rules" in said


def test_an_alert_is_listed_shown_and_executed_again(network):
    terminal, _, alert = network
    (listed,) = terminal.facts("alert", "list", "--home", "north")["alerts"]
    assert listed["alert"]["id"] == alert.hex()
    assert "payment.passed_through" in terminal.run("alert", "list", "--home", "north").stdout
    shown = terminal.facts("alert", "show", alert.hex()[:8], "--home", "north")["shown"]
    assert shown["opening"] == {"member": "south", "subject": "south/a1"}
    checked = terminal.facts("alert", "check", alert.hex(), "--home", "north")
    assert checked["holds"] is True
    assert set(checked["steps"].values()) == {"ok"}
    assert "there is no alert ffff" in terminal.error("alert", "show", "ffff", "--home", "north")
    path = terminal.folder / "north" / "private" / "guard" / alert.hex()
    (terminal.folder / "handed").write_bytes(path.read_bytes()[:-1])
    said = terminal.error("alert", "check", alert.hex(), "--evidence", "handed", "--home", "north")
    assert "handed: no evidence of an alert" in said


def test_an_alert_is_given_answered_labelled_by_two_people_and_its_like_let_pass(network):
    terminal, session, alert = network
    which, at = alert.hex(), ("--home", "north")
    person = session.keyring.open("operator")
    assert "guard.not_assigned" in terminal.error("alert", "answer", which, "nothing yet", *at)
    assert "no active key is called" in terminal.error("alert", "assign", which, "nobody", *at)
    terminal.run("alert", "assign", which, person.key_id.hex()[:16], *at)
    assert len(terminal.facts("alert", "answer", which, "it was payday", *at)["salt"]) == 64
    assert "answered" in terminal.run("alert", "list", *at).stdout
    assert "guard.not_honest" in terminal.error("alert", "allow", which, *at)
    assert terminal.facts("alert", "label", which, "honest", *at)["step"] == "proposed"
    assert "guard.four_eyes" in terminal.error("alert", "label", which, "honest", *at)
    terminal.run("alert", "label", which, "honest", "--as", "admin", *at)
    allowed = terminal.facts("alert", "allow", which, "--days", "2", *at)["until"]
    case = terminal.facts("alert", "show", which, *at)["case"]
    assert (case["label"], case["allowed"]) == ("honest", allowed)


def test_a_guard_that_runs_follows_the_ledger_and_what_it_raises_is_executed_again(tmp_path):
    rule = {"code": "key.acts", "kind": "act", "severity": 30, "bounds": {"cost": [1, None]}}
    (tmp_path / "any.json").write_text(json.dumps([rule]))
    with Terminal(tmp_path).session() as terminal, receiving() as (url, got):
        at = ("--home", "north")
        terminal.run("init", "heart", "--org", "north", *at, "--plain-keys", "--no-worker")
        with (tmp_path / "north" / "consortia.toml").open("a") as settings:
            settings.write(f'webhook = "{url}"\n')
        terminal.up("north")
        assert "no policy any" in terminal.error("guard", "run", "--policy", "any", "--once", *at)
        terminal.run("guard", "policy", "any", "--rules", "any.json", "--daily", "9", *at)
        mandate = ("mandate", "grant", "watch", "--program", "consortia.workers.judging:Judge")
        terminal.run(*mandate, "--method", "guard.raise_alert", "--days", "1", *at)
        run = ("guard", "run", "--policy", "any", "--agent", "watch", "--once", "--json", *at)
        raised, ended = map(json.loads, terminal.run(*run).stdout.splitlines())
        assert (raised["reason"], raised["kind"], raised["code"]) == ("key.acts", "act", "ok")
        assert ended["height"] >= 2
        until(lambda: got, "the webhook")
        assert got[0][1]["webhook-id"] == raised["alert"]
        assert json.loads(got[0][2])["data"]["code"] == "key.acts"
        assert terminal.facts("alert", "check", raised["alert"], *at)["holds"] is True
        (again,) = map(json.loads, terminal.run(*run).stdout.splitlines())  # the day is spread
        assert again["height"] > ended["height"]
        assert [one["stated"] for one in terminal.facts("agent", "show", "watch", *at)["acts"]] == [106_691]
        (path,) = find_keys(tmp_path / "north" / "keys", "agent")
        with at_home(tmp_path / "north").client as client:
            looks = ClientGuardDoor(client, client, "north", SigningKey(bytes(32)))
            assert looks.who(bytes.fromhex(key_info(path).key)).name == "north/watch"
            assert looks.who(bytes(32)) is None
        assert "too young" in terminal.error("guard", "train", "first", "--policy", "any", *at)
        with at_home(tmp_path / "north").signing(Keyring(Home(tmp_path / "north")).open("admin")) as busy:
            for number in range(50):
                busy.submit(NewUnit(f"unit-{number}", "A unit", 0, "open", None, 0))
        made = terminal.facts("guard", "train", "first", "--policy", "any", "--pin", *at)
        assert "0 hostile, 0 honest" in made["trained_on"]
        (pinned,) = terminal.facts("guard", "status", *at)["policies"]
        assert pinned["model"] == made["models"]
        assert "first-lesson" in terminal.run("asset", "lineage", "first", *at).stdout
        assert "the mandate of watch is not for these models" in terminal.error(*run)
        with alone(tmp_path / "north" / "private" / "guard" / "lock-any"):
            assert "a guard runs already" in terminal.error("guard", "run", "--policy", "any", *at)
        with at_home(tmp_path / "north").client as client:
            told = next(client.blocks(0, "guard.alert_raised"))
        (name,) = {e["name"] for r in told["receipts"] for e in r["events"] if e["name"].startswith("guard")}
        assert name == "guard.alert_raised"


def test_who_may_not_suspend_or_is_not_suspended_is_told_so(network):
    terminal, _, alert = network
    at = ("--home", "north")
    assert "guard.no_mandate" in terminal.error("guard", "suspend", alert.hex(), *at)
    assert "no span of time" in terminal.error("guard", "suspend", alert.hex(), "--for", "long", *at)
    assert "guard.not_suspended" in terminal.error("guard", "lift", "south", *at)
    assert "guard.not_suspended" in terminal.error("guard", "appeal", "it was payday", *at)
    assert "guard.not_suspended" in terminal.error("guard", "judge", "south", "lift", *at)


def test_what_opens_an_alert_is_what_suspends_its_member():
    bench = Bench(NAMES, genesis=GENESIS)
    empowered(bench)
    bench.ok("north", "admin", policy())
    (usual,) = bench.query("guard.standing", member="north").policies
    what, shown = found(usual, Watcher(), EVENT, OPENING)
    alert = bench.ok("north", "operator", RaiseAlert(what)).events[0].body["alert"]
    labelled(bench, alert, "hostile")
    bench.ok("north", "admin", suspension(alert, shown, 24 * HOUR))
    stands = bench.query("guard.standing", member="south")
    assert (stands.suspended, stands.suspension.by) == (True, "north")


def test_a_guard_that_is_killed_while_it_raises_loses_no_alert_and_raises_none_twice(tmp_path, programme):
    draw = random.Random(5)
    for number in range(programme(quick=1, test=1, nightly=20)):
        (folder := tmp_path / str(number)).mkdir()
        killed_while_it_raises(folder, draw.choice((0.0, 0.005, 0.05)))


def killed_while_it_raises(folder, seconds):
    """Kill a guard so long after it kept what opens its first alert, and have it go on."""
    rule = {"code": "key.acts", "kind": "act", "severity": 30, "bounds": {"cost": [1, None]}}
    (folder / "any.json").write_text(json.dumps([rule]))
    kept, at = folder / "north" / "private" / "guard", ("--home", "north")
    with Terminal(folder).session() as terminal:
        terminal.run("init", "heart", "--org", "north", *at, "--plain-keys", "--no-worker")
        terminal.up("north")
        terminal.run("key", "new", "desk", "--role", "operator", *at)
        terminal.run("guard", "policy", "any", "--rules", "any.json", "--daily", "9", *at)
        guard = terminal.start("guard", "run", "--policy", "any", *at)
        until(lambda: evidence(kept), "what opens an alert")
        time.sleep(seconds)
        guard.stop(signal.SIGKILL)
        terminal.run("guard", "run", "--policy", "any", "--once", *at)
        (listed,) = terminal.facts("alert", "list", *at)["alerts"]
        assert evidence(kept) == {listed["alert"]["id"]}
        assert terminal.facts("alert", "check", listed["alert"]["id"], *at)["holds"] is True


def evidence(kept):
    """The names of what a home keeps to open alerts."""
    return {path.name for path in kept.iterdir() if len(path.name) == 64} if kept.is_dir() else set()
