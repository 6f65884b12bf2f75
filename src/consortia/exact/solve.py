"""An exact linear solve, for Newton's step: the same bits on every machine.

A float solve depends on the order of its operations, hence on the library and the processor. Here
the system is eliminated without fractions (Bareiss 1968, "Sylvester's identity and multistep
integer-preserving Gaussian elimination"): every intermediate value is a minor of the matrix, an
integer, and every division is exact. Only the solution is rounded, once, half to even.
"""

from collections.abc import Sequence

from consortia.exact.fixed import divide

SIZE_MAX = 128
"""The largest system: its cost grows with about the fifth power of the size."""


class NotSolvable(ValueError):
    """The system has no solution of use: not square, not positive definite, or too large."""


def solve(matrix: Sequence[Sequence[int]], right: Sequence[int], *, scale_bits: int = 0) -> list[int]:
    """X with `matrix @ x = right`, each element of `x * 2^scale_bits` rounded half to even.

    `matrix` is symmetric positive definite with integer entries, n x n with n <= 128; only its upper
    triangle is read. `right` has n integers. With both on one grid, x is the true solution.

    Raises NotSolvable when the shapes do not fit or a leading minor is not positive, that is, when the
    matrix is singular or not positive definite.
    """
    n = len(matrix)
    if n > SIZE_MAX:
        raise NotSolvable(f"{n} unknowns, at most {SIZE_MAX} are solved exactly")
    if len(right) != n or any(len(row) != n for row in matrix):
        raise NotSolvable("the matrix is not square, or the right side has another length")
    rows = [[int(matrix[i][j]) for j in range(i, n)] + [int(right[i])] for i in range(n)]
    _eliminate(rows)
    return _substitute(rows, scale_bits)


def _eliminate(rows: list[list[int]]) -> None:
    """Bareiss elimination in place on the upper triangle; row i holds columns i..n-1 and the right side.

    Eliminating a symmetric matrix leaves the remaining block symmetric, so the entry below the pivot
    is the one right of it and half of the work suffices.
    """
    n = len(rows)
    previous = 1
    for k in range(n):
        top = rows[k]
        pivot = top[0]
        if pivot <= 0:
            raise NotSolvable(f"leading minor {k + 1} is not positive: the system is singular or ill-posed")
        for i in range(k + 1, n):
            below = top[i - k]
            tail = top[i - k :]
            if below:
                rows[i] = [(pivot * a - below * b) // previous for a, b in zip(rows[i], tail, strict=True)]
            else:
                rows[i] = [pivot * a // previous for a in rows[i]]
        previous = pivot


def _substitute(rows: list[list[int]], scale_bits: int) -> list[int]:
    """Back substitution: the last pivot is the determinant, and determinant * x is integer (Cramer)."""
    n = len(rows)
    if n == 0:
        return []
    determinant = rows[-1][0]
    numerators = [0] * n
    for i in range(n - 1, -1, -1):
        row = rows[i]
        rest = determinant * row[-1]
        for j in range(i + 1, n):
            rest -= row[j - i] * numerators[j]
        numerators[i] = rest // row[0]
    return [divide(value << scale_bits, determinant) for value in numerators]
