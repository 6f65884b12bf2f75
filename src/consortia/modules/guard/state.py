"""The module's tables."""

from consortia.base.hashing import tagged
from consortia.kernel.context import Context
from consortia.kernel.table import Table
from consortia.modules.guard.types import Alert, Case, Mandate, Numbered, Policy, Suspension, Tally

POLICIES = Table("guard", "policies", Policy, (str, str), "a member's policy, by name")
ALERTS = Table("guard", "alerts", Alert, (bytes,), "an alert, by id")
BY_MEMBER = Table("guard", "by_member", Numbered, (str, int), "the alerts of a member, from 0 on")
CASES = Table("guard", "cases", Case, (bytes,), "what officers did about an alert")
TALLIES = Table("guard", "tallies", Tally, (str,), "what a member's guard did so far")
MANDATES = Table("guard", "mandates", Mandate, (str,), "a member's network mandate")
SUSPENSIONS = Table("guard", "suspensions", Suspension, (str,), "the last suspension of a member")

TABLES = (POLICIES, ALERTS, BY_MEMBER, CASES, TALLIES, MANDATES, SUSPENSIONS)

_NEW = Tally(0, 0, 0, 0, 0)
_OPEN = Case(None, None, None, None, None, None, None)


def alert_id(ctx: Context) -> bytes:
    """The id of this call's alert: H("consortia/guard", network | transaction | call as 8 bytes)."""
    return tagged("consortia/guard", ctx.network + ctx.transaction + ctx.call.to_bytes(8, "big"))


def tally(ctx: Context, member: str) -> Tally:
    """What a member's guard did so far."""
    return TALLIES.get(ctx, member) or _NEW


def case(ctx: Context, alert: bytes) -> Case:
    """What officers did about an alert so far."""
    return CASES.get(ctx, alert) or _OPEN
