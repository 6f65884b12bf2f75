"""How network mandates, suspensions and appeals are judged and executed: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.guard import messages as asked
from consortia.modules.guard import refusals as codes
from consortia.modules.guard.handlers import own_alert
from consortia.modules.guard.ports import Ports
from consortia.modules.guard.rules import (
    commitment,
    in_force,
    is_certain,
    is_confirmed,
    is_open,
    is_overturned,
    runs,
    within_third,
)
from consortia.modules.guard.state import CASES, MANDATES, SUSPENSIONS, TALLIES, case, tally
from consortia.modules.guard.types import (
    COOLING_MILLISECONDS,
    MANDATE_MILLISECONDS_MAX,
    SUSPENSION_MILLISECONDS_MAX,
    Appealed,
    Judged,
    Mandate,
    MandateGiven,
    MandateTaken,
    Suspended,
    Suspension,
    SuspensionEnded,
)

AGENT = "agent"


def empower(ctx: Context, message: asked.Empower, ports: Ports) -> None:
    """Write a network mandate in the place of the member's last; what was overturned stays counted."""
    # CHECK
    require(ports.members.is_member(ctx, message.member), codes.NO_MEMBER, message.member)
    fits = ctx.time < message.expires <= ctx.time + MANDATE_MILLISECONDS_MAX
    require(fits, codes.TOO_LONG, str(message.expires))
    # DECIDE
    given = Mandate(
        message.member, message.model, message.precision, message.report, message.expires, ctx.time
    )
    # WRITE
    MANDATES.put(ctx, given, message.member)
    TALLIES.put(ctx, replace(tally(ctx, message.member), overturned=0), message.member)
    # EMIT
    ctx.emit(MandateGiven(message.member, message.precision, message.expires))


def disempower(ctx: Context, message: asked.Disempower, ports: Ports) -> None:
    """Take a network mandate away."""
    # CHECK
    require(MANDATES.has(ctx, message.member), codes.NO_MANDATE, message.member)
    # WRITE
    MANDATES.delete(ctx, message.member)
    # EMIT
    ctx.emit(MandateTaken(message.member))


def suspend(ctx: Context, message: asked.Suspend, ports: Ports) -> None:
    """Stop a member from starting anything new, for 72 hours at most."""
    # CHECK
    alert = own_alert(ctx, message.alert)
    author, target = alert.member, message.opening.member
    mandate, done = MANDATES.get(ctx, author), tally(ctx, author)
    if mandate is None or not in_force(mandate, done, ctx.time):
        raise Refused(codes.NO_MANDATE, author)
    require(commitment(message.salt, message.opening) == alert.finding.target, codes.WRONG_OPENING)
    require(target != author, codes.ITSELF)
    require(ports.members.is_member(ctx, target), codes.NO_MEMBER, target)
    opened = case(ctx, alert.id)
    confirmed = is_confirmed(opened)
    automatic = AGENT in ctx.signer.roles
    require(confirmed or (automatic and is_certain(alert, mandate)), codes.NOT_CERTAIN)
    require(message.milliseconds <= SUSPENSION_MILLISECONDS_MAX, codes.TOO_LONG, str(message.milliseconds))
    last = SUSPENSIONS.get(ctx, target)
    require(not runs(last, ctx.time), codes.SUSPENDED, target)
    require(last is None or ctx.time >= last.until + COOLING_MILLISECONDS, codes.COOLING, target)
    names = ports.members.members(ctx)
    running = sum(1 for name in names if runs(SUSPENSIONS.get(ctx, name), ctx.time))
    require(within_third(running + 1, len(names)), codes.TOO_MANY, f"{running} of {len(names)}")
    require(opened.suspended is None, codes.USED, alert.id.hex())
    # DECIDE
    made = Suspension(
        target=target,
        number=0 if last is None else last.number + 1,
        by=author,
        alert=alert.id,
        automatic=not confirmed,
        since=ctx.time,
        until=ctx.time + message.milliseconds,
        appeal=None,
        lift=(),
        keep=(),
        overturned=False,
    )
    # WRITE
    SUSPENSIONS.put(ctx, made, target)
    CASES.put(ctx, replace(opened, suspended=ctx.time), alert.id)
    TALLIES.put(ctx, replace(done, suspensions=done.suspensions + 1), author)
    # EMIT
    ctx.emit(Suspended(target, author, alert.id, made.until))


def lift(ctx: Context, message: asked.Lift, ports: Ports) -> None:
    """End a suspension by its author."""
    # CHECK
    found = running(ctx, message.target)
    require(found.by == ctx.signer.member, codes.NOT_YOURS, found.by)
    # WRITE
    SUSPENSIONS.put(ctx, replace(found, until=ctx.time), message.target)
    # EMIT
    ctx.emit(SuspensionEnded(message.target, found.by, overturned=False))


def appeal(ctx: Context, message: asked.Appeal, ports: Ports) -> None:
    """Take down that the suspended member appeals."""
    # CHECK
    found = appealable(ctx, ctx.signer.member)
    require(found.appeal is None, codes.APPEALED)
    # WRITE
    SUSPENSIONS.put(ctx, replace(found, appeal=message.reasons), found.target)
    # EMIT
    ctx.emit(Appealed(found.target, message.reasons))


def judge_appeal(ctx: Context, message: asked.JudgeAppeal, ports: Ports) -> None:
    """Take down a member's judgement; the one that decides counts against the author, and ends what runs."""
    # CHECK
    found, member = appealable(ctx, message.target), ctx.signer.member
    require(found.appeal is not None, codes.NO_APPEAL, message.target)
    require(member not in {found.by, found.target}, codes.NO_JUDGE, member)
    require(member not in {*found.lift, *found.keep}, codes.JUDGED, member)
    # DECIDE
    lifting = tuple(sorted({*found.lift, member})) if message.lift else found.lift
    keeping = found.keep if message.lift else tuple(sorted({*found.keep, member}))
    names = ports.members.members(ctx)
    over = is_overturned(len(set(lifting) & set(names)), len(names))
    after = replace(found, lift=lifting, keep=keeping, overturned=over)
    ended = replace(after, until=min(found.until, ctx.time)) if over else after
    done = tally(ctx, found.by)
    # WRITE
    SUSPENSIONS.put(ctx, ended, message.target)
    if over:
        TALLIES.put(ctx, replace(done, overturned=done.overturned + 1), found.by)
    # EMIT
    ctx.emit(Judged(message.target, member, message.lift))
    if over:
        ctx.emit(SuspensionEnded(message.target, found.by, overturned=True))


def appealable(ctx: Context, target: str) -> Suspension:
    """The suspension of a member that may be appealed against and judged now; raises Refused."""
    found = SUSPENSIONS.get(ctx, target)
    if found is None or not is_open(found, ctx.time):
        raise Refused(codes.NOT_SUSPENDED, target)
    return found


def running(ctx: Context, target: str) -> Suspension:
    """The suspension of a member that holds now; raises Refused."""
    found = SUSPENSIONS.get(ctx, target)
    if found is None or not runs(found, ctx.time):
        raise Refused(codes.NOT_SUSPENDED, target)
    return found
