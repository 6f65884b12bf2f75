"""A ledger's store in memory, for simulations and small experiments: the same protocol, nothing kept."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from consortia.base.merkle import leaf_hash
from consortia.kernel.durable import BlockWrite, RestoreWrite
from consortia.kernel.store import MemoryReader


class MemoryView(MemoryReader):
    """What a memory store holds. It is the store's own state, so nothing may be written while it is open."""

    def __init__(self) -> None:
        super().__init__()
        self.height = -1
        self._buckets = dict[bytes, bytes]()
        self._deltas = dict[int, bytes]()
        self._blocks = dict[int, tuple[int, bytes]]()
        self._leaves = dict[int, bytes]()
        self._nodes = dict[tuple[int, int], bytes]()
        self._transactions = dict[bytes, tuple[int, int]]()
        self._vouched = dict[int, bytes]()
        self._notes = dict[int, bytes]()
        self._mark: bytes | None = None
        self._driver: bytes | None = None
        self._base: bytes | None = None

    def bucket(self, name: bytes) -> bytes | None:
        """The packed entries of a bucket of the state tree, or None."""
        return self._buckets.get(name)

    def buckets(self) -> Iterator[tuple[bytes, bytes]]:
        """All buckets of the state tree, in any order."""
        return iter(list(self._buckets.items()))

    def delta(self, height: int) -> bytes | None:
        """What leads the state tree back from `height`, or None."""
        return self._deltas.get(height)

    def block(self, height: int) -> bytes | None:
        """The encoded block at a height, or None."""
        found = self._blocks.get(height)
        return None if found is None else found[1]

    def header(self, height: int) -> int | None:
        """The leaf index of the header of the block at a height, or None."""
        found = self._blocks.get(height)
        return None if found is None else found[0]

    def leaf(self, index: int) -> bytes | None:
        """The bytes of a log leaf, or None."""
        return self._leaves.get(index)

    def node(self, level: int, index: int) -> bytes | None:
        """The hash of a complete node of the log, or None; level 0 is hashed from the leaf, if it is here."""
        leaf = None if level else self.leaf(index)
        return self._nodes.get((level, index)) if leaf is None else leaf_hash(leaf)

    def transaction(self, transaction: bytes) -> tuple[int, int] | None:
        """The height of a transaction, by id, and the leaf index of its receipt; or None."""
        return self._transactions.get(transaction)

    def mark(self) -> bytes | None:
        """The commit marker, or None in an empty store."""
        return self._mark

    def driver(self) -> bytes | None:
        """The driver's mark, or None where the driver keeps none."""
        return self._driver

    def base(self) -> bytes | None:
        """Where a restored ledger begins, or None where the ledger begins with its genesis."""
        return self._base

    def vouched(self, height: int) -> bytes | None:
        """What vouches for a change of the member set below a restored ledger's base, by its height."""
        return self._vouched.get(height)

    def note(self, size: int) -> bytes | None:
        """The final checkpoint note kept for a log size, or None."""
        return self._notes.get(size)

    def newest_note(self) -> tuple[int, bytes] | None:
        """The final note of the largest log size, with that size; or None."""
        size = max(self._notes, default=None)
        return None if size is None else (size, self._notes[size])

    def notes(self) -> Iterator[tuple[int, bytes]]:
        """All kept notes with their sizes, ascending."""
        return iter(sorted(self._notes.items()))

    def write(self, block: BlockWrite) -> None:
        """Take a block in."""
        self.update(block.changes)
        for name, packed in block.buckets.items():
            if packed is None:
                self._buckets.pop(name, None)
            else:
                self._buckets[name] = packed
        self._deltas[block.height] = block.delta
        if block.forget:
            self._deltas.pop(block.forget, None)
        self._leaves.update(enumerate(block.leaves, block.first))
        self._blocks[block.height] = block.first + len(block.leaves) - 1, block.block
        self._nodes.update({(level, index): digest for level, index, digest in block.nodes if level})
        self._transactions.update({tx: (block.height, index) for tx, index in block.transactions})
        self.height, self._mark = block.height, block.mark
        if block.driver is not None:
            self._driver = block.driver

    def write_driver(self, mark: bytes) -> None:
        """Take a driver's mark in."""
        self._driver = mark

    def write_restored(self, write: RestoreWrite) -> None:
        """Take a whole ledger in, into a view that holds nothing."""
        for entries, buckets in write.parts():
            self.update(entries)
            self._buckets.update(buckets)
        self.height, index, leaf = write.header
        self._leaves[index] = leaf
        self._blocks[self.height] = index, b""
        self._nodes.update({(level, at): digest for level, at, digest in write.nodes})
        self._mark, self._driver, self._base = write.mark, write.driver(self), write.base

    def write_vouched(self, height: int, change: bytes) -> None:
        """Take in what vouches for a change of the member set."""
        self._vouched[height] = change

    def write_note(self, size: int, note: bytes) -> None:
        """Take a note in."""
        self._notes[size] = note


class MemoryStore:
    """The store's protocol over `MemoryView`. Writing while a snapshot is open raises RuntimeError."""

    def __init__(self) -> None:
        self._view = MemoryView()
        self._open = 0

    @contextmanager
    def snapshot(self) -> Iterator[MemoryView]:
        """A view of what is committed."""
        self._open += 1
        try:
            yield self._view
        finally:
            self._open -= 1

    @contextmanager
    def hold(self) -> Iterator[MemoryView]:
        """A view for a long reader while blocks are written: a copy."""
        yield copy.deepcopy(self._view)

    def commit(self, write: BlockWrite) -> None:
        """Take a block in."""
        self._require_unread()
        self._view.write(write)

    def put_driver(self, mark: bytes) -> None:
        """Keep the driver's mark, without a block."""
        self._require_unread()
        self._view.write_driver(mark)

    def clear(self) -> None:
        """Forget everything: the store holds no ledger."""
        self._require_unread()
        self._view = MemoryView()

    def restore(self, write: RestoreWrite) -> None:
        """Hold this ledger in the place of the one that was here."""
        self._require_unread()
        view = MemoryView()
        view.write_restored(write)
        self._view = view

    def put_vouched(self, height: int, change: bytes) -> None:
        """Keep what vouches for a change of the member set below a restored ledger's base."""
        self._require_unread()
        self._view.write_vouched(height, change)

    def put_note(self, size: int, note: bytes) -> None:
        """Keep the final note of a log size, in place of an earlier one."""
        self._require_unread()
        self._view.write_note(size, note)

    def lay_note(self, size: int, note: bytes) -> None:
        """As `put_note`: nothing here outlives a crash."""
        self.put_note(size, note)

    def close(self) -> None:
        """Nothing to release."""

    def _require_unread(self) -> None:
        if self._open:
            raise RuntimeError("a snapshot is open; in memory it would change under its reader")
