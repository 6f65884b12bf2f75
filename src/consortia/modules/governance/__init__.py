"""Governance: how the members decide together, and what only their decision brings about.

See README.md in this folder for the concepts; this file is the declaration.
"""

from consortia.kernel.module import GenesisLoader, Method, Module
from consortia.modules.governance import acts, advice, council, handlers, voice
from consortia.modules.governance import messages as asked
from consortia.modules.governance.events import (
    EVENTS,
)
from consortia.modules.governance.handlers import AUTHORITY
from consortia.modules.governance.invariants import INVARIANTS
from consortia.modules.governance.keeper import Keeper
from consortia.modules.governance.ports import Agents, Assets, Elections, Mandate, Members, Ports, Treasury
from consortia.modules.governance.queries import QUERIES
from consortia.modules.governance.refusals import REFUSALS
from consortia.modules.governance.state import TABLES
from consortia.modules.governance.types import (
    COST_MAX,
    GovernanceGenesis,
)

__all__ = ["Agents", "Assets", "Elections", "Keeper", "Mandate", "Members", "Ports", "Treasury", "module"]

_VOTERS = frozenset({"admin", "approver"})
_OFFICERS = frozenset({"admin", "analyst", "approver", "operator"})
_ANYBODY = _OFFICERS | {"worker"}
_AGENT = frozenset({"agent"})
_NOBODY = frozenset[str]()

_BASE = 150
_OPEN = 1_200
"""A proposal writes a row for each of its electors."""

_COUNT = 800
"""A count reads a row for each elector and vote."""

METHODS = (
    Method(asked.Propose, handlers.propose, _OFFICERS | _AGENT, cost=_OPEN),
    Method(asked.CastVote, handlers.cast_vote, _VOTERS | _AGENT, cost=_COUNT, urgent=True),
    Method(asked.Advise, advice.advise, _AGENT, cost=_BASE),
    Method(asked.Suggest, advice.suggest, _AGENT, cost=_BASE),
    Method(asked.EndAgent, council.end_agent, _VOTERS, cost=_BASE, urgent=True),
    Method(asked.Close, handlers.close, _ANYBODY, cost=_COUNT, prompt=True),
    Method(asked.Execute, handlers.execute, _ANYBODY, cost=_COUNT + COST_MAX, prompt=True),
    Method(asked.Cancel, handlers.cancel, _OFFICERS, cost=_BASE, urgent=True),
    Method(asked.Object, voice.object_to, _VOTERS, cost=_BASE, urgent=True),
    Method(asked.Delegate, voice.delegate, _VOTERS, cost=_COUNT),
    Method(asked.EndDelegation, voice.end_delegation, _VOTERS, cost=_COUNT, urgent=True),
    Method(asked.AskPause, council.ask_pause, _VOTERS, cost=_BASE),
    Method(asked.ApprovePause, council.approve_pause, _VOTERS, cost=_BASE, prompt=True),
    Method(asked.WithdrawPause, council.withdraw_pause, _VOTERS, cost=_BASE, prompt=True),
    Method(asked.SetCharter, acts.set_charter, _NOBODY, cost=500, authority=AUTHORITY),
    Method(asked.ScheduleUpgrade, acts.schedule_upgrade, _NOBODY, cost=200, authority=AUTHORITY),
    Method(asked.ReleaseModel, acts.release_model, _NOBODY, cost=200, authority=AUTHORITY),
    Method(asked.ScheduleMember, acts.schedule_member, _NOBODY, cost=200, authority=AUTHORITY),
    Method(asked.Spend, acts.spend, _NOBODY, cost=300, authority=AUTHORITY),
    Method(asked.SetBounds, acts.set_bounds, _NOBODY, cost=200, authority=AUTHORITY),
    Method(asked.SetParameter, acts.set_parameter, _NOBODY, cost=200, authority=AUTHORITY),
)


def module(ports: Ports) -> Module:
    """The declaration of governance, wired to its neighbours."""
    return Module(
        name="governance",
        version=1,
        doc="The charter, proposals as typed actions, votes, delegation, execution, pauses.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES,
        queries=QUERIES,
        events=EVENTS,
        invariants=INVARIANTS,
        genesis=GenesisLoader(GovernanceGenesis, handlers.load_genesis),
        ports=ports,
    )
