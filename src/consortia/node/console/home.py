"""The first page: what needs your signature, who is awaited, what changed."""

from itertools import chain

from consortia.modules.ballots.queries import AskBallot, Duties, MaybeBallot
from consortia.modules.ballots.queries import ByMember as TrusteeIs
from consortia.modules.governance.queries import ById as ProposalIs
from consortia.modules.governance.queries import ProposalView
from consortia.modules.identity.queries import Nothing, ProposalsView
from consortia.modules.training.queries import Awaited, ById, ByMember, Tasks
from consortia.modules.training.types import Status
from consortia.node.console.acts import APPROVALS, address, approved
from consortia.node.console.ahead import ahead, called
from consortia.node.console.inside import Inside, latest, told
from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.sdk.ballots import all_elections
from consortia.sdk.governance import Governance
from consortia.sdk.html import Html, tag
from consortia.sdk.paging import study_pages
from consortia.sdk.values import words
from consortia.sdk.views import Cell, Link, Moment, Table

_BY_OFFICERS = frozenset({"join", "start"})
"""Steps of a study that officers decide on; all others are a worker's."""

_LATEST = 12


def home(asked: Asked) -> Screen:
    """The inbox of the node's member."""
    member = asked.service.config.member
    way = Inside(asked.service)
    signing = (
        *_memberships(way, member),
        *_votes(way, member),
        *_ballots(way, member),
        *_studies(way, member),
        *_trusts(way, member),
    )
    awaited = tuple(_awaited(way))
    nothing = f"Nothing waits for an officer of {member}."
    return Screen(
        "Home",
        f"What {member} has to sign, whom the network waits for, what ends when, and what changed last.",
        (
            _noted(asked),
            Table("Needs your signature", ("what", "kind", "until"), signing, "" if signing else nothing),
            Table(
                "Who is awaited",
                ("study", "for", "whom", "until"),
                awaited,
                "" if awaited else "No study waits for anybody.",
            ),
            ahead(asked),
            told("What changed", latest(asked.service, _LATEST)),
        ),
    )


def _noted(asked: Asked) -> Html:
    """How the node stands, in one line that needs no reading when all is well."""
    found, hindered = asked.service.node.status(), asked.service.hindrance.text
    if found.stopped is not None:
        return tag("p", f"This node has stopped: {found.stopped}", class_="wrong", role="alert")
    if hindered:
        return tag("p", f"This node cannot go on: {hindered}", class_="wrong", role="alert")
    final = found.final_size == found.size
    away = ", ".join(sorted(asked.service.reach.away()))
    facts: tuple[tuple[str, str | int | Html], ...] = (
        ("members", len(asked.service.ledger.members().members)),
        ("blocks", found.height + 1),
        ("orderer", found.orderer or "all members"),
        ("final", "all of it" if final else f"{found.final_size:,} of {found.size:,} leaves"),
        *([("do not answer", tag("a", away, href="/console/node"))] if away else []),
    )
    pairs = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts]
    return tag("dl", *pairs, class_="facts")


def _memberships(way: Inside, member: str) -> list[tuple[Cell, ...]]:
    found = way.query("identity.proposals", Nothing(), ProposalsView).proposals
    return [
        (
            Link(
                f"{words(one.kind)} {one.name}",
                address(APPROVALS[one.kind], approved(one)),
            ),
            "members",
            None,
        )
        for one in found
        if member in one.awaited
    ]


def _votes(way: Inside, member: str) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for item in Governance(way, member).list("voting"):
        seen = way.query("governance.proposal", ProposalIs(item.id), ProposalView)
        waits = any(one.member == member and one.vote is None for one in seen.electors)
        if waits and seen.proposal.election is None:  # else its ballot stands under `_ballots`
            rows.append(
                (Link(item.title, f"/console/decisions/{item.id.hex()}"), "vote", Moment(item.closes))
            )
    return rows


def _studies(way: Inside, member: str) -> list[tuple[Cell, ...]]:
    tasks = way.query("training.due", ByMember(member), Tasks).tasks
    return [
        (
            Link(f"{task.action} study {called(way, task.study)}", f"/console/studies/{task.study.hex()}"),
            "study",
            None if task.deadline is None else Moment(task.deadline),
        )
        for task in tasks
        if task.action in _BY_OFFICERS and task.ready
    ]


def _trusts(way: Inside, member: str) -> list[tuple[Cell, ...]]:
    found = way.query("ballots.duties", TrusteeIs(member), Duties).elections
    return [
        (
            Link(
                "a secret ballot" if one.election is None else one.election.title,
                "/console/rooms/ballots/duties?member=" + member
                if one.election is None
                else f"/console/elections/{one.election.id.hex()}",
            ),
            f"trustee: {words(one.step)}",
            None,
        )
        for one in found
        if one.step != "vote"  # then trustees have nothing to do
    ]


def _ballots(way: Inside, member: str) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for one in all_elections(way):
        found = one.election
        if found is None or one.step != "vote" or member not in found.voters:
            continue
        if way.query("ballots.ballot", AskBallot(found.id, member), MaybeBallot).kept is None:
            link = Link(found.title or "a secret ballot", f"/console/elections/{found.id.hex()}")
            rows.append((link, "secret ballot", Moment(found.times.vote)))
    return rows


def _awaited(way: Inside) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    going: tuple[Status, ...] = ("proposed", "running")
    for page in chain.from_iterable(study_pages(way.query, status) for status in going):
        for study in page.studies:
            found = way.query("training.awaited", ById(study.id), Awaited)
            whom = tuple(dict.fromkeys((*found.members, *found.answers)))
            if whom:
                until = None if found.deadline is None else Moment(found.deadline)
                link = Link(study.title or study.name, f"/console/studies/{study.id.hex()}")
                rows.append((link, found.action, ", ".join(whom), until))
    return rows
