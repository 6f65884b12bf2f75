"""The inverse of a large positive definite matrix on an integer grid: the same bits on every machine.

`exact.solve` rounds once, but its cost grows with the fifth power of the size. Here words stand on the grid
2^-30 and every product of two matrices is the exact sum of its terms rounded down once, so that every machine
that follows the steps has the same words. The steps are Gauss and Jordan's in blocks of 64 rows:

1. invert the block on the diagonal, by the same steps in blocks of one row, whose inverse is 2^60 over it;
2. its rows become that inverse times them; 3. from all other rows their part of the block times these is
taken.

The exact sums are computed by the floating-point product of halves of the words: a product of two halves has
at most 46 bits and a sum of 64 of them 52, which a double holds without rounding, in whatever order and on
whatever processor they are added.
"""

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.int64]

GRID_BITS = 30
ONE = 1 << GRID_BITS
BLOCK = 64
WORD_MAX = 1 << 45
"""The largest magnitude of a word: 2^15 on the grid."""

_HALF = 23
_ROWS = 64
_LEAST = ONE >> 6
_HIGH_MAX = 1 << 45


class NotPositive(ArithmeticError):
    """The matrix is not positive definite, or so close to it that the grid does not hold its inverse."""


def product(left: Words, right: Words) -> Words:
    """`left @ right` / 2^30, each element rounded down once; at most 64 terms an element.

    Words are within WORD_MAX; raises NotPositive beyond.
    """
    if max(_largest(left), _largest(right)) > WORD_MAX:
        raise NotPositive("a word leaves the grid")
    parts = [
        [half.astype(np.float64) for half in (words >> _HALF, words & ((1 << _HALF) - 1))]
        for words in (left, right)
    ]
    (high, low), (top, bottom) = parts
    first, middle, last = (
        each.astype(np.int64) for each in (high @ top, high @ bottom + low @ top, low @ bottom)
    )
    if _largest(first) > _HIGH_MAX:
        raise NotPositive("a product leaves the grid")
    # first * 2^46 + middle * 2^23 + last, over 2^30: rounding down in two steps is rounding down once.
    return (first << (2 * _HALF - GRID_BITS)) + ((middle + (last >> _HALF)) >> (GRID_BITS - _HALF))


def inverse(matrix: Words, block: int = BLOCK) -> Words:
    """The inverse of a symmetric positive definite matrix of shape (n, n), both on the 2^-30 grid.

    Its least eigenvalue should be about one: then every word of the inverse is off by little more than
    n / 2^30. Raises NotPositive.
    """
    words = matrix.copy()
    for begin in range(0, len(words), block):
        at = slice(begin, begin + block)
        pivot = inverse(words[at, at], 1) if block > 1 else _reciprocal(words[at, at])  # 1
        column = words[:, at].copy()
        column[at] = 0
        words[:, at] = 0
        words[at, at] = np.eye(len(pivot), dtype=np.int64) << GRID_BITS
        rows = product(pivot, words[at])  # 2
        words[at] = 0
        for top in range(0, len(words), _ROWS):  # 3, few rows at a time: they stay in the processor's cache
            words[top : top + _ROWS] -= product(column[top : top + _ROWS], rows)
        words[at] = rows
    return words


def _reciprocal(pivot: Words) -> Words:
    value = int(pivot[0, 0])
    if value < _LEAST:
        raise NotPositive(f"a pivot of {value} / 2^{GRID_BITS}")
    return np.array([[(ONE * ONE) // value]], dtype=np.int64)


def _largest(words: Words) -> int:
    return max(abs(int(words.min())), abs(int(words.max()))) if words.size else 0
