"""Bank: units of value, accounts that hold them, and value held back until something is so.

See README.md in this folder for the concepts; this file is the declaration.
"""

from consortia.kernel.module import Method, Module
from consortia.modules.bank import escrows, handlers, payouts
from consortia.modules.bank import messages as asked
from consortia.modules.bank.invariants import INVARIANTS
from consortia.modules.bank.keeper import Keeper
from consortia.modules.bank.ports import (
    Agents,
    Contribution,
    Decision,
    Decisions,
    Members,
    Ports,
    Standing,
    Stops,
    Studies,
)
from consortia.modules.bank.queries import QUERIES
from consortia.modules.bank.refusals import REFUSALS
from consortia.modules.bank.state import TABLES
from consortia.modules.bank.types import EVENTS

__all__ = [
    "Agents",
    "Contribution",
    "Decision",
    "Decisions",
    "Keeper",
    "Members",
    "Ports",
    "Standing",
    "Stops",
    "Studies",
    "module",
]

_PAYERS = frozenset({"admin", "operator"})
_SPENDERS = _PAYERS | {"agent"}
_OFFICERS = frozenset({"admin", "approver", "operator", "trustee"})
_ANYBODY = _OFFICERS | {"analyst", "worker"}

METHODS = (
    Method(asked.NewUnit, handlers.new_unit, _PAYERS, cost=150),
    Method(asked.Issue, handlers.issue, _PAYERS, cost=120),
    Method(asked.Redeem, handlers.redeem, _PAYERS, cost=120),
    Method(asked.Transfer, handlers.transfer, _SPENDERS | {"person"}, cost=150),
    Method(asked.OpenEscrow, escrows.open_, _SPENDERS, cost=200),
    Method(asked.Offer, escrows.offer, _SPENDERS, cost=200),
    Method(asked.Take, escrows.take, _SPENDERS, cost=250),
    Method(asked.Release, escrows.release, _ANYBODY, cost=200, prompt=True),
    Method(asked.Approve, escrows.approve, _OFFICERS, cost=200),
    Method(asked.Refund, escrows.refund, _ANYBODY, cost=200, urgent=True),
    Method(asked.OpenPayout, payouts.open_payout, _PAYERS, cost=250),
    Method(asked.Score, payouts.score, _ANYBODY, cost=6_000),
    Method(asked.ConfirmScores, payouts.confirm_scores, _ANYBODY, cost=150),
    Method(asked.Settle, payouts.settle, _ANYBODY, cost=1_500),
    Method(asked.SetHold, escrows.set_hold, _OFFICERS, cost=120),
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
