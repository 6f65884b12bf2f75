"""The council's one power: to stop a method for a while, where the method may be stopped at all."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.governance import messages as asked
from consortia.modules.governance import refusals as codes
from consortia.modules.governance.events import (
    EndAsked,
    PauseAsked,
    Paused,
    PauseEnded,
)
from consortia.modules.governance.handlers import calls
from consortia.modules.governance.ports import Ports
from consortia.modules.governance.rules import council_quorum
from consortia.modules.governance.state import ENDINGS, PAUSES, STOPS, charter
from consortia.modules.governance.types import (
    ORGANISATIONS_MIN,
    Charter,
    Ending,
    Pause,
    Stopped,
)

COUNCIL = "council"


def ask_pause(ctx: Context, message: asked.AskPause, ports: Ports) -> None:
    """Ask the other seats to stop a method; no target is asked about twice, or soon after a pause."""
    # CHECK
    member, law, seats = _seat(ctx, ports)
    require(calls(ctx).may_pause(message.target), codes.NOT_PAUSABLE, message.target)
    fits = 0 < message.milliseconds <= law.pause_milliseconds
    require(fits, codes.PAUSE_TOO_LONG, f"{message.milliseconds} of {law.pause_milliseconds}")
    last = PAUSES.get(ctx, message.target)
    if last is not None:
        require(last.until is not None or _lapsed(ctx, last, law), codes.PAUSE_OPEN, message.target)
        require(last.until is None or last.until <= ctx.time, codes.PAUSE_OPEN, message.target)
    cooled = _ended(ctx, message.target)
    require(ctx.time >= cooled + law.cooling_milliseconds or cooled == 0, codes.COOLING, message.target)
    # DECIDE
    number = 0 if last is None else last.number + (last.until is not None)
    pause = Pause(
        by=member,
        reason=message.reason,
        milliseconds=message.milliseconds,
        opened=ctx.time,
        approvals=(member,),
        since=None,
        until=None,
        number=number,
    )
    # WRITE
    PAUSES.put(ctx, pause, message.target)
    # EMIT
    ctx.emit(PauseAsked(message.target, member, 1, council_quorum(len(seats))))


def approve_pause(ctx: Context, message: asked.ApprovePause, ports: Ports) -> None:
    """Approve; the seat that decides stops the method at once."""
    # CHECK
    member, law, seats = _seat(ctx, ports)
    pause = _asked(ctx, message.target, law)
    require(member not in pause.approvals, codes.ALREADY_APPROVED, member)
    # DECIDE
    approvals = tuple(sorted({*pause.approvals, member}))
    needed, there = council_quorum(len(seats)), len(set(approvals) & set(seats))
    begins = pause.since is None and there >= needed
    until = ctx.time + pause.milliseconds
    after = replace(pause, approvals=approvals)
    if begins:
        after = replace(after, since=ctx.time, until=until)
    # WRITE
    PAUSES.put(ctx, after, message.target)
    if begins:
        STOPS.put(ctx, Stopped(ctx.time, until), message.target, pause.number)
    # EMIT
    ctx.emit(PauseAsked(message.target, member, there, needed))
    if begins:
        ctx.emit(Paused(message.target, until))


def withdraw_pause(ctx: Context, message: asked.WithdrawPause, ports: Ports) -> None:
    """Take the own approval back; too few of them end a pause, none of them the request."""
    # CHECK
    member, law, seats = _seat(ctx, ports)
    pause = _asked(ctx, message.target, law)
    require(member in pause.approvals, codes.NOT_APPROVED, member)
    # DECIDE
    approvals = tuple(name for name in pause.approvals if name != member)
    needed, there = council_quorum(len(seats)), len(set(approvals) & set(seats))
    ends = pause.since is not None and there < needed
    after = replace(pause, approvals=approvals, until=ctx.time if ends else pause.until)
    gone = pause.since is None and not approvals and pause.number == 0
    # WRITE
    if gone:
        PAUSES.delete(ctx, message.target)
    else:
        PAUSES.put(ctx, after, message.target)
    if ends and pause.since is not None:
        STOPS.put(ctx, Stopped(pause.since, ctx.time), message.target, pause.number)
    # EMIT
    if ends or (pause.since is None and not approvals):
        ctx.emit(PauseEnded(message.target))
    else:
        ctx.emit(PauseAsked(message.target, member, there, needed))


def end_agent(ctx: Context, message: asked.EndAgent, ports: Ports) -> None:
    """Want an agent's mandate ended; the seat that decides ends it. What was said long ago is over."""
    # CHECK
    member, law, seats = _seat(ctx, ports)
    require(ports.agents.ended_at(ctx, message.mandate) is None, codes.NO_AGENT, message.mandate.hex())
    before = ENDINGS.get(ctx, message.mandate)
    if before is None or before.opened + law.pause_milliseconds <= ctx.time:
        before = Ending((), ctx.time)
    require(member not in before.approvals, codes.ALREADY_APPROVED, member)
    # DECIDE
    approvals = tuple(sorted({*before.approvals, member}))
    needed, there = council_quorum(len(seats)), len(set(approvals) & set(seats))
    # WRITE, EMIT
    ENDINGS.put(ctx, replace(before, approvals=approvals), message.mandate)
    ctx.emit(EndAsked(message.mandate, member, there, needed))
    if there >= needed:
        ports.agents.end(ctx, message.mandate, COUNCIL)


def _seat(ctx: Context, ports: Ports) -> tuple[str, Charter, tuple[str, ...]]:
    """The signer's member, the charter and the council's seats in force; raises Refused."""
    law, members = charter(ctx), ports.members.members(ctx)
    seats = tuple(name for name in law.council if name in members)
    require(min(len(members), len(seats)) >= ORGANISATIONS_MIN, codes.NO_COUNCIL)
    require(ctx.signer.member in seats, codes.NOT_ON_COUNCIL, ctx.signer.member)
    return ctx.signer.member, law, seats


def _asked(ctx: Context, target: str, law: Charter) -> Pause:
    """The pause that seats may say something to: asked for lately, or running."""
    pause = PAUSES.get(ctx, target)
    if pause is None or _lapsed(ctx, pause, law):
        raise Refused(codes.NO_PAUSE, target)
    return pause


def _lapsed(ctx: Context, pause: Pause, law: Charter) -> bool:
    """Whether a request has nobody behind it or is too old, or a pause is over."""
    if pause.until is not None:
        return pause.until <= ctx.time
    return not pause.approvals or pause.opened + law.pause_milliseconds <= ctx.time


def _ended(ctx: Context, target: str) -> int:
    """When the target's last pause ended or will end; 0 where there was none."""
    return max((stop.until for _, stop in STOPS.scan(ctx, target)), default=0)
