"""The exact solve: equal to fractions, the same for every order of the unknowns, named when impossible."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.engines.train.reference import gauss
from consortia.exact.solve import SIZE_MAX, NotSolvable, solve


def positive_definite(entries, n):
    """B^T B + I for a matrix of small integers: symmetric positive definite."""
    b = np.array(entries, dtype=object).reshape(n, n)
    return (b.T @ b + np.eye(n, dtype=int).astype(object)).tolist()


@given(st.data(), st.integers(1, 6), st.integers(0, 30))
def test_the_solution_is_the_exact_one_rounded_once(data, n, scale_bits):
    matrix = positive_definite(data.draw(st.lists(st.integers(-99, 99), min_size=n * n, max_size=n * n)), n)
    right = data.draw(st.lists(st.integers(-(10**9), 10**9), min_size=n, max_size=n))
    exact = gauss([[Fraction(v) for v in row] for row in matrix], [Fraction(v) for v in right])
    assert solve(matrix, right, scale_bits=scale_bits) == [round(x * 2**scale_bits) for x in exact]


def test_the_order_of_the_unknowns_does_not_matter():
    matrix = positive_definite(np.random.default_rng(5).integers(-1000, 1000, 64).tolist(), 8)
    right = list(range(8))
    order = [3, 1, 7, 0, 2, 6, 5, 4]
    plain = solve(matrix, right, scale_bits=40)
    moved = solve([[matrix[i][j] for j in order] for i in order], [right[i] for i in order], scale_bits=40)
    assert moved == [plain[i] for i in order]


def test_forty_unknowns_agree_with_a_float_solve():
    a = np.random.default_rng(2).normal(size=(200, 40))
    matrix = [[int(v) for v in row] for row in (a.T @ a * 2**24)]
    matrix = [[matrix[min(i, j)][max(i, j)] for j in range(40)] for i in range(40)]
    right = [1 << 24] * 40
    floats = np.linalg.solve(np.array(matrix, dtype=float), np.array(right, dtype=float))
    assert np.allclose(np.array(solve(matrix, right, scale_bits=30)) / 2**30, floats, atol=1e-8)


def test_no_unknowns_have_no_solution_to_find():
    assert solve([], []) == []


@pytest.mark.parametrize(
    "matrix",
    [[[0]], [[-1]], [[1, 1], [1, 1]], [[1, 2], [2, 1]], [[0, 1], [1, 0]]],
    ids=["zero", "negative", "singular", "indefinite", "no pivot"],
)
def test_a_singular_or_ill_posed_system_is_refused_by_name(matrix):
    with pytest.raises(NotSolvable, match="leading minor"):
        solve(matrix, [1] * len(matrix))


@pytest.mark.parametrize(("matrix", "right"), [([[1, 2]], [1]), ([[1]], [1, 2])])
def test_shapes_that_do_not_fit_are_refused(matrix, right):
    with pytest.raises(NotSolvable, match="not square"):
        solve(matrix, right)


def test_a_system_too_large_to_solve_exactly_is_refused():
    n = SIZE_MAX + 1
    with pytest.raises(NotSolvable, match="at most"):
        solve([[1] * n] * n, [1] * n)
