"""The arithmetic of privacy budgets: what a noisy sum costs, in integers rounded against the member.

Cost is zero-concentrated differential privacy, rho (Bun and Steinke 2016), counted in NANO-rho, that is,
rho * 10^9, always rounded up. Costs add, also when later sums are chosen by what earlier ones showed.

Neighbours: two sets of records of which one record (unit `record`), or all records of one member (unit
`member`), adds nothing to the sum. How many records and members there are is public. Replacing one record by
another is two such steps and costs four times as much.

Noise: every member adds to each word of its integer vector an independent discrete Gaussian (Canonne, Kamath
and Steinke 2020) of one integer `variance`. A sum of discrete Gaussians is not quite one, which `correction`
charges for (Kairouz, Liu and Steinke 2021, Proposition 14). `docs/reference/privacy.md` has the proofs.
"""

from math import isqrt
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from consortia.base.codec import Record

NANO = 1_000_000_000
"""So many units are one rho."""

VARIANCE_MAX = 1 << 62
"""A member's noise has a deviation of at most 2^31."""
SENSITIVITY_MAX = 1 << 57
"""The largest L2 sensitivity: one word at the clip of a ring of 64 bits."""
DEVIATIONS = 8
"""A sum's bound leaves room for so many deviations of its noise; beyond lies 2 e^-32 of it, each word."""

_CORRECTION_BITS_MAX = 128


MEMBERS_MAX = 63

Unit: TypeAlias = Literal["record", "member"]
"""Whom noise hides: one record, or all records of a member."""


class BudgetError(ValueError):
    """Terms of noise that mean nothing: a number outside its range; the text names it."""


class Noise(Record, frozen=True):
    """The noise of one stage's rounds.

    `unit`: whom it hides, a record or a member. `sensitivity`: the largest L2 norm that one of them adds, in
    ring units: a recipe's record bound, or the length to which the worker clips a member's vector.
    `variance`: of each word of the honest members' joint noise, at least. `colluders`: members of a cohort
    assumed to tell one another their noise.
    """

    unit: Unit
    sensitivity: Annotated[int, Meta(ge=1, le=SENSITIVITY_MAX)]
    variance: Annotated[int, Meta(ge=1, le=VARIANCE_MAX)]
    colluders: Annotated[int, Meta(ge=0, le=MEMBERS_MAX - 1)]

    def each(self, quorum: int) -> int:
        """The variance of one member's noise when the smallest cohort has `quorum` members."""
        return share(self.variance, quorum=quorum, colluders=self.colluders)

    def cost(self, length: int, quorum: int) -> int:
        """What one round of vectors of `length` words costs, in nano-rho."""
        return rho(self.sensitivity, self.each(quorum), members=quorum - self.colluders, length=length)


def ceiling(dividend: int, divisor: int) -> int:
    """`dividend / divisor` rounded up; `divisor` > 0."""
    return -(-dividend // divisor)


def root_up(value: int) -> int:
    """The square root of `value` >= 0, rounded up."""
    return 0 if value == 0 else isqrt(value - 1) + 1


def share(variance: int, *, quorum: int, colluders: int) -> int:
    """The variance of one member's noise, such that honest members alone add up to `variance` or more.

    `quorum` is the smallest cohort of a round, `colluders` how many of a cohort are assumed to tell one
    another their noise: variance / (quorum - colluders), rounded up. A larger cohort only adds noise.
    Raises BudgetError when nobody honest is left, or a number is outside its range.
    """
    _within("the variance", variance, 1, VARIANCE_MAX)
    _within("the assumed colluders", colluders, 0, quorum - 1)
    return ceiling(variance, quorum - colluders)


def rho(sensitivity: int, variance: int, *, members: int = 1, length: int = 1) -> int:
    """The cost, in nano-rho, of one sum of vectors of `length` words.

    `sensitivity`: the largest L2 norm that one unit adds, in ring units. `variance`: of each word of one
    member's noise (see `share`). `members`: how many of those whose noise counts, quorum - colluders.

    sensitivity^2 / (2 * members * variance), rounded up, and the `correction`. Raises BudgetError when a
    number is outside its range.
    """
    _within("the sensitivity", sensitivity, 1, SENSITIVITY_MAX)
    more = correction(variance, members=members, length=length)
    return ceiling(NANO * sensitivity * sensitivity, 2 * members * variance) + more


def correction(variance: int, *, members: int, length: int) -> int:
    """What `members` discrete Gaussians cost beyond one of their joint variance, in nano-rho; 0 for one.

    tau * length with tau = 10 * sum over k = 1..members-1 of exp(-2 pi^2 variance k / (k + 1)). Since
    k / (k + 1) >= 1/2 and exp(-pi^2) < 2^-14, tau <= 10 * (members - 1) * 2^-(14 * variance): that is
    charged, rounded up, so at least 1 from two members on. Raises BudgetError as `rho` does.
    """
    _within("the variance", variance, 1, VARIANCE_MAX)
    _within("the members", members, 1, 1 << 16)
    _within("the length", length, 1, 1 << 32)
    # Beyond 128 bits the quotient is below one whatever the members and the length: it rounds up to 1.
    bits = min(14 * variance, _CORRECTION_BITS_MAX)
    return ceiling(NANO * 10 * (members - 1) * length, 1 << bits)


def variance_for(sensitivity: int, cost: int, *, members: int = 1, length: int = 1) -> int:
    """The least variance of one member's noise with which one sum costs at most `cost` nano-rho.

    The inverse of `rho`. Raises BudgetError when no variance in range is enough.
    """
    low, high = 1, VARIANCE_MAX
    if rho(sensitivity, high, members=members, length=length) > cost:
        raise BudgetError(f"no noise in range makes a sum of sensitivity {sensitivity} cost only {cost}")
    while low < high:
        middle = (low + high) // 2
        if rho(sensitivity, middle, members=members, length=length) <= cost:
            high = middle
        else:
            low = middle + 1
    return low


def sum_bound(clip: int, variance: int, *, members: int) -> int:
    """The largest magnitude of a word in an honest noisy sum, but for 2 e^-32 of the noise.

    `clip`: of a member's word before noise; `members`: in the cohort. clip * members, and eight deviations
    of the members' joint noise, rounded up. Noise itself is never cut: a cut would cost privacy.
    """
    return clip * members + DEVIATIONS * root_up(members * variance)


def fits_ring(clip: int, variance: int, *, members: int, ring_bits: int) -> bool:
    """Whether the `sum_bound` of so many members stays inside a ring of `ring_bits` bits."""
    return sum_bound(clip, variance, members=members) < 1 << (ring_bits - 1)


def _within(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise BudgetError(f"{what}: {value} is not in {low}..{high}")
