"""Squared Euclidean distances as exact integers, however long the vectors and wide the words.

A word is cut into limbs of 21 bits, from -2^20 to 2^20. In a block of 2^13 words the products of two limbs
add up to at most 2^53, and so does every part of such a sum, in any order, fused or not: float64 units,
through the library that multiplies matrices, compute it without rounding. Sums of blocks are integers from
there on.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from consortia.engines.robust.blocks import over_blocks
from consortia.engines.robust.types import Vector, Words
from consortia.exact.ring import largest

LIMB_BITS = 21
BLOCK = 1 << 13
"""Words in a block: 2 (LIMB_BITS - 1) + 13 is 53, the whole bits of a float64."""

_HALF = 1 << (LIMB_BITS - 1)
_BLOCKS_ADDED = 1 << 9  # of at most 2^53 each: their sum fits 64 bits


def pairwise(vectors: Sequence[Words]) -> list[list[int]]:
    """The squared distance of every two vectors: a symmetric matrix with zeros on its diagonal."""
    count = len(vectors)
    limbs = _limbs_for(max(largest(vector) for vector in vectors))

    def work(begin: int, end: int) -> NDArray[np.int64]:
        flat = _cut([vector[begin:end] for vector in vectors], limbs).reshape(limbs * count, end - begin)
        return (flat @ flat.T).astype(np.int64).reshape(limbs, count, limbs, count)

    products = [[0] * count for _ in range(count)]
    for part in _added(vectors[0].size, work):
        for i, row in enumerate(products):
            for j in range(count):
                row[j] += _weighed(part[:, i, :, j])
    size = range(count)
    return [[products[i][i] + products[j][j] - 2 * products[i][j] for j in size] for i in size]


def from_centre(vectors: Sequence[Words], centre: Vector) -> list[int]:
    """The squared distance of each vector from the centre, int64 of the same length."""
    limbs = _limbs_for(max(largest(vector) for vector in vectors) + largest(centre))

    def work(begin: int, end: int) -> NDArray[np.int64]:
        cut = _cut([vector[begin:end] - centre[begin:end] for vector in vectors], limbs)
        squares: NDArray[np.float64] = np.matmul(cut.transpose(1, 0, 2), cut.transpose(1, 2, 0))
        return squares.astype(np.int64)

    squares = [0] * len(vectors)
    for part in _added(vectors[0].size, work):
        for i, square in enumerate(part):
            squares[i] += _weighed(square)
    return squares


def _cut(rows: Sequence[Words], limbs: int) -> NDArray[np.float64]:
    """The rows' limbs, lowest first, shape (limbs, rows, words)."""
    cut = np.empty((limbs, len(rows), rows[0].size))
    for row, vector in enumerate(rows):
        words = vector.astype(np.int64)
        for place in range(limbs - 1):
            rest = (words + _HALF) >> LIMB_BITS
            np.subtract(words, rest << LIMB_BITS, out=cut[place, row])
            words = rest
        cut[limbs - 1, row] = words
    return cut


def _limbs_for(reach: int) -> int:
    """How many limbs hold every word of at most that magnitude."""
    limbs, held = 1, _HALF
    while held < reach:
        held = (held << LIMB_BITS) + _HALF - 1
        limbs += 1
    return limbs


def _added(length: int, work: Callable[[int, int], NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """The blocks' results, added up as far as 64 bits surely hold them."""
    found = over_blocks(length, work, block=BLOCK)
    return [
        np.sum(found[first : first + _BLOCKS_ADDED], axis=0) for first in range(0, len(found), _BLOCKS_ADDED)
    ]


def _weighed(square: NDArray[np.int64]) -> int:
    """The products of limbs a and b, each times 2^(21 (a + b)), added up."""
    return sum(
        value << (LIMB_BITS * (a + b)) for a, row in enumerate(square.tolist()) for b, value in enumerate(row)
    )
