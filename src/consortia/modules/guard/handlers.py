"""How policies, alerts and cases are judged and executed: CHECK, DECIDE, WRITE, EMIT."""

from msgspec.structs import replace

from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.guard import messages as asked
from consortia.modules.guard import refusals as codes
from consortia.modules.guard.ports import Ports
from consortia.modules.guard.rules import counted, floods, is_exact, is_pinned
from consortia.modules.guard.state import ALERTS, BY_MEMBER, CASES, POLICIES, TALLIES, alert_id, case, tally
from consortia.modules.guard.types import (
    ALLOW_MILLISECONDS_MAX,
    Alert,
    AlertRaised,
    CaseMoved,
    Numbered,
    Policy,
    PolicySet,
)


def set_policy(ctx: Context, message: asked.SetPolicy, ports: Ports) -> None:
    """Write a policy, or another version of it."""
    # CHECK, DECIDE
    member = ctx.signer.member
    last = POLICIES.get(ctx, member, message.name)
    policy = Policy(
        member=member,
        name=message.name,
        schema=message.schema,
        rules=message.rules,
        model=message.model,
        daily=message.daily,
        version=1 if last is None else last.version + 1,
        time=ctx.time,
    )
    # WRITE
    POLICIES.put(ctx, policy, member, message.name)
    # EMIT
    ctx.emit(PolicySet(member, message.name, policy.version))


def raise_alert(ctx: Context, message: asked.RaiseAlert, ports: Ports) -> None:
    """Take down what a guard found, under the policy in force, and no more a day than that allows."""
    # CHECK
    member, finding = ctx.signer.member, message.finding
    policy = POLICIES.get(ctx, member, finding.policy)
    if policy is None:
        raise Refused(codes.NO_POLICY, finding.policy)
    require(is_pinned(policy, finding), codes.NOT_PINNED, finding.code)
    before = tally(ctx, member)
    after = counted(before, ctx.time)
    require(not floods(policy, after), codes.FLOOD, f"{before.today}")
    # DECIDE
    alert = Alert(
        id=alert_id(ctx),
        member=member,
        finding=finding,
        policy_version=policy.version,
        exact=finding.model is None and is_exact(policy, finding),
        height=ctx.height,
        time=ctx.time,
    )
    # WRITE
    ALERTS.put(ctx, alert, alert.id)
    BY_MEMBER.put(ctx, Numbered(alert.id), member, before.alerts)
    TALLIES.put(ctx, after, member)
    # EMIT
    ctx.emit(AlertRaised(alert.id, member, finding.kind, finding.code, alert.exact))


def assign(ctx: Context, message: asked.Assign, ports: Ports) -> None:
    """Give a case to somebody of the own officers."""
    # CHECK
    alert = own_alert(ctx, message.alert)
    require(ports.members.is_officer(ctx, alert.member, message.key), codes.NO_PERSON, message.key.hex())
    # WRITE
    CASES.put(ctx, replace(case(ctx, alert.id), assigned=message.key), alert.id)
    # EMIT
    ctx.emit(CaseMoved(alert.id, "assigned"))


def answer(ctx: Context, message: asked.Answer, ports: Ports) -> None:
    """Take down the hash of what the one who has the case found."""
    # CHECK
    alert = own_alert(ctx, message.alert)
    found = case(ctx, alert.id)
    require(found.assigned == ctx.signer.key, codes.NOT_ASSIGNED)
    # WRITE
    CASES.put(ctx, replace(found, answer=message.answer), alert.id)
    # EMIT
    ctx.emit(CaseMoved(alert.id, "answered"))


def label_alert(ctx: Context, message: asked.LabelAlert, ports: Ports) -> None:
    """Take down one officer's label; the same from a second officer makes it stand."""
    # CHECK
    alert = own_alert(ctx, message.alert)
    found = case(ctx, alert.id)
    require(found.second is None, codes.LABELLED)
    agrees = found.label == message.label
    require(not (agrees and found.first == ctx.signer.key), codes.FOUR_EYES)
    # DECIDE
    first = found.first if agrees else ctx.signer.key
    second = ctx.signer.key if agrees else None
    # WRITE
    CASES.put(ctx, replace(found, label=message.label, first=first, second=second), alert.id)
    # EMIT
    ctx.emit(CaseMoved(alert.id, "labelled" if agrees else "proposed"))


def allow(ctx: Context, message: asked.Allow, ports: Ports) -> None:
    """Let the like of an honest alert pass for a while."""
    # CHECK
    alert = own_alert(ctx, message.alert)
    found = case(ctx, alert.id)
    require(found.label == "honest" and found.second is not None, codes.NOT_HONEST)
    require(ctx.time < message.until <= ctx.time + ALLOW_MILLISECONDS_MAX, codes.TOO_LONG, str(message.until))
    # WRITE
    CASES.put(ctx, replace(found, allowed=message.until), alert.id)
    # EMIT
    ctx.emit(CaseMoved(alert.id, "allowed"))


def own_alert(ctx: Context, alert: bytes) -> Alert:
    """The signer's member's alert with this id; raises Refused."""
    found = ALERTS.get(ctx, alert)
    if found is None:
        raise Refused(codes.NO_ALERT, alert.hex())
    require(found.member == ctx.signer.member, codes.NOT_YOURS, found.member)
    return found
