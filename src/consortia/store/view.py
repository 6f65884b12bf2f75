"""A consistent view of a ledger's LMDB file. `store.lmdb` says what the databases hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import lmdb

from consortia.base.merkle import leaf_hash

if TYPE_CHECKING:
    from lmdb import _Database

FORMAT, MARK, DRIVER, BASE = b"format", b"mark", b"driver", b"base"
SHELF_LEAVES = 1 << 15
"""The transactions of so many leaves stand by id on a shelf of their own.

Ids are random: among all of them those of a block would change a page each, tens of megabytes a block once
there are some hundred thousand. So only the newest shelf changes, and who asks for an id looks on each.
"""


def key_of(number: int) -> bytes:
    """A number as a key: 8 bytes, big endian."""
    return number.to_bytes(8, "big")


def node_key(level: int, index: int) -> bytes:
    """The key of a log node: its level in one byte, then its index."""
    return (level << 64 | index).to_bytes(9, "big")


def transaction_key(index: int, transaction: bytes) -> bytes:
    """The key of a transaction whose receipt is at a leaf index: which shelf it is on, then its id."""
    return key_of(index // SHELF_LEAVES) + transaction


def number_of(packed: bytes) -> int:
    """The number of a key."""
    return int.from_bytes(packed, "big")


@dataclass(frozen=True, slots=True)
class Databases:
    """The handles of the named databases."""

    state: "_Database"
    buckets: "_Database"
    deltas: "_Database"
    blocks: "_Database"
    leaves: "_Database"
    nodes: "_Database"
    transactions: "_Database"
    vouched: "_Database"
    notes: "_Database"
    meta: "_Database"


class LmdbView:
    """A consistent snapshot; usable until its `with` block ends."""

    __slots__ = ("_dbs", "_get", "_laid", "_txn")

    def __init__(
        self, txn: "lmdb.Transaction[bytes]", dbs: Databases, laid: Mapping[int, bytes] | None = None
    ) -> None:
        """Read through `txn`; `laid` are notes that are not written yet, by size."""
        self._txn = txn
        self._dbs = dbs
        self._laid = laid or {}
        self._get = txn.get

    @property
    def height(self) -> int:
        """The height of the newest block; -1 before the first."""
        packed = self._get(MARK, None, self._dbs.meta)
        return -1 if packed is None else number_of(packed[32:40])

    def get(self, key: bytes) -> bytes | None:
        """The state value at `key`, or None."""
        return self._get(key, None, self._dbs.state) if key else None

    def scan(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All state (key, value) whose key starts with `prefix` and is above `after`, in key order."""
        cursor, start = self._txn.cursor(self._dbs.state), max(prefix, after)
        if not (cursor.set_range(start) if start else cursor.first()):
            return
        for key, value in cursor:
            if not key.startswith(prefix):
                return
            if key != after:
                yield key, value

    def bucket(self, name: bytes) -> bytes | None:
        """The packed entries of a bucket of the state tree, or None."""
        return self._get(name, None, self._dbs.buckets)

    def buckets(self) -> Iterator[tuple[bytes, bytes]]:
        """All buckets of the state tree, by name."""
        yield from self._txn.cursor(self._dbs.buckets)

    def delta(self, height: int) -> bytes | None:
        """What leads the state tree back from `height`, or None."""
        return self._get(key_of(height), None, self._dbs.deltas)

    def block(self, height: int) -> bytes | None:
        """The encoded block at a height, or None."""
        packed = self._get(key_of(height), None, self._dbs.blocks)
        return None if packed is None else packed[8:]

    def header(self, height: int) -> int | None:
        """The leaf index of the header of the block at a height, or None."""
        packed = self._get(key_of(height), None, self._dbs.blocks)
        return None if packed is None else number_of(packed[:8])

    def leaf(self, index: int) -> bytes | None:
        """The bytes of a log leaf, or None."""
        return self._get(key_of(index), None, self._dbs.leaves)

    def node(self, level: int, index: int) -> bytes | None:
        """The hash of a complete node of the log, or None; level 0 is hashed from the leaf, if it is here."""
        leaf = None if level else self.leaf(index)
        if leaf is not None:
            return leaf_hash(leaf)
        return self._get(node_key(level, index), None, self._dbs.nodes)

    def transaction(self, transaction: bytes) -> tuple[int, int] | None:
        """The height of a transaction, by id, and the leaf index of its receipt; or None."""
        cursor = self._txn.cursor(self._dbs.transactions)
        if not cursor.first():
            return None
        oldest = number_of(cursor.key()[:8])
        cursor.last()
        for shelf in range(number_of(cursor.key()[:8]), oldest - 1, -1):
            packed = cursor.get(key_of(shelf) + transaction)
            if packed is not None:
                return number_of(packed[:8]), number_of(packed[8:])
        return None

    def mark(self) -> bytes | None:
        """The commit marker, or None in an empty store."""
        packed = self._get(MARK, None, self._dbs.meta)
        return None if packed is None else packed[40:]

    def driver(self) -> bytes | None:
        """The driver's mark, or None where the driver keeps none."""
        return self._get(DRIVER, None, self._dbs.meta)

    def base(self) -> bytes | None:
        """Where a restored ledger begins, or None where the ledger begins with its genesis."""
        return self._get(BASE, None, self._dbs.meta)

    def vouched(self, height: int) -> bytes | None:
        """What vouches for a change of the member set below a restored ledger's base, by its height."""
        return self._get(key_of(height), None, self._dbs.vouched)

    def note(self, size: int) -> bytes | None:
        """The final checkpoint note kept for a log size, or None."""
        return self._laid.get(size) or self._get(key_of(size), None, self._dbs.notes)

    def newest_note(self) -> tuple[int, bytes] | None:
        """The final note of the largest log size, with that size; or None."""
        cursor = self._txn.cursor(self._dbs.notes)
        newest = max(self._laid, default=-1)
        if cursor.last() and number_of(cursor.key()) > newest:
            return number_of(cursor.key()), cursor.value()
        return (newest, self._laid[newest]) if self._laid else None

    def notes(self) -> Iterator[tuple[int, bytes]]:
        """All kept notes with their sizes, ascending."""
        written = {number_of(size): note for size, note in self._txn.cursor(self._dbs.notes)}
        yield from sorted((written | dict(self._laid)).items())
