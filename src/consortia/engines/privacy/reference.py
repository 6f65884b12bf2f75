"""The discrete Gaussian as its paper writes it: one draw at a time, in fractions, slow on purpose.

Canonne, Kamath and Steinke 2020, "The Discrete Gaussian for Differential Privacy", algorithms 1 to 3. Tests
hold `gaussian` to it; nothing else uses it.
"""

from fractions import Fraction
from math import isqrt

from consortia.engines.privacy.stream import Stream


def bernoulli(stream: Stream, chance: Fraction) -> bool:
    """True with probability `chance`, exactly; 0 <= chance <= 1."""
    return stream.below(chance.denominator) < chance.numerator


def bernoulli_exp(stream: Stream, gamma: Fraction) -> bool:
    """True with probability exp(-gamma), exactly; gamma >= 0 (algorithm 1)."""
    while gamma > 1:
        if not bernoulli_exp(stream, Fraction(1)):
            return False
        gamma -= 1
    k = 1
    while bernoulli(stream, gamma / k):
        k += 1
    return k % 2 == 1


def discrete_laplace(stream: Stream, scale: int) -> int:
    """X with probability proportional to exp(-|X| / scale) (algorithm 2)."""
    while True:
        within = stream.below(scale)
        if not bernoulli_exp(stream, Fraction(within, scale)):
            continue
        whole = 0
        while bernoulli_exp(stream, Fraction(1)):
            whole += 1
        magnitude = within + scale * whole
        negative = stream.bits(1) == 1
        if not (negative and magnitude == 0):
            return -magnitude if negative else magnitude


def discrete_gaussian(stream: Stream, variance: int) -> int:
    """X with probability proportional to exp(-X^2 / (2 variance)) (algorithm 3)."""
    scale = isqrt(variance) + 1
    while True:
        found = discrete_laplace(stream, scale)
        distance = abs(found) - Fraction(variance, scale)
        if bernoulli_exp(stream, distance * distance / (2 * variance)):
            return found
