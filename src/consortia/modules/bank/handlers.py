"""How each message is judged and executed: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.bank import messages as asked
from consortia.modules.bank import refusals as codes
from consortia.modules.bank.ports import Ports
from consortia.modules.bank.rules import TREASURY, fits, room, split
from consortia.modules.bank.state import CODES, UNITS, balance, call_id, give, move, take
from consortia.modules.bank.types import AMOUNT_MAX, Issued, Named, Redeemed, Transferred, Unit, UnitMade


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
        give(ctx, issuer, unit.id, message.issue)
    # EMIT
    ctx.emit(UnitMade(unit.id, issuer, unit.code))
    if message.issue:
        ctx.emit(Issued(unit.id, issuer, message.issue))


def issue(ctx: Context, message: asked.Issue, ports: Ports) -> None:
    """Make more of the signer's unit, as far as its rule allows."""
    # CHECK
    unit = _issued_unit(ctx, message.unit)
    _check_account(ctx, message.account, ports)
    require(unit.rule != "fixed", codes.FIXED_SUPPLY)
    if message.amount > room(unit.rule, unit.cap, unit.supply):
        code = codes.OVERFLOW if unit.supply + message.amount > AMOUNT_MAX else codes.BEYOND_CAP
        raise Refused(code, f"{unit.supply} are about")
    # WRITE
    UNITS.put(ctx, replace(unit, supply=unit.supply + message.amount), unit.id)
    give(ctx, message.account, unit.id, message.amount)
    # EMIT
    ctx.emit(Issued(unit.id, message.account, message.amount))


def redeem(ctx: Context, message: asked.Redeem, ports: Ports) -> None:
    """Take parts that the issuer holds of its own unit out of the world."""
    # CHECK
    unit = _issued_unit(ctx, message.unit)
    require(unit.rule != "fixed", codes.FIXED_SUPPLY)
    _check_balance(ctx, unit.issuer, unit.id, message.amount)
    # WRITE
    UNITS.put(ctx, replace(unit, supply=unit.supply - message.amount), unit.id)
    take(ctx, unit.issuer, unit.id, message.amount)
    # EMIT
    ctx.emit(Redeemed(unit.id, message.amount))


def transfer(ctx: Context, message: asked.Transfer, ports: Ports) -> None:
    """Pay from an account of the signer's member."""
    # CHECK
    require(UNITS.has(ctx, message.unit), codes.UNKNOWN_UNIT, message.unit.hex())
    _check_own(ctx, message.payer)
    _check_account(ctx, message.payee, ports)
    require(message.payer != message.payee, codes.SAME_ACCOUNT, message.payer)
    _check_balance(ctx, message.payer, message.unit, message.amount)
    # WRITE
    move(ctx, message.payer, message.payee, message.unit, message.amount)
    # EMIT
    ctx.emit(Transferred(message.payer, message.payee, message.unit, message.amount))


def _issued_unit(ctx: Context, identity: bytes) -> Unit:
    """A unit that the signer's member issues."""
    unit = UNITS.get(ctx, identity)
    if unit is None:
        raise Refused(codes.UNKNOWN_UNIT, identity.hex())
    require(unit.issuer == ctx.signer.member, codes.NOT_ISSUER, unit.issuer)
    return unit


def _check_own(ctx: Context, account: str) -> None:
    """The account is one of the signer's member."""
    require(split(account)[0] == ctx.signer.member, codes.NOT_YOURS, account)


def _check_account(ctx: Context, account: str, ports: Ports) -> None:
    """The account is one that may be paid: a member's, or the common treasury."""
    known = account == TREASURY or ports.members.is_member(ctx, split(account)[0])
    require(known, codes.UNKNOWN_ACCOUNT, account)


def _check_balance(ctx: Context, account: str, unit: bytes, amount: int) -> None:
    held = balance(ctx, account, unit)
    require(held >= amount, codes.SHORT_BALANCE, f"{account} holds {held} of {amount}")
