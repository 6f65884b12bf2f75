"""A site's own intercept, kept at home: sites differ in what is usual there, and share everything else.

A member's records score `intercept + offset + columns . weights`. The offset is the member's own: it
minimises the member's loss + site ridge / 2 * offset^2 at the shared weights, so it follows from those
weights and the member's records, and is never sent, nor stored between rounds. What the member adds to the
sum is the gradient and the Hessian of that minimum (the offset eliminated by its Schur complement), so the
Newton step on the shared weights is that of the joint fit of all weights and all offsets.

What the sum still shows: a member's gradient of the intercept is its offset times the ridge, so an open round
shows the offset to the others; only a masked one hides it.
"""

from collections.abc import Callable

from consortia.exact.fixed import Integers, divide, from_integers
from consortia.exact.linear import WEIGHT_BITS

OFFSET_MAX = 32 << WEIGHT_BITS


def site_ridge(ridge_milli: int) -> int:
    """The ridge on the offset, from thousandths to the 2^-24 grid; at least one unit."""
    return max(1, divide(ridge_milli << WEIGHT_BITS, 1_000))


def best_offset(slope: Callable[[int], int], ridge: int) -> int:
    """The offset on the 2^-24 grid at which slope(offset) + ridge * offset turns positive; within +-32.

    `slope` is the sum of the residuals with that offset, on the 2^-24 grid; it never falls. Found by halving,
    so that it is the same everywhere.
    """
    low, high = -OFFSET_MAX, OFFSET_MAX
    while low < high:
        middle = (low + high) // 2
        if slope(middle) + divide(ridge * middle, 1 << WEIGHT_BITS) >= 0:
            high = middle
        else:
            low = middle + 1
    return low


def eliminated(hessian: Integers, ridge: int) -> Integers:
    """The Hessian (size, size) of the loss at the best offset, whose column is the intercept's.

    H - h h^T / (h_0 + ridge), with h the first column; each entry rounded once, no diagonal below zero.
    """
    column = [int(value) for value in hessian[:, 0]]
    pivot = column[0] + ridge
    size = len(column)
    rows = [
        [int(hessian[i, j]) - divide(column[i] * column[j], pivot) for j in range(size)] for i in range(size)
    ]
    for i in range(size):
        rows[i][i] = max(0, rows[i][i])
    return from_integers([value for row in rows for value in row]).reshape(size, size)
