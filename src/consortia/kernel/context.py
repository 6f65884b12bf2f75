"""What a handler may know and do: the block's facts, the signer, the state, and events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from consortia.base.codec import Record
from consortia.kernel.store import Overlay


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed the transaction: key id, public key, the member the key belongs to, and the key's roles.

    A joiner's key belongs to the member it asks to become.
    """

    key: bytes
    public: bytes
    member: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Called:
    """A call that was carried out: of which member's key, its method ("module.name") and its message."""

    member: str
    method: str
    message: Record


Alarm = Callable[[bytes, BaseException], None]
"""Told of a transaction id and the unforeseen exception that its execution met."""

NOBODY = Signer(b"", b"", "", frozenset())
"""The signer of genesis, queries and invariants."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What running calls under an authority came to: the code, and which call met it.

    `code` is "ok" where all of them were carried out; `position` is the one that was refused, or how many
    there were. `events` were emitted on the way; those of calls that were undone are nowhere else.
    """

    code: str
    position: int
    events: tuple[Record, ...]


class Calls(Protocol):
    """How a handler has messages of any module carried out under an authority (`Method.authority`)."""

    def read(self, authority: str, method: str, arguments: Mapping[str, Any]) -> tuple[Record, int]:
        """The message that a method would be given, and its static cost; raises Refused."""
        ...

    def may_pause(self, method: str) -> bool:
        """Whether there is such a method and it may be paused."""
        ...

    def check_stopped(self, ctx: "Context", signer: Signer, method: str) -> None:
        """Raise Refused where a call of the method by `signer` is stopped now."""
        ...

    def run(self, ctx: "Context", authority: str, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> Ran:
        """Carry out the calls in order, atomically together; a refusal undoes these calls alone."""
        ...

    def read_as(self, roles: frozenset[str], method: str, arguments: Mapping[str, Any]) -> int:
        """The static cost of a message that a key with these roles may sign; raises Refused."""
        ...

    def run_as(self, ctx: "Context", signer: Signer, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> Ran:
        """As `run`, but for calls that `signer` might have signed itself, by its roles."""
        ...

    def name(self, event: Record) -> str:
        """The full name of an event, as it stands in receipts."""
        ...


@dataclass(slots=True)
class Context:
    """The world as a handler sees it: no clock but the block's, no network, no files.

    `network` is the network id (32 bytes), `height` the block's height, `time` its block time in UTC
    milliseconds, `size` the log's size in leaves before the block, `transaction` the transaction's id
    (32 bytes; empty in queries), `call` the position of the call in its transaction, and `earlier` the
    calls of this transaction that were carried out before it. `calls` is there wherever the machine runs: in
    handlers, genesis loaders, queries and invariants.
    """

    state: Overlay
    network: bytes
    height: int
    time: int
    size: int = 0
    signer: Signer = NOBODY
    transaction: bytes = b""
    call: int = 0
    events: list[Record] = field(default_factory=list)
    earlier: list[Called] = field(default_factory=list)
    calls: Calls | None = None

    def emit(self, event: Record) -> None:
        """Add a typed event to the transaction's receipt."""
        self.events.append(event)
