"""The grid of a model: how events, numbers of any size, become the integer words that tables ask for.

Each feature has a power of two: a word is the number times 2^scale_bits, rounded half to even and clipped to
2^45. It is chosen so that the largest magnitude of the population is below 2^40 and integers stay as they are
where they fit; what is clipped lies more than thirty times beyond all that was seen, where no table tells
anything apart.

The rule for what is no number: NaN and infinity are refused, by row and feature. Whoever has missing cells
gives them a feature of their own, so that "missing" is something that a detector can see.
"""

import math
from collections.abc import Sequence

import numpy as np

from consortia.engines.detect.api import DetectError, Rows
from consortia.exact.fixed import Integers, divide_array, quantise

WORD_BITS = 40
WORD_MAX_BITS = 45
WORD_MAX = 1 << WORD_MAX_BITS
_SCALE_MAX = 1000


def scales(rows: Rows, names: Sequence[str]) -> tuple[int, ...]:
    """Each feature's power of two for this population; raises DetectError as `words` does."""
    check(rows, names)
    found = []
    for index in range(rows.shape[1]):
        column = rows[:, index]
        if rows.dtype.kind == "i":
            size = max(-int(column.min()), int(column.max())).bit_length()
            found.append(min(0, WORD_BITS - size))
        else:
            _, exponent = math.frexp(float(np.abs(column).max()))
            found.append(max(-_SCALE_MAX, min(_SCALE_MAX, WORD_BITS - exponent)))
    return tuple(found)


def words(rows: Rows, scale_bits: Sequence[int], names: Sequence[str]) -> Integers:
    """The rows on the grid, int64 of the same shape.

    Raises DetectError for another type or number of features, and for NaN and infinity, naming row and
    feature.
    """
    check(rows, names)
    if rows.dtype.kind == "i":
        if not any(scale_bits):
            return np.clip(rows, -WORD_MAX, WORD_MAX)
        return np.column_stack([_integers(rows[:, i], bits) for i, bits in enumerate(scale_bits)])
    found = np.empty(rows.shape, dtype=np.int64)
    for index, bits in enumerate(scale_bits):
        found[:, index] = quantise(rows[:, index], scale_bits=bits, clip=WORD_MAX, ring_bits=64)
    return found


def check(rows: Rows, names: Sequence[str]) -> None:
    """Raises DetectError when the rows are not int64 or float64 events of these features, all finite."""
    if rows.ndim != 2 or rows.dtype not in (np.int64, np.float64):
        raise DetectError(f"rows of type {rows.dtype} and {rows.ndim} dimensions: int64 or float64, two")
    if rows.shape[1] != len(names):
        raise DetectError(f"rows of {rows.shape[1]} features, the detector has {len(names)}")
    if rows.dtype.kind == "f" and not bool(np.isfinite(rows).all()):
        row, feature = np.argwhere(~np.isfinite(rows))[0]
        raise DetectError(
            f"row {row}, feature {names[feature]!r}: {rows[row, feature]} is not a finite number; "
            "give missing cells a feature of their own"
        )


def _integers(column: Integers, bits: int) -> Integers:
    """A column of integers times 2^bits, halves to even, clipped."""
    if bits <= 0:
        return np.clip(divide_array(column, 1 << min(62, -bits)), -WORD_MAX, WORD_MAX)
    if bits > WORD_MAX_BITS:
        return np.sign(column) * WORD_MAX
    limit = WORD_MAX >> bits
    return np.clip(column, -limit, limit) << bits
