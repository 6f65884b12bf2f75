"""What anyone may ask of governance."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta
from msgspec.structs import asdict

from consortia.base.codec import U32, U63, Digest, Milliseconds, Name, Record, Text80
from consortia.base.refusals import Refused
from consortia.kernel.block import Event
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.kernel.pages import page
from consortia.kernel.refusals import BAD_ARGUMENTS
from consortia.kernel.transaction import MethodName
from consortia.modules.governance.counting import count, owners, would_pass
from consortia.modules.governance.handlers import AUTHORITY, calls, found, spent_by
from consortia.modules.governance.ports import Ports
from consortia.modules.governance.rules import council_quorum
from consortia.modules.governance.state import (
    ADVICE,
    AGENT_VOTES,
    CHARTERS,
    DELEGATIONS,
    ELECTORS,
    OBJECTIONS,
    OPEN,
    PARAMETERS,
    PAUSES,
    PROPOSALS,
    RELEASES,
    SCHEDULED,
    UPGRADES,
    VOTES,
    charter,
    charter_number,
    class_of,
    digest,
    text,
)
from consortia.modules.governance.types import (
    Actions,
    AgentVote,
    Charter,
    Delegation,
    Elector,
    Objection,
    Parameter,
    Pause,
    Progress,
    Proposal,
    ProposalClass,
    Release,
    Scheduled,
    Status,
    Tally,
    Upgrade,
    Vote,
)

PAGE_MAX = 100


class Nothing(Record, frozen=True):
    """A question without arguments."""


class ById(Record, frozen=True):
    """A proposal's id."""

    proposal: Digest


class ByNumber(Record, frozen=True):
    """A charter's number; None for the one in force."""

    number: U32 | None


class CharterView(Record, frozen=True):
    """A charter and its number; `needed` approvals of the council pause a method."""

    number: U32
    charter: Charter
    needed: U32


class ListProposals(Record, frozen=True):
    """Proposals of a status (None: of any) behind the id `after`, in the order of their ids."""

    status: Status | None
    after: Digest | None
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class ProposalItem(Record, frozen=True):
    """A proposal in a list."""

    id: Digest
    author: Name
    kind: Name
    title: Text80
    status: Status
    time: Milliseconds
    closes: Milliseconds


class ProposalPage(Record, frozen=True):
    """A page of proposals; `next` is the `after` of the next page, None on the last."""

    proposals: tuple[ProposalItem, ...]
    next: Digest | None


class ElectorView(Record, frozen=True):
    """An elector of a proposal with its vote, its agent's and its objection, if there are any."""

    member: Name
    elector: Elector
    vote: Vote | None
    agent: AgentVote | None
    objection: Objection | None


class ProposalView(Record, frozen=True):
    """A proposal with its rules, how far it is, its electors, and what agents advise.

    `spend` is what its actions pay out of the treasury, all together, in the smallest part of their units.
    """

    proposal: Proposal
    spend: U63
    rules: ProposalClass
    progress: Progress
    electors: tuple[ElectorView, ...]
    advice: tuple[AgentVote, ...]


class TallyView(Record, frozen=True):
    """The votes so far, what all electors have, whose yes is needed, and whether it would pass now."""

    tally: Tally
    units: U63
    owners: tuple[Name, ...]
    passes: bool


class Try(Record, frozen=True):
    """Actions to be tried, and undone."""

    actions: Actions


class Written(Record, frozen=True):
    """How many entries of a table would be another."""

    table: Text80
    entries: U63


class Effects(Record, frozen=True):
    """What actions would do at the tip.

    `code` is "ok", or what action number `position` meets; `events` are what the receipt would tell, `tables`
    where the state would change.
    """

    code: Text80
    position: U32
    events: tuple[Event, ...]
    tables: tuple[Written, ...]


class ByMember(Record, frozen=True):
    """A member's name."""

    member: Name


class DelegationView(Record, frozen=True):
    """A member's delegation in a class."""

    kind: Name
    delegation: Delegation


class DelegationList(Record, frozen=True):
    """A member's delegations, by class."""

    delegations: tuple[DelegationView, ...]


class PauseView(Record, frozen=True):
    """What the council last said about a method."""

    target: MethodName
    pause: Pause


class PauseList(Record, frozen=True):
    """All methods that the council said something about."""

    pauses: tuple[PauseView, ...]


class ReleaseView(Record, frozen=True):
    """A released model."""

    model: Digest
    release: Release


class ScheduledView(Record, frozen=True):
    """A change of the member set that the members want."""

    change: Text80
    name: Name
    scheduled: Scheduled


class ParameterView(Record, frozen=True):
    """A parameter."""

    name: Name
    parameter: Parameter


class Decisions(Record, frozen=True):
    """What proposals have brought about: upgrades, released models, wanted members, parameters."""

    upgrades: tuple[Upgrade, ...]
    releases: tuple[ReleaseView, ...]
    scheduled: tuple[ScheduledView, ...]
    parameters: tuple[ParameterView, ...]


def charter_view(ctx: Context, arguments: ByNumber, ports: Ports) -> CharterView:
    """A charter; refused where there is none of that number."""
    number = charter_number(ctx) if arguments.number is None else arguments.number
    law, members = CHARTERS.get(ctx, number), ports.members.members(ctx)
    if law is None:
        raise Refused(BAD_ARGUMENTS, f"there is no charter {number}")
    return CharterView(number, law, council_quorum(len(set(law.council) & set(members))))


def proposals(ctx: Context, arguments: ListProposals, _ports: Ports) -> ProposalPage:
    """A page of proposals."""
    return ProposalPage(*page(_listed(ctx, arguments), arguments.limit))


def _listed(ctx: Context, arguments: ListProposals) -> Iterator[tuple[bytes, ProposalItem | None]]:
    """The ids among which a page is sought, each with its proposal where that is wanted."""
    for identity in _ids(ctx, arguments):
        one, progress = found(ctx, identity)
        item = ProposalItem(
            one.id, one.author, one.kind, one.title, progress.status, one.time, progress.closes
        )
        yield identity, item if arguments.status in (None, progress.status) else None


def _ids(ctx: Context, arguments: ListProposals) -> Iterator[bytes]:
    """The ids among which a page is sought, in order: of those that have no end yet there are few."""
    after = arguments.after
    if arguments.status in {"voting", "passed"}:
        named = (digest(key[1]) for key, _ in OPEN.scan(ctx))
        yield from sorted(one for one in named if after is None or one > after)
        return
    for (part,), _ in PROPOSALS.scan(ctx, after=() if after is None else (after,)):
        yield digest(part)


def proposal(ctx: Context, arguments: ById, _ports: Ports) -> ProposalView:
    """A proposal; refused where there is none."""
    one, progress = found(ctx, arguments.proposal)
    electors = tuple(
        ElectorView(
            text(key[1]),
            elector,
            VOTES.get(ctx, one.id, key[1]),
            AGENT_VOTES.get(ctx, one.id, key[1]),
            OBJECTIONS.get(ctx, one.id, key[1]),
        )
        for key, elector in ELECTORS.scan(ctx, one.id)
    )
    advice = tuple(given for _, given in ADVICE.scan(ctx, one.id))
    return ProposalView(one, spent_by(one.actions), class_of(ctx, one), progress, electors, advice)


def tally(ctx: Context, arguments: ById, ports: Ports) -> TallyView:
    """The votes of a proposal so far, or as they were counted."""
    one, progress = found(ctx, arguments.proposal)
    counted = progress.tally or count(ctx, one, progress.closes, ports)
    passed = progress.status in ("passed", "executed", "failed", "expired")
    passes = passed if progress.tally else would_pass(ctx, one, progress.closes, ports)
    named = owners(ctx, one, ports) if class_of(ctx, one).owner else ()
    return TallyView(counted, one.units, named, passes)


def effects(ctx: Context, arguments: ById, _ports: Ports) -> Effects:
    """What a proposal would do if it were carried out now."""
    return _tried(ctx, found(ctx, arguments.proposal)[0].actions)


def try_actions(ctx: Context, arguments: Try, _ports: Ports) -> Effects:
    """What actions would do, before anybody proposes them."""
    return _tried(ctx, arguments.actions)


def delegations(ctx: Context, arguments: ByMember, _ports: Ports) -> DelegationList:
    """A member's delegations."""
    held = [
        DelegationView(one.name, delegation)
        for one in charter(ctx).classes
        if (delegation := DELEGATIONS.get(ctx, one.name, arguments.member)) is not None
    ]
    return DelegationList(tuple(held))


def pauses(ctx: Context, _arguments: Nothing, _ports: Ports) -> PauseList:
    """What the council said about methods."""
    return PauseList(tuple(PauseView(text(key[0]), pause) for key, pause in PAUSES.scan(ctx)))


def decisions(ctx: Context, _arguments: Nothing, _ports: Ports) -> Decisions:
    """What proposals have brought about."""
    return Decisions(
        tuple(upgrade for _, upgrade in UPGRADES.scan(ctx)),
        tuple(ReleaseView(digest(key[0]), one) for key, one in RELEASES.scan(ctx)),
        tuple(ScheduledView(text(key[0]), text(key[1]), one) for key, one in SCHEDULED.scan(ctx)),
        tuple(ParameterView(text(key[0]), one) for key, one in PARAMETERS.scan(ctx)),
    )


def _tried(ctx: Context, actions: Actions) -> Effects:
    machine = calls(ctx)
    ran = machine.run(ctx, AUTHORITY, [(action.method, action.args) for action in actions])
    told = tuple(Event(machine.name(event), asdict(event)) for event in ran.events)
    tables = Counter(b"/".join(key.split(b"/", 2)[:2]).decode("ascii") for key in ctx.state.changes())
    written = tuple(Written(table, entries) for table, entries in sorted(tables.items()))
    return Effects(ran.code, ran.position, told, written)


QUERIES = (
    Query("charter", ByNumber, CharterView, charter_view, "A charter: the one in force, or by number."),
    Query("proposals", ListProposals, ProposalPage, proposals, "The proposals, a page at a time."),
    Query("proposal", ById, ProposalView, proposal, "A proposal, its rules, its progress and its electors."),
    Query("tally", ById, TallyView, tally, "The votes of a proposal, and whether it would pass now."),
    Query("effects", ById, Effects, effects, "What a proposal would do now: it is tried, and undone."),
    Query("try_actions", Try, Effects, try_actions, "What actions would do, before they are proposed."),
    Query("delegations", ByMember, DelegationList, delegations, "Who votes for a member, by class."),
    Query("pauses", Nothing, PauseList, pauses, "What the council said about methods."),
    Query("decisions", Nothing, Decisions, decisions, "What proposals have brought about."),
)
