"""Discrete Gaussian noise for long vectors: exact rejection, decided by floats only where floats are sure.

P(X = x) is proportional to exp(-x^2 / (2 variance)) over all integers (Canonne, Kamath and Steinke 2020).

1. Magnitudes fall into blocks of `width` = 2^k values, with 4 to 8 blocks to a deviation. A table of 2^12
   entries proposes one of the first 64 blocks (8 deviations or more) or the tail, block q with probability
   n_q / 2^12; place and sign are uniform. In the tail each further block is half as likely.
2. A proposal x is kept when a uniform real u is below exp(-x^2 / (2 variance)) * K / n_q. The n_q are such
   that this is at most 1, so what is kept has exactly the wanted law. Of 0 only one sign is kept.
3. u is compared in 64-bit floats where their error, less than 2^-40 of the value, cannot matter. Otherwise
   (about once in 10^11 proposals, and in the tail) `interval.happens` decides with integers, drawing as many
   further bits of u as it needs. So the result follows from the key alone, on every platform.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from consortia.base.hashing import tagged
from consortia.engines.privacy.interval import exp_bounds, happens
from consortia.engines.privacy.stream import Stream
from consortia.exact.budget import VARIANCE_MAX, ceiling
from consortia.exact.fixed import Integers

_TABLE_BITS = 12
_BLOCKS = 64
_BOUND_BITS = 64
_UNIFORM_BITS = 53
_MARGIN = 2.0**-40
_TAIL = 2.0**-30
"""A tail proposal is never kept with a greater chance: 8 deviations away, exp(-32) * K * 2 < 2^-30."""
_BATCH = 1 << 15


@dataclass(frozen=True)
class _Table:
    """What step 1 proposes: `block` of each entry, the `counts` n_q (the tail's last), and K as `scale`."""

    shift: int
    block: NDArray[np.uint8]
    counts: tuple[int, ...]
    scale: int


def discrete_gaussian(key: bytes, variance: int, length: int) -> Integers:
    """`length` independent draws, int64 of shape (length,), from a secret 32-byte key used for this alone.

    Mean 0, `variance` an integer in 1..2^62. Raises ValueError outside it.
    """
    if not 1 <= variance <= VARIANCE_MAX:
        raise ValueError(f"the variance {variance} is not in 1..2^62")
    table = _table(variance)
    stream = Stream(key)
    further = Stream(tagged("consortia/noise/further", key))
    result = np.empty(length, dtype=np.int64)
    filled = 0
    while filled < length:
        proposals = min(_BATCH, (length - filled) * 5 // 4 + 16)
        kept = _batch(table, variance, proposals, stream, further)[: length - filled]
        result[filled : filled + len(kept)] = kept
        filled += len(kept)
    return result


def _batch(table: _Table, variance: int, proposals: int, stream: Stream, further: Stream) -> Integers:
    """The kept ones of so many proposals, in order."""
    proposal, uniform = stream.words(proposals), stream.words(proposals)
    block = table.block[(proposal & np.uint64((1 << _TABLE_BITS) - 1)).astype(np.intp)]
    negative = (proposal >> np.uint64(_TABLE_BITS)) & np.uint64(1)
    place = (proposal >> np.uint64(_TABLE_BITS + 1)).astype(np.int64) & ((1 << table.shift) - 1)
    found = (block.astype(np.int64) << table.shift) + place
    size = found.astype(np.float64)
    chance = np.exp(size * size * (-0.5 / variance))
    chance *= np.array([table.scale / count for count in table.counts])[block]
    below = (uniform >> np.uint64(64 - _UNIFORM_BITS)).astype(np.float64) * 2.0**-_UNIFORM_BITS
    keep = below + 2.0**-_UNIFORM_BITS <= chance * (1 - _MARGIN)
    unsure = ~keep & (below <= chance * (1 + _MARGIN))
    tail = block == _BLOCKS
    keep &= ~tail
    unsure = np.where(tail, below < _TAIL, unsure)
    for index in np.flatnonzero(unsure).tolist():
        kept = _decide(table, variance, int(found[index]), int(uniform[index]), further)
        keep[index] = kept is not None
        found[index] = 0 if kept is None else kept
    keep &= ~((found == 0) & (negative == 1))
    signed = np.where(negative == 1, -found, found)
    return signed[keep]


def _decide(table: _Table, variance: int, found: int, uniform: int, further: Stream) -> int | None:
    """Step 2 in integers: the magnitude that is kept, or None."""
    block = found >> table.shift
    factor = Fraction(table.scale, table.counts[block])
    if block == _BLOCKS:
        beyond = 0
        while further.bits(1):
            beyond += 1
        found += beyond << table.shift
        factor *= 2 << beyond
    power = Fraction(found * found, 2 * variance)
    return found if happens(uniform, 64, power, factor, further.bits) else None


@lru_cache(maxsize=64)
def _table(variance: int) -> _Table:
    """The proposals for a variance: the largest K whose counts fit, with the tail's."""
    shift = max(0, isqrt(variance).bit_length() - 3)
    entries = 1 << _TABLE_BITS
    highs = [exp_bounds(Fraction((q << shift) ** 2, 2 * variance), _BOUND_BITS)[1] for q in range(_BLOCKS)]

    def counts(scale: int) -> list[int]:
        return [max(1, ceiling(high * scale, 1 << _BOUND_BITS)) for high in highs]

    low, high = 1, entries
    while low < high:
        middle = (low + high + 1) // 2
        if sum(counts(middle)) < entries:
            low = middle
        else:
            high = middle - 1
    chosen = counts(low)
    chosen.append(entries - sum(chosen))
    block = np.repeat(np.arange(_BLOCKS + 1, dtype=np.uint8), chosen)
    return _Table(shift, block, tuple(chosen), low)
