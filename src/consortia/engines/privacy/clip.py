"""Integer L2 clipping, after rounding: what bounds how much one record, or one member, can add to a sum.

A vector longer than the bound is shortened to it, every word towards zero, so that no rounding makes it
longer.
"""

import numpy as np

from consortia.exact.budget import root_up
from consortia.exact.fixed import Integers, from_integers
from consortia.exact.ring import largest

_LIMB_BITS = 16
_BLOCK = 1 << 20


def clip_rows(rows: Integers, bound: int) -> Integers:
    """Each row of an int64 array (records, words) with an L2 norm of at most `bound` >= 1.

    Raises ValueError for another bound, and when a row's square or a product with the bound would leave
    64 bits.
    """
    _check_bound(bound)
    if not rows.size:
        return rows.copy()
    biggest = largest(rows)
    if biggest * biggest * rows.shape[1] >= 1 << 53 or biggest * bound >= 1 << 63:
        raise ValueError("the rows are too long to be clipped in 64 bits")
    norms = _roots_up((rows * rows).sum(axis=1))
    scaled = np.sign(rows) * (np.abs(rows) * bound // np.maximum(norms, 1)[:, None])
    return np.where((norms > bound)[:, None], scaled, rows)


def clip_vector(vector: Integers, bound: int) -> Integers:
    """The int64 vector with an L2 norm of at most `bound` >= 1; raises ValueError for another bound."""
    _check_bound(bound)
    norm = root_up(squared_norm(vector))
    if norm <= bound:
        return vector.copy()
    if largest(vector) * bound < 1 << 63:
        shortened: Integers = np.sign(vector) * (np.abs(vector) * bound // norm)
        return shortened
    return from_integers([abs(word) * bound // norm * (1 if word > 0 else -1) for word in vector.tolist()])


def squared_norm(vector: Integers) -> int:
    """The exact sum of the squares of any int64 words, whatever its size."""
    total = 0
    for begin in range(0, vector.size, _BLOCK):
        # As unsigned words even the magnitude of -2^63 is itself.
        magnitude = np.abs(vector[begin : begin + _BLOCK]).astype(np.uint64)
        limbs = [
            ((magnitude >> np.uint64(shift)) & np.uint64((1 << _LIMB_BITS) - 1)).astype(np.int64)
            for shift in range(0, 64, _LIMB_BITS)
        ]
        for i, a in enumerate(limbs):
            for j, b in enumerate(limbs):
                total += int(a @ b) << (_LIMB_BITS * (i + j))
    return total


def _check_bound(bound: int) -> None:
    if bound < 1:
        raise ValueError(f"the bound {bound} is not positive")


def _roots_up(squares: Integers) -> Integers:
    """The square roots of integers below 2^53, rounded up: the float root is off by less than one."""
    roots = np.ceil(np.sqrt(squares.astype(np.float64))).astype(np.int64)
    roots -= (roots > 0) & ((roots - 1) * (roots - 1) >= squares)
    roots += roots * roots < squares
    return roots
