"""Opening markets, halting them, limits and stops: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import require
from consortia.kernel.context import Context
from consortia.modules.market import messages as asked
from consortia.modules.market import refusals as codes
from consortia.modules.market import rules
from consortia.modules.market.events import (
    Halted,
    KeyLimited,
    KeyRestarted,
    KeyStopped,
    Limited,
    Opened,
    Restarted,
    Stopped,
)
from consortia.modules.market.lookup import market_of, operated, own
from consortia.modules.market.ports import Ports
from consortia.modules.market.state import (
    ACCOUNTS,
    KEY_LIMITS,
    LIMITS,
    MARKETS,
    NAMES,
    TRADERS,
    limits_of,
    market_id,
    trader,
)
from consortia.modules.market.types import Bounds, Market, Named, Trader


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
        metering=None,
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
    """Stop the trading of an account of the member."""
    # CHECK
    market = market_of(ctx, message.market)
    held = own(ctx, market, message.account)
    require(held.stopped is None, codes.STOPPED, message.account)
    # WRITE
    ACCOUNTS.put(ctx, replace(held, stopped=ctx.time), market.id, message.account)
    # EMIT
    ctx.emit(Stopped(market.id, message.account, loss=False))


def stop_key(ctx: Context, message: asked.StopKey, ports: Ports) -> None:
    """Stop the trading of a key of the member."""
    # CHECK
    market = market_of(ctx, message.market)
    done = _own_key(ctx, market, message.key, ports)
    require(done.stopped is None, codes.STOPPED, message.key.hex())
    # WRITE
    TRADERS.put(ctx, replace(done, stopped=ctx.time), market.id, message.key)
    # EMIT
    ctx.emit(KeyStopped(market.id, done.member, message.key, loss=False))


def restart(ctx: Context, message: asked.Restart, ports: Ports) -> None:
    """Let an account of the member trade again, its losses counted from here on."""
    # CHECK
    market = market_of(ctx, message.market)
    held = own(ctx, market, message.account)
    require(held.stopped is not None or held.lost is not None, codes.NOT_STOPPED, message.account)
    # DECIDE
    basis = rules.bounded(rules.worth(held, market.reference))
    held = replace(held, stopped=None, lost=None, basis=basis)
    # WRITE
    ACCOUNTS.put(ctx, held, market.id, message.account)
    # EMIT
    ctx.emit(Restarted(market.id, message.account))


def restart_key(ctx: Context, message: asked.RestartKey, ports: Ports) -> None:
    """Let a key of the member trade again, its losses counted from here on."""
    # CHECK
    market = market_of(ctx, message.market)
    done = _own_key(ctx, market, message.key, ports)
    require(done.stopped is not None or done.lost is not None, codes.NOT_STOPPED, message.key.hex())
    # DECIDE
    done = replace(done, stopped=None, lost=None, quote=rules.bounded(-done.base * market.reference))
    # WRITE
    TRADERS.put(ctx, done, market.id, message.key)
    # EMIT
    ctx.emit(KeyRestarted(market.id, done.member, message.key))


def limit(ctx: Context, message: asked.Limit, ports: Ports) -> None:
    """Set the limits of an account with all its keys, from the next auction on."""
    # CHECK
    market = operated(ctx, message.market)
    member, _, label = message.account.partition("/")
    there = ports.members.is_member(ctx, member) and (market.terms.labelled or not label)
    require(there, codes.WRONG_ACCOUNT, message.account)
    most = market.terms.limits.order_max
    require(message.limits.order_max <= most, codes.BAD_TERMS, f"the deposit is for {most}")
    # DECIDE
    begin = rules.begun(market.terms, ctx.time)
    before = limits_of(ctx, market, message.account, begin)
    # WRITE
    LIMITS.put(ctx, Bounds(message.limits, ctx.time, before), market.id, message.account)
    # EMIT
    ctx.emit(Limited(market.id, message.account, message.limits))


def limit_key(ctx: Context, message: asked.LimitKey, ports: Ports) -> None:
    """Set the limits of a key of the member, within the market's."""
    # CHECK
    market = market_of(ctx, message.market)
    done = _own_key(ctx, market, message.key, ports)
    require(rules.tighter(message.limits, market.terms.limits), codes.BAD_TERMS)
    # WRITE
    KEY_LIMITS.put(ctx, message.limits, market.id, message.key)
    # EMIT
    ctx.emit(KeyLimited(market.id, done.member, message.key, message.limits))


def _own_key(ctx: Context, market: Market, key: bytes, ports: Ports) -> Trader:
    """What a key of the signer's member did."""
    require(ports.members.owns(ctx, ctx.signer.member, key), codes.UNKNOWN_KEY, key.hex())
    return trader(ctx, market.id, ctx.signer.member, key)
