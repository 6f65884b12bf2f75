"""`consortia case`: alerts on payments in one file that `consortia verify` checks (`consortia.sdk.cases`)."""

from pathlib import Path

import click

from consortia.base.codec import Malformed, decode_record
from consortia.cli.casework import filed
from consortia.cli.lookup import digest_of
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, say
from consortia.cli.session import Session, at_home
from consortia.modules.guard.state import ALERTS
from consortia.node.home import write_private
from consortia.sdk.cases import Alerted, Case
from consortia.sdk.payment_alerts import Shown
from consortia.solutions.finance.fraud.evidence import kept_at


@click.group()
def case() -> None:
    """Case files: alerts on payments with proofs, for `consortia verify`."""


@case.command()
@click.argument("alerts", nargs=-1, required=True, metavar="ALERT...")
@click.option("--receipt", "receipts", multiple=True, metavar="TRANSACTION", help="Its receipt goes in too.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The case file to write.")
@home_option
@json_option
def make(
    *, alerts: tuple[str, ...], receipts: tuple[str, ...], out: Path, home: Path | None, as_json: bool
) -> int:
    """Put ALERTs of this member, whose evidence is in this home, into one case file.

    Whoever has the file sees the payments in it: hand it to those who are entitled to them.
    """
    session = at_home(home)
    found = [_alerted(session, which) for which in alerts]
    pinned = sorted({one.shown.model for one in found})
    made = Case(
        tuple(found),
        tuple(_kept(session, one) for one in pinned),
        tuple(session.client.proof(_transaction(one)) for one in receipts),
    )
    save(out, made)
    if as_json:
        facts({"file": str(out), "alerts": len(found), "receipts": len(receipts)})
    else:
        say(f"{out}: alerts {len(found)}, receipts {len(receipts)}")
        say(f"next: consortia verify {out} --network {session.client.status().network}")
    return DONE


def save(out: Path, made: Case) -> None:
    """Write a case file, for its author's eyes until it is handed on."""
    try:
        write_private(out, made.encode())
    except OSError as error:
        raise Failure(f"{out}: {error.strerror}", "choose another file with --out") from None


def _transaction(text: str) -> bytes:
    return digest_of(text, "id of a transaction", "what did it prints the id with --json")


def _alerted(session: Session, which: str) -> Alerted:
    alert = filed(session, which).alert
    data = _kept(session, alert.finding.evidence)
    try:
        opened = decode_record(Shown, data)
    except Malformed as error:
        raise Failure(
            f"the evidence of {which} is damaged: {error}", "consortia restore, from a backup of this home"
        ) from None
    session.client.wait_final(alert.height)
    return Alerted(session.client.proof_of_state(ALERTS.state_key(alert.id)), opened)


def _kept(session: Session, name: bytes) -> bytes:
    """What the home keeps of an alert on a payment, or of its model."""
    try:
        return kept_at(session.home.private, name).read_bytes()
    except OSError:
        raise Failure(
            f"this home keeps no evidence {name.hex()[:16]} of an alert on a payment",
            "make the case in the home that raised the alert",
        ) from None
