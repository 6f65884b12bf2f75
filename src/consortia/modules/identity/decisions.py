"""Handlers of what more than two thirds of the members decide: admissions, removals, quotas, powers."""

from consortia.base.keys import key_id
from consortia.base.refusals import Refused, require
from consortia.exact.tally import quorum
from consortia.kernel.block import MEMBERS_MAX
from consortia.kernel.context import Context
from consortia.modules.identity import messages as asked
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.keeper import Keeper
from consortia.modules.identity.keyring import check_set, write_keys
from consortia.modules.identity.roll import check_change, record_change
from consortia.modules.identity.rules import counted, decided, proposal_id
from consortia.modules.identity.state import ENDPOINTS, KEYS, MEMBERS, OWNERS, PROPOSALS, SEATS
from consortia.modules.identity.types import (
    PROPOSAL_MILLISECONDS_MAX,
    Approved,
    Joiner,
    Kind,
    Member,
    MemberAdmitted,
    MemberRemoved,
    Owner,
    Proposal,
    Proposed,
    QuotaSet,
    Seat,
    Withdrawn,
)
from consortia.modules.identity.validators import check_not_last, seat_of, seat_with, write_seat

KEEPER = Keeper()


def acting(ctx: Context) -> str:
    """The signer's member, unless an earlier transaction of this block put it or its key out of force."""
    name = ctx.signer.member
    key = KEYS.get(ctx, name, ctx.signer.key)
    require(KEEPER.is_member(ctx, name) and key is not None and key.revoked is None, codes.SIGNER_GONE, name)
    return name


def joining(ctx: Context) -> str:
    """The name that the signer is to bear, unless an earlier transaction of this block took its key out.

    Where an admission was taken back and opened anew, only an admin key of the new one speaks.
    """
    name, now = ctx.signer.member, KEEPER.key(ctx, ctx.signer.key)
    held = now is not None and now.active and now.signer.member == name and now.signer.roles
    require(held, codes.SIGNER_GONE, name)
    return name


def voters(ctx: Context, kind: Kind, name: str) -> tuple[str, ...]:
    """Who has a say: all members; in a removal, all but the one concerned."""
    members = KEEPER.members(ctx)
    return tuple(member for member in members if member != name) if kind == "removal" else members


def propose_member(ctx: Context, message: asked.ProposeMember, _ports: None) -> None:
    """Open an admission; the proposer's approval counts."""
    # CHECK
    proposer = acting(ctx)
    require(not MEMBERS.has(ctx, message.name), codes.NAME_TAKEN, message.name)
    _check_proposal(ctx, "admission", message.name, message.expires)
    require(KEEPER.count(ctx) < MEMBERS_MAX, codes.NETWORK_FULL)
    check_set(ctx, message.name, message.keys)
    # DECIDE
    joiner = Joiner(message.title, tuple(key.spec for key in message.keys), message.quota)
    # WRITE
    _drop(ctx, "admission", message.name)
    proposal = Proposal(proposer, ctx.time, message.expires, (proposer,), joiner, None, None)
    PROPOSALS.put(ctx, proposal, "admission", message.name)
    for key in joiner.keys:
        OWNERS.put(ctx, Owner(message.name, joining=True), key_id(key.public))
    # EMIT
    ctx.emit(Proposed("admission", message.name, proposer, message.expires))


def approve_member(ctx: Context, message: asked.ApproveMember, _ports: None) -> None:
    """Add an approval to an admission."""
    # CHECK
    member = acting(ctx)
    proposal = _check_approval(ctx, "admission", message.name, member, message.proposal)
    # DECIDE
    proposal = _with(proposal, member)
    # WRITE
    PROPOSALS.put(ctx, proposal, "admission", message.name)
    # EMIT
    _emit_approved(ctx, "admission", message.name, proposal)


def accept(ctx: Context, message: asked.Accept, _ports: None) -> None:
    """Become a member; counts from here on."""
    # CHECK
    require(joining(ctx) == message.name, codes.NO_PROPOSAL, message.name)
    proposal = _open(ctx, "admission", message.name)
    joiner = proposal.joiner
    if joiner is None or not decided(proposal.approvals, KEEPER.members(ctx)):
        raise Refused(codes.NOT_APPROVED, message.name)
    require(KEEPER.count(ctx) < MEMBERS_MAX, codes.NETWORK_FULL)
    check_change(ctx, message.checkpoint)
    # DECIDE
    node, recovery = (
        next(key_id(key.public) for key in joiner.keys if role in key.roles) for role in ("node", "recovery")
    )
    seat = seat_with(ctx, message.name, joiner.keys)
    # WRITE
    _drop(ctx, "admission", message.name)
    MEMBERS.put(ctx, Member(joiner.title, joiner.quota, node, recovery, ctx.time, None), message.name)
    write_keys(ctx, message.name, joiner.keys)
    # EMIT
    ctx.emit(MemberAdmitted(message.name))
    write_seat(ctx, message.name, seat)
    record_change(ctx, message.checkpoint)


def propose_removal(ctx: Context, message: asked.ProposeRemoval, _ports: None) -> None:
    """Open a removal; where the proposer alone decides, it takes place at once."""
    # CHECK
    proposer, name = acting(ctx), message.name
    require(KEEPER.is_member(ctx, name), codes.NOT_A_MEMBER, name)
    require(KEEPER.count(ctx) > 1, codes.LAST_MEMBER)
    require(name != proposer, codes.OWN_CASE)
    _check_proposal(ctx, "removal", name, message.expires)
    proposal = Proposal(proposer, ctx.time, message.expires, (proposer,), None, None, None)
    done = decided(proposal.approvals, voters(ctx, "removal", name))
    if done:
        _check_end(ctx, name, message.checkpoint)
    # WRITE
    PROPOSALS.put(ctx, proposal, "removal", name)
    # EMIT
    ctx.emit(Proposed("removal", name, proposer, message.expires))
    if done:
        end_membership(ctx, name, message.checkpoint, own=False)


def approve_removal(ctx: Context, message: asked.ApproveRemoval, _ports: None) -> None:
    """Add an approval to a removal; the one that decides it removes the member."""
    # CHECK
    member, name = acting(ctx), message.name
    require(name != member, codes.OWN_CASE)
    proposal = _with(_check_approval(ctx, "removal", name, member, message.proposal), member)
    done = decided(proposal.approvals, voters(ctx, "removal", name))
    if done:
        _check_end(ctx, name, message.checkpoint)
    # WRITE
    PROPOSALS.put(ctx, proposal, "removal", name)
    # EMIT
    _emit_approved(ctx, "removal", name, proposal)
    if done:
        end_membership(ctx, name, message.checkpoint, own=False)


def leave(ctx: Context, message: asked.Leave, _ports: None) -> None:
    """End the own membership."""
    # CHECK
    name = acting(ctx)
    require(KEEPER.count(ctx) > 1, codes.LAST_MEMBER)
    _check_end(ctx, name, message.checkpoint)
    # WRITE and EMIT
    end_membership(ctx, name, message.checkpoint, own=True)


def propose_quota(ctx: Context, message: asked.ProposeQuota, _ports: None) -> None:
    """Open a question about a quota; where the proposer alone decides, it holds at once."""
    # CHECK
    proposer, name = acting(ctx), message.name
    require(KEEPER.is_member(ctx, name), codes.NOT_A_MEMBER, name)
    _check_proposal(ctx, "quota", name, message.expires)
    # WRITE
    proposal = Proposal(proposer, ctx.time, message.expires, (proposer,), None, message.quota, None)
    PROPOSALS.put(ctx, proposal, "quota", name)
    # EMIT
    ctx.emit(Proposed("quota", name, proposer, message.expires))
    _settle_quota(ctx, name, proposal)


def approve_quota(ctx: Context, message: asked.ApproveQuota, _ports: None) -> None:
    """Add an approval to a quota; the one that decides puts it in force."""
    # CHECK
    member, name = acting(ctx), message.name
    proposal = _check_approval(ctx, "quota", name, member, message.proposal)
    # DECIDE
    proposal = _with(proposal, member)
    # WRITE
    PROPOSALS.put(ctx, proposal, "quota", name)
    # EMIT
    _emit_approved(ctx, "quota", name, proposal)
    _settle_quota(ctx, name, proposal)


def propose_power(ctx: Context, message: asked.ProposePower, _ports: None) -> None:
    """Open a question about a voting power; where the proposer alone decides, it holds at once."""
    # CHECK
    proposer, name = acting(ctx), message.name
    require(KEEPER.is_member(ctx, name), codes.NOT_A_MEMBER, name)
    _check_proposal(ctx, "power", name, message.expires)
    proposal = Proposal(proposer, ctx.time, message.expires, (proposer,), None, None, message.power)
    seat = _check_power(ctx, name, proposal)
    # WRITE
    PROPOSALS.put(ctx, proposal, "power", name)
    # EMIT
    ctx.emit(Proposed("power", name, proposer, message.expires))
    _settle_power(ctx, name, seat)


def approve_power(ctx: Context, message: asked.ApprovePower, _ports: None) -> None:
    """Add an approval to a voting power; the one that decides puts it in force."""
    # CHECK
    member, name = acting(ctx), message.name
    proposal = _with(_check_approval(ctx, "power", name, member, message.proposal), member)
    seat = _check_power(ctx, name, proposal)
    # WRITE
    PROPOSALS.put(ctx, proposal, "power", name)
    # EMIT
    _emit_approved(ctx, "power", name, proposal)
    _settle_power(ctx, name, seat)


def withdraw(ctx: Context, message: asked.Withdraw, _ports: None) -> None:
    """Take back a proposal."""
    # CHECK
    member = acting(ctx)
    proposal = PROPOSALS.get(ctx, message.kind, message.name)
    if proposal is None:
        raise Refused(codes.NO_PROPOSAL, f"{message.kind} of {message.name}")
    require(
        proposal.proposer == member or proposal.expires < ctx.time, codes.NOT_PROPOSER, str(proposal.proposer)
    )
    # WRITE
    _drop(ctx, message.kind, message.name)
    # EMIT
    ctx.emit(Withdrawn(message.kind, message.name, member))


def end_membership(ctx: Context, name: str, checkpoint: bytes | None, *, own: bool) -> None:
    """Write that `name` is a member no longer, once all checks are done, and tell so."""
    member = MEMBERS.get(ctx, name)
    if member is None:
        raise Refused(codes.NOT_A_MEMBER, name)
    gone = Member(member.title, member.quota, member.node, member.recovery, member.joined, ctx.time)
    MEMBERS.put(ctx, gone, name)
    ENDPOINTS.delete(ctx, name)
    SEATS.delete(ctx, name)
    _drop(ctx, "removal", name)
    _drop(ctx, "quota", name)
    _drop(ctx, "power", name)
    ctx.emit(MemberRemoved(name, own))
    record_change(ctx, checkpoint)


def _settle_quota(ctx: Context, name: str, proposal: Proposal) -> None:
    member = MEMBERS.get(ctx, name)
    if member is None or proposal.quota is None or not decided(proposal.approvals, KEEPER.members(ctx)):
        return
    PROPOSALS.delete(ctx, "quota", name)
    MEMBERS.put(
        ctx,
        Member(member.title, proposal.quota, member.node, member.recovery, member.joined, member.left),
        name,
    )
    ctx.emit(QuotaSet(name, proposal.quota))


def _check_end(ctx: Context, name: str, checkpoint: bytes | None) -> None:
    """The checks before `name` is a member no longer."""
    check_change(ctx, checkpoint)
    check_not_last(ctx, name, Seat(None, 0))


def _check_power(ctx: Context, name: str, proposal: Proposal) -> Seat | None:
    """The seat that `proposal` gives `name`, if it is decided; refuses one that leaves nobody who votes."""
    if proposal.power is None or not decided(proposal.approvals, KEEPER.members(ctx)):
        return None
    seat = Seat(seat_of(ctx, name).consensus, proposal.power)
    check_not_last(ctx, name, seat)
    return seat


def _settle_power(ctx: Context, name: str, seat: Seat | None) -> None:
    if seat is not None:
        PROPOSALS.delete(ctx, "power", name)
        write_seat(ctx, name, seat)


def _check_proposal(ctx: Context, kind: Kind, name: str, expires: int) -> None:
    before = PROPOSALS.get(ctx, kind, name)
    require(before is None or before.expires < ctx.time, codes.PROPOSAL_OPEN, f"{kind} of {name}")
    require(ctx.time <= expires <= ctx.time + PROPOSAL_MILLISECONDS_MAX, codes.BAD_EXPIRY, str(expires))


def _open(ctx: Context, kind: Kind, name: str) -> Proposal:
    proposal = PROPOSALS.get(ctx, kind, name)
    if proposal is None:
        raise Refused(codes.NO_PROPOSAL, f"{kind} of {name}")
    require(ctx.time <= proposal.expires, codes.PROPOSAL_EXPIRED, str(proposal.expires))
    return proposal


def _check_approval(ctx: Context, kind: Kind, name: str, member: str, wanted: bytes) -> Proposal:
    """The proposal that a member says yes to; it may have been swapped since the member saw it."""
    there = PROPOSALS.get(ctx, kind, name)
    seen = there is not None and proposal_id(kind, name, there) == wanted
    require(seen, codes.NO_PROPOSAL, f"{kind} of {name}")
    proposal = _open(ctx, kind, name)
    require(member not in proposal.approvals, codes.ALREADY_APPROVED, member)
    return proposal


def _with(proposal: Proposal, member: str) -> Proposal:
    approvals = tuple(sorted({*proposal.approvals, member}))
    return Proposal(
        proposal.proposer,
        proposal.proposed,
        proposal.expires,
        approvals,
        proposal.joiner,
        proposal.quota,
        proposal.power,
    )


def _emit_approved(ctx: Context, kind: Kind, name: str, proposal: Proposal) -> None:
    having_say = voters(ctx, kind, name)
    count = counted(proposal.approvals, having_say)
    ctx.emit(Approved(kind, name, ctx.signer.member, count, quorum(len(having_say))))


def _drop(ctx: Context, kind: Kind, name: str) -> None:
    """Delete a proposal if there is one, and with an admission the hold on the keys it names."""
    proposal = PROPOSALS.get(ctx, kind, name)
    if proposal is None:
        return
    PROPOSALS.delete(ctx, kind, name)
    for key in () if proposal.joiner is None else proposal.joiner.keys:
        owner = OWNERS.get(ctx, key_id(key.public))
        if owner is not None and owner.joining and owner.member == name:
            OWNERS.delete(ctx, key_id(key.public))
