"""What a node is told at the start, and what it tells its driver."""

from dataclasses import dataclass, field

from consortia.base.note import Note
from consortia.base.refusals import Refused
from consortia.drivers.embedded import Grouping
from consortia.kernel.block import Receipt
from consortia.node.witness import Patience


@dataclass(frozen=True, slots=True)
class Settings:
    """How a node behaves; times in milliseconds.

    `publish_ms` is the least time between two published checkpoints, `sync_ms` that between two questions to
    the orderer and `gossip_ms` to another member; a restarted orderer waits `recovery_ms` for the last of its
    followers.
    """

    grouping: Grouping = field(default_factory=Grouping)
    patience: Patience = field(default_factory=Patience)
    publish_ms: int = 1_000
    sync_ms: int = 100
    gossip_ms: int = 5_000
    recovery_ms: int = 3_000


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a person should know: a stable kind, words, and when."""

    kind: str
    text: str
    time: int


@dataclass(slots=True)
class Effects:
    """What a node tells its driver: durable receipts, refusals of what waited, alerts, final checkpoints."""

    receipts: list[Receipt] = field(default_factory=list)
    refused: list[tuple[bytes, Refused]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    finals: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Status:
    """Where a node stands."""

    member: str
    orderer: str
    term: int
    height: int
    size: int
    root: bytes
    time: int
    final_size: int
    ordering: bool
    waiting: int
    withheld: str | None
    stopped: str | None
