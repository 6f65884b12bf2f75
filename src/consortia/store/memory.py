"""A store in memory: the plain twin of the one on disk, for simulations and tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from consortia.kernel.ledger import BlockWrite, LedgerStore
from consortia.kernel.store import MemoryReader


class MemoryView(MemoryReader):
    """The whole content of a memory store; it is its own newest snapshot."""

    def __init__(self) -> None:
        super().__init__()
        self.heights: dict[int, tuple[int, bytes]] = {}
        self.leaves: list[bytes] = []
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.places: dict[bytes, tuple[int, int]] = {}
        self.packed: dict[bytes, bytes] = {}
        self.deltas: dict[int, bytes] = {}
        self.kept: dict[int, bytes] = {}
        self.newest: bytes | None = None

    @property
    def height(self) -> int:
        """The height of the newest block; -1 before the first."""
        return max(self.heights, default=-1)

    def block(self, height: int) -> bytes | None:
        """The encoded block at a height."""
        found = self.heights.get(height)
        return None if found is None else found[1]

    def header(self, height: int) -> int | None:
        """The leaf index of a block's header."""
        found = self.heights.get(height)
        return None if found is None else found[0]

    def leaf(self, index: int) -> bytes | None:
        """The bytes of a log leaf."""
        return self.leaves[index] if 0 <= index < len(self.leaves) else None

    def node(self, level: int, index: int) -> bytes | None:
        """The hash of a complete node of the log."""
        return self.nodes.get((level, index))

    def transaction(self, transaction: bytes) -> tuple[int, int] | None:
        """The height of a transaction and the leaf index of its receipt."""
        return self.places.get(transaction)

    def bucket(self, name: bytes) -> bytes | None:
        """The packed entries of a bucket of the state tree."""
        return self.packed.get(name)

    def buckets(self) -> Iterator[tuple[bytes, bytes]]:
        """All buckets of the state tree."""
        return iter(list(self.packed.items()))

    def delta(self, height: int) -> bytes | None:
        """What leads from a height back to the one below."""
        return self.deltas.get(height)

    def mark(self) -> bytes | None:
        """The commit marker."""
        return self.newest

    def note(self, size: int) -> bytes | None:
        """The note kept for a log size."""
        return self.kept.get(size)

    def newest_note(self) -> tuple[int, bytes] | None:
        """The note of the largest log size."""
        return max(self.kept.items(), default=None)


class MemoryStore(LedgerStore):
    """A ledger's store over dictionaries."""

    def __init__(self) -> None:
        """An empty store."""
        self.view = MemoryView()

    @contextmanager
    def snapshot(self) -> Iterator[MemoryView]:
        """The content itself: nobody writes while one thread reads."""
        yield self.view

    def commit(self, write: BlockWrite) -> None:
        """Take a block in."""
        view = self.view
        view.heights[write.height] = (write.first + len(write.leaves) - 1, write.block)
        view.leaves.extend(write.leaves)
        view.nodes.update({(level, index): digest for level, index, digest in write.nodes})
        view.places.update({name: (write.height, leaf) for name, leaf in write.transactions})
        view.update(write.changes)
        for name, packed in write.buckets.items():
            if packed is None:
                view.packed.pop(name, None)
            else:
                view.packed[name] = packed
        view.deltas[write.height] = write.delta
        view.deltas.pop(write.forget, None)
        view.newest = write.mark

    def put_note(self, size: int, note: bytes) -> None:
        """Keep a note."""
        self.view.kept[size] = note

    def close(self) -> None:
        """Nothing to release."""
