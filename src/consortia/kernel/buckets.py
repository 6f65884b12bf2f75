"""One batch of changes over the buckets and halves of the state tree.

A *place* is an integer: the root of the tree is 1, the halves of place p are 2p and 2p + 1. A
*bucket* is the packed, sorted entries of a set of at most 16; the *halves* of a larger set are its
count (8 bytes, big endian) and the roots of both halves: 72 bytes. See `kernel.tree`.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256 as _sha256

from consortia.base.hashing import DIGEST_BYTES, prefix
from consortia.base.setcommit import ENTRY_BYTES, KEY_BITS, NODE_TAG, leaf_root, pack, unpack
from consortia.base.setcommit import LEAF_ENTRIES_MAX as BUCKET_MAX

Halves = Callable[[int], bytes | None]
"""Gives the halves at a place; None where there is a bucket or nothing."""

Buckets = Callable[[int], bytes]
"""Gives the bucket at a place, empty where there is none."""

Edit = tuple[bytes, bytes | None]
"""(key hash, new value hash or None)."""

Changed = tuple[bytes, int]
"""The new root of a changed place, and how many entries it gained."""

TOP = 1 << KEY_BITS
"""Set above a key hash, it makes the place where that key alone would stand."""

_NODE_PREFIX = prefix(NODE_TAG)


class TreeError(RuntimeError):
    """The records do not belong to the tree, or a height is out of reach."""


class Batch:
    """One batch of changes over a tree that stays as it is: new halves, new buckets, and what they replace.

    An empty bucket stands for none.
    """

    def __init__(self, halves: Halves, bucket: Buckets) -> None:
        self._old = halves
        self._read = bucket
        self.root: bytes | None = None
        self.grown = 0
        self.halves = dict[int, bytes | None]()
        self.buckets = dict[int, bytes]()
        self.old_halves = dict[int, bytes | None]()
        self.old_buckets = dict[int, bytes]()
        self.before = dict[bytes, bytes | None]()

    def apply(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Make all changes, from the buckets up to the root."""
        levels = dict[int, dict[int, Changed]]()
        read, before = self._read, self.before
        for place, edits in self._by_bucket(changes):
            old = read(place)
            packed = _rewrite(old, edits, before) if len(edits) <= BUCKET_MAX else _pour(old, edits, before)
            if packed != old:
                self.old_buckets[place] = old
                gain = (len(packed) - len(old)) // ENTRY_BYTES
                levels.setdefault(place.bit_length(), {})[place] = self.spread(place, packed), gain
        level = dict[int, Changed]()
        for bits in range(max(levels, default=0), 0, -1):
            level = self._raise(level) | levels.get(bits, {})
        if level:
            self.root, self.grown = level[1]

    def _by_bucket(self, changes: Mapping[bytes, bytes | None]) -> list[tuple[int, list[Edit]]]:
        """Changes in order of their keys, with the place of the bucket that they belong to."""
        halves = self._old
        groups, last = list[tuple[int, list[Edit]]](), 0
        shift = KEY_BITS  # neighbours tend to lie equally deep: start where the last one was found
        for edit in sorted(changes.items()):
            key, value = edit
            if len(key) != DIGEST_BYTES or (value is not None and len(value) != DIGEST_BYTES):
                raise ValueError(f"a digest has {DIGEST_BYTES} bytes")
            whole = int.from_bytes(key, "big") | TOP
            if whole >> shift == last:
                groups[-1][1].append(edit)
                continue
            while shift < KEY_BITS and halves(whole >> shift + 1) is None:
                shift += 1
            while halves(whole >> shift) is not None:
                shift -= 1
            last = whole >> shift
            groups.append((last, [edit]))
        return groups

    def spread(self, place: int, packed: bytes) -> bytes:
        """Lay sorted entries down at a place, in one bucket or in halves; return their root."""
        count = len(packed) // ENTRY_BYTES
        if count <= BUCKET_MAX:
            self.buckets[place] = packed
            return leaf_root(packed)
        self.buckets[place] = b""
        half = 2 * place + 1
        first = half << (KEY_BITS + 1 - half.bit_length()) & (TOP - 1)
        split, _ = _find(packed, first.to_bytes(DIGEST_BYTES, "big"))
        left, right = self.spread(half - 1, packed[:split]), self.spread(half, packed[split:])
        self.old_halves[place] = None
        halves = self.halves[place] = count.to_bytes(8, "big") + left + right
        return _sha256(_NODE_PREFIX + halves).digest()

    def _raise(self, level: dict[int, Changed]) -> dict[int, Changed]:
        """What changed one level higher; halves that became small enough together become one bucket."""
        old, before, fresh, above = self._old, self.old_halves, self.halves, dict[int, Changed]()
        for half, (root, gain) in level.items():
            if half & 1 and half - 1 in level:
                continue  # done with the half before it
            place = half >> 1
            halves = before[place] = old(place)
            if halves is None:
                raise TreeError(f"the halves of place {place} are missing")
            if half & 1:
                halves = halves[:40] + root
            elif half + 1 in level:
                right, right_gain = level[half + 1]
                halves = halves[:8] + root + right
                gain += right_gain  # noqa: PLW2901 (the gain of both halves)
            else:
                halves = halves[:8] + root + halves[40:]
            if gain:
                count = int.from_bytes(halves[:8], "big") + gain
                if count <= BUCKET_MAX:
                    packed = self.buckets[place] = self._take(2 * place) + self._take(2 * place + 1)
                    fresh[place] = None
                    above[place] = leaf_root(packed), gain
                    continue
                halves = count.to_bytes(8, "big") + halves[8:]
            fresh[place] = halves
            above[place] = _sha256(_NODE_PREFIX + halves).digest(), gain
        return above

    def _take(self, place: int) -> bytes:
        """Remove a bucket and return its entries."""
        packed = self.buckets.get(place)
        if packed is None:
            packed = self.old_buckets[place] = self._read(place)
        self.buckets[place] = b""
        return packed


def lay(packed: bytes, place: int) -> tuple[bytes, dict[int, bytes]]:
    """The root of sorted entries at a place of an empty tree, and the buckets that they fall into."""
    batch = Batch(lambda _place: None, lambda _place: b"")
    root = batch.spread(place, packed)
    return root, {at: bucket for at, bucket in batch.buckets.items() if bucket}


def halves_root(halves: bytes) -> bytes:
    """The root of a set from its halves."""
    return _sha256(_NODE_PREFIX + halves).digest()


def _pour(packed: bytes, edits: list[Edit], before: dict[bytes, bytes | None]) -> bytes:
    """As `_rewrite`, for many changes."""
    entries = dict(unpack(packed))
    for key, value in edits:
        old = entries.get(key)
        if old != value:
            before[key] = old
        if value is not None:
            entries[key] = value
        elif old is not None:
            del entries[key]
    return pack(sorted(entries.items()))


def _rewrite(
    packed: bytes, edits: list[tuple[bytes, bytes | None]], before: dict[bytes, bytes | None]
) -> bytes:
    """Sorted entries with a few changes made; `before` takes what changed keys had."""
    for key, value in edits:
        at = packed.find(key)
        there = at >= 0 and not at % ENTRY_BYTES
        if not there:
            at, there = _find(packed, key)
        middle, end = at + DIGEST_BYTES, at + ENTRY_BYTES
        if there:
            old = packed[middle:end]
            if old != value:
                before[key] = old
                packed = (
                    packed[:at] + packed[end:] if value is None else packed[:middle] + value + packed[end:]
                )
        elif value is not None:
            before[key] = None
            packed = packed[:at] + key + value + packed[at:]
    return packed


def _find(packed: bytes, key: bytes) -> tuple[int, bool]:
    """Where an entry of this key stands or would have to stand among sorted entries; whether it is there."""
    low, high = 0, len(packed) // ENTRY_BYTES
    while low < high:
        middle = (low + high) >> 1
        if packed[middle * ENTRY_BYTES : middle * ENTRY_BYTES + DIGEST_BYTES] < key:
            low = middle + 1
        else:
            high = middle
    at = low * ENTRY_BYTES
    return at, packed.startswith(key, at)


def pack_delta(before: dict[bytes, bytes | None]) -> bytes:
    """How changed keys stood before: how many had a value (8 bytes), their entries, the other keys."""
    restored = sorted((key, value) for key, value in before.items() if value is not None)
    removed = sorted(key for key, value in before.items() if value is None)
    parts = [len(restored).to_bytes(8, "big"), *(key + value for key, value in restored), *removed]
    return b"".join(parts)


def unpack_delta(delta: bytes) -> dict[bytes, bytes | None]:
    """What `pack_delta` packed."""
    end = 8 + int.from_bytes(delta[:8], "big") * ENTRY_BYTES
    before: dict[bytes, bytes | None] = dict(unpack(delta[8:end]))
    before.update({delta[at : at + DIGEST_BYTES]: None for at in range(end, len(delta), DIGEST_BYTES)})
    return before
