"""Predictions: which model answered what, under which policy, provable record by record.

See README.md in this folder for the concepts; this file is the declaration.
"""

from consortia.kernel.module import Method, Module
from consortia.modules.predictions import handlers
from consortia.modules.predictions import messages as asked
from consortia.modules.predictions.invariants import INVARIANTS
from consortia.modules.predictions.ports import Models, Ports
from consortia.modules.predictions.queries import QUERIES
from consortia.modules.predictions.refusals import REFUSALS
from consortia.modules.predictions.state import TABLES
from consortia.modules.predictions.types import EVENTS

__all__ = ["Models", "Ports", "module"]

METHODS = (Method(asked.RecordBatch, handlers.record_batch, frozenset({"operator", "worker"}), cost=150),)


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
