"""What the HTTP front stands on: the node's core, its blobs and index, and who may ask for what.

Everything here runs on the event loop's thread, as the core does.
"""

import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.types import Scope

from consortia.base.hashing import sha256
from consortia.base.keys import SigningKey
from consortia.base.note import Note
from consortia.kernel.admission import SEQUENCES, Sequence
from consortia.kernel.block import Block, Header, Receipt, parse_leaf
from consortia.kernel.ledger import Ledger
from consortia.kernel.ports import KeyState
from consortia.kernel.prove import CannotProve, Head, final_head, final_height
from consortia.node.auth import Gate
from consortia.node.blob_rights import BlobRights
from consortia.node.blobs import Blobs
from consortia.node.config import Config
from consortia.node.core import Node
from consortia.node.finals import Finals
from consortia.node.hindrance import Hindrance
from consortia.node.home import Home
from consortia.node.index import Index
from consortia.node.invitations import Invitations
from consortia.node.limits import Bodies, Rates
from consortia.node.peers import Peers
from consortia.node.reach import Reach
from consortia.node.records import Alert
from consortia.node.tls import ServerTls
from consortia.node.waiting import Seats, Turns, Waiting

STREAMS_MAX = 600
"""So many streams of events are open at once."""

PEER = "consortia.peer"
"""The scope's extension that holds the DER form of the caller's certificate."""


@dataclass(slots=True)
class Counters:
    """What the node has counted since it started."""

    started: float = field(default_factory=time.monotonic)
    requests: int = 0
    problems: int = 0
    submitted: int = 0
    refused: int = 0
    blobs_served: int = 0
    blob_bytes_served: int = 0
    blobs_refused: int = 0
    alarms: int = 0


class Submit(Protocol):
    """Hands a transaction to whoever orders; gives its id, or raises Refused."""

    async def __call__(self, raw: bytes) -> bytes:
        """Submit the bytes of a transaction."""
        ...


class LedgerFollowed:
    """The ledger as the index follows it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def network(self) -> bytes:
        """The network id."""
        return self._ledger.network

    @property
    def first(self) -> int:
        """The height of the oldest block that there is."""
        base = self._ledger.base
        return 0 if base is None else base.height + 1

    @property
    def height(self) -> int:
        """The newest block's height."""
        return self._ledger.tip.height

    def header(self, height: int) -> Header | None:
        """The header of a block, or None."""
        return self._ledger.header(height)

    def indexed(self, height: int) -> tuple[Block, Header, tuple[Receipt, ...]] | None:
        """A block with its header and receipts, or None."""
        block, header = self._ledger.block(height), self._ledger.header(height)
        if block is None or header is None:
            return None
        receipts = [parse_leaf(data) for data in self._ledger.leaves(header.first, len(block.transactions))]
        return block, header, tuple(one for one in receipts if isinstance(one, Receipt))


class FinalFollowed(LedgerFollowed):
    """The ledger as far as it is final."""

    @property
    def final(self) -> int:
        """The height of the newest block that a final checkpoint covers, -1 before the first."""
        try:
            return final_height(self._ledger)
        except CannotProve:
            return -1


class FinalHead:
    """What all proofs of state under the newest final checkpoint share, put together once for each.

    No answer is kept: the entry, its path and the proof file are made for every request.
    """

    def __init__(self) -> None:
        self._kept: tuple[Finals, Note | None, Head] | None = None

    def __call__(self, finals: Finals) -> Head:
        """The head of the newest of a node's final checkpoints; raises CannotProve before the first."""
        if self._kept is None or self._kept[0] is not finals or self._kept[1] is not finals.newest:
            self._kept = finals, finals.newest, final_head(finals.ledger)
        return self._kept[2]


@dataclass(slots=True)
class Service:
    """The parts of a running node that answer requests; `key` is its newest node key."""

    config: Config
    home: Home
    node: Node
    key: SigningKey
    blobs: Blobs
    rights: BlobRights
    index: Index
    gate: Gate
    hindrance: Hindrance
    submit: Submit
    peers: Peers
    now: Callable[[], int]
    wake: Callable[[], None]
    tls: ServerTls | None = None
    invitations: Invitations | None = None
    driver: Callable[[], dict[str, Any]] = lambda: {"name": "embedded"}
    relay: Callable[[bytes], Awaitable[bytes]] | None = None
    rates: Rates = field(default_factory=lambda: Rates(1_000))
    bodies: Bodies = field(default_factory=Bodies)
    waiting: Waiting = field(default_factory=Waiting)
    turns: Turns = field(default_factory=Turns)
    reach: Reach = field(default_factory=Reach)
    streams: Seats = field(default_factory=lambda: Seats(STREAMS_MAX))
    counters: Counters = field(default_factory=Counters)
    alerts: deque[Alert] = field(default_factory=lambda: deque(maxlen=100))
    headlines: dict[tuple[int, str | None], bytes] = field(default_factory=dict)
    final_head: FinalHead = field(default_factory=FinalHead)

    @property
    def ledger(self) -> Ledger:
        """The node's ledger."""
        return self.node.ledger

    def certified(self, scope: Scope) -> str | None:
        """The member whose registered certificate the connection shows, or None."""
        if self.tls is None:
            return None
        return self.tls.member(scope.get("extensions", {}).get(PEER))

    def next_sequence(self, key: bytes, lane: int) -> int:
        """The sequence number that a lane's next transaction must have, by the newest block."""
        found = self.ledger.ask(lambda ctx: SEQUENCES.get(ctx, key, lane))
        return found.next if isinstance(found, Sequence) else 0


def key_state(ledger: Ledger, key: bytes) -> KeyState | None:
    """What the newest state of a ledger knows of a key."""
    found: list[KeyState | None] = []
    ledger.ask(lambda ctx: found.append(ledger.app.keys.key(ctx, key)))
    return found[0]


class KeyStates:
    """What the newest state of a ledger knows of keys, each looked up once in a block: every request asks."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._height = -1
        self._known: dict[bytes, KeyState] = {}

    def __call__(self, key: bytes) -> KeyState | None:
        """The state of a key; None for one that the ledger does not know, which is not remembered."""
        height = self._ledger.tip.height
        if height != self._height:
            self._height, self._known = height, {}
        state = self._known.get(key) or key_state(self._ledger, key)
        if state is not None:
            self._known[key] = state
        return state


def entity_tag(data: bytes) -> str:
    """The ETag of an answer."""
    return f'"{sha256(data).hex()[:32]}"'
