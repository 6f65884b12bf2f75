"""Deadlines that touch a member, soonest first: what it owes, what is kept for it, what of its own ends."""

from consortia.base.times import DAY, HOUR, MINUTE, SECOND
from consortia.modules.bank.queries import EscrowPage, ListEscrows
from consortia.modules.governance.queries import ById as ProposalIs
from consortia.modules.governance.queries import ProposalView
from consortia.modules.guard.queries import ByMember as GuardOf
from consortia.modules.guard.queries import Standing
from consortia.modules.identity.mandate_queries import ByOwner, MandatesView
from consortia.modules.operations.queries import OfMember, OwedPage
from consortia.modules.training.queries import ByMember, Tasks
from consortia.node.console.inside import Inside
from consortia.node.http import Asked
from consortia.sdk.ballots import all_elections
from consortia.sdk.governance import Governance
from consortia.sdk.overview import study
from consortia.sdk.paging import PAGE, pages
from consortia.sdk.values import words
from consortia.sdk.views import Cell, Link, Moment, Table

MOST = 30
"""So many of the soonest deadlines are shown."""

Row = tuple[int, Cell, str, str]
"""A block time, what ends then with a link to it, of which kind it is, and what happens then."""


def ahead(asked: Asked) -> Table:
    """The deadlines of the node's member that are still to come, by the newest block's time."""
    member, way = asked.service.config.member, Inside(asked.service)
    now = asked.service.ledger.tip.time
    rows = [
        *_owed(way, member),
        *_votes(way, member),
        *_steps(way, member),
        *_ballots(way, member),
        *_escrows(way, member),
        *_ends(way, member),
    ]
    coming = sorted((one for one in rows if one[0] > now), key=lambda one: (one[0], one[2], str(one[1])))[
        :MOST
    ]
    shown = tuple((Moment(at), _left(at - now), what, kind, then) for at, what, kind, then in coming)
    note = "" if shown else f"Nothing that touches {member} ends soon."
    return Table("Deadlines ahead", ("until", "in", "what", "kind", "then"), shown, note)


def _left(milliseconds: int) -> str:
    """How long that is, in the largest unit of which it is two or more."""
    for unit, size in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE)):
        if milliseconds >= 2 * size:
            return f"{milliseconds // size} {unit}"
    return f"{milliseconds // SECOND} seconds"


def _owed(way: Inside, member: str) -> list[Row]:
    found = way.query("operations.awaited", OfMember(member), OwedPage).owed
    link = "/console/rooms/operations/notice?notice="
    return [
        (
            one.due,
            Link(f"answer the {one.kind} of {one.author}", link + one.notice.hex()),
            "notice",
            "your answer is late",
        )
        for one in found
    ]


def _votes(way: Inside, member: str) -> list[Row]:
    rows: list[Row] = []
    for item in Governance(way, member).list("voting"):
        seen = way.query("governance.proposal", ProposalIs(item.id), ProposalView)
        vote = next((one.vote for one in seen.electors if one.member == member), None)
        said = "not voted" if vote is None else f"voted {vote.choice}"
        if any(one.member == member for one in seen.electors):
            link = Link(item.title, f"/console/decisions/{item.id.hex()}")
            rows.append((item.closes, link, f"vote: {said}", "the votes are counted"))
    return rows


def called(way: Inside, which: bytes) -> str:
    """What people call a study: its title, or its name."""
    terms = study(way, which).study.terms
    return terms.title or terms.name


def _steps(way: Inside, member: str) -> list[Row]:
    return [
        (
            task.deadline,
            Link(
                f"{words(task.action)}: study {called(way, task.study)}",
                f"/console/studies/{task.study.hex()}",
            ),
            "study",
            "the study goes on without you",
        )
        for task in way.query("training.due", ByMember(member), Tasks).tasks
        if task.deadline is not None and task.action != "wait"
    ]


def _ballots(way: Inside, member: str) -> list[Row]:
    rows: list[Row] = []
    for one in all_elections(way):
        if one.election is None or one.step == "over":
            continue
        title, times = one.election.title or "a secret ballot", one.election.times
        link = Link(title, f"/console/elections/{one.election.id.hex()}")
        if member in one.election.voters:
            rows.append((times.vote, link, "secret ballot", "voting ends"))
        if member in one.election.trustees:
            rows += [
                (getattr(times, step), link, f"trustee: {step}", "the others go on without you")
                for step in ("commit", "open", "complain", "decrypt")
            ]
    return rows


def _escrows(way: Inside, member: str) -> list[Row]:
    found = pages(way.query, "bank.escrows", lambda at: ListEscrows(member, at, PAGE), EscrowPage)
    link = "/console/rooms/bank/escrow?escrow="
    return [
        (
            one.deadline,
            Link(f"{one.condition.kind} of {one.payer}", link + one.id.hex()),
            "escrow, held" if one.held else "escrow",
            "it goes back",
        )
        for page in found
        for one in page.escrows
    ]


def _ends(way: Inside, member: str) -> list[Row]:
    """What of the member's own ends: its agents' mandates, its guard's, a suspension."""
    rows: list[Row] = [
        (
            one.mandate.expires,
            Link(f"{member}/{one.mandate.agent}", f"/console/members/{member}"),
            "mandate",
            "the agent may not act any more",
        )
        for one in way.query("identity.mandates", ByOwner(member), MandatesView).mandates
        if one.live
    ]
    standing = way.query("guard.standing", GuardOf(member), Standing)
    if standing.mandate is not None:
        what = Link("your guard may suspend others", "/console/alerts")
        rows.append((standing.mandate.expires, what, "network mandate", "it may not any more"))
    if standing.suspension is not None:
        what = Link(f"suspended by {standing.suspension.by}", "/console/alerts")
        rows.append((standing.suspension.until, what, "suspension", "it ends"))
    return rows
