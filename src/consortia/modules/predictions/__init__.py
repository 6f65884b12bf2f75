"""Predictions: which model answered what, under which policy, provable record by record.

See README.md in this folder for the concepts; this file is the declaration.
"""

from consortia.kernel.module import Method, Module
from consortia.modules.predictions import acting, handlers
from consortia.modules.predictions import messages as asked
from consortia.modules.predictions.invariants import INVARIANTS
from consortia.modules.predictions.keeper import Keeper
from consortia.modules.predictions.ports import Agents, Models, Ports
from consortia.modules.predictions.queries import QUERIES
from consortia.modules.predictions.refusals import REFUSALS
from consortia.modules.predictions.state import TABLES
from consortia.modules.predictions.types import EVENTS

__all__ = ["Agents", "Keeper", "Models", "Ports", "module"]

_ANYBODY = frozenset({"admin", "analyst", "approver", "node", "operator", "trustee", "worker"})

METHODS = (
    Method(
        asked.RecordBatch,
        handlers.record_batch,
        frozenset({"agent", "operator", "worker"}),
        cost=150,
        pausable=True,
    ),
    Method(asked.Act, acting.act, frozenset({"agent"}), cost=200),
    Method(asked.Defer, acting.defer, frozenset({"agent"}), cost=200),
    Method(asked.Perform, acting.perform, _ANYBODY, cost=200 + acting.COST_MAX),
)


def module(ports: Ports) -> Module:
    """The declaration of predictions, wired to its neighbours."""
    return Module(
        name="predictions",
        version=1,
        doc="Batches of prediction records: one salted root each, every record provable alone.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES,
        queries=QUERIES,
        events=EVENTS,
        invariants=INVARIANTS,
        ports=ports,
    )
