"""The module's tables."""

from consortia.base.hashing import tagged
from consortia.kernel.context import Context
from consortia.kernel.table import Table
from consortia.modules.operations.types import Answer, Awaited, Claimed, Control, Count, Notice, Register

CONTROLS = Table("operations", "controls", Control, (str,), "something steered within voted bounds")
NOTICES = Table("operations", "notices", Notice, (bytes,), "a notice, by id")
BY_TIME = Table("operations", "by_time", Awaited, (int, bytes), "when a notice is due, by when it was issued")
ANSWERS = Table("operations", "answers", Answer, (bytes, str), "a member's answer to a notice")
AWAITED = Table("operations", "awaited", Awaited, (str, bytes), "an answer that a member owes")
OPEN = Table("operations", "open", Count, (str,), "a member's open notices")
REGISTERS = Table("operations", "registers", Register, (bytes,), "a register of claims, by id")
CLAIMS = Table("operations", "claims", Claimed, (bytes, bytes), "who claimed a thing in a register")

TABLES = (CONTROLS, NOTICES, BY_TIME, ANSWERS, AWAITED, OPEN, REGISTERS, CLAIMS)


def new_id(ctx: Context) -> bytes:
    """The id of what this call makes."""
    return tagged("consortia/operations", ctx.network + ctx.transaction + ctx.call.to_bytes(8, "big"))


def open_notices(ctx: Context, member: str) -> int:
    """How many notices of a member are open."""
    found = OPEN.get(ctx, member)
    return 0 if found is None else found.open
