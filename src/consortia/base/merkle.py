"""The Merkle log: hashing, paths and the frontier, exactly as RFC 6962 section 2.1 and RFC 9162 section 2.1.

Hashes here carry the one-byte prefixes of the RFC instead of a tag, so that witnesses and
verifiers outside this project can check the log. A *complete* node is the root of an aligned
block of 2**level leaves; it never changes once its last leaf is there, and is addressed by
``(level, index)``, index counting from the left. Leaf hashes are level 0. Paths are made either from all the
leaf hashes (the plain version) or from a reader of complete nodes, in O(log n) reads.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256 as _sha256

from consortia.base.hashing import DIGEST_BYTES

EMPTY_ROOT = _sha256(b"").digest()
"""The root of a log without leaves (RFC 9162 section 2.1.1)."""

SIZE_MAX = (1 << 63) - 1

NodeReader = Callable[[int, int], bytes]
"""Gives the hash of the complete node at (level, index)."""

CompleteNode = tuple[int, int, bytes]
"""(level, index, hash) of a node that will never change again."""


class PathError(ValueError):
    """A path has the wrong length or shape, or does not lead where it should."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf's bytes."""
    return _sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an interior node over its two children."""
    return _sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root of the log that consists of these leaf hashes (the plain, recursive law)."""
    size = len(leaf_hashes)
    if size == 0:
        return EMPTY_ROOT
    if size == 1:
        return leaf_hashes[0]
    split = _split(size)
    return node_hash(root(leaf_hashes[:split]), root(leaf_hashes[split:]))


class Frontier:
    """The right edge of a log: its size and the roots of the complete subtrees it falls into.

    `peaks` stand from the left (largest) to the right (smallest), one per set bit of `size`;
    they are all that appending needs.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        """Raise ValueError unless there is one 32-byte peak per set bit of `size`."""
        self._size = size
        self._peaks = list(peaks)
        if not 0 <= size <= SIZE_MAX or len(self._peaks) != size.bit_count():
            raise ValueError(f"a log of {size} leaves does not have {len(self._peaks)} peaks")
        if any(len(peak) != DIGEST_BYTES for peak in self._peaks):
            raise ValueError("a peak has 32 bytes")

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, largest first."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> list[CompleteNode]:
        """Append one leaf hash; return the interior nodes that it completed, lowest first."""
        return self.extend((leaf,))

    def extend(self, leaf_hashes: Iterable[bytes]) -> list[CompleteNode]:
        """Append leaf hashes in order; return the interior nodes that they completed."""
        size, peaks, completed = self._size, self._peaks, list[CompleteNode]()
        for leaf in leaf_hashes:
            digest, level, rest = leaf, 0, size
            while rest & 1:
                digest = _sha256(b"\x01" + peaks.pop() + digest).digest()
                level += 1
                rest >>= 1
                completed.append((level, rest, digest))
            peaks.append(digest)
            size += 1
        self._size = size
        return completed

    def root(self) -> bytes:
        """The root of the log as it stands."""
        return _fold(self._peaks)

    def copy(self) -> "Frontier":
        """An independent frontier at the same place."""
        return Frontier(self._size, self._peaks)

    def encode(self) -> bytes:
        """The size as 8 bytes, big endian, then the peaks, largest first."""
        return self._size.to_bytes(8, "big") + b"".join(self._peaks)

    @classmethod
    def decode(cls, data: bytes) -> "Frontier":
        """The frontier that `encode` wrote. Raise ValueError on anything else."""
        if len(data) < 8 or (len(data) - 8) % DIGEST_BYTES:
            raise ValueError("a frontier is 8 bytes of size and 32 bytes per peak")
        peaks = (data[at : at + DIGEST_BYTES] for at in range(8, len(data), DIGEST_BYTES))
        return cls(int.from_bytes(data[:8], "big"), peaks)

    def __eq__(self, other: object) -> bool:
        """Equal when size and peaks are."""
        return isinstance(other, Frontier) and self.encode() == other.encode()

    def __hash__(self) -> int:
        """Refuse: a frontier changes."""
        raise TypeError("a frontier changes, so it has no hash")


def reader(leaf_hashes: Sequence[bytes]) -> NodeReader:
    """A reader of complete nodes that computes them from the leaf hashes (for tests and small trees)."""
    return lambda level, index: root(leaf_hashes[index << level : (index + 1) << level])


def root_at(node: NodeReader, size: int) -> bytes:
    """The root that the log had at `size`, from its complete nodes."""
    return _range_root(node, 0, size) if size else EMPTY_ROOT


def inclusion_path(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings from leaf `index` up to the root (RFC 9162 section 2.1.3.1), lowest first."""
    return read_inclusion_path(reader(leaf_hashes), index, len(leaf_hashes))


def consistency_path(leaf_hashes: Sequence[bytes], old_size: int) -> list[bytes]:
    """The proof that the first `old_size` leaves are a prefix of all (RFC 9162 section 2.1.4.1)."""
    return read_consistency_path(reader(leaf_hashes), old_size, len(leaf_hashes))


def read_inclusion_path(node: NodeReader, index: int, size: int) -> list[bytes]:
    """As `inclusion_path`, from complete nodes in O(log size) reads. Raise PathError out of range."""
    if not 0 <= index < size:
        raise PathError(f"leaf {index} is not in a log of {size} leaves")
    path = list[bytes]()
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(node, middle, end))
            end = middle
        else:
            path.append(_range_root(node, start, middle))
            start = middle
    return path[::-1]


def read_consistency_path(node: NodeReader, old_size: int, size: int) -> list[bytes]:
    """As `consistency_path`, from complete nodes in O(log size) reads. Raise PathError out of range.

    The path is empty when either size is 0 or both are equal.
    """
    if not 0 <= old_size <= size:
        raise PathError(f"a log of {size} leaves has no prefix of {old_size}")
    if old_size in (0, size):
        return []
    path = list[bytes]()
    start, end = 0, size
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(_range_root(node, middle, end))
            end = middle
        else:
            path.append(_range_root(node, start, middle))
            start = middle
    if start:
        path.append(_range_root(node, start, end))
    return path[::-1]


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that a leaf hash and its inclusion path lead to (RFC 9162 section 2.1.3.2).

    Raise PathError when `index` is not below `size` or the path has not exactly the length
    that this index and size demand.
    """
    if not 0 <= index < size <= SIZE_MAX:
        raise PathError(f"leaf {index} is not in a log of {size} leaves")
    digest, place, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            raise PathError("the path is too long")
        if place & 1 or place == last:
            digest = node_hash(sibling, digest)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            digest = node_hash(digest, sibling)
        place >>= 1
        last >>= 1
    if last:
        raise PathError("the path is too short")
    return digest


def verify_consistency(
    old_size: int, old_root: bytes, size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the log of `old_size` leaves is a prefix of that of `size` (RFC 9162 section 2.1.4.2).

    Raise PathError when it is not shown. From the empty log every log follows, by an empty path.
    """
    if not 0 <= old_size <= size <= SIZE_MAX:
        raise PathError(f"a log of {size} leaves has no prefix of {old_size}")
    if old_size in (0, size):
        if path:
            raise PathError("the path is too long")
        if old_root != (new_root if old_size else EMPTY_ROOT) or (size == 0 and new_root != EMPTY_ROOT):
            raise PathError("the two roots differ")
        return
    old, new = _walk_consistency(old_size, old_root, size, path)
    if old != old_root:
        raise PathError("the path does not lead to the old root")
    if new != new_root:
        raise PathError("the path does not lead to the new root")


def _walk_consistency(
    old_size: int, old_root: bytes, size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The (old, new) roots that a consistency path leads to, for 0 < old_size < size."""
    place, last = old_size - 1, size - 1
    while place & 1:
        place >>= 1
        last >>= 1
    rest = iter(path)
    if place:
        seed = next(rest, None)
        if seed is None:
            raise PathError("the path is too short")
    else:
        seed = old_root
    old = new = seed
    for sibling in rest:
        if last == 0:
            raise PathError("the path is too long")
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        place >>= 1
        last >>= 1
    if last:
        raise PathError("the path is too short")
    return old, new


def _split(size: int) -> int:
    """The largest power of two below `size` (size > 1)."""
    return 1 << (size - 1).bit_length() - 1


def _fold(peaks: Sequence[bytes]) -> bytes:
    """The root over peaks, joined from the right."""
    if not peaks:
        return EMPTY_ROOT
    digest = peaks[-1]
    for peak in reversed(peaks[:-1]):
        digest = node_hash(peak, digest)
    return digest


def _range_root(node: NodeReader, start: int, end: int) -> bytes:
    """The root of leaves start..end, where start is aligned to the power of two at or above the range."""
    peaks = list[bytes]()
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(node(level, start >> level))
        start += 1 << level
    return _fold(peaks)
