"""`consortia guard suspend, lift, appeal, judge`: stopping a member for a while, and what it can do then."""

import secrets
from pathlib import Path

import click

from consortia.base.commitments import record_leaf
from consortia.cli.casework import evidence_of, filed
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE
from consortia.cli.session import at_home, tell_done
from consortia.cli.spans import span
from consortia.modules.guard.messages import Appeal, JudgeAppeal, Lift, Suspend
from consortia.sdk.moments import moment
from consortia.workers.guarding import Shown


@click.command()
@click.argument("which", metavar="ALERT")
@click.option("--for", "length", default="24h", show_default=True, metavar="SPAN", help="At most 72h.")
@click.option("--evidence", type=click.Path(path_type=Path), help="What opens the alert; else this home's.")
@home_option
@json_option
def suspend(*, which: str, length: str, evidence: Path | None, home: Path | None, as_json: bool) -> int:
    """Suspend the member that one of this member's alerts is about; the ledger learns whom it is about.

    Needs a network mandate, and two officers who called the alert hostile.
    """
    milliseconds, session = span(length), at_home(home)
    found = filed(session, which)
    shown = evidence_of(evidence, found, session)
    receipt = session.submit(suspension(found.alert.id, shown, milliseconds))
    until = int(str(receipt.events[0].body["until"]))
    target = shown.opening.member
    text = f"{target} starts nothing new until {moment(until)}"
    tell_done(receipt, text, as_json=as_json, target=target, until=until)
    return DONE


@click.command()
@click.argument("member", metavar="MEMBER")
@home_option
@json_option
def lift(*, member: str, home: Path | None, as_json: bool) -> int:
    """End a suspension of MEMBER that this member's guard began."""
    receipt = at_home(home).submit(Lift(member))
    tell_done(receipt, f"{member} is suspended no longer", as_json=as_json)
    return DONE


@click.command()
@click.argument("text")
@home_option
@json_option
def appeal(*, text: str, home: Path | None, as_json: bool) -> int:
    """Appeal against this member's own suspension, for the reasons in TEXT; the ledger gets a salted hash."""
    salt = secrets.token_bytes(32)
    receipt = at_home(home).submit(Appeal(record_leaf(salt, text.encode())))
    tell_done(receipt, f"Appealed; keep the salt {salt.hex()}", as_json=as_json, salt=salt)
    return DONE


@click.command()
@click.argument("member", metavar="MEMBER")
@click.argument("verdict", metavar="VERDICT", type=click.Choice(["lift", "keep"]))
@home_option
@json_option
def judge(*, member: str, verdict: str, home: Path | None, as_json: bool) -> int:
    """Judge the appeal of MEMBER: lift or keep. More than half of those asked lift a suspension."""
    receipt = at_home(home).submit(JudgeAppeal(member, verdict == "lift"))
    over = len(receipt.events) > 1
    more = f"; {member} is suspended no longer" if over else ""
    tell_done(receipt, f"{verdict}{more}", as_json=as_json, overturned=over)
    return DONE


def suspension(alert: bytes, shown: Shown, milliseconds: int) -> Suspend:
    """The message that suspends the member that an alert is about, by what opens the alert."""
    return Suspend(alert, shown.opening_salt, shown.opening, milliseconds)
