"""Boosting in integers: which question a node asks, and what a leaf is worth, from exact histograms.

Gradients and Hessians of the log loss stand on the 2^-24 grid and are summed per node, column and bin. The
gain of a split is G_l^2 / (H_l + ridge) + G_r^2 / (H_r + ridge) - G^2 / (H + ridge), a leaf's value is
-rate G / (H + ridge) (Chen and Guestrin 2016, equations 5 to 7). Every machine finds the same split: gains
are compared as integers, and the first of equals is taken, by column, then by bin.
"""

from typing import NamedTuple

import numpy as np

from consortia.exact.fixed import Integers, divide

GRADIENT_BITS = 24
LEAF_MAX = 16 << GRADIENT_BITS
"""A leaf moves the log odds by at most 16."""

_GRADIENT_ROOM, _HESSIAN_ROOM, _GAIN_BITS = 26, 30, 9
# Squares of 26 bits, 9 more to divide, and the sum of two of them: 62 bits.

_OCTAVE_BITS = 5
_MAGNITUDE_BITS = 30
CELL_MAX = ((_MAGNITUDE_BITS - _OCTAVE_BITS + 1) << _OCTAVE_BITS) - 1
CELLS = 2 * CELL_MAX + 1
"""Cells of a signed word below 2^30: exact up to 63, then 32 to a power of two."""


class Split(NamedTuple):
    """A node's question: bins of `column` up to `bin` go left; each side's sums of gradient and Hessian."""

    column: int
    bin: int
    left: tuple[int, int]
    right: tuple[int, int]


def best_split(gradients: Integers, hessians: Integers, *, ridge: int, least: int) -> Split | None:
    """The split of the largest gain, from histograms of shape (columns, bins) over one node's records.

    Each side keeps a Hessian of at least `least`, at least 1; all on the 2^-24 grid. None when no split has
    a gain.
    """
    total_g, total_h = int(gradients[0].sum()), int(hessians[0].sum())
    left_g, left_h = np.cumsum(gradients, axis=1)[:, :-1], np.cumsum(hessians, axis=1)[:, :-1]
    right_g, right_h = total_g - left_g, total_h - left_h
    allowed = (left_h >= max(1, least)) & (right_h >= max(1, least))
    if not bool(allowed.any()):
        return None
    widest = max(abs(total_g), int(np.abs(left_g).max()), int(np.abs(right_g).max()))
    shifts = (
        max(0, widest.bit_length() - _GRADIENT_ROOM),
        max(0, (total_h + ridge).bit_length() - _HESSIAN_ROOM),
    )
    gain = _term(left_g, left_h + ridge, shifts) + _term(right_g, right_h + ridge, shifts)
    gain = np.where(allowed, gain, -1)
    at = int(np.argmax(gain))
    whole = _term(np.array([total_g]), np.array([total_h + ridge]), shifts)
    if int(gain.flat[at]) <= int(whole[0]) + 1:  # the two floors of a split that gains nothing
        return None
    column, bin_ = divmod(at, gain.shape[1])
    left = int(left_g[column, bin_]), int(left_h[column, bin_])
    return Split(column, bin_, left, (total_g - left[0], total_h - left[1]))


def leaf_value(gradient: int, hessian: int, *, ridge: int, rate_milli: int) -> int:
    """What a leaf adds to the log odds, on the 2^-24 grid, at most 16 either way; 0 for an empty one."""
    if hessian + ridge <= 0:
        return 0
    value = divide(-gradient * rate_milli << GRADIENT_BITS, (hessian + ridge) * 1000)
    return max(-LEAF_MAX, min(LEAF_MAX, value))


def cells(words: Integers) -> Integers:
    """The cell of each word, from 0 to CELLS - 1, ascending with the words; magnitudes below 2^30."""
    size = np.minimum(np.abs(words), (1 << _MAGNITUDE_BITS) - 1)
    shift = np.zeros_like(size)
    for bits in (16, 8, 4, 2, 1):
        shift += (size >> (shift + bits + _OCTAVE_BITS) > 0) * bits
    found: Integers = (shift << _OCTAVE_BITS) + (size >> shift)
    return CELL_MAX + np.where(words < 0, -found, found)


def cell_top(cell: int) -> int:
    """The largest word of a cell."""
    index = cell - CELL_MAX
    shift = max(0, (abs(index) >> _OCTAVE_BITS) - 1)
    low = (abs(index) - (shift << _OCTAVE_BITS)) << shift
    return -low if index < 0 else low + (1 << shift) - 1


def quantile_edges(counts: Integers, bins: int) -> list[int]:
    """At most `bins` - 1 ascending edges that part counted words, by cell, into bins of like size.

    A cell that holds more than its share, such as that of the many zeros of a rare event, is a bin of its
    own, and the others share what is left: a tail keeps its bins. A word at most an edge is below it. The
    last cell ends no bin: nothing would lie behind it.
    """
    ends: list[int] = []
    rest, held, before = int(counts.sum()), 0, 0
    for cell in map(int, np.flatnonzero(counts)):
        count = int(counts[cell])
        if held and len(ends) + 2 < bins and count * (bins - len(ends)) >= rest:
            ends.append(before)
            rest, held = rest - held, 0
        held += count
        if len(ends) + 1 < bins and held < rest <= held * (bins - len(ends)):
            ends.append(cell)
            rest, held = rest - held, 0
        before = cell
    return [cell_top(cell) for cell in ends]


def _term(gradient: Integers, hessian: Integers, shifts: tuple[int, int]) -> Integers:
    """G^2 / (H + ridge), scaled so that it fits; the Hessian of a side that counts stays above zero."""
    small = gradient >> shifts[0]
    term: Integers = (small * small << _GAIN_BITS) // np.maximum(hessian >> shifts[1], 1)
    return term
