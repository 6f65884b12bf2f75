"""How each message is judged and executed: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.bank import messages as asked
from consortia.modules.bank import refusals as codes
from consortia.modules.bank.checks import check_account, check_balance, check_spender, check_unit, issued_unit
from consortia.modules.bank.ports import Ports
from consortia.modules.bank.rules import fits, holds, room, split
from consortia.modules.bank.state import CODES, HOLDS, UNITS, call_id, credit, debit, move, put_aside
from consortia.modules.bank.types import (
    AMOUNT_MAX,
    Condition,
    Escrow,
    EscrowOpened,
    Issued,
    Named,
    Redeemed,
    Transferred,
    Unit,
    UnitMade,
)


def new_unit(ctx: Context, message: asked.NewUnit, ports: Ports) -> None:
    """Make a unit of the signer's member, and issue to it what there is from the start."""
    # CHECK
    issuer = ctx.signer.member
    require(fits(message.rule, message.cap, message.issue), codes.BAD_SUPPLY)
    require(not CODES.has(ctx, issuer, message.code), codes.CODE_TAKEN, message.code)
    # DECIDE
    unit = Unit(
        id=call_id(ctx),
        issuer=issuer,
        code=message.code,
        title=message.title,
        decimals=message.decimals,
        rule=message.rule,
        cap=message.cap,
        supply=message.issue,
        height=ctx.height,
        time=ctx.time,
    )
    # WRITE
    UNITS.put(ctx, unit, unit.id)
    CODES.put(ctx, Named(unit.id), issuer, unit.code)
    if message.issue:
        credit(ctx, issuer, unit.id, message.issue)
    # EMIT
    ctx.emit(UnitMade(unit.id, issuer, unit.code))
    if message.issue:
        ctx.emit(Issued(unit.id, issuer, message.issue))


def issue(ctx: Context, message: asked.Issue, ports: Ports) -> None:
    """Make more of the signer's unit, as far as its rule allows."""
    # CHECK
    unit = issued_unit(ctx, message.unit)
    check_account(ctx, message.account, ports.members)
    require(unit.rule != "fixed", codes.FIXED_SUPPLY)
    if message.amount > room(unit.rule, unit.cap, unit.supply):
        code = codes.OVERFLOW if unit.supply + message.amount > AMOUNT_MAX else codes.BEYOND_CAP
        raise Refused(code, f"{unit.supply} are about")
    # WRITE
    UNITS.put(ctx, replace(unit, supply=unit.supply + message.amount), unit.id)
    credit(ctx, message.account, unit.id, message.amount)
    # EMIT
    ctx.emit(Issued(unit.id, message.account, message.amount))


def redeem(ctx: Context, message: asked.Redeem, ports: Ports) -> None:
    """Take parts that the issuer holds of its own unit out of the world."""
    # CHECK
    unit = issued_unit(ctx, message.unit)
    require(unit.rule != "fixed", codes.FIXED_SUPPLY)
    check_balance(ctx, unit.issuer, unit.id, message.amount)
    # WRITE
    UNITS.put(ctx, replace(unit, supply=unit.supply - message.amount), unit.id)
    debit(ctx, unit.issuer, unit.id, message.amount)
    # EMIT
    ctx.emit(Redeemed(unit.id, message.amount))


def transfer(ctx: Context, message: asked.Transfer, ports: Ports) -> None:
    """Pay from an account of the signer's member, or hold the payment where its rule says so."""
    # CHECK
    check_unit(ctx, message.unit)
    check_spender(ctx, message.payer, ports.agents)
    check_account(ctx, message.payee, ports.members)
    require(message.payer != message.payee, codes.SAME_ACCOUNT, message.payer)
    check_balance(ctx, message.payer, message.unit, message.amount)
    # DECIDE
    member = ctx.signer.member
    rule = HOLDS.get(ctx, member, message.unit)
    held = None
    if rule is not None and holds(rule, message.amount) and split(message.payee)[0] != member:
        held = _held(ctx, message, rule.milliseconds)
    # WRITE
    if split(message.payee)[0] != member:
        ports.agents.charge(ctx, message.unit, message.amount)
    if held is None:
        move(ctx, message.payer, message.payee, message.unit, message.amount)
    else:
        put_aside(ctx, held)
    # EMIT
    if held is None:
        ctx.emit(Transferred(message.payer, message.payee, message.unit, message.amount))
    else:
        ctx.emit(opened(held))


def opened(escrow: Escrow) -> EscrowOpened:
    """The event that tells of a new escrow."""
    return EscrowOpened(
        escrow.id,
        escrow.condition.kind,
        escrow.payer,
        escrow.payee,
        escrow.unit,
        escrow.amount,
        escrow.deadline,
    )


def _held(ctx: Context, message: asked.Transfer, milliseconds: int) -> Escrow:
    """What a payment becomes where its member's rule holds it."""
    return Escrow(
        id=call_id(ctx),
        payer=message.payer,
        payee=message.payee,
        unit=message.unit,
        amount=message.amount,
        condition=Condition("people", None, None, None, None),
        price=None,
        deadline=ctx.time + milliseconds,
        held=True,
        approvals=(),
        status="open",
        height=ctx.height,
        time=ctx.time,
    )
