"""What the scenarios of the guard are put together from: a policy, alerts, officers, a network mandate."""

from consortia.base.codec import Record
from consortia.base.times import DAY, HOUR
from consortia.kernel.block import OK
from consortia.modules.guard import messages as asked
from consortia.modules.guard.rules import commitment
from consortia.modules.guard.types import Bound, Finding, Opening, Rule
from consortia.modules.predictions.messages import Act
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.governance_parts import GENESIS, executed
from consortia.testing.scenarios.mandates_parts import account, agent, mandate

SALT = bytes(range(32))
MODEL = digest("models of the guard")
RULE = Rule("payment.passed_through", "transfer", (Bound("passed_permille", 820, None),), 35)
METHODS = ("guard.lift", "guard.raise_alert", "guard.suspend")


def policy(name: str = "payments", **fields: object) -> asked.SetPolicy:
    """A policy of one rule and a model, with three alerts a day."""
    usual: dict[str, object] = {
        "name": name,
        "schema": "watch/2",
        "rules": (RULE,),
        "model": MODEL,
        "daily": 3,
    }
    return asked.SetPolicy(**(usual | fields))  # type: ignore[arg-type]


def opening(member: str = "south") -> Opening:
    """What an alert about a member commits to."""
    return Opening(member, f"{member}/a1")


def finding(target: str = "south", **fields: object) -> Finding:
    """A finding about a member, by the rule; `learned` by the model."""
    usual: dict[str, object] = {
        "policy": "payments",
        "kind": "transfer",
        "code": RULE.code,
        "model": None,
        "population": digest("ninety days"),
        "state": digest("before it"),
        "target": commitment(SALT, opening(target)),
        "score": digest("salted score"),
        "evidence": digest("salted vector"),
    }
    return Finding(**(usual | fields))  # type: ignore[arg-type]


def learned(target: str = "south") -> Finding:
    """A finding by the pinned model."""
    return finding(target, code="learned.transfer", model=MODEL)


def raised(bench: Bench, what: Finding | None = None, member: str = "north") -> bytes:
    """An alert of a member, under its policy; the id."""
    if not bench.query("guard.standing", member=member).policies:
        bench.ok(member, "admin", policy())
    receipt = bench.ok(member, "operator", asked.RaiseAlert(what or finding()))
    found = receipt.events[0].body["alert"]
    if not isinstance(found, bytes):
        raise TypeError("an id is bytes")
    return found


def labelled(bench: Bench, alert: bytes, label: str, member: str = "north") -> None:
    """Have two officers label an alert."""
    for role in ("analyst", "approver"):
        bench.ok(member, role, asked.LabelAlert(alert, label))  # type: ignore[arg-type]


def empowering(bench: Bench, member: str = "north", **fields: object) -> asked.Empower:
    """What the members decide so that a member's guard may suspend."""
    usual: dict[str, object] = {
        "member": member,
        "model": MODEL,
        "precision": 960_000,
        "report": digest("held-out report"),
        "expires": bench.time + 60 * DAY,
    }
    return asked.Empower(**(usual | fields))  # type: ignore[arg-type]


def empowered(bench: Bench, *members: str, **fields: object) -> None:
    """Let these members' guards suspend (north's by default)."""
    for member in members or ("north",):
        executed(bench, "members", empowering(bench, member, **fields))


def suspending(alert: bytes, target: str = "south", milliseconds: int = 24 * HOUR) -> asked.Suspend:
    """The message that suspends a member for a day."""
    return asked.Suspend(alert, SALT, opening(target), milliseconds)


def acts(member: str, message: Record, word: str = "act") -> Step:
    """The guard's agent of a member does something, and accounts for it."""
    return Step(member, "agent", (Act(account(word)), message), agent(member))


def with_agent(bench: Bench, member: str = "north") -> None:
    """Give a member's agent a mandate to guard."""
    mandate(bench, member, methods=METHODS, classes=())


def suspended(bench: Bench, target: str = "south", member: str = "north") -> bytes:
    """Have a member's officers suspend another; the alert's id."""
    if bench.query("guard.standing", member=member).mandate is None:
        empowered(bench, member)
    alert = raised(bench, finding(target), member)
    labelled(bench, alert, "hostile", member)
    bench.ok(member, "approver", suspending(alert, target))
    return alert


def appealed(bench: Bench, target: str = "south") -> None:
    """Have a suspended member appeal."""
    bench.ok(target, "operator", asked.Appeal(digest("it was a payroll")))


def row(name: str, setup: object, code: str = OK, members: int = 4) -> Scenario:
    """A row of the table, under the charter in seconds."""
    return Scenario(name, setup, code, members, genesis=GENESIS)  # type: ignore[arg-type]
