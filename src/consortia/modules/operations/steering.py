"""How controls are voted, commanded, taken over and handed back: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.order import is_sorted
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.operations import messages as asked
from consortia.modules.operations import refusals as codes
from consortia.modules.operations.ports import Ports
from consortia.modules.operations.rules import (
    OFFICERS,
    PROGRAMS,
    allowed,
    counted_from,
    in_reach,
    in_time,
)
from consortia.modules.operations.state import CONTROLS
from consortia.modules.operations.types import (
    Commanded,
    Control,
    ControlEnded,
    ControlSet,
    HandedBack,
    TakenOver,
)


def command_cost(message: asked.Command) -> int:
    """What commanding costs: 10 for each act."""
    return 150 + 10 * len(message.acts)


def set_control(ctx: Context, message: asked.SetControl, ports: Ports) -> None:
    """Put a control, or other bounds of it, in force."""
    # CHECK
    require(is_sorted(message.overseers), codes.UNSORTED)
    require(is_sorted(each.field for each in message.bounds), codes.UNSORTED)
    for name in (message.member, *message.overseers):
        require(ports.members.is_member(ctx, name), codes.UNKNOWN_MEMBER, name)
    for each in message.bounds:
        require(each.least <= each.most, codes.BAD_BOUNDS, each.field)
    # DECIDE
    before = CONTROLS.get(ctx, message.control)
    made = Control(
        member=message.member,
        overseers=message.overseers,
        bounds=message.bounds,
        gap=message.gap,
        version=1 if before is None else before.version + 1,
        since=ctx.time,
        taken=None,
        acts=0 if before is None else before.acts,
        last=0 if before is None else counted_from(before.last, ctx.time),
        ended=None,
    )
    # WRITE
    CONTROLS.put(ctx, made, message.control)
    # EMIT
    ctx.emit(ControlSet(message.control, made.version, made.member))


def end_control(ctx: Context, message: asked.EndControl, ports: Ports) -> None:
    """Have nothing command this any more."""
    # CHECK
    found = control(ctx, message.control)
    # WRITE
    CONTROLS.put(ctx, replace(found, ended=ctx.time, taken=None), message.control)
    # EMIT
    ctx.emit(ControlEnded(message.control))


def command(ctx: Context, message: asked.Command, ports: Ports) -> None:
    """Take down acts within the bounds: of the member's programs, or by hand of who has taken it over."""
    # CHECK
    found, signer = control(ctx, message.control), ctx.signer
    ports.members.acting(ctx)
    if found.taken is None:
        require(signer.member == found.member, codes.NOT_OPERATOR, found.member)
        require(not signer.roles.isdisjoint(PROGRAMS), codes.NOT_TAKEN)
    else:
        by_hand = found.taken == signer.member and not signer.roles.isdisjoint(OFFICERS)
        require(by_hand, codes.TAKEN_OVER, found.taken)
    require(message.version == found.version, codes.OLD_VERSION, str(found.version))
    for place, act in enumerate(message.acts):
        require(allowed(found.bounds, act), codes.OUT_OF_BOUNDS, str(place))
    require(in_time(found, message.acts), codes.TOO_SOON)
    require(in_reach(message.acts, ctx.time), codes.TOO_FAR)
    # DECIDE
    count, until = len(message.acts), message.acts[-1].at
    told = Commanded(message.control, signer.member, found.acts, count, until, found.taken is not None)
    # WRITE
    CONTROLS.put(ctx, replace(found, acts=found.acts + count, last=until), message.control)
    # EMIT
    ctx.emit(told)


def take_over(ctx: Context, message: asked.TakeOver, ports: Ports) -> None:
    """Let officers command in the place of programs."""
    # CHECK
    found, member = control(ctx, message.control), ctx.signer.member
    require(found.taken is None, codes.TAKEN_OVER, found.taken or "")
    require(member == found.member or member in found.overseers, codes.NOT_OVERSEER, found.member)
    # WRITE
    CONTROLS.put(ctx, replace(found, taken=member, last=counted_from(found.last, ctx.time)), message.control)
    # EMIT
    ctx.emit(TakenOver(message.control, member))


def hand_back(ctx: Context, message: asked.HandBack, ports: Ports) -> None:
    """Let programs command again."""
    # CHECK
    found = control(ctx, message.control)
    require(found.taken == ctx.signer.member, codes.NOT_TAKEN, found.taken or "")
    # WRITE
    CONTROLS.put(ctx, replace(found, taken=None), message.control)
    # EMIT
    ctx.emit(HandedBack(message.control, ctx.signer.member))


def control(ctx: Context, name: str) -> Control:
    """The control of this name that is in force; raises Refused."""
    found = CONTROLS.get(ctx, name)
    if found is None or found.ended is not None:
        raise Refused(codes.UNKNOWN_CONTROL, name)
    return found
