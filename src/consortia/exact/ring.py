"""Vectors in Z_2^32 and Z_2^64: canonical bytes, exact sums, signed reading, range checks.

A ring vector is a numpy array of signed little-endian words read modulo 2^bits; its blob is those
words in order, two's complement, with nothing before or after. Addition wraps, so a sum does not
depend on the order of its terms, and masks (uniform ring vectors that cancel) add nothing to it.
Six bits of headroom are kept: a member's words stay within 2^(bits-1-6), so that 63 members cannot
wrap the sum and a sum beyond their bound is seen.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consortia.exact.fixed import signed_type

HEADROOM_BITS = 6
"""Bits between a member's largest word and the ring's edge: 63 members fit."""

_BLOCK = 1 << 15


class RingError(ValueError):
    """A vector that is not of its ring: wrong length, or a word beyond the clip or the headroom."""


def clip_max(ring_bits: int) -> int:
    """The largest magnitude of a member's word in a ring of `ring_bits` (32 or 64) bits."""
    signed_type(ring_bits)
    return 1 << (ring_bits - 1 - HEADROOM_BITS)


def pack(vector: NDArray[Any], *, ring_bits: int) -> bytes:
    """The blob of a vector of signed integers: little-endian words of `ring_bits` bits.

    Raises RingError when the array is not of integers or a word does not fit the ring.
    """
    kind = signed_type(ring_bits)
    if vector.dtype.kind != "i":
        raise RingError(f"a vector of {vector.dtype} is not of the ring")
    if vector.dtype.itemsize > kind.itemsize and vector.size:
        edge = 1 << (ring_bits - 1)
        if int(vector.min()) < -edge or int(vector.max()) >= edge:
            raise RingError(f"a word does not fit {ring_bits} bits")
    return vector.astype(kind, copy=False).tobytes()


def unpack(blob: bytes | memoryview, *, ring_bits: int, length: int) -> NDArray[Any]:
    """The signed words of a blob as a read-only array of shape (length,); nothing is copied.

    Raises RingError when the blob is not exactly `length` words long.
    """
    kind = signed_type(ring_bits)
    if len(blob) != length * kind.itemsize:
        raise RingError(f"{len(blob)} bytes, {length} words of {ring_bits} bits are {length * kind.itemsize}")
    return np.frombuffer(blob, dtype=kind)


def add_all(vectors: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The sum of ring vectors modulo 2^bits; all of one type and shape.

    Raises RingError when there is none, or when types or shapes differ.
    """
    if not vectors:
        raise RingError("a sum needs a vector")
    first = vectors[0]
    if any(v.shape != first.shape or v.dtype != first.dtype for v in vectors) or first.dtype.kind not in "iu":
        raise RingError("the vectors are not of one ring and length")
    flat = [v.reshape(-1) for v in vectors]
    total = np.empty(first.size, dtype=first.dtype)
    # Block by block, the running sum stays in the processor's cache.
    for begin in range(0, first.size, _BLOCK):
        end = begin + _BLOCK
        block = total[begin:end]
        block[:] = flat[0][begin:end]
        for vector in flat[1:]:
            np.add(block, vector[begin:end], out=block)
    return total.reshape(first.shape)


def largest(vector: NDArray[Any]) -> int:
    """The largest magnitude among the signed words of a vector; 0 for an empty one."""
    if not vector.size:
        return 0
    return max(-int(vector.min()), int(vector.max()))


def check_range(vector: NDArray[Any], bound: int) -> None:
    """Raises RingError, naming the first word, when a word lies outside `-bound..bound`."""
    if largest(vector) > bound:
        flat = vector.reshape(-1)
        index = int(np.flatnonzero((flat > bound) | (flat < -bound))[0])
        raise RingError(f"word {index} is {int(flat[index])}, beyond {bound}")


def check_sum(total: NDArray[Any], *, clip: int, members: int) -> None:
    """Raises RingError when a sum is one that `members` words of at most `clip` cannot make.

    Also when so many members could wrap the ring (more than 63 at the full clip).
    """
    bound = clip * members
    if bound >= 1 << (total.dtype.itemsize * 8 - 1):
        raise RingError(f"{members} members at clip {clip} do not fit the ring")
    check_range(total, bound)
