"""Who speaks for whom: delegation, and the ethics board's objections."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.governance import messages as asked
from consortia.modules.governance import refusals as codes
from consortia.modules.governance.events import (
    Delegated,
    Objected,
)
from consortia.modules.governance.handlers import found, give_time, late_outcome
from consortia.modules.governance.ports import Ports
from consortia.modules.governance.rules import board_quorum
from consortia.modules.governance.state import (
    DELEGATIONS,
    ELECTORS,
    OBJECTIONS,
    OPEN,
    PROGRESS,
    PROPOSALS,
    charter,
    charter_of,
    class_of,
    digest,
)
from consortia.modules.governance.types import (
    Delegation,
    Elector,
    Objection,
    Progress,
    Proposal,
)


def delegate(ctx: Context, message: asked.Delegate, ports: Ports) -> None:
    """Let another member vote in a class; open proposals keep what held when they were opened, at most."""
    # CHECK
    member = ctx.signer.member
    kind = next((one for one in charter(ctx).classes if one.name == message.kind), None)
    if kind is None:
        raise Refused(codes.UNKNOWN_CLASS, message.kind)
    require(kind.secret is None, codes.SECRET_CLASS, message.kind)
    other = message.to != member and ports.members.is_member(ctx, message.to)
    require(other, codes.BAD_DELEGATE, message.to)
    # DECIDE
    relied = _relied(ctx, message.kind, member)
    # WRITE
    DELEGATIONS.put(ctx, Delegation(message.to, ctx.time), message.kind, member)
    _let_go(ctx, [one for one in relied if one[2].delegate != message.to], ports, member)
    # EMIT
    ctx.emit(Delegated(member, message.kind, message.to))


def end_delegation(ctx: Context, message: asked.EndDelegation, ports: Ports) -> None:
    """Take the own voice back, in open votes too; one that this turns late gives more time, once."""
    # CHECK
    member = ctx.signer.member
    require(DELEGATIONS.has(ctx, message.kind, member), codes.NO_DELEGATION, message.kind)
    # DECIDE
    relied = _relied(ctx, message.kind, member)
    # WRITE
    DELEGATIONS.delete(ctx, message.kind, member)
    _let_go(ctx, relied, ports, member)
    # EMIT
    ctx.emit(Delegated(member, message.kind, None))


def object_to(ctx: Context, message: asked.Object, ports: Ports) -> None:
    """Object to a proposal until it is executed; more than half of the seats stop it."""
    # CHECK
    proposal, progress = found(ctx, message.proposal)
    member, seats = ctx.signer.member, charter_of(ctx, proposal.charter).ethics
    require(progress.status in ("voting", "passed"), codes.ENDED, progress.status)
    require(class_of(ctx, proposal).board and member in seats, codes.NOT_ON_BOARD, member)
    require(not OBJECTIONS.has(ctx, proposal.id, member), codes.ALREADY_OBJECTED, member)
    # DECIDE
    stops = 1 + sum(1 for _ in OBJECTIONS.scan(ctx, proposal.id)) >= board_quorum(len(seats))
    # WRITE
    OBJECTIONS.put(ctx, Objection(message.reason, ctx.time), proposal.id, member)
    if stops:
        PROGRESS.put(ctx, replace(progress, status="stopped"), proposal.id)
        OPEN.delete(ctx, proposal.author, proposal.id)
        ports.agents.void(ctx, proposal.id)
        if proposal.agent is not None:
            ports.agents.vetoed(ctx, proposal.agent)
    # EMIT
    ctx.emit(Objected(proposal.id, member, stops))


Relied = tuple[Proposal, Progress, Elector]
"""A vote that is open, and a member in it that somebody else's vote would count for."""


def _let_go(ctx: Context, relied: list[Relied], ports: Ports, member: str) -> None:
    """Have nobody else vote for a member in these votes; where that turns one late, it closes later, once."""
    for proposal, progress, elector in relied:
        before = late_outcome(ctx, proposal, progress, ports)
        ELECTORS.put(ctx, replace(elector, delegate=None), proposal.id, member)
        give_time(ctx, proposal, progress, ports, before=before)


def _relied(ctx: Context, kind: str, member: str) -> list[Relied]:
    """The votes of a class that are open now and in which somebody else's vote would count for a member."""
    relied = []
    for key, _ in OPEN.scan(ctx):
        identity = digest(key[1])
        proposal, progress = PROPOSALS.get(ctx, identity), PROGRESS.get(ctx, identity)
        elector = ELECTORS.get(ctx, identity, member)
        if proposal is None or progress is None or elector is None or elector.delegate is None:
            continue
        if proposal.kind == kind and progress.status == "voting" and ctx.time < progress.closes:
            relied.append((proposal, progress, elector))
    return relied
