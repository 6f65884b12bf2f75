"""Bank: units of value, accounts that hold them, and value held back until something is so.

See README.md in this folder for the concepts; this file is the declaration.
"""

from consortia.kernel.module import Method, Module
from consortia.modules.bank import handlers
from consortia.modules.bank import messages as asked
from consortia.modules.bank.invariants import INVARIANTS
from consortia.modules.bank.keeper import Keeper
from consortia.modules.bank.ports import Members, Ports
from consortia.modules.bank.queries import QUERIES
from consortia.modules.bank.refusals import REFUSALS
from consortia.modules.bank.state import TABLES
from consortia.modules.bank.types import EVENTS

__all__ = ["Keeper", "Members", "Ports", "module"]

_ISSUERS = frozenset({"admin", "operator"})
_PAYERS = frozenset({"admin", "operator"})

METHODS = (
    Method(asked.NewUnit, handlers.new_unit, _ISSUERS, cost=150),
    Method(asked.Issue, handlers.issue, _ISSUERS, cost=120),
    Method(asked.Redeem, handlers.redeem, _ISSUERS, cost=120),
    Method(asked.Transfer, handlers.transfer, _PAYERS, cost=120),
)


def module(ports: Ports) -> Module:
    """The declaration of the bank, wired to its neighbours."""
    return Module(
        name="bank",
        version=1,
        doc="Units of value, accounts, and value held back until something is so.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES,
        queries=QUERIES,
        events=EVENTS,
        invariants=INVARIANTS,
        ports=ports,
    )
