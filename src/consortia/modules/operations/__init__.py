"""Operations: commands within voted bounds, takeover, notices with answers due, and unique claims.

See README.md in this folder for the concepts; this file is the declaration.
"""

from consortia.kernel.module import Method, Module
from consortia.modules.operations import claiming, noticing, steering
from consortia.modules.operations import messages as asked
from consortia.modules.operations.invariants import INVARIANTS
from consortia.modules.operations.ports import Members, Ports
from consortia.modules.operations.queries import QUERIES
from consortia.modules.operations.refusals import REFUSALS
from consortia.modules.operations.state import TABLES
from consortia.modules.operations.types import EVENTS

__all__ = ["Members", "Ports", "module"]

_NOBODY = frozenset[str]()
_MEMBERS = "governance"
_HANDS = frozenset({"admin", "operator"})
_SERVING = frozenset({"admin", "operator", "worker"})
_COMMANDING = frozenset({"admin", "agent", "operator", "worker"})

METHODS = (
    Method(asked.SetControl, steering.set_control, _NOBODY, cost=300, authority=_MEMBERS),
    Method(asked.EndControl, steering.end_control, _NOBODY, cost=200, authority=_MEMBERS),
    Method(asked.Command, steering.command, _COMMANDING, cost=steering.command_cost),
    Method(asked.TakeOver, steering.take_over, _HANDS, cost=200, urgent=True),
    Method(asked.HandBack, steering.hand_back, _HANDS, cost=200),
    Method(asked.Notify, noticing.notify, _HANDS, cost=noticing.notify_cost),
    Method(asked.Reply, noticing.reply, _SERVING, cost=200),
    Method(asked.CloseNotice, noticing.close_notice, _HANDS, cost=400),
    Method(asked.OpenRegister, claiming.open_register, _HANDS, cost=200),
    Method(asked.Claim, claiming.claim, _SERVING, cost=claiming.claim_cost),
    Method(asked.CloseRegister, claiming.close_register, _HANDS, cost=200),
)


def module(ports: Ports) -> Module:
    """The declaration of operations, wired to its neighbours."""
    return Module(
        name="operations",
        version=1,
        doc="Commands within voted bounds, takeover and hand-back; notices with answers due; unique claims.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES,
        queries=QUERIES,
        events=EVENTS,
        invariants=INVARIANTS,
        ports=ports,
    )
