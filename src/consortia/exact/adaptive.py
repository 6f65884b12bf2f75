"""Server steps of federated averaging in integers: FedAvg, FedAdam, FedYogi, elementwise and exact.

Weights and mean updates are on the 2^-20 grid, first moments on 2^-28, second moments on 2^-40, rates in
thousandths. Every division is half to even, every square root rounds down. The rules are those of Reddi et
al., "Adaptive Federated Optimization" (2021), algorithm 2, where the mean update is the pseudo-gradient.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consortia.exact.fixed import Integers, divide, divide_array
from consortia.exact.ring import RingError, largest

Words: TypeAlias = NDArray[np.int32]

UPDATE_BITS = 20
UPDATE_MAX = 1 << 25
"""A mean update is clipped to +-32."""
VALUE_MAX = (1 << 31) - 1
"""Weights stay within 32 bits: below 2,048."""
MILLI = 1_000
MICRO = 1_000_000

_FIRST_EXTRA = 8
_BLOCK = 1 << 15


class Moments(NamedTuple):
    """First moments (2^-28 grid) and second moments (2^-40 grid, not negative) of the mean updates."""

    first: Integers
    second: Integers


class Rates(NamedTuple):
    """Server rate, decay of the first and of the second moment in thousandths; tau in millionths."""

    rate_milli: int
    beta1_milli: int
    beta2_milli: int
    tau_micro: int


def mean_update(total: Integers, *, joined: int, cohort: int) -> Integers:
    """The mean update of a cohort from a sum of updates scaled by records / joined, within +-32.

    Raises RingError when a product leaves 64 bits.
    """
    if largest(total) * joined >= 1 << 63:
        raise RingError("the sum times the joined records leaves 64 bits")
    mean = total if joined == cohort else divide_array(total * joined, cohort)
    return _within(mean, UPDATE_MAX)


def moved(weights: Integers, change: Integers) -> Integers:
    """The weights after a change, within 32 bits."""
    return _within(weights + change, VALUE_MAX)


def averaged(weights: Words, total: NDArray[Any], *, joined: int, cohort: int) -> Words:
    """32-bit weights `moved` by the `mean_update` of a sum, block by block: nothing large lies in between."""
    following = np.empty(weights.shape, dtype="<i4")
    for begin in range(0, weights.size, _BLOCK):
        at = slice(begin, begin + _BLOCK)
        update = mean_update(total[at].astype(np.int64), joined=joined, cohort=cohort)
        following[at] = moved(weights[at].astype(np.int64), update)
    return following


def first_moments(size: int, tau_micro: int) -> Moments:
    """The moments before the first round: none, and tau squared."""
    tau = _tau(tau_micro)
    return Moments(np.zeros(size, dtype=np.int64), np.full(size, tau * tau, dtype=np.int64))


def adam(before: Moments, update: Integers, rates: Rates) -> tuple[Moments, Integers]:
    """The moments after a mean update, and the change of the weights, by FedAdam."""
    square = update * update
    second = divide_array(rates.beta2_milli * before.second + (MILLI - rates.beta2_milli) * square, MILLI)
    return _change(before.first, second, update, rates)


def yogi(before: Moments, update: Integers, rates: Rates) -> tuple[Moments, Integers]:
    """The same by FedYogi, whose second moment moves by no more than a share of the update's square."""
    square = update * update
    step = divide_array((MILLI - rates.beta2_milli) * square, MILLI)
    second = np.maximum(before.second - step * np.sign(before.second - square), 0)
    return _change(before.first, second, update, rates)


def root(values: Integers) -> Integers:
    """The integer square root of each value below 2^62, rounded down; bit by bit, from the highest."""
    rest, found = values.copy(), np.zeros_like(values)
    bit = 1 << 60
    while bit:
        trial = found + bit
        fits = rest >= trial
        rest = np.where(fits, rest - trial, rest)
        found = np.where(fits, (found >> 1) + bit, found >> 1)
        bit >>= 2
    return found


def _change(
    first_before: Integers, second: Integers, update: Integers, rates: Rates
) -> tuple[Moments, Integers]:
    mixed = rates.beta1_milli * first_before + (MILLI - rates.beta1_milli) * (update << _FIRST_EXTRA)
    first = divide_array(mixed, MILLI)
    scale = root(second) + _tau(rates.tau_micro)
    wide = (first * rates.rate_milli) << (UPDATE_BITS - _FIRST_EXTRA)
    return Moments(first, second), divide_array(wide, scale * MILLI)


def _within(values: Integers, bound: int) -> Integers:
    inside: Integers = np.clip(values, -bound, bound)
    return inside


def _tau(tau_micro: int) -> int:
    return max(1, divide(tau_micro << UPDATE_BITS, MICRO))
