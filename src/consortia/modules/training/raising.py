"""What only a passed proposal does to privacy budgets: governance sees to it that the owner said yes."""

from msgspec.structs import replace

from consortia.base.refusals import require
from consortia.kernel.context import Context
from consortia.modules.training import refusals as codes
from consortia.modules.training.events import BudgetLimited
from consortia.modules.training.messages import RaiseBudget
from consortia.modules.training.ports import Ports
from consortia.modules.training.state import BUDGETS, budget_of


def raise_budget(ctx: Context, message: RaiseBudget, _ports: Ports) -> None:
    """Raise a limit, as a proposal decided to which the owner itself said yes; what is spent stays spent.

    Only data made from no other have a limit, as only their owner can have set one.
    """
    # CHECK
    before = budget_of(ctx, message.dataset)
    higher = before.limit is not None and message.limit > before.limit
    require(higher, codes.ONLY_RAISE, f"{message.limit}, the limit is {before.limit}")
    # WRITE
    BUDGETS.put(ctx, replace(before, limit=message.limit), message.dataset)
    # EMIT
    ctx.emit(BudgetLimited(message.dataset, message.limit))
