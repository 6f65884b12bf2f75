"""How value is put aside, exchanged, released and given back: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.codec import encode_record
from consortia.base.hashing import tagged
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.bank import messages as asked
from consortia.modules.bank import refusals as codes
from consortia.modules.bank.checks import (
    check_account,
    check_balance,
    check_spender,
    check_unit,
    in_time,
    lost,
    met,
    open_escrow,
)
from consortia.modules.bank.handlers import opened
from consortia.modules.bank.ports import Ports
from consortia.modules.bank.rules import ahead, exact, holds, laxer
from consortia.modules.bank.state import ESCROWS, HOLDS, call_id, close, move, put_aside
from consortia.modules.bank.types import (
    APPROVALS,
    Approved,
    Asked,
    Condition,
    Escrow,
    Hold,
    HoldAsked,
    HoldSet,
    Price,
    Refunded,
    Released,
    Transferred,
)

_PAYMENT = Condition("payment", None, None, None, None)


def arguments_hash(encoded: bytes) -> bytes:
    """By what a condition names a call's arguments: H("consortia/arguments", the encoded map of them)."""
    return tagged("consortia/arguments", encoded)


def open_(ctx: Context, message: asked.OpenEscrow, ports: Ports) -> None:
    """Put value aside until a condition is met."""
    # CHECK
    check_unit(ctx, message.unit)
    check_spender(ctx, message.payer, ports.agents)
    check_account(ctx, message.payee, ports.members)
    require(message.payer != message.payee, codes.SAME_ACCOUNT, message.payer)
    _check_condition(ctx, message.condition, ports)
    require(ahead(message.deadline, ctx.time), codes.BAD_DEADLINE, str(message.deadline))
    check_balance(ctx, message.payer, message.unit, message.amount)
    # DECIDE
    escrow = _new(ctx, message, message.condition, None)
    # WRITE
    ports.agents.charge(ctx, message.unit, message.amount)
    put_aside(ctx, escrow)
    # EMIT
    ctx.emit(opened(escrow))


def offer(ctx: Context, message: asked.Offer, ports: Ports) -> None:
    """Put value aside for whoever pays its price."""
    # CHECK
    check_unit(ctx, message.unit)
    check_unit(ctx, message.price.unit)
    check_spender(ctx, message.payer, ports.agents)
    if message.payee is not None:
        check_account(ctx, message.payee, ports.members)
    require(message.payer != message.payee, codes.SAME_ACCOUNT, message.payer)
    require(message.price.unit != message.unit, codes.BAD_CONDITION, "a price in the same unit")
    require(ahead(message.deadline, ctx.time), codes.BAD_DEADLINE, str(message.deadline))
    check_balance(ctx, message.payer, message.unit, message.amount)
    # DECIDE
    escrow = _new(ctx, message, _PAYMENT, message.price)
    # WRITE
    ports.agents.charge(ctx, message.unit, message.amount)
    put_aside(ctx, escrow)
    # EMIT
    ctx.emit(opened(escrow))


def take(ctx: Context, message: asked.Take, ports: Ports) -> None:
    """Pay the price of an offer and receive what it holds: both legs, or neither."""
    # CHECK
    escrow = open_escrow(ctx, message.escrow)
    price = _price(escrow)
    check_spender(ctx, message.account, ports.agents)
    require(escrow.payee in (None, message.account), codes.NOT_PAYEE)
    require(escrow.payer != message.account, codes.SAME_ACCOUNT, message.account)
    require(ctx.time < escrow.deadline, codes.TOO_LATE)
    require(not escrow.held, codes.HELD_BACK)
    rule = HOLDS.get(ctx, ctx.signer.member, price.unit)
    require(not holds(rule, price.amount), codes.OVER_HOLD, str(price.amount))
    check_balance(ctx, message.account, price.unit, price.amount)
    # DECIDE
    done = replace(escrow, status="released")
    # WRITE
    ports.agents.charge(ctx, price.unit, price.amount)
    close(ctx, done, message.account)
    move(ctx, message.account, escrow.payer, price.unit, price.amount)
    # EMIT
    ctx.emit(Released(escrow.id, message.account, escrow.unit, escrow.amount))
    ctx.emit(Transferred(message.account, escrow.payer, price.unit, price.amount))


def release(ctx: Context, message: asked.Release, ports: Ports) -> None:
    """Let an escrow go, since what it waited for is so."""
    # CHECK
    escrow = open_escrow(ctx, message.escrow)
    condition = escrow.condition
    require(condition.kind not in {"payment", "payout", "people"}, codes.WRONG_KIND, condition.kind)
    if condition.kind in {"proposal", "study"}:
        require(met(ctx, escrow, ports), codes.NOT_MET)
    else:
        require(condition.attester == ctx.signer.member, codes.NOT_ATTESTER, condition.attester or "")
        require(in_time(ctx, escrow, ports, ctx.time), codes.TOO_LATE)
        said = _called(ctx, condition) if condition.kind == "call" else message.arguments
        require(said == condition.arguments, codes.NOT_MET)
    require(not escrow.held, codes.HELD_BACK)
    # DECIDE
    payee = _payee(escrow)
    # WRITE
    close(ctx, replace(escrow, status="released"), payee)
    # EMIT
    ctx.emit(Released(escrow.id, payee, escrow.unit, escrow.amount))


def approve(ctx: Context, message: asked.Approve, ports: Ports) -> None:
    """Count an officer of the payer; with the second, what was held goes on, a payment to its payee."""
    # CHECK
    escrow = open_escrow(ctx, message.escrow)
    check_spender(ctx, escrow.payer, ports.agents)
    require(escrow.held, codes.NOT_HELD)
    key = ctx.signer.key
    _check_officer(ctx, key, escrow.approvals, escrow.time, ports)
    require(ctx.time < escrow.deadline, codes.TOO_LATE)
    # DECIDE
    approvals = (*escrow.approvals, key)
    free = len(approvals) == APPROVALS
    goes = free and escrow.condition.kind == "people"
    status = "released" if goes else "open"
    after = replace(escrow, approvals=approvals, held=not free, status=status)
    payee = _payee(escrow) if goes else ""
    # WRITE
    if goes:
        close(ctx, after, payee)
    else:
        ESCROWS.put(ctx, after, escrow.id)
    # EMIT
    ctx.emit(Approved(escrow.id, key))
    if goes:
        ctx.emit(Released(escrow.id, payee, escrow.unit, escrow.amount))


def refund(ctx: Context, message: asked.Refund, ports: Ports) -> None:
    """Give an escrow back: at its deadline where its condition was not met, before where it never will be."""
    # CHECK
    escrow = open_escrow(ctx, message.escrow)
    due = lost(ctx, escrow, ports) or not in_time(ctx, escrow, ports, ctx.time)
    require(due, codes.TOO_EARLY, str(escrow.deadline))
    require(escrow.held or not met(ctx, escrow, ports), codes.MET)
    # WRITE
    close(ctx, replace(escrow, status="refunded"), escrow.payer)
    # EMIT
    ctx.emit(Refunded(escrow.id, escrow.payer, escrow.unit, escrow.amount))


def set_hold(ctx: Context, message: asked.SetHold, ports: Ports) -> None:
    """Change a member's hold rule: a stricter one at once, a laxer one when two officers want it."""
    # CHECK
    check_unit(ctx, message.unit)
    member, key = ctx.signer.member, ctx.signer.key
    rule = HOLDS.get(ctx, member, message.unit)
    require(rule is not None or message.above is not None, codes.NO_HOLD)
    before = rule.asked if rule is not None and laxer(rule, message.above) else None
    same = before is not None and (before.above, before.milliseconds) == (message.above, message.milliseconds)
    if before is not None and same:
        _check_officer(ctx, key, (before.key,), before.time, ports)
    # DECIDE
    waits = rule is not None and laxer(rule, message.above) and not same
    wish = Asked(message.above, message.milliseconds, key, ctx.time)
    # WRITE
    if rule is not None and waits:
        HOLDS.put(ctx, replace(rule, asked=wish), member, message.unit)
    elif message.above is None:
        HOLDS.delete(ctx, member, message.unit)
    else:
        HOLDS.put(ctx, Hold(message.above, message.milliseconds, None), member, message.unit)
    # EMIT
    ctx.emit((HoldAsked if waits else HoldSet)(member, message.unit, message.above))


def _new(
    ctx: Context, message: asked.OpenEscrow | asked.Offer, condition: Condition, price: Price | None
) -> Escrow:
    """A new escrow; above the limit of its member's hold rule it waits for officers as well."""
    return Escrow(
        id=call_id(ctx),
        payer=message.payer,
        payee=message.payee,
        unit=message.unit,
        amount=message.amount,
        condition=condition,
        price=price,
        deadline=message.deadline,
        held=holds(HOLDS.get(ctx, ctx.signer.member, message.unit), message.amount),
        approvals=(),
        status="open",
        height=ctx.height,
        time=ctx.time,
    )


def _check_condition(ctx: Context, condition: Condition, ports: Ports) -> None:
    """The condition names exactly what its kind needs, and what it names is there."""
    require(exact(condition), codes.BAD_CONDITION, condition.kind)
    if condition.attester is not None:
        known = ports.members.is_member(ctx, condition.attester)
        require(known, codes.BAD_CONDITION, f"{condition.attester} is no member")
    if condition.subject is not None:
        there = (
            ports.decisions.decision(ctx, condition.subject) is not None
            if condition.kind == "proposal"
            else ports.studies.exists(ctx, condition.subject)
        )
        require(there, codes.BAD_CONDITION, f"there is no such {condition.kind}")


def _check_officer(ctx: Context, key: bytes, others: tuple[bytes, ...], asked_at: int, ports: Ports) -> None:
    """The signer is another officer than these, and its key was known before it was asked."""
    since = ports.members.key_since(ctx, key)
    require(key not in others and since is not None and since < asked_at, codes.SAME_PERSON)


def _called(ctx: Context, condition: Condition) -> bytes | None:
    """The arguments' hash, where the attester made just this call earlier in the transaction; else None."""
    for call in ctx.earlier:
        if (call.member, call.method) == (condition.attester, condition.method):
            made = arguments_hash(encode_record(call.message))
            if made == condition.arguments:
                return made
    return None


def _price(escrow: Escrow) -> Price:
    """What an offer asks for."""
    if escrow.price is None:
        raise Refused(codes.WRONG_KIND, escrow.condition.kind)
    return escrow.price


def _payee(escrow: Escrow) -> str:
    """To whom an escrow goes that is no offer."""
    if escrow.payee is None:
        raise LookupError("only an offer has no payee")
    return escrow.payee
