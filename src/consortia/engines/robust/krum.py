"""Krum and multi-Krum: the vectors that stand closest to the others.

Blanchard et al. 2017, "Machine learning with adversaries: Byzantine tolerant gradient descent", with the
neighbourhood of Allouah et al. 2023, "Fixing by mixing": a vector's score is the sum of its squared distances
to the n - f - 1 nearest others. Scores are exact integers; of equal ones the earlier member's counts as less.
"""

from collections.abc import Sequence

from consortia.engines.robust.distances import pairwise
from consortia.engines.robust.order import mean
from consortia.engines.robust.types import Vector, Words


def krum(vectors: Sequence[Words], tolerated: int) -> Vector:
    """The vector of the least score."""
    return mean([vectors[ranked(pairwise(vectors), tolerated)[0]]])


def multi_krum(vectors: Sequence[Words], tolerated: int) -> Vector:
    """The mean, halves to even, of the n - f vectors of the least scores."""
    chosen = ranked(pairwise(vectors), tolerated)[: len(vectors) - tolerated]
    return mean([vectors[index] for index in sorted(chosen)])


def ranked(distances: Sequence[Sequence[int]], tolerated: int) -> list[int]:
    """The vectors' indices from the least score to the largest, equal ones in order."""
    count = len(distances)
    scores = [
        sum(sorted(distance for other, distance in enumerate(row) if other != index)[: count - tolerated - 1])
        for index, row in enumerate(distances)
    ]
    return sorted(range(count), key=lambda index: (scores[index], index))
