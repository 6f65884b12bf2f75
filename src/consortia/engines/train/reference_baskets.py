"""The plain version of `ease`: pairs counted one by one, the inverse in Python integers, exact gains.

It follows the pages of `inverse` and `baskets` word for word and is slow on purpose. Tests hold the recipe to
it, bit for bit; nothing else uses it.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import log2

Matrix = list[list[int]]

_GRID, _WEIGHT, _GAIN = 30, 20, 20


def pair_counts(people: Sequence[Sequence[int]], items: int) -> Matrix:
    """How many people have both of each pair of items."""
    return [
        [sum(first in own and second in own for own in people) for second in range(items)]
        for first in range(items)
    ]


def grid_product(left: Matrix, right: Matrix) -> Matrix:
    """The product on the 2^-30 grid, each element rounded down once."""
    return [
        [sum(a * b for a, b in zip(row, column, strict=True)) >> _GRID for column in zip(*right, strict=True)]
        for row in left
    ]


def grid_inverse(matrix: Matrix, block: int) -> Matrix:
    """Gauss and Jordan in blocks of rows; a block of one row by the reciprocal, rounded down."""
    words = [row.copy() for row in matrix]
    everything = range(len(words))
    for begin in range(0, len(words), block):
        at = range(begin, min(begin + block, len(words)))
        own = [[words[i][j] for j in at] for i in at]
        pivot = grid_inverse(own, 1) if block > 1 else [[(1 << 2 * _GRID) // own[0][0]]]
        one = [[(i == j) << _GRID if j in at else words[i][j] for j in everything] for i in at]
        rows = grid_product(pivot, one)
        for i in everything:
            if i not in at:
                part = grid_product([[words[i][j] for j in at]], rows)[0]
                words[i] = [(0 if j in at else words[i][j]) - part[j] for j in everything]
        for i, row in zip(at, rows, strict=True):
            words[i] = row
    return words


def item_model(sums: Matrix, ridge: int, block: int) -> Matrix:
    """What each item says of each other, on the 2^-20 grid."""
    size = range(len(sums))
    grid = [[round(Fraction(sums[i][j] << _GRID, ridge)) + ((i == j) << _GRID) for j in size] for i in size]
    found = grid_inverse(grid, block)
    return [
        [0 if i == j else -round(Fraction(found[i][j] << _WEIGHT, found[j][j])) for j in size] for i in size
    ]


def ranking_gain(ranked: Sequence[int], late: Sequence[int], wanted: int) -> int:
    """NDCG at 10 on the 2^-20 grid, of the items foretold, best first."""
    worth = [round((1 << _GAIN) / log2(rank + 2)) for rank in range(10)]
    reached = sum(value for value, item in zip(worth, ranked, strict=False) if item in late)
    return round(Fraction(reached << _GAIN, sum(worth[:wanted]))) if wanted else 0
