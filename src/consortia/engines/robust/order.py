"""Mean, trimmed mean and median, word by word (Yin et al. 2018, "Byzantine-robust distributed learning").

The n words at one place are put in order by a network of comparators, each one minimum and one maximum over a
whole block: no branch, and the processor's vector units do all of it. The network is Batcher's (Knuth, The
Art of Computer Programming 3, 5.2.2, algorithm M, any n), with what the wanted sum does not need left out.
"""

from collections.abc import Sequence
from functools import cache
from typing import Literal, TypeAlias

import numpy as np

from consortia.engines.robust.blocks import over_blocks
from consortia.engines.robust.types import Vector, Words
from consortia.exact.fixed import divide_array

Comparator: TypeAlias = tuple[Literal["both", "least", "most"], int, int]
"""Which of two rows' minimum (to the first) and maximum (to the second) are written."""


def mean(vectors: Sequence[Words]) -> Vector:
    """The mean of the vectors, halves to even."""
    return middle(vectors, 0)


def trimmed_mean(vectors: Sequence[Words], tolerated: int) -> Vector:
    """Word by word the mean, halves to even, without the `tolerated` smallest and largest."""
    return middle(vectors, tolerated)


def median(vectors: Sequence[Words]) -> Vector:
    """Word by word the median; of an even number the mean of the two in the middle, halves to even."""
    return middle(vectors, (len(vectors) - 1) // 2)


def middle(vectors: Sequence[Words], outside: int) -> Vector:
    """The mean of each n words without the `outside` smallest and largest; n > 2 `outside`."""
    count = len(vectors)
    kept = range(outside, count - outside)
    comparators = network(count, outside)
    result = np.empty(vectors[0].size, dtype=np.int64)

    def work(begin: int, end: int) -> None:
        rows = [vector[begin:end].astype(vector.dtype.newbyteorder("=")) for vector in vectors]
        spare = np.empty_like(rows[0])
        for wanted, low, high in comparators:
            if wanted == "both":
                np.minimum(rows[low], rows[high], out=spare)
                np.maximum(rows[low], rows[high], out=rows[high])
                rows[low], spare = spare, rows[low]
            elif wanted == "least":
                np.minimum(rows[low], rows[high], out=rows[low])
            else:
                np.maximum(rows[low], rows[high], out=rows[high])
        total = rows[outside].astype(np.int64)
        for row in rows[outside + 1 : count - outside]:
            np.add(total, row, out=total)
        result[begin:end] = divide_array(total, len(kept))

    over_blocks(vectors[0].size, work)
    return result


@cache
def network(count: int, outside: int) -> tuple[Comparator, ...]:
    """The comparators that leave the middle words in rows `outside` to `count - outside - 1`, in any order.

    From the last comparator back: one whose two rows are only added up changes no sum and falls away, as
    does one that nothing reads.
    """
    summed = set(range(outside, count - outside))
    exact: set[int] = set()
    found: list[Comparator] = []
    for low, high in reversed(_batcher(count)):
        if low in summed and high in summed:
            continue
        least, most = (row in summed or row in exact for row in (low, high))
        if not (least or most):
            continue
        found.append(("both" if least and most else "least" if least else "most", low, high))
        summed -= {low, high}
        exact |= {low, high}
    return tuple(reversed(found))


def _batcher(count: int) -> list[tuple[int, int]]:
    """Batcher's merge exchange: comparators that sort any `count` rows, least first."""
    pairs: list[tuple[int, int]] = []
    top = 1 << max(0, (count - 1).bit_length() - 1)
    step = top if count > 1 else 0
    while step:
        reach, phase, distance = top, 0, step
        while True:
            pairs += [(i, i + distance) for i in range(count - distance) if i & step == phase]
            if reach == step:
                break
            distance, reach, phase = reach - step, reach >> 1, step
        step >>= 1
    return pairs
