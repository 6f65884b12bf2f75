"""Budgets as people read them: epsilon at a delta, from the ledger's integer rho. Floats, for people.

(epsilon, delta): whatever is concluded from all that was published, its probability with one record (or
member) and without it differ by a factor of at most e^epsilon, but for a chance of delta.
"""

import math

from consortia.exact.budget import NANO

_STEPS = 200


def epsilon(cost: int, delta: float) -> float:
    """The least epsilon known for `cost` nano-rho at `delta` in (0, 1).

    The least over a > 1 of rho a + (log(1/delta) + (a - 1) log(1 - 1/a) - log a) / (a - 1) (Canonne, Kamath
    and Steinke 2020, Corollary 13), and not below 0. Every a gives a true bound; the search finds a good one.
    """
    if not 0 < delta < 1 or cost < 0:
        raise ValueError(f"no epsilon for {cost} nano-rho at delta {delta}")
    if cost == 0:
        return 0.0
    rho = cost / NANO

    def at(logarithm: float) -> float:
        less = math.exp(logarithm)
        order = 1 + less
        # less * log(less / order) - log(order), with order = less + 1.
        rest = less * (logarithm - math.log1p(less)) - math.log1p(less)
        return rho * order + (math.log(1 / delta) + rest) / less

    low, high = -20.0, 40.0
    for _ in range(_STEPS):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if at(left) <= at(right):
            high = right
        else:
            low = left
    return max(0.0, min(at(low), at(high)))


def cost_for(wanted: float, delta: float) -> int:
    """The most nano-rho whose `epsilon` at `delta` is at most `wanted`; 0 when not even one unit is."""
    low, high = 0, 1
    while epsilon(high, delta) <= wanted:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if epsilon(middle, delta) <= wanted:
            low = middle
        else:
            high = middle
    return low


def advantage(cost: int) -> float:
    """How much better than chance anyone can tell whether one record is there: true less false positives.

    At most sqrt(rho / 2): rho bounds the Kullback-Leibler divergence, and Pinsker's inequality the difference
    of any event's probabilities. Never above 1.
    """
    return min(1.0, math.sqrt(cost / NANO / 2))
