"""Training: studies that members join, and rounds of exact sums that every member re-computes.

The ledger knows nothing of learning. It fixes who takes part with which data, whose update is in which
round, and what more than two thirds of the members computed from them.
"""

from consortia.kernel.module import Invariant, Method, Module
from consortia.modules.training import (
    budget_queries,
    handlers,
    invariants,
    list_queries,
    mask_queries,
    masked,
    messages,
    queries,
    raising,
    renewing,
    steps,
)
from consortia.modules.training.events import EVENTS
from consortia.modules.training.keeper import Keeper
from consortia.modules.training.ports import Assets, DataSet, Members, Ports, TrainedModel
from consortia.modules.training.refusals import REFUSALS
from consortia.modules.training.state import TABLES

__all__ = ["Assets", "DataSet", "Keeper", "Members", "Ports", "TrainedModel", "module"]

OFFICERS = frozenset({"admin", "analyst", "operator"})
WORKERS = frozenset({"worker"})
MOVED_ON = steps.moved_on
"""Everybody waits for the last message of a step to be final, for the others nobody does."""

METHODS = (
    Method(messages.Propose, handlers.propose, OFFICERS, cost=600, pausable=True),
    Method(messages.Join, handlers.join, OFFICERS | WORKERS, cost=300),
    Method(messages.Leave, handlers.leave, OFFICERS | WORKERS, cost=150, urgent=True),
    Method(messages.Renew, renewing.renew, OFFICERS | WORKERS, cost=300),
    Method(messages.Start, handlers.start, OFFICERS | WORKERS, cost=500, prompt=True, pausable=True),
    Method(messages.Cancel, handlers.cancel, OFFICERS | WORKERS, cost=300),
    Method(messages.LimitBudget, handlers.limit_budget, frozenset({"admin", "analyst"}), cost=400),
    Method(messages.RaiseBudget, raising.raise_budget, frozenset(), cost=400, authority="governance"),
    Method(messages.Return, handlers.come_back, OFFICERS | WORKERS, cost=300),
    Method(messages.PublishKeys, masked.publish_keys, WORKERS, cost=masked.KEYS_COST, prompt=MOVED_ON),
    Method(messages.DealShares, masked.deal_shares, WORKERS, cost=masked.deal_cost, prompt=MOVED_ON),
    Method(messages.Complain, masked.complain, WORKERS, cost=masked.COMPLAIN_COST, prompt=True),
    Method(messages.Answer, masked.answer, WORKERS, cost=masked.ANSWER_COST, urgent=True, prompt=True),
    Method(messages.Reveal, masked.reveal, WORKERS, cost=masked.reveal_cost, prompt=MOVED_ON),
    Method(messages.Seal, steps.seal_update, WORKERS, cost=steps.SEAL_COST, prompt=MOVED_ON),
    Method(messages.Unseal, steps.submit, WORKERS, cost=steps.submit_cost, prompt=MOVED_ON),
    Method(messages.Submit, steps.submit, WORKERS, cost=steps.submit_cost, prompt=MOVED_ON),
    Method(messages.Close, steps.close, OFFICERS | WORKERS, cost=steps.CLOSE_COST, prompt=MOVED_ON),
    Method(messages.CommitResult, steps.commit_result, WORKERS, cost=steps.COMMIT_COST, prompt=MOVED_ON),
    Method(messages.OpenResult, steps.open_result, WORKERS, cost=steps.OPEN_COST, prompt=MOVED_ON),
    Method(messages.Finish, handlers.finish, OFFICERS | WORKERS, cost=600, prompt=True),
)


def module(ports: Ports) -> Module:
    """The module's declaration, with its neighbours wired in."""
    return Module(
        name="training",
        version=1,
        doc="Studies that members join with their data, and rounds of exact sums that all re-compute.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES,
        queries=(
            *queries.QUERIES,
            *list_queries.QUERIES,
            *mask_queries.QUERIES,
            *budget_queries.QUERIES,
        ),
        events=EVENTS,
        invariants=(
            Invariant("parts", invariants.parts),
            Invariant("rounds", invariants.rounds),
            Invariant("cohorts", invariants.cohorts),
            Invariant("masks", invariants.masks),
            Invariant("budgets", invariants.budgets),
        ),
        ports=ports,
    )
