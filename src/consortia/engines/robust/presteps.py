"""What makes unlike members more alike before a rule: nearest-neighbour mixing, and bucketing."""

from collections.abc import Sequence

import numpy as np

from consortia.base.hashing import tagged
from consortia.engines.robust.blocks import over_blocks
from consortia.engines.robust.distances import pairwise
from consortia.engines.robust.order import mean
from consortia.engines.robust.types import Vector, Words
from consortia.exact.fixed import divide_array
from consortia.exact.robust import BUCKET

BUCKETING_TAG = "consortia/bucketing"


def nearest_mixing(vectors: Sequence[Words], tolerated: int) -> list[Vector]:
    """For each vector the mean, halves to even, of the n - f vectors nearest to it, itself included.

    Allouah et al. 2023, "Fixing by mixing". Of equally near ones the earlier members count as nearer.
    """
    count = len(vectors)
    far = [
        sorted(range(count), key=lambda other: (row[other], other))[count - tolerated :]
        for row in pairwise(vectors)
    ]
    mixed = [np.empty(vectors[0].size, dtype=np.int64) for _ in vectors]

    def work(begin: int, end: int) -> None:
        total = np.zeros(end - begin, dtype=np.int64)
        for vector in vectors:
            np.add(total, vector[begin:end], out=total)
        for result, left_out in zip(mixed, far, strict=True):
            near = total.copy()
            for other in left_out:
                np.subtract(near, vectors[other][begin:end], out=near)
            result[begin:end] = divide_array(near, count - tolerated)

    over_blocks(vectors[0].size, work)
    return mixed


def bucketing(vectors: Sequence[Words], seed: bytes) -> list[Vector]:
    """The means, halves to even, of buckets of two in an order that the seed draws; the last may hold one.

    Karimireddy et al. 2022, "Byzantine-robust learning on heterogeneous datasets via bucketing".
    """
    order = drawn_order(len(vectors), seed)
    return [
        mean([vectors[index] for index in order[at : at + BUCKET]]) for at in range(0, len(order), BUCKET)
    ]


def drawn_order(count: int, seed: bytes) -> list[int]:
    """0..count-1, sorted by H("consortia/bucketing", seed | index in 8 bytes)."""
    return sorted(range(count), key=lambda index: tagged(BUCKETING_TAG, seed + index.to_bytes(8, "big")))
