"""Shared standardisation and imputation: every member's columns by the cohort's means and deviations.

A missing cell becomes the shared mean, which is 0 once standardised; a constant column becomes 0; a cell
beyond 16 deviations counts as 16. A site where a column is missing altogether thus adds nothing to it.
"""

from consortia.engines.train.design import Design
from consortia.engines.train.statistics import Moments
from consortia.exact.fixed import Integers, from_integers
from consortia.exact.linear import standardise


def standard_design(matrix: Design, shared: Moments) -> Integers:
    """The standardised design on the 2^-16 grid, shape (records, design columns)."""
    means, deviations = from_integers(shared.means), from_integers(shared.deviations)
    return standardise(matrix.values, matrix.present, means, deviations)
