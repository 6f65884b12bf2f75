"""Assets: what members share, on which terms, and what came from what.

See README.md in this folder for the concepts; this file is the declaration.
"""

from consortia.kernel.module import Method, Module
from consortia.modules.assets import handlers
from consortia.modules.assets import messages as asked
from consortia.modules.assets.invariants import INVARIANTS
from consortia.modules.assets.keeper import Keeper, Made
from consortia.modules.assets.ports import Members, Ports
from consortia.modules.assets.queries import QUERIES
from consortia.modules.assets.refusals import REFUSALS
from consortia.modules.assets.state import TABLES
from consortia.modules.assets.types import EVENTS

__all__ = ["Keeper", "Made", "Members", "Ports", "module"]

_AUTHORS = frozenset({"admin", "analyst", "operator", "worker"})
_KEEPERS = frozenset({"admin", "operator"})
_STOPPERS = frozenset({"admin", "approver", "operator", "trustee"})
_ERASERS = frozenset({"admin", "operator", "worker"})

_BASE = 150
_PER_PARENT = 40
_PER_PERMISSION = 5


def _register_cost(message: asked.Register) -> int:
    rights = message.rights
    permissions = 0 if rights is None else len(rights.process) + len(rights.download)
    return _BASE + _PER_PARENT * len(message.parents) + _PER_PERMISSION * permissions


def _grant_cost(message: asked.Grant) -> int:
    return _BASE + _PER_PERMISSION * len(message.permissions)


METHODS = (
    Method(asked.Register, handlers.register, _AUTHORS, cost=_register_cost, pausable=True),
    Method(asked.NewVersion, handlers.new_version, _AUTHORS, cost=_BASE, pausable=True),
    Method(asked.Grant, handlers.grant, _KEEPERS, cost=_grant_cost, pausable=True),
    Method(asked.Revoke, handlers.revoke, _KEEPERS, cost=_BASE),
    Method(asked.Withdraw, handlers.withdraw, _STOPPERS, cost=_BASE, urgent=True, prompt=True),
    Method(asked.MarkErased, handlers.mark_erased, _ERASERS, cost=_BASE),
)


def module(ports: Ports) -> Module:
    """The declaration of assets, wired to its neighbours."""
    return Module(
        name="assets",
        version=1,
        doc="Data sets, models, functions and record batches: commitments, rights, versions, lineage.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES,
        queries=QUERIES,
        events=EVENTS,
        invariants=INVARIANTS,
        ports=ports,
    )
