"""The page of the privacy arithmetic is enough to compute its vectors again."""

from fractions import Fraction
from math import ceil, isqrt

import pytest

from tests import kept

CASES = kept.cases("privacy")


# ------------------------------------------------------------------ a second implementation
# From docs/reference/privacy.md alone, in fractions.


def root_up(value):
    return isqrt(value) + (isqrt(value) ** 2 < value)


def within(value, low, high):
    if not low <= value <= high:
        raise ValueError(value)


def share(variance, quorum, colluders):
    within(variance, 1, 2**62)
    within(colluders, 0, quorum - 1)
    return ceil(Fraction(variance, quorum - colluders))


def correction(variance, members, length):
    within(variance, 1, 2**62)
    within(members, 1, 2**16)
    within(length, 1, 2**32)
    return ceil(Fraction(10**10 * (members - 1) * length, 2 ** min(14 * variance, 128)))


def rho(sensitivity, variance, members, length):
    within(sensitivity, 1, 2**57)
    more = correction(variance, members, length)
    return ceil(Fraction(10**9 * sensitivity**2, 2 * members * variance)) + more


def variance_for(sensitivity, cost, members, length):
    if rho(sensitivity, 2**62, members, length) > cost:
        raise ValueError(cost)
    found = 2**62
    for bit in reversed(range(62)):
        if found - 2**bit >= 1 and rho(sensitivity, found - 2**bit, members, length) <= cost:
            found -= 2**bit
    return found


def sum_bound(clip, variance, members):
    return clip * members + 8 * root_up(members * variance)


def clipped(words, bound):
    within(bound, 1, 2**64)
    norm = root_up(sum(word * word for word in words))
    if norm <= bound:
        return words
    return [(abs(word) * bound // norm) * (1 if word > 0 else -1) for word in words]


def clip_rows(rows, bound):
    biggest = max(abs(word) for row in rows for word in row)
    if biggest**2 * len(rows[0]) >= 2**53 or biggest * bound >= 2**63:
        raise ValueError(biggest)
    return [clipped(row, bound) for row in rows]


def clip_vector(vector, bound):
    for word in vector:
        within(word, -(2**63), 2**63 - 1)
    return clipped(vector, bound)


OURS = {
    "share": share,
    "correction": correction,
    "rho": rho,
    "variance_for": variance_for,
    "sum_bound": sum_bound,
    "fits_ring": lambda ring_bits, **rest: sum_bound(**rest) < 2 ** (ring_bits - 1),
    "clip_rows": clip_rows,
    "clip_vector": clip_vector,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_vector_gives_what_it_says_by_the_page(case):
    try:
        found = True, OURS[case["do"]](**case["given"])
    except ValueError:
        found = False, None
    assert found == (case["ok"], case["gives"])
