"""What each member of a sum was worth, and an amount divided by it: integers all the way.

The worth of a coalition is a count, such as how many answers a model of its updates alone gets right. A
member's Shapley value is what it adds, averaged over every order in which the members could have come
(Shapley 1953; Ghorbani and Zou 2019, "Data Shapley"). Up to `EXACT_MAX` members every coalition is counted
and the values are exact; beyond, orders are drawn from a seed that nobody knew when the updates were made,
and each value is the sum over those orders. Values have one common denominator, which divides out.

A coalition is a mask: bit i stands for the i-th member.
"""

from collections.abc import Mapping, Sequence
from math import factorial

from consortia.base.hashing import tagged

EXACT_MAX = 8
"""Up to so many members all 2^n coalitions are counted."""

MEMBERS_MAX = 63
ORDERS_MAX = 256


class ShapleyError(ValueError):
    """Counts, members or weights that fit no division."""


def exact_values(counts: Sequence[int]) -> list[int]:
    """The Shapley values of n members times n!, from the counts of all 2^n coalitions by mask.

    Raises ShapleyError where there are not 2^n of them for 1 to 8 members.
    """
    members = len(counts).bit_length() - 1
    if not 1 <= members <= EXACT_MAX or len(counts) != 1 << members:
        raise ShapleyError(
            f"{len(counts)} counts are not those of all coalitions of 1 to {EXACT_MAX} members"
        )
    weights = [factorial(size) * factorial(members - size - 1) for size in range(members)]
    values = [0] * members
    for mask, count in enumerate(counts):
        size = mask.bit_count()
        for member in range(members):
            if mask >> member & 1:
                values[member] += weights[size - 1] * count
            else:
                values[member] -= weights[size] * count
    return values


def orders(seed: bytes, members: int, count: int) -> list[tuple[int, ...]]:
    """`count` orders of the members: order j sorts them by H("consortia/orders", seed | j | i), 8 bytes each.

    Raises ShapleyError for more than 63 members or 256 orders, or none.
    """
    if not (1 <= members <= MEMBERS_MAX and 1 <= count <= ORDERS_MAX):
        raise ShapleyError(f"{count} orders of {members} members")

    def place(order: int, member: int) -> bytes:
        return tagged("consortia/orders", seed + order.to_bytes(8, "big") + member.to_bytes(8, "big"))

    return [
        tuple(sorted(range(members), key=lambda member, order=order: place(order, member)))  # type: ignore[misc]
        for order in range(count)
    ]


def coalitions(drawn: Sequence[Sequence[int]]) -> list[int]:
    """The coalitions that these orders come by, each once, as they first appear, the empty one first."""
    found = {0: None}
    for order in drawn:
        mask = 0
        for member in order:
            mask |= 1 << member
            found.setdefault(mask)
    return list(found)


def sampled_values(drawn: Sequence[Sequence[int]], counts: Mapping[int, int]) -> list[int]:
    """What each member added, summed over the orders; `counts` holds every coalition that they come by.

    Raises ShapleyError where one is missing.
    """
    values = [0] * len(drawn[0])
    try:
        for order in drawn:
            mask = 0
            for member in order:
                values[member] += counts[mask | 1 << member] - counts[mask]
                mask |= 1 << member
    except KeyError:
        raise ShapleyError("a coalition has no count") from None
    return values


def divide_amount(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount divided by weights, to the last part: whole shares, and the rest by largest remainder.

    Negative weights count as zero; of equal remainders the first gets the part. Where no weight is above
    zero, nobody gets anything. Raises ShapleyError for a negative amount.
    """
    if amount < 0:
        raise ShapleyError(f"an amount of {amount}")
    kept = [max(0, weight) for weight in weights]
    total = sum(kept)
    if not total:
        return [0] * len(kept)
    shares = [amount * weight // total for weight in kept]
    rests = [amount * weight % total for weight in kept]
    first = sorted(range(len(kept)), key=lambda at: (-rests[at], at))
    for at in first[: amount - sum(shares)]:
        shares[at] += 1
    return shares
