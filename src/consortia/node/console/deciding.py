"""Decisions, value and alerts: proposals with their votes and their dry run, accounts, markets, cases."""

from consortia.base.refusals import Refused
from consortia.modules.ballots.queries import ById as Election
from consortia.modules.ballots.queries import ElectionView
from consortia.modules.bank.queries import HeldPage, ListHeld, ListUnits, UnitPage
from consortia.modules.governance.charters import SPENDING_MAX
from consortia.modules.governance.queries import (
    ById,
    ByNumber,
    CharterView,
    Decisions,
    Effects,
    Nothing,
    PauseList,
    ProposalView,
    TallyView,
)
from consortia.modules.governance.types import Action, ProposalClass
from consortia.modules.guard.queries import AlertPage, Filed, ListAlerts
from consortia.modules.market.queries import AtAuction, AuctionState, Everything, Ladder, Markets, MaybeMarket
from consortia.modules.market.queries import ById as MarketIs
from consortia.node.console.acts import address, offer
from consortia.node.console.counting import listed, to_cast
from consortia.node.console.inside import Inside
from consortia.node.console.sayings import said
from consortia.node.console.screen import LISTED_MAX, Screen, newest
from consortia.node.http import Asked
from consortia.node.http_answers import HttpProblem, hex_digest
from consortia.sdk.governance import Governance, passes_with, quorum_of
from consortia.sdk.html import Html, tag
from consortia.sdk.paging import PAGE, pages
from consortia.sdk.values import cell, facts_of, rows_of
from consortia.sdk.views import Cell, Link, Moment, Table, View

_AUCTIONS = 5


def decisions(asked: Asked) -> Screen:
    """Proposals, what they brought about, and the charter."""
    way = Inside(asked.service)
    found = Governance(way, asked.service.config.member).list()
    rows: list[tuple[Cell, ...]] = [
        (
            Link(one.title, f"/console/decisions/{one.id.hex()}"),
            one.author,
            one.kind,
            one.status,
            Moment(one.time),
            Moment(one.closes),
        )
        for one in found[:LISTED_MAX]
    ]
    charter = way.query("governance.charter", ByNumber(None), CharterView)
    headings = ("proposal", "author", "class", "status", "proposed", "closes")
    return Screen(
        "Decisions",
        "What the members propose, how they vote, and what they decided.",
        (
            offer(("Propose a decision", "governance.propose", {})),
            Table("Proposals", headings, tuple(rows), newest(len(found))),
            listed(way),
            rows_of("Paused by the council", way.query("governance.pauses", Nothing(), PauseList).pauses),
            *facts_of(
                "What decisions brought about", way.query("governance.decisions", Nothing(), Decisions)
            ),
            *_charter(charter),
        ),
    )


def _spends(one: ProposalClass) -> Cell:
    """What a proposal of a class spends at most; nothing where it cannot spend."""
    if "governance.spend" not in one.methods:
        return None
    return "any amount" if one.spend_max == SPENDING_MAX else one.spend_max


def _charter(found: CharterView) -> tuple[Table, Table]:
    """Who sits where, and what each class of proposals takes."""
    law = found.charter
    facts: tuple[tuple[Cell, ...], ...] = (
        ("open proposals a member may have", law.open_max),
        *(
            [("votes, where not one", ", ".join(f"{one.member} {one.weight}" for one in law.weights))]
            if law.weights
            else []
        ),
        ("council", cell(law.council, "council")),
        ("seats that pause a method", found.needed if law.council else "none"),
        ("ethics board", cell(law.ethics, "ethics")),
        ("a pause lasts at most", cell(law.pause_milliseconds, "pause_milliseconds")),
        ("and is not repeated for", cell(law.cooling_milliseconds, "cooling_milliseconds")),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            one.name,
            quorum_of(one),
            passes_with(one),
            cell(one.vote_milliseconds, "vote_milliseconds"),
            cell(one.lock_milliseconds, "lock_milliseconds"),
            cell(one.expire_milliseconds, "expire_milliseconds"),
            one.agents,
            _spends(one),
            ", ".join(one.methods),
        )
        for one in law.classes
    )
    heads = (
        "class",
        "quorum",
        "passes with",
        "voting",
        "lock",
        "carried out within",
        "agents",
        "spends at most",
        "may hold",
    )
    title = f"Charter {found.number}"
    return Table(title, ("what", "value"), facts), Table(f"{title}: classes of proposals", heads, rows)


def one_decision(asked: Asked) -> Screen:
    """A proposal: its actions in words, the votes, the tally, and what it would do now."""
    name, way = hex_digest(asked.path("id"), "a proposal's id"), Inside(asked.service)
    seen = way.query("governance.proposal", ById(name), ProposalView)
    this = seen.proposal
    votes: tuple[tuple[Cell, ...], ...] = tuple(
        (
            Link(one.member, f"/console/members/{one.member}"),
            one.elector.weight,
            "not yet" if one.vote is None else one.vote.choice,
            None if one.vote is None else Moment(one.vote.time),
            None if one.agent is None else one.agent.choice,
            "objects" if one.objection is not None else None,
        )
        for one in seen.electors
    )
    headings = ("member", "units", "vote", "when", "its agent", "objection")
    parts: list[Html | View] = [
        _to_vote(asked.service.config.member, seen),
        *_to_cast(asked.service.config.member, way, this.election),
        Table("Votes", headings, votes),
        Table(
            "What it would do",
            ("action",),
            tuple((said(one.method, dict(one.args)),) for one in this.actions),
        ),
        *facts_of("Tally", way.query("governance.tally", ById(name), TallyView)),
        *_dry_run(way, this.actions, name),
        *facts_of("Proposal", this),
        *facts_of("Progress", seen.progress),
        rows_of("What agents advise", seen.advice),
    ]
    return Screen(this.title, this.text or f"Proposed by {this.author}.", tuple(parts))


def _to_vote(member: str, seen: ProposalView) -> Html:
    """What an officer of the member can do about a proposal as it stands."""
    this, mine = seen.proposal, [one for one in seen.electors if one.member == member]
    bound = {"proposal": this.id.hex(), "content": this.content.hex()}
    acts: list[tuple[str, str, dict[str, str]]] = []
    if seen.progress.status == "voting" and this.election is None:
        if any(one.vote is None for one in mine):
            acts += [
                (f"Vote {choice}", "governance.cast_vote", {**bound, "member": member, "choice": choice})
                for choice in ("yes", "no", "abstain")
            ]
        acts.append(("Count the votes", "governance.close", {"proposal": this.id.hex()}))
    if seen.progress.status == "passed":
        acts.append(("Carry it out", "governance.execute", bound))
    return offer(*acts)


def _to_cast(member: str, way: Inside, election: bytes | None) -> tuple[Html, ...]:
    """How a secret ballot about a proposal is cast, and the way to its page."""
    if election is None:
        return ()
    there = tag("p", tag("a", "The secret ballot", href=f"/console/elections/{election.hex()}"))
    seen = way.query("ballots.election", Election(election), ElectionView)
    if seen.election is None or seen.progress is None:
        return (there,)
    casting = to_cast(member, seen.election, seen.progress)
    return (there,) if casting is None else (casting, there)


def _dry_run(way: Inside, actions: tuple[Action, ...], name: bytes) -> tuple[Table, ...]:
    """What carrying it out now would change; nothing where there is nothing to carry out."""
    if not actions:
        return ()
    try:
        return facts_of("Dry run on the newest state", way.query("governance.effects", ById(name), Effects))
    except Refused as refused:
        return (Table("Dry run on the newest state", ("result",), ((str(refused),),)),)


def accounts(asked: Asked) -> Screen:
    """Units of value, and what the node's member holds."""
    way, member = Inside(asked.service), asked.service.config.member
    units = pages(way.query, "bank.units", lambda at: ListUnits(at, PAGE), UnitPage)
    held = pages(way.query, "bank.accounts", lambda at: ListHeld(member, at, PAGE), HeldPage)
    return Screen(
        "Accounts",
        f"Units of value, and what {member} and its agents hold. Value is conserved, always.",
        (
            offer(("Pay", "bank.transfer", {"payer": member})),
            rows_of(f"Held by {member}", tuple(one for page in held for one in page.held)),
            rows_of("Units", tuple(one for page in units for one in page.units)),
        ),
    )


def markets(asked: Asked) -> Screen:
    """All markets."""
    found = Inside(asked.service).query("market.markets", Everything(None, PAGE), Markets).markets
    table = rows_of("Markets", found)
    links: list[tuple[Cell, ...]] = [
        (Link(one.title or one.name, f"/console/markets/{one.id.hex()}"),) for one in found
    ]
    return Screen(
        "Markets",
        "Sealed call auctions: nobody sees an order before all are in.",
        (Table("Open one", ("market",), tuple(links)), table),
    )


def one_market(asked: Asked) -> Screen:
    """A market: its terms, its newest auction and book."""
    name, way = hex_digest(asked.path("id"), "a market's id"), Inside(asked.service)
    found = way.query("market.market", MarketIs(name), MaybeMarket).market
    if found is None:
        raise HttpProblem(404, f"no market {name.hex()}")
    newest = (asked.service.ledger.tip.time - found.terms.start) // found.terms.period_ms
    member = asked.service.config.member
    parts: list[Html | View] = [_to_trade(found.id, member, newest), *facts_of("Market", found)]
    for auction in range(newest, max(-1, newest - _AUCTIONS), -1):
        state = way.query("market.auction", AtAuction(name, auction), AuctionState)
        if state.auction is not None:
            parts += facts_of(f"Auction {auction}", state)
            book = way.query("market.book", AtAuction(name, auction), Ladder)
            parts.append(rows_of(f"Book of auction {auction}", book.levels))
    return Screen(found.title or found.name, "A market of sealed call auctions.", tuple(parts))


def alerts(asked: Asked) -> Screen:
    """The alerts of every member's guard, newest first, and what officers did about them."""
    way = Inside(asked.service)
    found: list[Filed] = []
    for member in asked.service.ledger.members().members:
        total = way.query("guard.alerts", ListAlerts(member.name, 0, 1), AlertPage).total
        first = max(0, total - 50)
        found += way.query("guard.alerts", ListAlerts(member.name, first, 50), AlertPage).alerts
    own = [(alert.kind, alert.text, Moment(alert.time)) for alert in asked.service.alerts]
    return Screen(
        "Alerts",
        "What the guards noticed, with the evidence committed, and what officers answered.",
        (
            _to_answer([one for one in found if one.alert.member == asked.service.config.member]),
            rows_of("Alerts on the ledger", list(reversed(found))),
            Table("Noticed by this node", ("kind", "what", "when"), tuple(reversed(own))),
        ),
    )


def _to_trade(market: bytes, member: str, auction: int) -> Html:
    """What an officer of the member can do in a market."""
    this = {"market": market.hex(), "auction": str(max(0, auction))}
    return offer(
        ("Place an order", "market.commit", {**this, "account": member}),
        ("Open an order", "market.reveal", this),
        ("Take an order back", "market.cancel", this),
    )


def _to_answer(own: list[Filed]) -> Table:
    """The alerts of the member's own guard that officers have not settled, with what they can do."""
    rows: list[tuple[Cell, ...]] = []
    for one in reversed(own):
        if one.case.label is None:
            this = {"alert": one.alert.id.hex()}
            rows.append(
                (
                    one.alert.finding.code,
                    Moment(one.alert.time),
                    Link("take it", address("guard.assign", this)) if one.case.assigned is None else "taken",
                    Link("answer", address("guard.answer", this)) if one.case.answer is None else "answered",
                    Link("say what it was", address("guard.label_alert", this)),
                )
            )
    note = "" if rows else "No alert of the own guard waits for an officer."
    return Table(
        "Awaiting officers", ("why", "when", "who has it", "what came out", "what it was"), tuple(rows), note
    )
