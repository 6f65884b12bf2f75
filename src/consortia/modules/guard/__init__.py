"""The guard: alerts as facts of the ledger, cases for officers, and suspensions that end by themselves.

See README.md in this folder for the concepts; this file is the declaration.
"""

from consortia.kernel.module import Method, Module
from consortia.modules.guard import handlers, suspending
from consortia.modules.guard import messages as asked
from consortia.modules.guard.invariants import INVARIANTS
from consortia.modules.guard.keeper import Keeper
from consortia.modules.guard.ports import Members, Ports
from consortia.modules.guard.queries import QUERIES
from consortia.modules.guard.refusals import REFUSALS
from consortia.modules.guard.state import TABLES
from consortia.modules.guard.types import EVENTS

__all__ = ["Keeper", "Members", "Ports", "module"]

_OFFICERS = frozenset({"admin", "analyst", "approver", "operator"})
_RAISE = frozenset({"agent", "operator", "worker"})
_NOBODY = frozenset[str]()
_MEMBERS = "governance"

METHODS = (
    Method(asked.SetPolicy, handlers.set_policy, frozenset({"admin"}), cost=300),
    Method(asked.RaiseAlert, handlers.raise_alert, _RAISE, cost=200),
    Method(asked.Assign, handlers.assign, _OFFICERS, cost=150),
    Method(asked.Answer, handlers.answer, _OFFICERS, cost=150),
    Method(asked.LabelAlert, handlers.label_alert, _OFFICERS, cost=150),
    Method(asked.Allow, handlers.allow, _OFFICERS, cost=150),
    Method(asked.Empower, suspending.empower, _NOBODY, cost=200, authority=_MEMBERS),
    Method(asked.Disempower, suspending.disempower, _NOBODY, cost=200, authority=_MEMBERS),
    Method(asked.Suspend, suspending.suspend, frozenset({"admin", "agent", "approver"}), cost=500),
    Method(asked.Lift, suspending.lift, frozenset({"admin", "agent", "approver"}), cost=200, urgent=True),
    Method(asked.Appeal, suspending.appeal, _OFFICERS, cost=200, urgent=True),
    Method(
        asked.JudgeAppeal, suspending.judge_appeal, frozenset({"admin", "approver"}), cost=200, urgent=True
    ),
)


def module(ports: Ports) -> Module:
    """The declaration of the guard, wired to its neighbours."""
    return Module(
        name="guard",
        version=1,
        doc="Alerts with evidence, cases for officers, and suspensions that end by themselves.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES,
        queries=QUERIES,
        events=EVENTS,
        invariants=INVARIANTS,
        ports=ports,
    )
