"""What several handlers ask before they write."""

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.bank import refusals as codes
from consortia.modules.bank.ports import Agents, Members, Ports
from consortia.modules.bank.rules import TREASURY, split
from consortia.modules.bank.state import ESCROWS, PAYOUTS, SCORES, UNITS, balance
from consortia.modules.bank.types import Condition, Escrow, Unit

START = "training.start"
"""The method without which no study finishes that has not begun."""


def issued_unit(ctx: Context, identity: bytes) -> Unit:
    """A unit that the signer's member issues."""
    unit = UNITS.get(ctx, identity)
    if unit is None:
        raise Refused(codes.UNKNOWN_UNIT, identity.hex())
    require(unit.issuer == ctx.signer.member, codes.NOT_ISSUER, unit.issuer)
    return unit


def open_escrow(ctx: Context, identity: bytes) -> Escrow:
    """An escrow that is neither released nor refunded."""
    escrow = ESCROWS.get(ctx, identity)
    if escrow is None:
        raise Refused(codes.UNKNOWN_ESCROW, identity.hex())
    require(escrow.status == "open", codes.CLOSED, escrow.status)
    return escrow


def check_unit(ctx: Context, identity: bytes) -> None:
    """There is a unit with this id."""
    require(UNITS.has(ctx, identity), codes.UNKNOWN_UNIT, identity.hex())


def check_spender(ctx: Context, account: str, agents: Agents) -> None:
    """The signer may spend from the account: a member from each of its own, others from the one of theirs."""
    require(split(account)[0] == ctx.signer.member, codes.NOT_YOURS, account)
    require(agents.account(ctx) in (None, account), codes.NOT_YOURS, account)


def check_account(ctx: Context, account: str, members: Members) -> None:
    """The account is one that may be paid: a member's, or the common treasury."""
    known = account == TREASURY or members.is_member(ctx, split(account)[0])
    require(known, codes.UNKNOWN_ACCOUNT, account)


def check_balance(ctx: Context, account: str, unit: bytes, amount: int) -> None:
    """The account holds as much."""
    held = balance(ctx, account, unit)
    require(held >= amount, codes.SHORT_BALANCE, f"{account} holds {held} of {amount}")


def in_time(ctx: Context, escrow: Escrow, ports: Ports, at: int) -> bool:
    """Whether a block time lies before an escrow's deadline.

    Its clock stands still while the council stops what the escrow waits for, and goes on after that.
    """
    if at < escrow.deadline:
        return True
    methods = _methods(ctx, escrow.condition, ports)
    return at < escrow.deadline + ports.stops.stopped(ctx, methods, escrow.time, at)


def met(ctx: Context, escrow: Escrow, ports: Ports) -> bool:
    """Whether what an escrow waits for stood on the ledger before its deadline, for anybody to point to."""
    finished = _finished(ctx, escrow.condition, ports)
    if finished is None or not in_time(ctx, escrow, ports, finished):
        return False
    payout = PAYOUTS.get(ctx, escrow.id)
    if payout is None or payout.rule != "value":
        return True
    scores = SCORES.get(ctx, escrow.id)
    return scores is not None and scores.final is not None


def lost(ctx: Context, escrow: Escrow, ports: Ports) -> bool:
    """Whether what an escrow waits for was refused for good: a proposal that will never be carried out."""
    condition = escrow.condition
    if condition.kind != "proposal" or condition.subject is None:
        return False
    decision = ports.decisions.decision(ctx, condition.subject)
    return decision is not None and decision.lost


def _finished(ctx: Context, condition: Condition, ports: Ports) -> int | None:
    """The block time at which a study finished, or a proposal was carried out; None while it has not been."""
    if condition.subject is None:
        return None
    if condition.kind == "proposal":
        decision = ports.decisions.decision(ctx, condition.subject)
        return None if decision is None else decision.executed
    return ports.studies.finished(ctx, condition.subject)


def _methods(ctx: Context, condition: Condition, ports: Ports) -> tuple[str, ...]:
    """Without which methods a condition cannot be met."""
    if condition.kind == "call" and condition.method is not None:
        return (condition.method,)
    if condition.kind == "proposal" and condition.subject is not None:
        decision = ports.decisions.decision(ctx, condition.subject)
        return () if decision is None else decision.methods
    return (START,) if condition.kind in {"payout", "study"} else ()
