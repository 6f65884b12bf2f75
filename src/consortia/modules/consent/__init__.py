"""Consent: what the people behind a data set agreed to, for which purpose, and until when.

See README.md in this folder for the concepts; this file is the declaration.
"""

from consortia.kernel.module import Method, Module
from consortia.modules.consent import access, covering, handlers
from consortia.modules.consent import messages as asked
from consortia.modules.consent.invariants import INVARIANTS
from consortia.modules.consent.keeper import Keeper
from consortia.modules.consent.ports import Assets, Held, Persons, Ports
from consortia.modules.consent.queries import QUERIES
from consortia.modules.consent.refusals import REFUSALS
from consortia.modules.consent.state import TABLES
from consortia.modules.consent.types import EVENTS

__all__ = ["Assets", "Held", "Keeper", "Persons", "Ports", "module"]

_OWNERS = frozenset({"admin", "operator"})
_SERVING = frozenset({"admin", "operator", "worker"})
_OFFICERS = frozenset({"admin", "analyst", "approver", "operator"})
_PERSON = frozenset({"person"})

METHODS = (
    Method(asked.Require, handlers.require_consent, _OWNERS, cost=200),
    Method(asked.Give, handlers.give, _SERVING, cost=handlers.give_cost),
    Method(asked.Agree, handlers.agree, _PERSON, cost=handlers.agree_cost),
    Method(asked.Withdraw, handlers.withdraw, _OFFICERS | _SERVING | _PERSON, cost=300, urgent=True),
    Method(asked.Cover, covering.cover, _SERVING, cost=covering.cover_cost, prompt=True),
    Method(asked.Access, access.access, _OFFICERS | _SERVING, cost=200, pausable=True),
    Method(asked.BreakGlass, access.break_glass, _OWNERS, cost=200),
    Method(asked.Review, access.review, frozenset({"admin", "approver"}), cost=200),
)


def module(ports: Ports) -> Module:
    """The declaration of consent, wired to its neighbours."""
    return Module(
        name="consent",
        version=1,
        doc="What people agreed to, for which purpose and until when; withdrawals; and who used what.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES,
        queries=QUERIES,
        events=EVENTS,
        invariants=INVARIANTS,
        ports=ports,
    )
