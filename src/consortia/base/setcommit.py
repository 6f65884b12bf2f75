"""The set hash: one root for a set of (key hash, value hash) entries, with proofs of presence and absence.

This is the plain law; `kernel.tree` keeps the same root fast. The root depends on the set alone,
not on the order in which it came about:

- at most 16 entries: ``H("consortia/set/leaf", entries)``, the entries (key hash, then value hash,
  64 bytes each) sorted by key hash; the empty set is ``H("consortia/set/leaf", "")``;
- more: ``H("consortia/set/node", count | root of half 0 | root of half 1)``, count as 8 bytes, big
  endian, the halves by the next bit of the key hash, from the most significant bit of its first byte.

A key hash has exactly one place in a set, so under one root a key has one valid path: to a leaf set
that holds it (presence) or does not (absence).
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256 as _sha256
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Record
from consortia.base.hashing import DIGEST_BYTES, prefix
from consortia.base.order import is_sorted

LEAF_TAG = "consortia/set/leaf"
NODE_TAG = "consortia/set/node"
LEAF_ENTRIES_MAX = 16
"""A set of more entries than this is split in halves."""

ENTRY_BYTES = 2 * DIGEST_BYTES
KEY_BITS = 8 * DIGEST_BYTES

_LEAF_PREFIX = prefix(LEAF_TAG)
_NODE_PREFIX = prefix(NODE_TAG)

Entry = tuple[bytes, bytes]
"""(key hash, value hash)."""


class SetPath(Record, frozen=True):
    """The way from the root of a set to the leaf set where a key hash belongs.

    `siblings` are (count, root) of the half not taken, from the top down; `entries` are the whole
    leaf set that the other halves lead to, as (key hash, value hash), sorted by key hash.
    """

    siblings: Annotated[tuple[tuple[U63, Digest], ...], Meta(max_length=KEY_BITS)]
    entries: Annotated[tuple[tuple[Digest, Digest], ...], Meta(max_length=LEAF_ENTRIES_MAX)]


class SetPathError(ValueError):
    """A path that does not show what it should."""


def leaf_root(packed: bytes) -> bytes:
    """The root of at most 16 entries, packed and sorted (64 bytes each)."""
    return _sha256(_LEAF_PREFIX + packed).digest()


def node_root(count: int, left: bytes, right: bytes) -> bytes:
    """The root of a set of `count` (more than 16) entries from the roots of its halves."""
    return _sha256(_NODE_PREFIX + count.to_bytes(8, "big") + left + right).digest()


EMPTY_ROOT = leaf_root(b"")
"""The root of the empty set."""


def bit(key_hash: bytes, depth: int) -> int:
    """Bit number `depth` of a key hash; 0 is the most significant bit of the first byte."""
    return key_hash[depth >> 3] >> (7 - (depth & 7)) & 1


def root(entries: Mapping[bytes, bytes]) -> bytes:
    """The root of a set, given as key hash -> value hash. Raise ValueError when one has not 32 bytes."""
    return _root(_sorted(entries), 0)


def path(entries: Mapping[bytes, bytes], key_hash: bytes) -> SetPath:
    """The path to the place of `key_hash`, in the set or not. Raise ValueError as `root` does."""
    _check_digest(key_hash)
    part: Sequence[Entry] = _sorted(entries)
    siblings = list[tuple[int, bytes]]()
    depth = 0
    while len(part) > LEAF_ENTRIES_MAX:
        halves = _halves(part, depth)
        own = bit(key_hash, depth)
        depth += 1
        siblings.append((len(halves[1 - own]), _root(halves[1 - own], depth)))
        part = halves[own]
    return SetPath(siblings=tuple(siblings), entries=tuple(part))


def verify_presence(root: bytes, key_hash: bytes, value_hash: bytes, path: SetPath) -> None:
    """Check that (key hash, value hash) is in the set of this root. Raise SetPathError otherwise."""
    if root_from_path(key_hash, path) != root:
        raise SetPathError("the path does not lead to the root")
    if (key_hash, value_hash) not in path.entries:
        raise SetPathError("the entry is not in the leaf set where it belongs")


def verify_absence(root: bytes, key_hash: bytes, path: SetPath) -> None:
    """Check that no entry of the set of this root has this key hash. Raise SetPathError otherwise."""
    if root_from_path(key_hash, path) != root:
        raise SetPathError("the path does not lead to the root")
    if any(key == key_hash for key, _ in path.entries):
        raise SetPathError("the key hash is in the set")


def root_from_path(key_hash: bytes, path: SetPath) -> bytes:
    """The root that a path leads to from the place of `key_hash`. Raise SetPathError on a malformed path.

    1. Digests have 32 bytes, and the path is not deeper than a key hash has bits.
    2. The leaf set has at most 16 entries, sorted by key hash without repetition.
    3. Each of them lies in the same half as `key_hash` at every level of the path.
    4. The halves at the lowest level have more than 16 entries together, so it had to be split.
    5. Hash upwards, each count being the sum of both halves.
    """
    depth = len(path.siblings)
    _check_shape(key_hash, path)  # 1
    keys = [key for key, _ in path.entries]
    if len(keys) > LEAF_ENTRIES_MAX or not is_sorted(keys):  # 2
        raise SetPathError("the leaf set is too large, unsorted or repeats a key hash")
    place = _place(key_hash, depth)
    if any(_place(key, depth) != place for key in keys):  # 3
        raise SetPathError("the leaf set has an entry that belongs elsewhere")
    count = len(keys)
    if depth and count + path.siblings[-1][0] <= LEAF_ENTRIES_MAX:  # 4
        raise SetPathError("the path goes deeper than the law splits")
    return _upwards(key_hash, path.siblings, count, leaf_root(pack(path.entries)))  # 5


def root_of_part(place: bytes, siblings: Sequence[tuple[int, bytes]], entries: Sequence[Entry]) -> bytes:
    """The root that all entries of one part of a set lead to. Raise SetPathError on a malformed part.

    The part is that of the keys that agree with `place` in their first bits, as many as there are
    `siblings`: (count, root) of the half not taken, from the top down. Unlike the leaf set of a path it may
    be of any size, without siblings the whole set.

    1. Digests have 32 bytes, and the part is not deeper than a key hash has bits.
    2. The entries are sorted by key hash without repetition, and all lie in the part.
    3. The halves at the lowest level have more than 16 entries together, so it had to be split.
    4. Hash upwards, each count being the sum of both halves.
    """
    depth = len(siblings)
    _check_shape(place, SetPath(tuple(siblings), tuple(entries)))  # 1
    keys = [key for key, _ in entries]
    if not is_sorted(keys):  # 2
        raise SetPathError("the part is unsorted or repeats a key hash")
    if any(_place(key, depth) != _place(place, depth) for key in keys):
        raise SetPathError("the part has an entry that belongs elsewhere")
    if depth and len(keys) + siblings[-1][0] <= LEAF_ENTRIES_MAX:  # 3
        raise SetPathError("the part goes deeper than the law splits")
    return _upwards(place, siblings, len(keys), _root(entries, depth))  # 4


def part(
    entries: Mapping[bytes, bytes], place: bytes, most: int
) -> tuple[tuple[tuple[int, bytes], ...], tuple[Entry, ...]]:
    """The siblings and entries of the largest part of at most `most` (16 or more) that begins at `place`.

    Raise ValueError as `root` does, and where no part of the set begins there.
    """
    _check_digest(place)
    rest: Sequence[Entry] = _sorted(entries)
    siblings = list[tuple[int, bytes]]()
    while len(rest) > max(most, LEAF_ENTRIES_MAX) or not _begins(place, len(siblings)):
        if len(rest) <= LEAF_ENTRIES_MAX:
            raise ValueError("no part begins there")
        halves = _halves(rest, len(siblings))
        own = bit(place, len(siblings))
        siblings.append((len(halves[1 - own]), _root(halves[1 - own], len(siblings) + 1)))
        rest = halves[own]
    return tuple(siblings), tuple(rest)


def pack(entries: Iterable[Entry]) -> bytes:
    """Entries as bytes: key hash, then value hash, in the order given."""
    return b"".join([half for entry in entries for half in entry])


def unpack(packed: bytes) -> list[Entry]:
    """The entries that `pack` put together. Raise ValueError when the length is not a multiple of 64."""
    if len(packed) % ENTRY_BYTES:
        raise ValueError(f"{len(packed)} bytes are not whole entries")
    middle = DIGEST_BYTES
    return [
        (packed[at : at + middle], packed[at + middle : at + ENTRY_BYTES])
        for at in range(0, len(packed), ENTRY_BYTES)
    ]


def _root(part: Sequence[Entry], depth: int) -> bytes:
    """The root of sorted entries that agree in their first `depth` bits."""
    if len(part) <= LEAF_ENTRIES_MAX:
        return leaf_root(pack(part))
    left, right = _halves(part, depth)
    return node_root(len(part), _root(left, depth + 1), _root(right, depth + 1))


def _halves(part: Sequence[Entry], depth: int) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """Sorted entries parted by bit `depth` of the key hash."""
    split = bisect_left(part, 1, key=lambda entry: bit(entry[0], depth))
    return part[:split], part[split:]


def _sorted(entries: Mapping[bytes, bytes]) -> list[Entry]:
    for key_hash, value_hash in entries.items():
        _check_digest(key_hash)
        _check_digest(value_hash)
    return sorted(entries.items())


def _upwards(key_hash: bytes, siblings: Sequence[tuple[int, bytes]], count: int, digest: bytes) -> bytes:
    """The root above a half of `count` entries whose own root is `digest`."""
    for level in range(len(siblings) - 1, -1, -1):
        other_count, other = siblings[level]
        count += other_count
        if count >= 1 << 63:
            raise SetPathError("a count is out of range")
        digest = node_root(count, other, digest) if bit(key_hash, level) else node_root(count, digest, other)
    return digest


def _begins(place: bytes, depth: int) -> bool:
    """Whether a part of `depth` bits begins at `place`."""
    return int.from_bytes(place, "big") % (1 << (KEY_BITS - depth)) == 0


def _place(key_hash: bytes, depth: int) -> int:
    """The first `depth` bits of a key hash."""
    return int.from_bytes(key_hash, "big") >> (KEY_BITS - depth)


def _check_digest(digest: bytes) -> None:
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a digest has {DIGEST_BYTES} bytes, not {len(digest)}")


def _check_shape(key_hash: bytes, path: SetPath) -> None:
    digests = [
        key_hash,
        *(root for _, root in path.siblings),
        *(half for entry in path.entries for half in entry),
    ]
    if any(len(digest) != DIGEST_BYTES for digest in digests):
        raise SetPathError("a digest has 32 bytes")
    if len(path.siblings) > KEY_BITS or any(count < 0 for count, _ in path.siblings):
        raise SetPathError("the path is deeper than a key hash has bits, or a count is negative")
