"""The exponential in integers, for counts and risks: the same bits everywhere, for any magnitude.

A score s on the 2^-24 grid becomes a mantissa and a power of two: e^s = mantissa * 2^(power - 30). The power
comes off first (s = power * ln 2 + rest, on the 2^-40 grid); the rest is split into steps of 2^-10, of 2^-20
and what is left, and e^rest is the product of two table entries and 1 + left. Every rounding is half to even;
the relative error stays below 2^-28.
"""

from functools import cache

import numpy as np

from consortia.exact.fixed import Integers, divide, divide_array
from consortia.exact.linear import WEIGHT_BITS

MANTISSA_BITS = 30
SCORE_MAX = 64 << WEIGHT_BITS
"""Scores are clipped to +-64: beyond e^64 nothing is told apart."""
MEAN_BITS = 8
MEAN_MAX = 1 << (WEIGHT_BITS + MEAN_BITS)
"""Means are clipped to 256 times their scale, as features are."""

_FINE_BITS = 40
_STEP_BITS = 10
_WORK_BITS = 128


def exponential(score: Integers) -> tuple[Integers, Integers]:
    """Mantissas (2^30 to 2^31) and powers of e^score: e^score = mantissa * 2^(power - 30), any shape.

    `score` on the 2^-24 grid, clipped to +-64. Relative error below 2^-28; never decreasing by more than
    that where the score grows.
    """
    log_two, coarse, fine = _tables()
    wide = np.clip(score, -SCORE_MAX, SCORE_MAX) << (_FINE_BITS - WEIGHT_BITS)
    power = wide // log_two
    rest = wide - power * log_two
    first = rest >> (_FINE_BITS - _STEP_BITS)
    second = (rest >> (_FINE_BITS - 2 * _STEP_BITS)) & ((1 << _STEP_BITS) - 1)
    left = rest & ((1 << (_FINE_BITS - 2 * _STEP_BITS)) - 1)
    one = 1 << MANTISSA_BITS
    mantissa = divide_array(coarse[first] * fine[second], one)
    near = one + divide_array(left, 1 << (_FINE_BITS - MANTISSA_BITS))
    return divide_array(mantissa * near, one), power


def mean_of(score: Integers) -> Integers:
    """e^score on the 2^-24 grid, at most 256 (MEAN_MAX); within a unit or 2^-28 of itself, what is more."""
    mantissa, power = exponential(score)
    shift = MANTISSA_BITS - WEIGHT_BITS - np.minimum(power, MEAN_BITS)
    divisor = np.left_shift(1, np.clip(shift, 0, 62).astype(np.int64))
    wide = mantissa << np.maximum(-shift, 0)
    return np.minimum(divide_array(wide, divisor), MEAN_MAX)


def mean_of_one(score: int) -> int:
    """`mean_of` of one score."""
    return int(mean_of(np.array([max(-SCORE_MAX, min(SCORE_MAX, score))], dtype=np.int64))[0])


def logarithm(mean: int) -> int:
    """The least score whose `mean_of` reaches `mean`, both on the 2^-24 grid; -18 for a mean of 0."""
    low, high = -18 << WEIGHT_BITS, 6 << WEIGHT_BITS
    while low < high:
        middle = (low + high) // 2
        if mean_of_one(middle) >= mean:
            high = middle
        else:
            low = middle + 1
    return low


@cache
def _tables() -> tuple[int, Integers, Integers]:
    """The logarithm of 2 on the 2^-40 grid; e^(k 2^-10) and e^(k 2^-20) on the 2^-30 grid, k = 0..1023."""
    one = 1 << _WORK_BITS
    log_two = sum(divide(one, k << k) for k in range(1, _WORK_BITS))
    return (
        divide(log_two, 1 << (_WORK_BITS - _FINE_BITS)),
        _powers(one, _STEP_BITS),
        _powers(one, 2 * _STEP_BITS),
    )


def _powers(one: int, bits: int) -> Integers:
    ratio, term, k = one, one, 0
    while term:
        k += 1
        term = divide(term, k << bits)
        ratio += term
    entries, power = [], one
    for _ in range(1 << _STEP_BITS):
        entries.append(divide(power, 1 << (_WORK_BITS - MANTISSA_BITS)))
        power = power * ratio >> _WORK_BITS
    return np.array(entries, dtype=np.int64)
