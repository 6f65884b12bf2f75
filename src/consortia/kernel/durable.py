"""What of a ledger is durable, and what it asks of the store that keeps it.

A block is one write, all or nothing. A driver that has heights of its own (`kernel` knows none) has the
store keep its mark in the same write, so that neither is ever ahead of the other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, PublicKey, Record
from consortia.base.merkle import CompleteNode
from consortia.kernel.block import MEMBERS_MAX
from consortia.kernel.machine import Changes
from consortia.kernel.store import Reader
from consortia.kernel.tree import TreeReader


class Mark(Record, frozen=True):
    """The commit marker: where the ledger stands, written in the same transaction as the block."""

    height: U63
    time: Milliseconds
    state: Digest
    frontier: bytes
    genesis: bytes


class Power(Record, frozen=True):
    """A consensus key and its voting power."""

    public: PublicKey
    power: U63


class DriverMark(Record, frozen=True):
    """Where a driver with heights of its own stands: its newest height, and the log root it names there.

    `start` is the size of the log at which its own chain began, `validators` the keys that it knows to vote.
    """

    height: U63
    root: Digest
    start: U63
    validators: Annotated[tuple[Power, ...], Meta(max_length=MEMBERS_MAX)]


@dataclass(frozen=True, slots=True)
class BlockWrite:
    """Everything that one block changes in the store, to be written in one durable transaction.

    `first` is the index of the first of `leaves`; `nodes` are the log's newly complete nodes, leaf
    hashes (level 0) included; `transactions` pairs a transaction's id with its receipt's leaf index; the last
    leaf is the header. `buckets` and `delta` belong to the state tree; its delta at `forget` is dropped.
    `driver` is the driver's encoded mark, where it has one.
    """

    height: int
    block: bytes
    first: int
    leaves: tuple[bytes, ...]
    nodes: tuple[CompleteNode, ...]
    transactions: tuple[tuple[bytes, int], ...]
    changes: Changes
    buckets: dict[bytes, bytes | None]
    delta: bytes
    forget: int
    mark: bytes
    driver: bytes | None = None


class Base(Record, frozen=True):
    """Where a restored ledger begins: the height and log size of the snapshot that it was restored from.

    What stands below is not here: no block, no receipt, no leaf but the header that ends there.
    """

    height: U63
    size: U63


Part = tuple[Mapping[bytes, bytes], Mapping[bytes, bytes]]
"""State entries, and buckets of the tree over the state, each by its name."""


@dataclass(frozen=True, slots=True)
class RestoreWrite:
    """A whole ledger without its past, to be written in the place of whatever a store holds.

    `header` is (height, leaf index, leaf) of the header at which it begins, `nodes` what the log there needs
    to grow and to prove that header, `parts` all state entries and buckets: asked for more than once where
    the store has to begin anew. `driver` gives the driver's encoded mark, told the state; what it raises
    leaves everything as it was.
    """

    mark: bytes
    driver: Callable[[Reader], bytes]
    base: bytes
    header: tuple[int, int, bytes]
    nodes: tuple[CompleteNode, ...]
    parts: Callable[[], Iterable[Part]]


class View(Reader, TreeReader, Protocol):
    """A consistent snapshot of a store."""

    def block(self, height: int) -> bytes | None:
        """The encoded block at a height."""
        ...

    def header(self, height: int) -> int | None:
        """The leaf index of the header of the block at a height."""
        ...

    def leaf(self, index: int) -> bytes | None:
        """The bytes of a log leaf."""
        ...

    def node(self, level: int, index: int) -> bytes | None:
        """The hash of a complete node of the log."""
        ...

    def transaction(self, transaction: bytes) -> tuple[int, int] | None:
        """The height of a transaction, by id, and the leaf index of its receipt."""
        ...

    def mark(self) -> bytes | None:
        """The commit marker, or None in an empty store."""
        ...

    def driver(self) -> bytes | None:
        """The driver's mark, or None where the driver keeps none."""
        ...

    def base(self) -> bytes | None:
        """Where a restored ledger begins, or None where the ledger begins with its genesis."""
        ...

    def vouched(self, height: int) -> bytes | None:
        """What vouches for a change of the member set below a restored ledger's base, by its height."""
        ...

    def note(self, size: int) -> bytes | None:
        """The final checkpoint note kept for a log size."""
        ...

    def newest_note(self) -> tuple[int, bytes] | None:
        """The final note of the largest log size, with that size."""
        ...

    def notes(self) -> Iterator[tuple[int, bytes]]:
        """All kept notes with their sizes, ascending."""
        ...


class LedgerStore(Protocol):
    """Where a ledger rests."""

    def snapshot(self) -> AbstractContextManager[View]:
        """A consistent view, released at the end of the `with` block."""
        ...

    def hold(self) -> AbstractContextManager[View]:
        """A view for a long reader, in another thread or not, while blocks are written."""
        ...

    def commit(self, write: BlockWrite) -> None:
        """Make a block durable, all or nothing."""
        ...

    def put_driver(self, mark: bytes) -> None:
        """Keep the driver's mark, durably, without a block."""
        ...

    def clear(self) -> None:
        """Forget everything, durably: the store holds no ledger."""
        ...

    def restore(self, write: RestoreWrite) -> None:
        """Hold this ledger in the place of the one that was here, durably, all or nothing."""
        ...

    def put_vouched(self, height: int, change: bytes) -> None:
        """Keep what vouches for a change of the member set below a restored ledger's base, durably."""
        ...

    def put_note(self, size: int, note: bytes) -> None:
        """Keep the final note of a log size, durably, in place of an earlier one."""
        ...

    def lay_note(self, size: int, note: bytes) -> None:
        """Keep the final note of a log size in memory; it is written with the next block, or at the end.

        A crash before may lose it: only for what others can say again.
        """
        ...

    def close(self) -> None:
        """Release the store."""
        ...
