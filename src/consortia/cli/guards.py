"""`consortia guard` and `consortia alert`: what watches the ledger, and the desk for its alerts."""

import json
import secrets
from pathlib import Path
from typing import Any

import click

from consortia.base.commitments import record_leaf
from consortia.base.times import DAY
from consortia.cli.casework import PAGE, evidence_of, filed, person, standing, state
from consortia.cli.keys import active
from consortia.cli.learning import train
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, REFUSED, Failure, facts, say, table
from consortia.cli.session import Session, at_home, tell_done
from consortia.cli.suspensions import appeal, judge, lift, suspend
from consortia.cli.watching import run
from consortia.engines.watch import RULES
from consortia.engines.watch.features import SCHEMA
from consortia.modules.guard.messages import Allow, Answer, Assign, LabelAlert, SetPolicy
from consortia.modules.guard.queries import AlertPage, Filed, ListAlerts
from consortia.modules.guard.types import Alert, Bound, Policy, Rule
from consortia.sdk.jsonform import to_json
from consortia.sdk.moments import moment
from consortia.workers.guarding import Drawer, GuardError, Models, Shelf, Shown, Step, check, read_models

BEHIND_MILLISECONDS = 60_000
"""No node's clock lies further behind: days counted from then are never more than the law allows.

The time of the newest block would not do: on a quiet ledger it lies days back.
"""

LABELS = click.Choice(["hostile", "honest", "unclear"])

person_option = click.option(
    "--as", "role", type=click.Choice(["admin", "analyst", "approver", "operator"]), help="By this key."
)


@click.group()
def guard() -> None:
    """The guard: run it, train it, its policy and status, and suspensions: suspend, lift, appeal, judge."""


for _command in (run, train, suspend, lift, appeal, judge):
    guard.add_command(_command)


@guard.command()
@click.option("--member", metavar="NAME", help="Whose guard; else this member's.")
@home_option
@json_option
def status(*, member: str | None, home: Path | None, as_json: bool) -> int:
    """Show a member's guard: policies, alerts, its network mandate, and whether the member is suspended."""
    session = at_home(home)
    name = member or session.member
    found = standing(session, name)
    if as_json:
        facts({"member": name, **to_json(found)})
        return DONE
    tally, mandate = found.tally, found.mandate
    since = f", {tally.today} on the day since {moment(tally.day)}" if tally.alerts else ""
    say(f"alerts      {tally.alerts}{since}")
    say(f"suspended   {tally.suspensions} so far, {tally.overturned} of them overturned under this mandate")
    may = "none: this guard suspends nobody" if mandate is None else f"until {moment(mandate.expires)}"
    say(f"mandate     {may}{'' if mandate is None or found.may_suspend else ', lost by appeals or expired'}")
    if found.suspended and found.suspension is not None:
        say(f"{name} is suspended by {found.suspension.by} until {moment(found.suspension.until)}")
    for policy in found.policies:
        say(f"policy      {policy.name} {policy.version}: {len(policy.rules)} rules, {policy.daily} a day")
    return DONE


@guard.command()
@click.argument("name")
@click.option("--daily", default=15, show_default=True, type=click.IntRange(1, 200), help="Alerts a day.")
@click.option("--rules", type=click.Path(path_type=Path), help="A JSON file of rules; else the usual ones.")
@click.option("--models", type=click.Path(path_type=Path), help="Learned models to pin beside them.")
@home_option
@json_option
def policy(
    *, name: str, daily: int, rules: Path | None, models: Path | None, home: Path | None, as_json: bool
) -> int:
    """Have this member's guard go by the policy NAME from now on."""
    chosen = _usual() if rules is None else _rules(rules)
    pinned = None if models is None else _models(models).digest()
    receipt = at_home(home).submit(SetPolicy(name, SCHEMA, chosen, pinned, daily))
    tell_done(receipt, f"The guard goes by {name}: {len(chosen)} rules", as_json=as_json, rules=len(chosen))
    return DONE


@click.group()
def alert() -> None:
    """Alerts: list, show, check, assign, answer, label, allow."""


@alert.command("list")
@click.option("--member", metavar="NAME", help="Whose guard's alerts; else this member's.")
@home_option
@json_option
def list_(*, member: str | None, home: Path | None, as_json: bool) -> int:
    """List the newest alerts of a guard, with what officers did about them."""
    session = at_home(home)
    name = member or session.member
    total = standing(session, name).tally.alerts
    page = session.ask("guard.alerts", ListAlerts(name, max(0, total - PAGE), PAGE), AlertPage)
    if as_json:
        facts({"alerts": page.alerts, "total": total})
        return DONE
    rows = [
        [one.alert.id.hex()[:16], moment(one.alert.time), one.alert.finding.code, state(one)]
        for one in reversed(page.alerts)
    ]
    table(rows, ["alert", "time", "reason", "case"])
    return DONE


@alert.command()
@click.argument("which", metavar="ALERT")
@home_option
@json_option
def show(*, which: str, home: Path | None, as_json: bool) -> int:
    """Show an alert; with its evidence where this home has it."""
    session = at_home(home)
    found = filed(session, which)
    shown = Drawer(session.home.private).read(found.alert.id)
    if as_json:
        facts({**to_json(found), "shown": shown})
        return DONE
    say(f"alert     {found.alert.id.hex()}")
    say(f"reason    {found.alert.finding.code}, by {'an exact rule' if found.alert.exact else 'a model'}")
    say(f"raised    {moment(found.alert.time)} by {found.alert.member}, policy {found.alert.finding.policy}")
    say(f"case      {state(found)}")
    if shown is None:
        say("evidence  not here: its author hands it out")
    else:
        say(f"about     {shown.opening.subject} of {shown.opening.member}, score {shown.score.value}")
        say(f"event     {shown.fact.kind} to {shown.fact.target}: {', '.join(map(str, shown.fact.values))}")
    return DONE


@alert.command("check")
@click.argument("which", metavar="ALERT")
@click.option("--evidence", type=click.Path(path_type=Path), help="The file that its author handed out.")
@click.option("--models", type=click.Path(path_type=Path), help="The learned models that the alert pins.")
@home_option
@json_option
def check_(
    *, which: str, evidence: Path | None, models: Path | None, home: Path | None, as_json: bool
) -> int:
    """Execute an alert again from its evidence: exit code 0 where all of it comes out the same, 1 else."""
    session = at_home(home)
    found = filed(session, which)
    shown = evidence_of(evidence, found, session)
    policies = standing(session, found.alert.member).policies
    policy_ = next((one for one in policies if one.name == found.alert.finding.policy), None)
    pinned = _models(models) if models is not None else _shelved(session, found.alert)
    steps = _checked(found, shown, policy_, pinned)
    holds = not any(step.wrong for step in steps)
    if as_json:
        facts({"alert": found.alert.id, "holds": holds, "steps": {s.what: s.wrong or "ok" for s in steps}})
    else:
        for step in steps:
            say(f"{step.what:12} {step.wrong or 'ok'}")
        say("the alert comes out the same" if holds else "the alert does NOT come out the same")
    return DONE if holds else REFUSED


@alert.command()
@click.argument("which", metavar="ALERT")
@click.argument("key", metavar="KEY")
@home_option
@json_option
def assign(*, which: str, key: str, home: Path | None, as_json: bool) -> int:
    """Give an alert to one of this member's officers, by a KEY's label or the first digits of its id."""
    session = at_home(home)
    person_key = active(session, key)
    receipt = session.submit(Assign(filed(session, which).alert.id, person_key.id))
    tell_done(receipt, f"The alert is given to {person_key.key.label}", as_json=as_json)
    return DONE


@alert.command()
@click.argument("which", metavar="ALERT")
@click.argument("text")
@person_option
@home_option
@json_option
def answer(*, which: str, text: str, role: str | None, home: Path | None, as_json: bool) -> int:
    """Say in TEXT what came out, as the one who has the alert; the ledger gets a salted hash of it."""
    session = at_home(home)
    salt = secrets.token_bytes(32)
    wanted = Answer(filed(session, which).alert.id, record_leaf(salt, text.encode()))
    receipt = session.submit(wanted, key=person(session, role))
    tell_done(receipt, f"Answered; keep the salt {salt.hex()}", as_json=as_json, salt=salt)
    return DONE


@alert.command()
@click.argument("which", metavar="ALERT")
@click.argument("label_", metavar="LABEL", type=LABELS)
@person_option
@home_option
@json_option
def label(
    *,
    which: str,
    label_: Any,  # noqa: ANN401 (one of LABELS)
    role: str | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Say that an alert was hostile, honest or unclear; it stands once a second officer says the same."""
    session = at_home(home)
    wanted = LabelAlert(filed(session, which).alert.id, label_)
    receipt = session.submit(wanted, key=person(session, role))
    step = str(receipt.events[0].body["step"])
    more = "" if step == "labelled" else "; a second officer's label makes it stand"
    tell_done(receipt, f"{label_}{more}", as_json=as_json, step=step)
    return DONE


@alert.command()
@click.argument("which", metavar="ALERT")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 90), help="For how long.")
@home_option
@json_option
def allow(*, which: str, days: int, home: Path | None, as_json: bool) -> int:
    """Let the like of an alert pass for some days, once two officers have called it honest."""
    session = at_home(home)
    stands = session.client.status()
    until = max(stands.time, stands.clock - BEHIND_MILLISECONDS) + days * DAY
    receipt = session.submit(Allow(filed(session, which).alert.id, until))
    tell_done(receipt, f"The like of it passes until {moment(until)}", as_json=as_json, until=until)
    return DONE


def _shelved(session: Session, found: Alert) -> Models | None:
    """The models of an alert, where this home has them."""
    pinned = found.finding.model
    return None if pinned is None else Shelf(session.home.private).read(pinned)


def _checked(found: Filed, shown: Shown, used: Policy | None, models: Models | None) -> list[Step]:
    try:
        return check(found.alert, shown, used, models)
    except GuardError as error:
        raise Failure(str(error), "use the models that the policy pins") from None


def _models(path: Path) -> Models:
    try:
        return read_models(path)
    except GuardError as error:
        raise Failure(str(error), "name a file of learned models") from None


def _usual() -> tuple[Rule, ...]:
    return tuple(
        Rule(
            rule.code,
            rule.kind,
            tuple(Bound(each.column, each.least, each.most) for each in rule.bounds),
            rule.severity,
        )
        for rule in RULES
    )


def _rules(path: Path) -> tuple[Rule, ...]:
    """The rules in a JSON file: [{code, kind, severity, bounds: {column: [least, most]}}]."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return tuple(
            Rule(
                str(rule["code"]),
                str(rule["kind"]),
                tuple(Bound(str(name), *pair) for name, pair in rule["bounds"].items()),
                int(rule["severity"]),
            )
            for rule in found
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(
            f"{path}: no rules: {error}",
            'write [{"code": "a.b", "kind": "transfer", "severity": 30, "bounds": {"amount": [100, null]}}]',
        ) from None
