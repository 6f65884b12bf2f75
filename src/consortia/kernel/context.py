"""What a handler may know and do: the block's facts, the signer, the state, and events."""

from dataclasses import dataclass, field

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


NOBODY = Signer(b"", b"", "", frozenset())
"""The signer of genesis, queries and invariants."""


@dataclass(slots=True)
class Context:
    """The world as a handler sees it: no clock but the block's, no network, no files.

    `network` is the network id (32 bytes), `height` the block's height, `time` its block time in UTC
    milliseconds, `size` the log's size in leaves before the block, `transaction` the transaction's id
    (32 bytes; empty in queries), `call` the position of the call in its transaction, and `earlier` the
    calls of this transaction that were carried out before it.
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

    def emit(self, event: Record) -> None:
        """Add a typed event to the transaction's receipt."""
        self.events.append(event)
