"""What holds after every block."""

from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.guard.ports import Ports
from consortia.modules.guard.state import ALERTS, BY_MEMBER, CASES, SUSPENSIONS, TALLIES
from consortia.modules.guard.types import SUSPENSION_MILLISECONDS_MAX


def places(ctx: Context, ports: Ports) -> str | None:
    """Every alert has its place among its author's, and counts in its tally."""
    counts: dict[str, int] = {}
    for _, alert in ALERTS.scan(ctx):
        counts[alert.member] = counts.get(alert.member, 0) + 1
    kept = {key[0]: tally.alerts for key, tally in TALLIES.scan(ctx) if tally.alerts}
    placed = {(str(key[0]), entry.alert) for key, entry in BY_MEMBER.scan(ctx)}
    if counts != kept or len(placed) != sum(counts.values()):
        return "the tallies do not count the alerts"
    return None


def eyes(ctx: Context, ports: Ports) -> str | None:
    """A label that stands is of two officers, and what passes was called honest."""
    for key, case in CASES.scan(ctx):
        two = case.second is not None and case.second != case.first
        if (case.second is not None and not two) or (case.allowed is not None and not two):
            return f"one officer decided about alert {key!r}"
    return None


def bounded(ctx: Context, ports: Ports) -> str | None:
    """No suspension is longer than 72 hours or of its own author, and who judges it is neither."""
    for _, each in SUSPENSIONS.scan(ctx):
        judges = {*each.lift, *each.keep}
        if each.until - each.since > SUSPENSION_MILLISECONDS_MAX or each.by == each.target:
            return f"the suspension of {each.target} is out of bounds"
        if judges & {each.by, each.target} or set(each.lift) & set(each.keep):
            return f"the appeal of {each.target} was judged by those it is about, or twice"
    return None


INVARIANTS = (Invariant("places", places), Invariant("eyes", eyes), Invariant("bounded", bounded))
