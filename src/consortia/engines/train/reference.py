"""The plain version: statistics and Newton's step cell by cell, in Python integers and fractions.

It follows the recipes' pages word for word and is slow on purpose. Tests hold `statistics` and `glm` to it,
bit for bit; nothing else uses it.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from consortia.engines.train.statistics import SQUARE_BITS, Moments
from consortia.exact.exponential import mean_of_one
from consortia.exact.linear import (
    FEATURE_BITS,
    FEATURE_MAX,
    STANDARD_BITS,
    STANDARD_MAX,
    WEIGHT_BITS,
    sigmoid_one,
)

Cell = int | None
"""An integer on its grid, or None for a missing cell."""


def nearest(value: Fraction) -> int:
    """The nearest integer, halves to even (Python's `round` on fractions)."""
    return round(value)


def read_number(value: float | None, exponent: int) -> Cell:
    """A number cell on the grid 2^(exponent-20), clipped; a float is the fraction that it is."""
    if value is None:
        return None
    exact = nearest(Fraction(value) * Fraction(2) ** (FEATURE_BITS - exponent))
    return max(-FEATURE_MAX, min(FEATURE_MAX, exact))


def column_statistics(cells: Sequence[Cell]) -> tuple[int, int, int]:
    """One member's word triple for a column: present cells, sum, sum of squares on the 2^-32 grid."""
    present = [cell for cell in cells if cell is not None]
    squares = Fraction(sum(cell * cell for cell in present), 1 << (2 * FEATURE_BITS - SQUARE_BITS))
    return len(present), sum(present), nearest(squares)


def column_moments(triples: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    """Mean and deviation of a column over members; below the rounding of 64 members it is constant."""
    count, total, squares = (sum(triple[part] for triple in triples) for part in range(3))
    if count == 0:
        return 0, 0
    shift = 2 * FEATURE_BITS - SQUARE_BITS
    variance = Fraction(squares << shift, count) - Fraction(total, count) ** 2
    deviation = math.isqrt(math.floor(variance)) if variance * count > 1 << (shift + 6) else 0
    return nearest(Fraction(total, count)), deviation


def standard_cell(cell: Cell, mean: int, deviation: int) -> int:
    """A standardised cell on the 2^-16 grid; missing and constant are 0."""
    if cell is None or deviation == 0:
        return 0
    distance = Fraction(cell - mean, deviation)
    distance = max(Fraction(-STANDARD_MAX), min(Fraction(STANDARD_MAX), distance))
    return nearest(distance * (1 << STANDARD_BITS))


def logistic_sums(
    rows: Sequence[Sequence[int]], classes: Sequence[int], weights: Sequence[int]
) -> tuple[list[int], list[list[int]]]:
    """One member's gradient and Hessian on the 2^-24 grid; rows are standardised cells without intercept."""

    def respond(score: int) -> tuple[int, int]:
        chance = sigmoid_one(score)
        return chance, nearest(Fraction(chance * ((1 << WEIGHT_BITS) - chance), 1 << WEIGHT_BITS))

    return _sums(rows, [truth << WEIGHT_BITS for truth in classes], weights, respond)


def poisson_sums(
    rows: Sequence[Sequence[int]], counts: Sequence[int], weights: Sequence[int]
) -> tuple[list[int], list[list[int]]]:
    """The same for counts, which are on the 2^-24 grid over their scale; a mean is its own curvature."""
    return _sums(rows, counts, weights, lambda score: (mean_of_one(score), mean_of_one(score)))


def _sums(
    rows: Sequence[Sequence[int]],
    targets: Sequence[int],
    weights: Sequence[int],
    respond: Callable[[int], tuple[int, int]],
) -> tuple[list[int], list[list[int]]]:
    size = len(weights)
    gradient = [Fraction(0)] * size
    hessian = [[Fraction(0)] * size for _ in range(size)]
    for row, target in zip(rows, targets, strict=True):
        cells = [1 << STANDARD_BITS, *row]
        score = nearest(
            Fraction(sum(c * w for c, w in zip(row, weights[1:], strict=True)), 1 << STANDARD_BITS)
        )
        expected, curve = respond(score + weights[0])
        weighed = [nearest(Fraction(cell * max(16, curve), 1 << (WEIGHT_BITS - 4))) for cell in cells]
        for i in range(size):
            gradient[i] += Fraction(cells[i] * (expected - target), 1 << STANDARD_BITS)
            for j in range(size):
                hessian[i][j] += Fraction(weighed[i] * cells[j], 1 << (2 * STANDARD_BITS - WEIGHT_BITS + 4))
    return [nearest(g) for g in gradient], [[nearest(h) for h in row] for row in hessian]


def newton_step(
    gradient: Sequence[int], hessian: Sequence[Sequence[int]], weights: Sequence[int], ridge_milli: int
) -> list[int]:
    """The next weights on the 2^-24 grid when nobody dropped out and no step is shortened."""
    ridge = nearest(Fraction(ridge_milli << WEIGHT_BITS, 1_000))
    size = len(weights)
    matrix = [[Fraction(hessian[min(i, j)][max(i, j)]) for j in range(size)] for i in range(size)]
    right = [Fraction(g) for g in gradient]
    for i in range(1, size):
        matrix[i][i] += ridge
        right[i] += nearest(Fraction(ridge_milli * weights[i], 1_000))
    change = gauss(matrix, right)
    return [
        weight - nearest(delta * (1 << WEIGHT_BITS)) for weight, delta in zip(weights, change, strict=True)
    ]


def gauss(matrix: Sequence[Sequence[Fraction]], right: Sequence[Fraction]) -> list[Fraction]:
    """The solution of a linear system with non-zero leading minors, by Gauss and Jordan in fractions."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for k, top in enumerate(rows):
        rows[k] = [value / top[k] for value in top]
        for i, row in enumerate(rows):
            if i != k:
                rows[i] = [value - row[k] * pivot for value, pivot in zip(row, rows[k], strict=True)]
    return [row[-1] for row in rows]


def shared_moments(
    columns: Sequence[Sequence[Sequence[Cell]]], label_sums: Sequence[int], records: int
) -> Moments:
    """The moments of several members; `columns[member][column]` are its cells."""
    count = len(columns[0])
    triples = [[column_statistics(member[column]) for member in columns] for column in range(count)]
    pairs = [column_moments(each) for each in triples]
    return Moments(
        records,
        tuple(sum(triple[0] for triple in each) for each in triples),
        tuple(mean for mean, _ in pairs),
        tuple(deviation for _, deviation in pairs),
        nearest(Fraction(sum(label_sums), records)),
    )
