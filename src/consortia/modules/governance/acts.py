"""What only a passed proposal does: governance's own messages under its authority."""

from consortia.base.order import is_sorted
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.governance import messages as asked
from consortia.modules.governance import refusals as codes
from consortia.modules.governance.events import (
    CharterSet,
    MemberScheduled,
    ModelReleased,
    ParameterSet,
    Spent,
    UpgradeScheduled,
)
from consortia.modules.governance.ports import Ports
from consortia.modules.governance.rules import charter_fits
from consortia.modules.governance.state import (
    CHARTERS,
    IN_FORCE,
    PARAMETERS,
    RELEASES,
    SCHEDULED,
    UPGRADES,
    charter_number,
)
from consortia.modules.governance.types import (
    CharterInForce,
    Parameter,
    Release,
    Scheduled,
    Upgrade,
)


def set_charter(ctx: Context, message: asked.SetCharter, _ports: Ports) -> None:
    """Put a charter in force; proposals that are open keep the rules they were opened under."""
    # CHECK
    require(charter_fits(message.charter), codes.BAD_CHARTER)
    # DECIDE
    number = charter_number(ctx) + 1
    # WRITE
    CHARTERS.put(ctx, message.charter, number)
    IN_FORCE.put(ctx, CharterInForce(number))
    # EMIT
    ctx.emit(CharterSet(number))


def schedule_upgrade(ctx: Context, message: asked.ScheduleUpgrade, _ports: Ports) -> None:
    """Put an upgrade on the calendar, where everybody's software finds it."""
    # CHECK
    names = [module.name for module in message.modules]
    require(ctx.time < message.time and is_sorted(names), codes.BAD_UPGRADE)
    # DECIDE
    number = sum(1 for _ in UPGRADES.scan(ctx))
    # WRITE
    UPGRADES.put(ctx, Upgrade(message.modules, message.software, message.time), number)
    # EMIT
    ctx.emit(UpgradeScheduled(number, message.time))


def release_model(ctx: Context, message: asked.ReleaseModel, ports: Ports) -> None:
    """Release the model whose content was voted on, and none that took its place."""
    # CHECK
    content = ports.assets.model_content(ctx, message.model)
    require(content is not None, codes.NO_MODEL, message.model.hex())
    require(content == message.content, codes.WRONG_CONTENT, message.content.hex())
    # WRITE
    RELEASES.put(ctx, Release(message.content, ctx.time), message.model)
    # EMIT
    ctx.emit(ModelReleased(message.model, message.content))


def schedule_member(ctx: Context, message: asked.ScheduleMember, ports: Ports) -> None:
    """Put on record that the members want a change among themselves; identity's approvals make it."""
    # CHECK
    known = ports.members.is_member(ctx, message.name)
    require(known == (message.change == "removal"), codes.BAD_CHANGE, message.name)
    # WRITE
    SCHEDULED.put(ctx, Scheduled(ctx.time), message.change, message.name)
    # EMIT
    ctx.emit(MemberScheduled(message.change, message.name))


def spend(ctx: Context, message: asked.Spend, ports: Ports) -> None:
    """Pay out of the treasury, within what the class allows one proposal."""
    # CHECK, WRITE
    ports.treasury.pay(ctx, message.payee, message.unit, message.amount)
    # EMIT
    ctx.emit(Spent(message.unit, message.payee, message.amount))


def set_bounds(ctx: Context, message: asked.SetBounds, _ports: Ports) -> None:
    """Agree on a parameter and its bounds."""
    # CHECK
    require(message.low <= message.value <= message.high, codes.BAD_BOUNDS, message.name)
    # WRITE
    PARAMETERS.put(ctx, Parameter(message.low, message.high, message.value), message.name)
    # EMIT
    ctx.emit(ParameterSet(message.name, message.low, message.high, message.value))


def set_parameter(ctx: Context, message: asked.SetParameter, _ports: Ports) -> None:
    """Set a parameter within its bounds."""
    # CHECK
    kept = PARAMETERS.get(ctx, message.name)
    if kept is None:
        raise Refused(codes.NO_PARAMETER, message.name)
    require(kept.low <= message.value <= kept.high, codes.BAD_BOUNDS, str(message.value))
    # WRITE
    PARAMETERS.put(ctx, Parameter(kept.low, kept.high, message.value), message.name)
    # EMIT
    ctx.emit(ParameterSet(message.name, kept.low, kept.high, message.value))
