"""Fixed point: numbers as integers on a grid of 2^-scale_bits, rounded half to even.

The first two functions are the law's division. `quantise` is the one door through which floats
enter: every float operation in it (one multiplication, `rint`, comparisons) is correctly rounded
by IEEE 754, so that the same vector gives the same integers on every platform. Sums and means of
floats depend on the order of the terms and never take place here.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = "NDArray[np.float32] | NDArray[np.float64]"

DIVISOR_MAX = 1 << 62
"""Array divisors stay at or below this, so that twice a remainder fits a signed 64-bit word."""

_BLOCK = 1 << 16


class FixedError(ValueError):
    """A number that has no place on the grid: not finite, out of range, or of an unknown type."""


def divide(dividend: int, divisor: int) -> int:
    """`dividend / divisor` rounded to the nearest integer, halves to even; `divisor` > 0.

    Raises FixedError when the divisor is not positive.
    """
    if divisor <= 0:
        raise FixedError(f"the divisor {divisor} is not positive")
    quotient, remainder = divmod(dividend, divisor)
    twice = 2 * remainder
    return quotient + (twice > divisor or (twice == divisor and quotient & 1))


def divide_array(dividends: Integers, divisor: int | Integers) -> Integers:
    """`divide` for each element of an int64 array; the divisor is one number or an array that broadcasts.

    Raises FixedError when a divisor is not in 1..2^62.
    """
    if isinstance(divisor, int):
        if not 0 < divisor <= DIVISOR_MAX:
            raise FixedError(f"the divisor {divisor} is not in 1..2^62")
        if divisor == 1:
            return dividends.copy()
    elif divisor.size and not (int(divisor.min()) > 0 and int(divisor.max()) <= DIVISOR_MAX):
        raise FixedError("a divisor is not in 1..2^62")
    if isinstance(divisor, int):
        return _divided(np.ascontiguousarray(dividends), divisor)
    return _nearest(dividends, divisor)


def _divided(dividends: Integers, divisor: int) -> Integers:
    """`_nearest` block by block, so that what lies in between stays in the processor's cache."""
    flat = dividends.reshape(-1)
    quotients = np.empty_like(flat)
    for begin in range(0, flat.size, _BLOCK >> 2):
        end = begin + (_BLOCK >> 2)
        quotients[begin:end] = _nearest(flat[begin:end], divisor)
    return quotients.reshape(dividends.shape)


def _nearest(dividends: Integers, divisor: int | Integers) -> Integers:
    quotients = dividends // divisor
    twice = (dividends - quotients * divisor) * 2
    quotients += (twice > divisor) | ((twice == divisor) & ((quotients & 1) == 1))
    return quotients


def quantise(
    vector: Floats,
    *,
    scale_bits: int,
    clip: int,
    ring_bits: int = 32,
    records: int = 1,
    joined: int = 1,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The integers nearest to `vector * (records / joined) * 2^scale_bits`, clipped to `-clip..clip`.

    `vector` is float32 or float64 of any shape; the result has that shape and the signed type of
    `ring_bits` (32 or 64) bits. `records / joined` is a member's share of all joined records (1 by
    default). With `out`, a contiguous array of that size and type, the result is written there and nothing
    large is allocated. `clip` must be a number of the vector's float type, which every power of two is.

    Raises FixedError for another type, NaN or infinity, a clip that is not a positive integer of the float
    type inside the ring, or an `out` that does not fit.
    """
    if vector.dtype not in (np.float32, np.float64):
        raise FixedError(f"a vector of {vector.dtype} is not quantised: float32 or float64")
    target = signed_type(ring_bits)
    kind = vector.dtype.type
    if not 0 < clip < 1 << (ring_bits - 1) or int(kind(clip)) != clip:
        raise FixedError(f"the clip {clip} is not a positive {vector.dtype} inside the ring")
    if not 0 < records <= joined:
        raise FixedError(f"{records} of {joined} records is no share")
    # The quotient of two integers and its product with a power of two are correctly rounded.
    factor = kind(np.ldexp(np.float64(records) / np.float64(joined), scale_bits))
    flat = np.ascontiguousarray(vector).reshape(-1)
    result = np.empty(flat.shape, dtype=target) if out is None else out.reshape(-1)
    if result.shape != flat.shape or result.dtype != target or not (out is None or out.flags.c_contiguous):
        raise FixedError(f"the result is {flat.size} integers of {ring_bits} bits, `out` is not")
    scratch = np.empty(min(_BLOCK, max(1, flat.size)), dtype=vector.dtype)
    bound = kind(clip)
    for begin in range(0, flat.size, _BLOCK):
        block = flat[begin : begin + _BLOCK]
        work = scratch[: block.size]
        with np.errstate(over="ignore", under="ignore"):
            np.multiply(block, factor, out=work)
        low, high = work.min(), work.max()
        if not (low >= -bound and high <= bound):
            if not np.isfinite(block).all():
                raise FixedError("the vector holds NaN or infinity")
            np.clip(work, -bound, bound, out=work)
        np.rint(work, out=work)
        result[begin : begin + _BLOCK] = work
    return result.reshape(vector.shape)


def dequantise(integers: NDArray[Any], *, scale_bits: int) -> NDArray[np.float64]:
    """The numbers that grid integers stand for, as float64 for display and local training only."""
    step = np.ldexp(np.float64(1), -scale_bits)  # a power of two: the product is as exact as ldexp of each
    numbers: NDArray[np.float64] = np.multiply(integers, step, dtype=np.float64)
    return numbers


def signed_type(ring_bits: int) -> np.dtype[Any]:
    """The little-endian signed numpy type of a ring of 32 or 64 bits; raises FixedError for others."""
    if ring_bits not in (32, 64):
        raise FixedError(f"a ring has 32 or 64 bits, not {ring_bits}")
    return np.dtype(f"<i{ring_bits // 8}")


def from_integers(values: Sequence[int]) -> Integers:
    """An int64 array of Python integers; raises FixedError when one is beyond 64 bits."""
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        raise FixedError("an integer is beyond 64 bits") from None
