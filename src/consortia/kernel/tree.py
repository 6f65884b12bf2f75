"""The state tree: the set hash of `base.setcommit` over the whole state, kept fast.

The hash is law, the layout is not. Here every leaf set of the law (at most 16 entries) is one packed
record in the store, a *bucket*; the *halves* of every larger set (its count and the roots of both
halves, 72 bytes) are in memory, rebuilt and so checked against the committed root at opening. A place
in the tree is an integer: the root is 1, the halves of place p are 2p and 2p + 1; so a place is a one
bit followed by the bits that lead there.

A block's changes are planned, not applied: `Tree.plan` computes the new root and everything that
changes, the store makes it durable, and only then `Tree.adopt` switches the memory over. A failed
commit leaves nothing half done. A plan also holds what leads back (`delta`), from which paths at
recent heights are made, so that a proof can match any recently cosigned checkpoint.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256 as _sha256
from typing import Protocol, cast

from consortia.base.hashing import prefix
from consortia.base.setcommit import EMPTY_ROOT, ENTRY_BYTES, KEY_BITS, SetPath, leaf_root, unpack
from consortia.kernel.buckets import (
    TOP,
    Batch,
    Buckets,
    Halves,
    TreeError,
    halves_root,
    pack_delta,
    unpack_delta,
)

__all__ = [
    "HISTORY_HEIGHTS",
    "Plan",
    "Tree",
    "TreeError",
    "TreeReader",
    "bucket_name",
    "hashed",
    "key_hash",
    "value_hash",
]

KEY_TAG = "consortia/state/key"
VALUE_TAG = "consortia/state/value"
HISTORY_HEIGHTS = 1024
"""At so many heights below the newest, paths can still be made."""

RECENT_HALVES_MAX = 100_000
"""So many replaced halves are kept in memory, to make paths at the newest heights without computing."""

_KEY_PREFIX, _VALUE_PREFIX = prefix(KEY_TAG), prefix(VALUE_TAG)

_Step = tuple[dict[int, bytes | None], dict[int, bytes]]
"""Halves and buckets that stand in for others."""


class TreeReader(Protocol):
    """A consistent view of the tree's records in the store, as they stand after one height."""

    @property
    def height(self) -> int:
        """The height that was committed last."""
        ...

    def bucket(self, name: bytes) -> bytes | None:
        """The packed entries of the bucket of this name, or None."""
        ...

    def buckets(self) -> Iterator[tuple[bytes, bytes]]:
        """All (name, packed entries), in any order."""
        ...

    def delta(self, height: int) -> bytes | None:
        """What leads from `height` back to the height below, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What one block changes. The store writes `buckets` and `delta`, and drops the delta at `forget`."""

    height: int
    root: bytes
    count: int
    buckets: dict[bytes, bytes | None]
    delta: bytes
    forget: int
    halves: dict[int, bytes | None]
    old_halves: dict[int, bytes | None]
    old_buckets: dict[int, bytes]


def key_hash(key: bytes) -> bytes:
    """The place of a state key in the tree: ``H("consortia/state/key", key)``."""
    return _sha256(_KEY_PREFIX + key).digest()


def value_hash(value: bytes) -> bytes:
    """What the tree holds of a state value: ``H("consortia/state/value", value)``."""
    return _sha256(_VALUE_PREFIX + value).digest()


def hashed(changes: Mapping[bytes, bytes | None]) -> dict[bytes, bytes | None]:
    """Changes of the state (None deletes) as changes of the tree."""
    return {
        _sha256(_KEY_PREFIX + key).digest(): None
        if value is None
        else _sha256(_VALUE_PREFIX + value).digest()
        for key, value in changes.items()
    }


class Tree:
    """The state tree at its newest height. Not for use from two threads at once."""

    def __init__(self, height: int = 0, *, history: int = HISTORY_HEIGHTS) -> None:
        """The empty tree at `height`; paths will be available `history` heights back."""
        self._height = height
        self._history = history
        self._root = EMPTY_ROOT
        self._count = 0
        self._halves = dict[int, bytes]()
        self._recent = deque[_Step]()
        self._recent_halves = 0
        self._rewound = dict[int, _Step]()

    @classmethod
    def open(cls, reader: TreeReader, root: bytes, *, history: int = HISTORY_HEIGHTS) -> "Tree":
        """The tree at the reader's height from its records. Raise TreeError when they do not give `root`."""
        tree = cls(reader.height, history=history)
        empty = 0, EMPTY_ROOT
        levels = dict[int, dict[int, tuple[int, bytes]]]()
        for name, packed in reader.buckets():
            place = int.from_bytes(name, "big")
            levels.setdefault(place.bit_length(), {})[place] = len(packed) // ENTRY_BYTES, leaf_root(packed)
        for bits in range(max(levels, default=1), 1, -1):
            level = levels.pop(bits, {})
            above = levels.setdefault(bits - 1, {})
            for place in dict.fromkeys(place >> 1 for place in level):
                left, right = level.get(2 * place, empty), level.get(2 * place + 1, empty)
                count = left[0] + right[0]
                halves = tree._halves[place] = count.to_bytes(8, "big") + left[1] + right[1]
                above[place] = count, halves_root(halves)
        tree._count, tree._root = levels.get(1, {}).get(1, empty)
        if tree._root != root:
            raise TreeError("the records of the state tree do not give the committed root")
        return tree

    @property
    def height(self) -> int:
        """The height of the newest block."""
        return self._height

    @property
    def root(self) -> bytes:
        """The set hash of the whole state."""
        return self._root

    @property
    def count(self) -> int:
        """The number of entries."""
        return self._count

    def plan(self, reader: TreeReader, changes: Mapping[bytes, bytes | None]) -> Plan:
        """What the next height will be after these changes (key hash -> value hash, None deletes).

        Nothing changes yet; see `adopt`. Changes that change nothing are left out. Raise TreeError when
        the reader is not at the tree's height.
        """
        height = self._height + 1
        batch = self._batch(reader, changes)
        return Plan(
            height=height,
            root=batch.root or self._root,
            count=self._count + batch.grown,
            buckets=dict(
                sorted((bucket_name(place), packed or None) for place, packed in batch.buckets.items())
            ),
            delta=pack_delta(batch.before),
            forget=max(0, height - self._history),
            halves=batch.halves,
            old_halves=batch.old_halves,
            old_buckets=batch.old_buckets,
        )

    def adopt(self, plan: Plan) -> None:
        """Switch over to a plan that is durable now. Raise TreeError when it is not the next height's."""
        if plan.height != self._height + 1:
            raise TreeError(f"a plan for height {plan.height} does not follow height {self._height}")
        self._halves.update(cast("dict[int, bytes]", plan.halves))
        for place in [place for place, new in plan.halves.items() if new is None]:
            del self._halves[place]
        self._height, self._root, self._count = plan.height, plan.root, plan.count
        self._rewound.clear()
        self._recent.append((plan.old_halves, plan.old_buckets))
        self._recent_halves += len(plan.old_halves)
        while self._recent_halves > RECENT_HALVES_MAX or len(self._recent) > self._history:
            self._recent_halves -= len(self._recent.popleft()[0])

    def path(self, reader: TreeReader, key_hash: bytes, height: int | None = None) -> SetPath:
        """The path of `key_hash` at `height` (None: the newest), whether or not it is there.

        Raise TreeError for a height that is not yet or no longer within reach, and when the record
        where the path ends is not what the tree expects.
        """
        halves_at, bucket_at = self._at(reader, self._height if height is None else height)
        whole = int.from_bytes(key_hash, "big") | TOP
        counts, others = list[int](), list[bytes]()
        place, above = 1, b""
        while (halves := halves_at(place)) is not None:
            above = halves
            counts.append(int.from_bytes(halves[:8], "big"))
            place = whole >> (KEY_BITS - len(counts))
            others.append(halves[8:40] if place & 1 else halves[40:])
        packed = bucket_at(place)
        if above and leaf_root(packed) != (above[40:] if place & 1 else above[8:40]):
            raise TreeError(f"the record of place {place} is not the one the state tree expects")
        entries = unpack(packed)
        counts.append(len(entries))
        siblings = tuple([(counts[at] - counts[at + 1], other) for at, other in enumerate(others)])
        return SetPath(siblings=siblings, entries=tuple(entries))

    def root_at(self, reader: TreeReader, height: int) -> bytes:
        """The root at a recent height. Raise TreeError as `path` does."""
        halves_at, bucket_at = self._at(reader, height)
        halves = halves_at(1)
        return leaf_root(bucket_at(1)) if halves is None else halves_root(halves)

    def _batch(self, reader: TreeReader, changes: Mapping[bytes, bytes | None]) -> "Batch":
        batch = Batch(self._halves.get, self._buckets(reader))
        batch.apply(changes)
        return batch

    def _buckets(self, reader: TreeReader) -> Buckets:
        """Reads buckets as of the newest height."""
        if reader.height != self._height:
            raise TreeError(f"the records are of height {reader.height}, the tree is at {self._height}")
        get = reader.bucket
        return lambda place: get(bucket_name(place)) or b""

    def _at(self, reader: TreeReader, height: int) -> tuple[Halves, Buckets]:
        """How halves and buckets stood at `height`."""
        if not max(0, self._height - self._history) <= height <= self._height:
            raise TreeError(f"height {height} is out of reach at height {self._height}")
        newest = self._halves.get, self._buckets(reader)
        if height == self._height:
            return newest
        if height >= self._height - len(self._recent):
            return _past(list(self._recent)[height - self._height :], *newest)
        if height not in self._rewound:
            self._rewound[height] = self._rewind(reader, height)
        return _past([self._rewound[height]], *newest)

    def _rewind(self, reader: TreeReader, height: int) -> _Step:
        """What stood at an older height in place of what stands now."""
        changes = dict[bytes, bytes | None]()
        for step in range(self._height, height, -1):
            delta = reader.delta(step)
            if delta is None:
                raise TreeError(f"the record that leads back from height {step} is missing")
            changes.update(unpack_delta(delta))
        batch = self._batch(reader, changes)
        return batch.halves, batch.buckets


def _past(steps: list[_Step], halves_now: Halves, bucket_now: Buckets) -> tuple[Halves, Buckets]:
    """Halves and buckets as they stood before some steps, the oldest step first."""

    def halves_then(place: int) -> bytes | None:
        for halves, _ in steps:
            if place in halves:
                return halves[place]
        return halves_now(place)

    def bucket_then(place: int) -> bytes:
        for _, buckets in steps:
            if place in buckets:
                return buckets[place]
        return bucket_now(place)

    return halves_then, bucket_then


def bucket_name(place: int) -> bytes:
    """The name of the record of a place: its number, big endian, without leading zeros."""
    return place.to_bytes((place.bit_length() + 7) >> 3, "big")
