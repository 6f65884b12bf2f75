"""e to a negative power between two integers: what decides a rejection exactly when floats cannot."""

from collections.abc import Callable
from fractions import Fraction

_GUARD_BITS = 16


def exp_bounds(power: Fraction, bits: int) -> tuple[int, int]:
    """Integers low and high with low <= exp(-power) * 2^bits <= high, close together; power >= 0.

    The power is halved until it is below one, the alternating series summed with every term rounded outward,
    and the result squared as often, again rounded outward.
    """
    halvings = int(power).bit_length()
    part = power / (1 << halvings)
    precision = bits + halvings + _GUARD_BITS
    low, high = _series(part, precision)
    for _ in range(halvings):
        low = low * low >> precision
        high = -(-(high * high) >> precision)
    spare = precision - bits
    return max(low, 0) >> spare, -(-high >> spare)


def _series(part: Fraction, precision: int) -> tuple[int, int]:
    """Bounds of exp(-part) * 2^precision for 0 <= part < 1: partial sums enclose an alternating series."""
    one = 1 << precision
    low = high = term_low = term_high = one
    k = 0
    while term_high > 1:
        k += 1
        divisor = part.denominator * k
        term_low = term_low * part.numerator // divisor
        term_high = -(-(term_high * part.numerator) // divisor)
        if k % 2:
            low, high = low - term_high, high - term_low
        else:
            low, high = low + term_low, high + term_high
    # What is left of the series is smaller than its last term.
    return low - term_high, high + term_high


def happens(prefix: int, bits: int, power: Fraction, factor: Fraction, more: Callable[[int], int]) -> bool:
    """Whether u < factor * exp(-power), for a uniform real u in [0, 1) whose first `bits` bits are `prefix`.

    Further bits of u come from `more(count)`, as many as the decision needs: exact, whatever the numbers.
    `factor * exp(-power)` is at most 1.
    """
    while True:
        low, high = exp_bounds(power, bits + _GUARD_BITS)
        scale = factor.denominator << _GUARD_BITS
        if (prefix + 1) * scale <= low * factor.numerator:
            return True
        if prefix * scale >= high * factor.numerator:
            return False
        prefix = prefix << 64 | more(64)
        bits += 64
