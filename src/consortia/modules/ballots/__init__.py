"""Ballots: secret elections, from the trustees' key to a count that anybody can check.

See README.md in this folder for the concepts; this file is the declaration.
"""

from collections.abc import Callable

from consortia.base.codec import Record
from consortia.kernel.module import Method, Module
from consortia.modules.ballots import handlers
from consortia.modules.ballots import messages as asked
from consortia.modules.ballots.evidence import EVIDENCE
from consortia.modules.ballots.invariants import INVARIANTS
from consortia.modules.ballots.keeper import Asked, Failed, Keeper, Tally
from consortia.modules.ballots.ports import Members, Ports
from consortia.modules.ballots.queries import QUERIES
from consortia.modules.ballots.refusals import REFUSALS
from consortia.modules.ballots.state import TABLES
from consortia.modules.ballots.types import EVENTS, Times

__all__ = ["Asked", "Failed", "Keeper", "Members", "Ports", "Tally", "Times", "module"]

_OFFICERS = frozenset({"admin", "approver"})
_TRUSTEE = frozenset({"trustee", "worker"})
_ANYONE = frozenset({"admin", "approver", "analyst", "operator", "trustee", "worker", "node"})

_BASE = 200
_PER_CHOICE = 1_100
_PER_COEFFICIENT = 350
_PER_SHARE = 300
_TRUSTEES = 12_000
"""What it costs at most to add up 32 dealers' coefficients, or to weigh 22 parts."""


def _opening(message: asked.OpenKey) -> int:
    return _BASE + _PER_COEFFICIENT * len(message.coefficients) + 50 * len(message.shares)


def _casting(message: asked.Cast) -> int:
    return _BASE + _PER_CHOICE * len(message.ballot.choices)


def _decrypting(message: asked.Decrypt) -> int:
    return _TRUSTEES + _PER_SHARE * len(message.partial.shares)


def _step(message: type[Record], handler: Callable[..., None]) -> Method:
    """A step that anyone may take for all, and that somebody waits for."""
    return Method(message, handler, _ANYONE, cost=_TRUSTEES, prompt=True)


METHODS = (
    Method(asked.OpenElection, handlers.open_election, frozenset({"admin"}), cost=_BASE),
    Method(asked.CommitKey, handlers.commit_key, _TRUSTEE, cost=600, prompt=True),
    Method(asked.OpenKey, handlers.open_key, _TRUSTEE, cost=_opening, prompt=True),
    Method(asked.Complain, handlers.complain, _TRUSTEE, cost=4_000, prompt=True),
    _step(asked.BeginVoting, handlers.begin_voting),
    Method(asked.Cast, handlers.cast, _OFFICERS, cost=_casting, urgent=True),
    _step(asked.CloseVoting, handlers.close_voting),
    Method(asked.Decrypt, handlers.decrypt, _TRUSTEE, cost=_decrypting, urgent=True, prompt=True),
    _step(asked.EndElection, handlers.end_election),
)


def module(ports: Ports) -> Module:
    """The declaration of ballots, wired to its neighbours."""
    return Module(
        name="ballots",
        version=1,
        doc="Secret elections: a key that no trustee holds, ballots with proofs, one sum that is opened.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES,
        queries=QUERIES,
        events=EVENTS,
        invariants=INVARIANTS,
        evidence=EVIDENCE,
        ports=ports,
    )
