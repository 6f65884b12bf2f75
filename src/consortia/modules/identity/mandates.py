"""Mandates as others may ask about them: who acts, within what, and how much of it is used up."""

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context, Signer
from consortia.kernel.ports import Bounds, KeyState
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.mandate_state import AGENT_NAMES, MANDATES, MARKS, OUTFLOWS, mandate_of
from consortia.modules.identity.mandate_types import (
    ACT,
    AGENT,
    DEFER,
    WINDOW_MILLISECONDS_MAX,
    Cap,
    Mandate,
    MandateEnded,
    Mark,
    Outflow,
)
from consortia.modules.identity.state import AGENTS, MEMBERS

_NONE = Outflow(0, 0, bytes(16), bytes(32), 0)


def agent_key(ctx: Context, key: bytes) -> KeyState | None:
    """The state of an agent's key for the kernel, or None where it is no agent's.

    Where acts wait, a transaction is the one call that keeps them; otherwise they follow their account.
    """
    agent = AGENTS.get(ctx, key)
    mandate = None if agent is None else MANDATES.get(ctx, agent.mandate)
    if agent is None or mandate is None:
        return None
    signer = Signer(key, agent.public, agent.member, frozenset({AGENT}))
    bounds = Bounds(DEFER, frozenset()) if mandate.delay else Bounds(ACT, frozenset(mandate.methods))
    return KeyState(signer, is_live(ctx, mandate), bounds)


def over_since(ctx: Context, mandate: Mandate) -> int | None:
    """The block time from which a mandate is over: ended, its owner gone, or expired; None while it lasts."""
    owner = MEMBERS.get(ctx, mandate.owner)
    left = ctx.time if owner is None else owner.left
    expired = mandate.expires + 1 if ctx.time > mandate.expires else None
    times = [time for time in (mandate.ended, left, expired) if time is not None]
    return min(times) if times else None


def is_live(ctx: Context, mandate: Mandate) -> bool:
    """Whether an agent may act under a mandate now: not ended, not expired, its owner a member."""
    return over_since(ctx, mandate) is None


def acting(ctx: Context) -> Mandate | None:
    """The mandate under which this transaction's signer acts; None for any other key than an agent's.

    Raises Refused where the mandate is over, by an earlier transaction of this very block too.
    """
    if AGENT not in ctx.signer.roles:
        return None
    mandate = mandate_of(ctx, ctx.signer.key)
    if mandate is None or not is_live(ctx, mandate):
        raise Refused(codes.MANDATE_OVER, ctx.signer.key.hex())
    return mandate


def charge(ctx: Context, unit: bytes, amount: int) -> None:
    """Count `amount` of a unit as leaving the owner's hands by its agent, or refuse it beyond a cap.

    1. what no mandate bounds is not counted: what anybody but an agent does;
    2. the mandate names the unit;
    3. all that this transaction spends is within the cap per act;
    4. all that the owner's agents spent in the window that ends now is within the cap of the window.
    """
    mandate = acting(ctx)
    if mandate is None:
        return
    cap = _cap(mandate, unit)
    before = OUTFLOWS.get(ctx, mandate.owner, unit) or _NONE
    spent = amount + (before.spent if before.transaction == ctx.transaction else 0)
    require(spent <= cap.per_act, codes.OVER_ACT_CAP, f"{spent} of {cap.per_act}")
    window = amount + _since(ctx, mandate.owner, unit, before, ctx.time - mandate.window)
    require(window <= cap.per_window, codes.OVER_WINDOW_CAP, f"{window} of {cap.per_window}")
    _count(ctx, (mandate.owner, unit), before, amount, spent)


def outflow(ctx: Context, owner: str, unit: bytes, window: int) -> int:
    """What the agents of `owner` spent of a unit in the `window` milliseconds that end now."""
    return _since(ctx, owner, unit, OUTFLOWS.get(ctx, owner, unit) or _NONE, ctx.time - window)


def end(ctx: Context, mandate: Mandate, by: str) -> None:
    """Write that a mandate is ended, once all checks are done, and tell so."""
    values = {name: getattr(mandate, name) for name in Mandate.__struct_fields__}
    MANDATES.put(ctx, Mandate(**(values | {"ended": ctx.time})), mandate.id)
    ctx.emit(MandateEnded(mandate.id, mandate.owner, mandate.agent, by))


def end_all(ctx: Context, owner: str) -> None:
    """End every live mandate of a member whose keys were replaced: a thief may have granted it."""
    for _, named in AGENT_NAMES.scan(ctx, owner):
        mandate = MANDATES.get(ctx, named.mandate)
        if mandate is not None and is_live(ctx, mandate):
            end(ctx, mandate, owner)


def _cap(mandate: Mandate, unit: bytes) -> Cap:
    for cap in mandate.caps:
        if cap.unit == unit:
            return cap
    raise Refused(codes.UNIT_NOT_MANDATED, unit.hex())


def _since(ctx: Context, owner: str, unit: bytes, flow: Outflow, time: int) -> int:
    """What was spent after a block time: the total less that of the last mark up to it, found by halving."""
    low, high, last = flow.first, flow.next, 0
    while low < high:
        middle = (low + high) // 2
        mark = MARKS.get(ctx, owner, unit, middle)
        if mark is not None and mark.time <= time:
            low, last = middle + 1, int.from_bytes(mark.total, "big")
        else:
            high = middle
    return int.from_bytes(flow.total, "big") - last


def _count(ctx: Context, place: tuple[str, bytes], before: Outflow, amount: int, spent: int) -> None:
    """Write what was spent. Each new mark lets go of up to two that no window reaches any more."""
    total = (int.from_bytes(before.total, "big") + amount).to_bytes(16, "big")
    newest = MARKS.get(ctx, *place, before.next - 1) if before.next > before.first else None
    number = before.next - 1 if newest is not None and newest.time == ctx.time else before.next
    MARKS.put(ctx, Mark(ctx.time, total), *place, number)
    first = before.first
    for _ in range(2):
        second = MARKS.get(ctx, *place, first + 1)
        if second is not None and second.time <= ctx.time - WINDOW_MILLISECONDS_MAX:
            MARKS.delete(ctx, *place, first)
            first += 1
    OUTFLOWS.put(ctx, Outflow(first, number + 1, total, ctx.transaction, spent), *place)
