"""Centred clipping: far vectors are pulled in along their own direction (Karimireddy et al. 2021).

"Learning from history for Byzantine robust optimization", with a radius that the vectors set themselves: that
of the (n - f)-th nearest one, so that nobody has to guess how far honest members differ. Where none is bad
and none tolerated the result is the mean.
"""

import math
from collections.abc import Sequence

import numpy as np

from consortia.engines.robust.blocks import over_blocks
from consortia.engines.robust.distances import from_centre
from consortia.engines.robust.order import median
from consortia.engines.robust.types import Vector, Words
from consortia.exact.fixed import divide_array

STEPS = 3
"""So many times the centre moves."""

FACTOR_BITS = 30
"""The grid 2^-30 of the factor by which a difference is shortened."""

_LOW = (1 << FACTOR_BITS) - 1
_HALF = 1 << (FACTOR_BITS - 1)


def centred_clipping(vectors: Sequence[Words], tolerated: int, start: Vector | None) -> Vector:
    """The centre after three steps from `start`, or from the median where there is none.

    Each step: 1. D_i = |x_i - c|^2, and R the (n - f)-th smallest D; 2. where D_i <= R the point p_i is x_i,
    elsewhere c + (x_i - c) isqrt(floor(R 2^60 / D_i)) / 2^30, halves to even; 3. c becomes the mean of the
    points, halves to even.
    """
    centre = median(vectors) if start is None else start
    for _ in range(STEPS):
        squares = from_centre(vectors, centre)
        radius = sorted(squares)[len(vectors) - tolerated - 1]
        centre = step(vectors, centre, [factor(square, radius) for square in squares])
    return centre


def factor(square: int, radius: int) -> int:
    """floor(2^30 sqrt(radius / square)), and 2^30 within the radius; both are squares of lengths."""
    if square <= radius:
        return 1 << FACTOR_BITS
    return math.isqrt((radius << (2 * FACTOR_BITS)) // square)


def step(vectors: Sequence[Words], centre: Vector, factors: Sequence[int]) -> Vector:
    """The mean, halves to even, of the points `centre + (vector - centre) * factor / 2^30`, halves to even.

    Factors are at most 2^30, so a point lies between its vector and the centre, and n points add up within 64
    bits.
    """
    result = np.empty(centre.size, dtype=np.int64)

    def work(begin: int, end: int) -> None:
        base = centre[begin:end]
        total = np.zeros(end - begin, dtype=np.int64)
        for vector, each in zip(vectors, factors, strict=True):
            if each == 1 << FACTOR_BITS:
                np.add(total, vector[begin:end], out=total)
                continue
            difference = vector[begin:end] - base
            # In two parts, as a difference of 58 bits times a factor of 30 leaves 64 bits.
            fine = (difference & _LOW) * each
            shortened = (difference >> FACTOR_BITS) * each + (fine >> FACTOR_BITS)
            fine &= _LOW
            shortened += (fine > _HALF) | ((fine == _HALF) & ((shortened & 1) == 1))
            total += base
            total += shortened
        result[begin:end] = divide_array(total, len(vectors))

    over_blocks(centre.size, work)
    return result
