"""What anyone may ask about the guard."""

from itertools import islice
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Name, Record
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.guard.ports import Ports
from consortia.modules.guard.rules import in_force, runs
from consortia.modules.guard.state import (
    ALERTS,
    BY_MEMBER,
    MANDATES,
    POLICIES,
    SUSPENSIONS,
    case,
    tally,
)
from consortia.modules.guard.types import Alert, Case, Mandate, Policy, Suspension, Tally

PAGE_MAX = 100
POLICIES_MAX = 64


class ByAlert(Record, frozen=True):
    """An alert's id."""

    alert: Digest


class Filed(Record, frozen=True):
    """An alert and what officers did about it."""

    alert: Alert
    case: Case


class MaybeFiled(Record, frozen=True):
    """An alert with its case, or None where there is none."""

    found: Filed | None


class ListAlerts(Record, frozen=True):
    """The alerts of a member from place `first` on."""

    member: Name
    first: U63
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class AlertPage(Record, frozen=True):
    """A page of alerts, oldest first; `next` is the `first` of the next page, None on the last."""

    alerts: Annotated[tuple[Filed, ...], Meta(max_length=PAGE_MAX)]
    total: U63
    next: U63 | None


class ByMember(Record, frozen=True):
    """A member's name."""

    member: Name


class Standing(Record, frozen=True):
    """How a member's guard stands: policies, counts, its network mandate, and the member's own suspension.

    `may_suspend` says whether the mandate is in force, `suspended` whether the suspension is.
    """

    policies: Annotated[tuple[Policy, ...], Meta(max_length=POLICIES_MAX)]
    tally: Tally
    mandate: Mandate | None
    may_suspend: bool
    suspension: Suspension | None
    suspended: bool


def alert(ctx: Context, arguments: ByAlert, ports: Ports) -> MaybeFiled:
    """The alert with this id."""
    found = ALERTS.get(ctx, arguments.alert)
    return MaybeFiled(None if found is None else Filed(found, case(ctx, found.id)))


def alerts(ctx: Context, arguments: ListAlerts, ports: Ports) -> AlertPage:
    """The alerts of a member, oldest first."""
    total = tally(ctx, arguments.member).alerts
    last = min(total, arguments.first + arguments.limit)
    places = [BY_MEMBER.get(ctx, arguments.member, place) for place in range(arguments.first, last)]
    found = [ALERTS.get(ctx, place.alert) for place in places if place is not None]
    page = tuple(Filed(each, case(ctx, each.id)) for each in found if each is not None)
    return AlertPage(page, total, last if last < total else None)


def standing(ctx: Context, arguments: ByMember, ports: Ports) -> Standing:
    """How a member's guard stands; of more than 64 policies the first."""
    member = arguments.member
    policies = tuple(policy for _, policy in islice(POLICIES.scan(ctx, member), POLICIES_MAX))
    mandate, done, suspension = MANDATES.get(ctx, member), tally(ctx, member), SUSPENSIONS.get(ctx, member)
    return Standing(
        policies, done, mandate, in_force(mandate, done, ctx.time), suspension, runs(suspension, ctx.time)
    )


QUERIES = (
    Query("alert", ByAlert, MaybeFiled, alert, "An alert with its case, by id."),
    Query("alerts", ListAlerts, AlertPage, alerts, "The alerts of a member, a page at a time."),
    Query(
        "standing", ByMember, Standing, standing, "A member's guard: policies, counts, mandate, suspension."
    ),
)
