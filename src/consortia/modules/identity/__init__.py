"""Identity: who the members are, which keys act for them, and how both change.

See README.md in this folder for the concepts; this file is the declaration.
"""

from collections.abc import Callable
from typing import get_args

from consortia.base.codec import Record
from consortia.kernel.module import GenesisLoader, Method, Module
from consortia.modules.identity import decisions, enrolling, granting, handlers
from consortia.modules.identity import mandate_messages as mandated
from consortia.modules.identity import messages as asked
from consortia.modules.identity import person_messages as personal
from consortia.modules.identity.invariants import INVARIANTS
from consortia.modules.identity.keeper import Keeper
from consortia.modules.identity.mandate_queries import MANDATE_QUERIES
from consortia.modules.identity.mandate_state import MANDATE_TABLES
from consortia.modules.identity.mandate_types import MANDATE_EVENTS, Mandate
from consortia.modules.identity.person_queries import PERSON_QUERIES
from consortia.modules.identity.person_state import PERSON_TABLES
from consortia.modules.identity.person_types import PERSON, PERSON_EVENTS
from consortia.modules.identity.queries import QUERIES
from consortia.modules.identity.refusals import REFUSALS
from consortia.modules.identity.state import TABLES
from consortia.modules.identity.types import EVENTS, JOINER, IdentityGenesis, Role

__all__ = ["Keeper", "Mandate", "module"]

_ADMIN = frozenset({"admin"})
_NODE = frozenset({"admin", "node"})
_RECOVERY = frozenset({"recovery"})
_JOINER = frozenset({JOINER})
_PERSON = frozenset({PERSON})
_ENROLLERS = frozenset({"admin", "operator"})
_ANY: frozenset[str] = frozenset(get_args(Role))

_BASE = 150
_PER_KEY = 100
_CHECKPOINT_BYTES_PER_COST = 2
"""A cosignature line has about 160 bytes and takes about 70 microseconds to check."""


def _cost(message: Record) -> int:
    """The signatures that a message makes the handler check: of its keys, and of its checkpoint."""
    keys: tuple[object, ...] = getattr(message, "keys", (None,))
    return _BASE + _PER_KEY * len(keys) + _note(getattr(message, "checkpoint", None))


def _note(checkpoint: bytes | None) -> int:
    return 0 if checkpoint is None else len(checkpoint) // _CHECKPOINT_BYTES_PER_COST


def _change(
    message: type[Record], handler: Callable[..., None], roles: frozenset[str], *, urgent: bool = False
) -> Method:
    """A method that may change the member set: its finality is waited for."""
    return Method(message, handler, roles, cost=_cost, urgent=urgent, prompt=True)


METHODS = (
    Method(asked.ProposeMember, decisions.propose_member, _ADMIN, cost=_cost),
    Method(asked.ApproveMember, decisions.approve_member, _ADMIN, cost=_BASE),
    _change(asked.Accept, decisions.accept, _JOINER),
    _change(asked.ProposeRemoval, decisions.propose_removal, _ADMIN),
    _change(asked.ApproveRemoval, decisions.approve_removal, _ADMIN),
    Method(asked.ProposeQuota, decisions.propose_quota, _ADMIN, cost=_BASE),
    Method(asked.ApproveQuota, decisions.approve_quota, _ADMIN, cost=_BASE),
    Method(asked.ProposePower, decisions.propose_power, _ADMIN, cost=_BASE),
    Method(asked.ApprovePower, decisions.approve_power, _ADMIN, cost=_BASE),
    Method(asked.Withdraw, decisions.withdraw, _ADMIN, cost=_BASE),
    _change(asked.Leave, decisions.leave, _ADMIN, urgent=True),
    Method(asked.AddKey, handlers.add_key, _ADMIN, cost=_BASE + _PER_KEY),
    Method(asked.RevokeKey, handlers.revoke_key, _ADMIN, cost=_BASE, urgent=True, prompt=True),
    _change(asked.RotateNodeKey, handlers.rotate_node_key, _ADMIN),
    Method(asked.RotateConsensusKey, handlers.rotate_consensus_key, _ADMIN, cost=_BASE + _PER_KEY),
    _change(asked.Recover, handlers.recover, _RECOVERY, urgent=True),
    Method(asked.AddAttestor, handlers.add_attestor, _ADMIN, cost=_BASE + _PER_KEY),
    Method(asked.SetEndpoint, handlers.set_endpoint, _NODE, cost=_BASE),
    Method(asked.SetQuota, handlers.set_quota, _ADMIN, cost=_BASE),
    Method(mandated.GrantMandate, granting.grant_mandate, _ADMIN, cost=_BASE + _PER_KEY),
    Method(mandated.EndMandate, granting.end_mandate, _ANY, cost=_BASE, urgent=True, prompt=True),
    Method(personal.Enrol, enrolling.enrol, _ENROLLERS, cost=_BASE + _PER_KEY),
    Method(personal.Rekey, enrolling.rekey, _PERSON, cost=_BASE + _PER_KEY),
    Method(personal.Release, enrolling.release, _ENROLLERS | _PERSON, cost=_BASE, urgent=True),
)


def module() -> Module:
    """The declaration of identity. It needs no ports: it stands below all other modules."""
    return Module(
        name="identity",
        version=1,
        doc="Members, their keys and roles, and how more than two thirds of them admit and remove.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES + MANDATE_TABLES + PERSON_TABLES,
        queries=QUERIES + MANDATE_QUERIES + PERSON_QUERIES,
        events=EVENTS + MANDATE_EVENTS + PERSON_EVENTS,
        invariants=INVARIANTS,
        genesis=GenesisLoader(IdentityGenesis, handlers.load_genesis),
    )
