"""What always holds of mandates."""

from consortia.base.keys import key_id
from consortia.kernel.context import Context
from consortia.kernel.module import Invariant
from consortia.modules.identity.mandate_state import AGENT_NAMES, MANDATES, MARKS, OUTFLOWS
from consortia.modules.identity.mandate_types import LIFETIME_MILLISECONDS_MAX, Mandate
from consortia.modules.identity.state import AGENTS, MEMBERS, OWNERS, digest, text


def agents_have_mandates(ctx: Context, _ports: None) -> str | None:
    """Every agent's key stands under its id, is nobody else's, and serves one mandate, which names it."""
    count = 0
    for (part,), agent in AGENTS.scan(ctx):
        key, mandate = digest(part), MANDATES.get(ctx, agent.mandate)
        if key != key_id(agent.public) or OWNERS.has(ctx, key):
            return f"the key of an agent of {agent.member} is another's"
        if mandate is None or (mandate.key, mandate.owner) != (key, agent.member):
            return f"an agent of {agent.member} has no mandate"
        count += 1
    return None if count == sum(1 for _ in MANDATES.scan(ctx)) else "a mandate has no agent"


def mandates_are_bounded(ctx: Context, _ports: None) -> str | None:
    """A mandate belongs to somebody who is or was a member, lasts at most 90 days, and ends once."""
    for _, mandate in MANDATES.scan(ctx):
        if not MEMBERS.has(ctx, mandate.owner):
            return f"{mandate.owner} has a mandate and is nobody"
        if not mandate.granted <= mandate.expires <= mandate.granted + LIFETIME_MILLISECONDS_MAX:
            return f"the mandate of {mandate.agent} lasts too long"
        if mandate.ended is not None and not mandate.granted <= mandate.ended <= ctx.time:
            return f"the mandate of {mandate.agent} ended at no time"
    return None


def one_mandate_acts(ctx: Context, _ports: None) -> str | None:
    """Under each name of an agent, its newest mandate is the only one that may be live."""
    newest = {digest(named.mandate) for _, named in AGENT_NAMES.scan(ctx)}
    for _, mandate in MANDATES.scan(ctx):
        if mandate.id not in newest and mandate.ended is None and _follower(ctx, mandate) < mandate.expires:
            return f"two mandates of {mandate.owner}/{mandate.agent} are live"
    return None


def outflows_add_up(ctx: Context, _ports: None) -> str | None:
    """The marks of what was spent follow one another in time and never fall; the last is the total."""
    for (owner, unit), flow in OUTFLOWS.scan(ctx):
        marks = [MARKS.get(ctx, text(owner), digest(unit), number) for number in range(flow.first, flow.next)]
        if None in marks or not marks:
            return f"a mark of {text(owner)} is missing"
        times = [mark.time for mark in marks if mark is not None]
        totals = [mark.total for mark in marks if mark is not None]
        if times != sorted(set(times)) or totals != sorted(totals) or totals[-1] != flow.total:
            return f"the marks of {text(owner)} do not follow one another"
    return None


def _follower(ctx: Context, mandate: Mandate) -> int:
    """When the mandate that stands under the same name now was granted."""
    named = AGENT_NAMES.get(ctx, mandate.owner, mandate.agent)
    newest = None if named is None else MANDATES.get(ctx, named.mandate)
    return mandate.granted if newest is None else newest.granted


MANDATE_INVARIANTS = (
    Invariant("agents_have_mandates", agents_have_mandates),
    Invariant("mandates_are_bounded", mandates_are_bounded),
    Invariant("one_mandate_acts", one_mandate_acts),
    Invariant("outflows_add_up", outflows_add_up),
)
