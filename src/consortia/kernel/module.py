"""How a module declares itself to the machine: as data.

A module is a room of the law. It names its messages and their handlers, its queries, tables,
events, invariants and refusals; the machine, the reference pages, the HTTP API, the command line
and the battery of tests all read this one declaration.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from consortia.base.codec import Record
from consortia.base.refusals import Refusal
from consortia.kernel.context import Context
from consortia.kernel.table import Part, Table

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def snake(name: str) -> str:
    """The wire name of a class: ``ApproveMember`` becomes ``approve_member``."""
    return _WORD.sub("_", name).lower()


@dataclass(frozen=True, slots=True)
class Method:
    """A message that a transaction may carry, and the handler that judges and executes it.

    `handler(ctx, message, ports)`; `roles` are the key roles that may sign it; `cost` is its static
    cost in units of about one microsecond, a number or a function of the message alone. An `urgent`
    message is one that a witness takes itself and whose absence from the log it does not tolerate.
    `authority` names who may have the message carried out within a call of its own ("governance": what the
    members decided); where no `roles` are given nobody else may. A `pausable` message may be stopped for a
    while by `ports.Stops`; all others never are.
    `since` is the version of the module's rules that brought the method: before that is in force it is none.
    A `prompt` message is one whose finality somebody waits for (the end of a round's step): its block's
    ledger checkpoint is published at once. Where that depends on what it led to, `prompt(ctx, message)` says
    so, over the state after the block.
    """

    message: type[Record]
    handler: Callable[[Context, Any, Any], None]
    roles: frozenset[str]
    cost: int | Callable[[Any], int] = 100
    urgent: bool = False
    prompt: bool | Callable[[Context, Any], bool] = False
    authority: str = ""
    pausable: bool = False
    since: int = 1

    @property
    def name(self) -> str:
        """The message's name within its module, in snake case."""
        return snake(self.message.__name__)

    def cost_of(self, message: Record) -> int:
        """The static cost of a message."""
        return self.cost if isinstance(self.cost, int) else self.cost(message)

    def is_prompt(self, ctx: Context, message: Record) -> bool:
        """Whether somebody waits for the block of this message to be final; `ctx` is the state after it."""
        return self.prompt if isinstance(self.prompt, bool) else self.prompt(ctx, message)


@dataclass(frozen=True, slots=True)
class Query:
    """A question about the state: `handler(ctx, arguments, ports) -> result`, read only."""

    name: str
    arguments: type[Record]
    result: type[Record]
    handler: Callable[[Context, Any, Any], Record]
    doc: str


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must hold after every block: `check(ctx, ports)` gives None, or the violation in words."""

    name: str
    check: Callable[[Context, Any], str | None]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a proof of an entry of `table` may carry, so that its reader computes anew what members computed.

    `check(network id, key parts, entry, evidence)` gives in words what came out, and raises Malformed, saying
    what is wrong, where the entry is another than the evidence leads to.
    """

    table: Table[Any]
    kind: type[Record]
    check: Callable[[bytes, tuple[Part, ...], Any, Any], str]
    doc: str


@dataclass(frozen=True, slots=True)
class GenesisLoader:
    """How a module takes its part of the genesis: a record of `kind`, and `load(ctx, record, ports)`."""

    kind: type[Record]
    load: Callable[[Context, Any, Any], None]


@dataclass(frozen=True, slots=True)
class Module:
    """The whole declaration of a module. `refusals` stand in their order of precedence."""

    name: str
    version: int
    doc: str
    methods: tuple[Method, ...]
    refusals: tuple[Refusal, ...]
    tables: tuple[Table[Any], ...]
    queries: tuple[Query, ...] = ()
    events: tuple[type[Record], ...] = ()
    invariants: tuple[Invariant, ...] = ()
    genesis: GenesisLoader | None = None
    evidence: tuple[Evidence, ...] = ()
    ports: Any = field(default=None)
