"""Step tables: what a number stands for, by where it falls among sorted knots; the same bits everywhere.

A table of K knots has 2K + 1 values: one before the first knot, then by turns one for each knot and one for
the gap behind it. Detectors score by such tables: the share of a population below a score, the weight of a
tail. The logarithm here is to base 2 and by squaring, so that not even a library's logarithm comes in.
"""

from functools import cached_property
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from consortia.base.codec import Record
from consortia.exact.fixed import Integers, divide_array

KNOTS_MAX = 4096
SHARE_BITS = 20
"""Shares of a population are parts of 2^20."""
LOG_BITS = 16
COUNT_MAX = 1 << 40

_WORD = np.dtype("<i8")
_MANTISSA_BITS = 31


class StepsError(ValueError):
    """Knots or values that are no table."""


class Steps(Record, frozen=True, dict=True):
    """A step table as it is kept: K ascending knots and 2K + 1 values, little-endian 64-bit words."""

    knots: Annotated[bytes, Meta(max_length=8 * KNOTS_MAX)]
    values: Annotated[bytes, Meta(max_length=16 * KNOTS_MAX + 8)]

    @cached_property
    def arrays(self) -> tuple[Integers, Integers]:
        """Knots and values as read-only arrays; raises StepsError when they are no table."""
        if len(self.knots) % 8 or len(self.values) != 2 * len(self.knots) + 8:
            raise StepsError(f"{len(self.knots)} bytes of knots, {len(self.values)} of values are no table")
        knots = np.frombuffer(self.knots, dtype=_WORD)
        if knots.size and not bool((knots[1:] > knots[:-1]).all()):
            raise StepsError("the knots of a table ascend")
        return knots, np.frombuffer(self.values, dtype=_WORD)


def steps(knots: Integers, values: Integers) -> Steps:
    """The table of these knots, shape (K,), and values, shape (2K + 1,); raises StepsError."""
    table = Steps(knots.astype(_WORD).tobytes(), values.astype(_WORD).tobytes())
    if knots.size > KNOTS_MAX:
        raise StepsError(f"{knots.size} knots, at most {KNOTS_MAX} are allowed")
    _ = table.arrays
    return table


def look_up(table: Steps, words: Integers) -> Integers:
    """The value for each word, of the words' shape."""
    knots, values = table.arrays
    found: Integers = values[np.searchsorted(knots, words, "left") + np.searchsorted(knots, words, "right")]
    return found


class Counted(msgspec.Struct, frozen=True):
    """A population's words at chosen knots: how many stand below and at each, and in each gap's middle.

    `below`, shape (2K + 1,): twice the words below a place of the table, plus those at a knot: the rank of
    who stands there, ties halved. `upto` and `from_`: the words at or before it, and at or behind it, of the
    same shape; where knots were left out between two, a gap counts to its middle.
    """

    knots: Integers
    records: int
    below: Integers
    upto: Integers
    from_: Integers


def count(words: Integers, *, knots_max: int, ends: int) -> Counted:
    """Counts a population, shape (n,) with n >= 1, at no more than `knots_max` of its distinct words.

    When there are more, all of the `ends` smallest and largest stay, and those in between at equal ranks.
    """
    distinct, sizes = np.unique(words, return_counts=True)
    last = np.cumsum(sizes)
    first = last - sizes
    at = _kept(last, knots_max, ends)
    upto = np.zeros(2 * at.size + 1, dtype=np.int64)
    from_ = np.zeros_like(upto)
    upto[1::2], from_[1::2] = last[at], words.size - first[at]
    before = np.concatenate([first[at], [words.size]])
    behind = np.concatenate([[0], last[at]])
    middle = (before + behind) // 2
    upto[0::2], from_[0::2] = middle, words.size - middle
    below = upto + words.size - from_
    return Counted(distinct[at], int(words.size), below, upto, from_)


def shares(words: Integers, *, knots_max: int = KNOTS_MAX) -> Steps:
    """For any word, the share of this population below it, in parts of 2^20; ties count half.

    A quarter of the knots are the largest words: who stands out is told apart best.
    """
    counted = count(words, knots_max=knots_max, ends=knots_max // 4)
    return steps(counted.knots, divide_array(counted.below << (SHARE_BITS - 1), counted.records))


def logarithm_two(counts: Integers) -> Integers:
    """The logarithm to base 2 on the 2^-16 grid, rounded down, of integers from 1 to 2^40.

    Digit by digit: a mantissa between 1 and 2 is squared, and the digit is whether that reaches 2. Each
    squaring is cut to 31 bits, which moves the last digit by at most one.
    """
    if counts.size and not (int(counts.min()) >= 1 and int(counts.max()) <= COUNT_MAX):
        raise StepsError("logarithms are of integers from 1 to 2^40")
    whole = np.zeros_like(counts)
    for bits in (32, 16, 8, 4, 2, 1):
        whole += (counts >> (whole + bits) > 0) * bits
    shift = _MANTISSA_BITS - 1 - whole
    mantissa = np.where(shift >= 0, counts << np.maximum(shift, 0), counts >> np.maximum(-shift, 0))
    found = whole
    for _ in range(LOG_BITS):
        mantissa = mantissa * mantissa >> (_MANTISSA_BITS - 1)
        digit = mantissa >> _MANTISSA_BITS
        found = (found << 1) | digit
        mantissa >>= digit
    return found


def _kept(last: Integers, knots_max: int, ends: int) -> Integers:
    """Which distinct words stay as knots, ascending; `last` is the rank of each word's last record."""
    if last.size <= knots_max:
        return np.arange(last.size)
    between = knots_max - 2 * ends
    ranks = last[-1] * np.arange(1, between + 1) // (between + 1)
    low = np.arange(ends)
    inner = np.searchsorted(last, ranks, "left")
    return np.unique(np.concatenate([low, inner, last.size - 1 - low]))
