"""The rules of the guard, as pure functions of records."""

from consortia.base.codec import encode_record
from consortia.base.commitments import record_leaf
from consortia.base.times import DAY
from consortia.modules.guard.types import (
    COOLING_MILLISECONDS,
    DAILY_MAX,
    OVERTURNED_MAX,
    PRECISION_MIN,
    Alert,
    Case,
    Finding,
    Mandate,
    Opening,
    Policy,
    Suspension,
    Tally,
)


def is_exact(policy: Policy, finding: Finding) -> bool:
    """Whether the finding's reason is an exact rule of the policy, about the same kind of event."""
    return any(rule.code == finding.code and rule.kind == finding.kind for rule in policy.rules)


def is_pinned(policy: Policy, finding: Finding) -> bool:
    """Whether its policy can lead to a finding: by a rule without a model, or by the pinned model."""
    if finding.model is None:
        return is_exact(policy, finding)
    return finding.model == policy.model and finding.code == f"learned.{finding.kind}"


def counted(tally: Tally, time: int) -> Tally:
    """The tally after one more alert; a new day begins 24 hours after the first alert of the last one."""
    fresh = not tally.alerts or time >= tally.day + DAY
    return Tally(
        alerts=tally.alerts + 1,
        day=time if fresh else tally.day,
        today=1 if fresh else tally.today + 1,
        suspensions=tally.suspensions,
        overturned=tally.overturned,
    )


def floods(policy: Policy, after: Tally) -> bool:
    """Whether a member raised too many alerts, this one included."""
    return after.today > min(policy.daily, DAILY_MAX)


def commitment(salt: bytes, opening: Opening) -> bytes:
    """What an alert says instead of its target."""
    return record_leaf(salt, encode_record(opening))


def in_force(mandate: Mandate | None, tally: Tally, time: int) -> bool:
    """Whether a network mandate still lets its member's guard suspend."""
    return mandate is not None and time < mandate.expires and tally.overturned < OVERTURNED_MAX


def is_certain(alert: Alert, mandate: Mandate) -> bool:
    """Whether an alert may suspend without officers: an exact rule, or the model whose precision is known."""
    same = alert.finding.model is not None and alert.finding.model == mandate.model
    return alert.exact or (same and mandate.precision >= PRECISION_MIN)


def is_confirmed(case: Case) -> bool:
    """Whether two officers called the alert hostile."""
    return case.label == "hostile" and case.second is not None


def runs(suspension: Suspension | None, time: int) -> bool:
    """Whether a suspension holds at a block time."""
    return suspension is not None and time < suspension.until


def is_open(suspension: Suspension | None, time: int) -> bool:
    """Whether a suspension may be appealed against and judged at a block time.

    That is so while it holds and while guards leave its target alone afterwards, unless it was overturned: so
    neither a short suspension nor one that its author lifts in time escapes what it counts.
    """
    return (
        suspension is not None
        and not suspension.overturned
        and time < suspension.until + COOLING_MILLISECONDS
    )


def within_third(suspended: int, members: int) -> bool:
    """Whether so many suspended members are fewer than a third."""
    return 3 * suspended < members


def is_overturned(lift: int, members: int) -> bool:
    """Whether more than half of the members asked (all but author and target) lift a suspension."""
    return 2 * lift > members - 2
