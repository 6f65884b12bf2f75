"""What the commands of the guard and of its desk find: alerts, how they stand, and their evidence."""

from pathlib import Path
from typing import TYPE_CHECKING

from consortia.base.ids import digest_from_hex
from consortia.base.keys import SigningKey
from consortia.cli.output import Failure
from consortia.cli.session import Session
from consortia.modules.guard.queries import (
    AlertPage,
    ByAlert,
    ByMember,
    Filed,
    ListAlerts,
    MaybeFiled,
    Standing,
)

if TYPE_CHECKING:
    from consortia.workers.guarding import Shown

PAGE = 100


def person(session: Session, role: str | None) -> SigningKey | None:
    """The key of the person who speaks; None for any of the home that may sign."""
    return None if role is None else session.keyring.open(role)


def standing(session: Session, member: str) -> Standing:
    """How a member's guard stands."""
    return session.ask("guard.standing", ByMember(member), Standing)


def filed(session: Session, which: str) -> Filed:
    """An alert by its id, or by the first digits of one of this member's newest."""
    wanted = digest_from_hex(which)
    if wanted is not None:
        found = session.ask("guard.alert", ByAlert(wanted), MaybeFiled).found
    else:
        total = standing(session, session.member).tally.alerts
        newest = ListAlerts(session.member, max(0, total - PAGE), PAGE)
        near = [
            one
            for one in session.ask("guard.alerts", newest, AlertPage).alerts
            if which and one.alert.id.hex().startswith(which.lower())
        ]
        found = near[0] if len(near) == 1 else None
    if found is None:
        raise Failure(f"there is no alert {which}", "consortia alert list")
    return found


def state(one: Filed) -> str:
    """How far officers are with an alert, in a few words."""
    case = one.case
    if case.label is not None:
        return case.label if case.second is not None else f"{case.label}?, by one person"
    if case.answer is not None:
        return "answered"
    return "open" if case.assigned is None else f"with {case.assigned.hex()[:16]}"


def evidence_of(path: Path | None, found: Filed, session: Session) -> "Shown":
    """What opens an alert: from a file, or from this home; raises Failure."""
    from consortia.solutions.finance.fraud.evidence import kept_at
    from consortia.workers.guarding import Drawer, GuardError, read

    try:
        shown = Drawer(session.home.private).read(found.alert.id) if path is None else read(path)
    except GuardError as error:
        raise Failure(str(error), "ask the alert's author for its evidence") from None
    if shown is None:
        if path is None and kept_at(session.home.private, found.alert.finding.evidence).exists():
            raise Failure(
                "this alert is on a payment: a case executes it again",
                f"consortia case make {found.alert.id.hex()[:16]} --out FILE, then consortia verify FILE",
            )
        raise Failure(
            "the evidence of this alert is not in this home",
            f"ask {found.alert.member} for it, then: consortia alert check ALERT --evidence FILE",
        )
    return shown
