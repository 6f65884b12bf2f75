"""What the machine reads from and writes to: readers, and an overlay of changes with nested marks.

The machine never touches a disk. It reads through a `Reader` and collects its changes in an
`Overlay`; whoever drives it makes the changes durable. A state key is any non-empty bytes; keys
are ordered as bytes.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Protocol

KEY_BYTES_MAX = 511
"""A state key has 1 to so many bytes: what every store can hold."""

_INSORT_MAX = 32
"""Up to this many new keys are inserted one by one into the sorted keys; more are sorted in at once."""


class Reader(Protocol):
    """A consistent view of the state."""

    def get(self, key: bytes) -> bytes | None:
        """The value at `key`, or None."""
        ...

    def scan(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) whose key starts with `prefix` and is above `after`, in key order."""
        ...


class MemoryReader:
    """A reader over a mapping; later changes to the mapping show, as long as they come through `update`."""

    def __init__(self, entries: Mapping[bytes, bytes] | None = None) -> None:
        self._layer = _Layer()
        self.update(entries or {})

    def get(self, key: bytes) -> bytes | None:
        """The value at `key`, or None."""
        return self._layer.values.get(key)

    def scan(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) under `prefix` and above `after`, in key order, as of this call."""
        values = self._layer.values
        found = [(key, values[key]) for key in self._layer.keys(prefix, after)]
        return ((key, value) for key, value in found if value is not None)

    def update(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Put every key with a value, delete every key with None."""
        self._layer.values.update(changes)

    def entries(self) -> dict[bytes, bytes]:
        """All keys and values, in key order."""
        return dict(self.scan(b""))


class Overlay:
    """Changes above a reader that is never written to. Marks nest: begin, then commit or rollback.

    What happened since the last `begin` either joins what was there before (`commit`) or leaves no
    trace (`rollback`). Scans see the state as of the call, so a caller may write while it iterates.
    """

    __slots__ = ("_known", "_layers", "_reader", "_top")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known = dict[bytes, bytes | None]()
        self._top = _Layer()
        self._layers = [self._top]

    def get(self, key: bytes) -> bytes | None:
        """The value at `key` with all changes so far, or None."""
        for layer in reversed(self._layers):
            values = layer.values
            if key in values:
                return values[key]
        return self._below(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value at `key`. Raise ValueError for a key that no store could hold."""
        if not 0 < len(key) <= KEY_BYTES_MAX:
            raise ValueError(f"a state key has 1 to {KEY_BYTES_MAX} bytes, not {len(key)}")
        self._top.values[key] = value

    def delete(self, key: bytes) -> None:
        """Remove `key`, whether or not it is there."""
        self._top.values[key] = None

    def scan(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) under `prefix` and above `after`, in key order, as of this call."""
        changed = dict[bytes, bytes | None]()
        for layer in self._layers:
            values = layer.values
            for key in layer.keys(prefix, after):
                changed[key] = values[key]
        below = self._reader.scan(prefix, after)
        return _merge(below, sorted(changed.items())) if changed else below

    def begin(self) -> None:
        """Set a mark."""
        self._top = _Layer()
        self._layers.append(self._top)

    def commit(self) -> None:
        """Keep what happened since the last mark, and drop the mark."""
        values = self._pop().values
        self._top.values.update(values)

    def rollback(self) -> None:
        """Undo what happened since the last mark, and drop the mark."""
        self._pop()

    def growth(self) -> int:
        """By how many bytes of keys and values the state grew since the last mark; negative if it shrank."""
        below = [layer.values for layer in self._layers[-2::-1]]
        grown = 0
        for key, value in self._top.values.items():
            if value is not None:
                grown += len(key) + len(value)
            for values in below:
                if key in values:
                    before = values[key]
                    break
            else:
                before = self._below(key)
            if before is not None:
                grown -= len(key) + len(before)
        return grown

    @property
    def depth(self) -> int:
        """The number of open marks."""
        return len(self._layers) - 1

    def changes(self) -> dict[bytes, bytes | None]:
        """Every key written so far with its new value, None where it was deleted, in key order.

        A key may be listed with the value that the reader has. Raise RuntimeError while a mark is open.
        """
        if self.depth:
            raise RuntimeError(f"{self.depth} marks are open")
        return dict(sorted(self._top.values.items()))

    def _below(self, key: bytes) -> bytes | None:
        """What the reader has at `key`, asked for once: it never changes."""
        if key not in self._known:
            self._known[key] = self._reader.get(key)
        return self._known[key]

    def _pop(self) -> "_Layer":
        if not self.depth:
            raise RuntimeError("no mark is open")
        top = self._layers.pop()
        self._top = self._layers[-1]
        return top


class _Layer:
    """One dict of changes, None marking a deletion, and its keys in order, caught up when a scan needs them.

    Keys are never taken out of the dict, so those not yet in `_sorted` are its newest.
    """

    __slots__ = ("_sorted", "values")

    def __init__(self) -> None:
        self.values: dict[bytes, bytes | None] = {}
        self._sorted: list[bytes] = []

    def keys(self, prefix: bytes, above: bytes) -> list[bytes]:
        """The keys that start with `prefix` and lie above another, in order."""
        known = self._sorted
        fresh = len(self.values) - len(known)
        if fresh > _INSORT_MAX:
            known.extend(islice(reversed(self.values), fresh))
            known.sort()
        elif fresh:
            for key in list(islice(reversed(self.values), fresh)):
                insort(known, key)
        start = bisect_left(known, prefix) if above < prefix else bisect_right(known, above)
        after = prefix_end(prefix)
        return known[start:] if after is None else known[start : bisect_left(known, after, start)]


def prefix_end(prefix: bytes) -> bytes | None:
    """The smallest key above all that start with `prefix`; None when there is none."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None


def _merge(
    below: Iterator[tuple[bytes, bytes]], changed: list[tuple[bytes, bytes | None]]
) -> Iterator[tuple[bytes, bytes]]:
    """The entries of `below` with the sorted changes put over them, in key order."""
    at = 0
    for entry in below:
        key = entry[0]
        while at < len(changed) and changed[at][0] < key:
            new_key, value = changed[at]
            at += 1
            if value is not None:
                yield new_key, value
        if at < len(changed) and changed[at][0] == key:
            value = changed[at][1]
            at += 1
            if value is not None:
                yield key, value
        else:
            yield entry
    for new_key, value in changed[at:]:
        if value is not None:
            yield new_key, value
