"""The tables of mandates."""

from consortia.base.hashing import tagged
from consortia.kernel.context import Context
from consortia.kernel.table import Table
from consortia.modules.identity.mandate_types import Mandate, Mark, Named, Outflow
from consortia.modules.identity.state import AGENTS

MANDATES = Table("identity", "mandates", Mandate, (bytes,), "a mandate, by id")
AGENT_NAMES = Table("identity", "agent_names", Named, (str, str), "an agent's newest mandate, by its names")
OUTFLOWS = Table("identity", "outflows", Outflow, (str, bytes), "what a member's agents spent, by unit")
MARKS = Table("identity", "marks", Mark, (str, bytes, int), "what had been spent by when, by unit and number")

MANDATE_TABLES = (MANDATES, AGENT_NAMES, OUTFLOWS, MARKS)


def mandate_id(ctx: Context) -> bytes:
    """The id of the mandate that this call grants: H("consortia/mandate", network | transaction | call)."""
    return tagged("consortia/mandate", ctx.network + ctx.transaction + ctx.call.to_bytes(8, "big"))


def mandate_of(ctx: Context, key: bytes) -> Mandate | None:
    """The mandate that the key with this id serves, over or not; None where it is no agent's."""
    agent = AGENTS.get(ctx, key)
    return None if agent is None else MANDATES.get(ctx, agent.mandate)
