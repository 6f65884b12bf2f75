"""Opening markets, halting them, limits and stops: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import require
from consortia.kernel.context import Context
from consortia.modules.market import messages as asked
from consortia.modules.market import refusals as codes
from consortia.modules.market import rules
from consortia.modules.market.lookup import market_of, operated
from consortia.modules.market.ports import Ports
from consortia.modules.market.state import (
    ACCOUNTS,
    KEY_LIMITS,
    MARKETS,
    MEMBER_LIMITS,
    NAMES,
    TRADERS,
    account,
    market_id,
    trader,
)
from consortia.modules.market.types import (
    Halted,
    Limits,
    LimitsSet,
    Market,
    Named,
    Opened,
    Resumed,
    Stopped,
)


def open_market(ctx: Context, message: asked.Open, ports: Ports) -> None:
    """Open a market, operated by the signer's member."""
    # CHECK
    terms = message.terms
    require(not NAMES.has(ctx, message.name), codes.NAME_TAKEN, message.name)
    for unit in (terms.base, terms.quote):
        require(ports.cash.is_unit(ctx, unit), codes.UNKNOWN_UNIT, unit.hex())
    require(rules.fits(terms, message.reference), codes.BAD_TERMS)
    # DECIDE
    market = Market(
        id=market_id(ctx),
        name=message.name,
        title=message.title,
        operator=ctx.signer.member,
        terms=terms,
        reference=message.reference,
        halted=False,
        halt=None,
    )
    # WRITE
    MARKETS.put(ctx, market, market.id)
    NAMES.put(ctx, Named(market.id), market.name)
    # EMIT
    ctx.emit(Opened(market.id, market.name, market.operator))


def halt(ctx: Context, message: asked.Halt, ports: Ports) -> None:
    """Stop the market; auctions under way will be void."""
    # CHECK
    market = operated(ctx, message.market)
    require(not market.halted, codes.HALTED)
    # WRITE
    MARKETS.put(ctx, replace(market, halted=True, halt=ctx.time), market.id)
    # EMIT
    ctx.emit(Halted(market.id, halted=True))


def resume(ctx: Context, message: asked.Resume, ports: Ports) -> None:
    """Let the market go on; auctions that began before this moment stay void."""
    # CHECK
    market = operated(ctx, message.market)
    require(market.halted, codes.NOT_HALTED)
    # WRITE
    MARKETS.put(ctx, replace(market, halted=False, halt=ctx.time), market.id)
    # EMIT
    ctx.emit(Halted(market.id, halted=False))


def stop(ctx: Context, message: asked.Stop, ports: Ports) -> None:
    """Stop the member's trading, or that of one key of it."""
    # CHECK
    market, member, key = market_of(ctx, message.market), ctx.signer.member, message.key
    _check_key(ctx, key, ports)
    require(_stopped(ctx, market, key) is None, codes.STOPPED)
    # WRITE
    if key is None:
        ACCOUNTS.put(ctx, replace(account(ctx, market.id, member), stopped=ctx.time), market.id, member)
    else:
        TRADERS.put(ctx, replace(trader(ctx, market.id, member, key), stopped=ctx.time), market.id, key)
    # EMIT
    ctx.emit(Stopped(market.id, member, key, loss=False))


def restart(ctx: Context, message: asked.Restart, ports: Ports) -> None:
    """Let it trade again, its losses counted from here on."""
    # CHECK
    market, member, key = market_of(ctx, message.market), ctx.signer.member, message.key
    _check_key(ctx, key, ports)
    require(_stopped(ctx, market, key) is not None, codes.NOT_STOPPED)
    # WRITE
    if key is None:
        held = account(ctx, market.id, member)
        basis = rules.worth(held, market.reference)
        ACCOUNTS.put(ctx, replace(held, stopped=None, basis=basis), market.id, member)
    else:
        done = trader(ctx, market.id, member, key)
        quote = -done.base * market.reference
        TRADERS.put(ctx, replace(done, stopped=None, quote=quote), market.id, key)
    # EMIT
    ctx.emit(Resumed(market.id, member, key))


def limit_key(ctx: Context, message: asked.LimitKey, ports: Ports) -> None:
    """Set the limits of a key of the member."""
    # CHECK
    market, member = market_of(ctx, message.market), ctx.signer.member
    _check_key(ctx, message.key, ports)
    _check_limits(market, message.limits)
    # WRITE
    KEY_LIMITS.put(ctx, message.limits, market.id, message.key)
    # EMIT
    ctx.emit(LimitsSet(market.id, member, message.key, message.limits))


def limit_member(ctx: Context, message: asked.LimitMember, ports: Ports) -> None:
    """Set the limits of a member with all its keys."""
    # CHECK
    market = operated(ctx, message.market)
    require(ports.members.is_member(ctx, message.member), codes.UNKNOWN_MEMBER, message.member)
    _check_limits(market, message.limits)
    # WRITE
    MEMBER_LIMITS.put(ctx, message.limits, market.id, message.member)
    # EMIT
    ctx.emit(LimitsSet(market.id, message.member, None, message.limits))


def _check_key(ctx: Context, key: bytes | None, ports: Ports) -> None:
    if key is not None:
        require(ports.members.owns(ctx, ctx.signer.member, key), codes.UNKNOWN_KEY, key.hex())


def _check_limits(market: Market, limits: Limits) -> None:
    """No order may be larger than the deposit was made for."""
    require(limits.order_max <= market.terms.limits.order_max, codes.BAD_TERMS, str(limits.order_max))


def _stopped(ctx: Context, market: Market, key: bytes | None) -> int | None:
    member = ctx.signer.member
    if key is None:
        return account(ctx, market.id, member).stopped
    return trader(ctx, market.id, member, key).stopped
