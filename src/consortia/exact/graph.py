"""Who masks with whom, and who adds up with whom: graphs and groups drawn from a hash.

Up to 32 members everybody masks with everybody. Beyond, a member masks with, and deals shares to, its
neighbours in a circulant graph over a permutation of the members (Bell, Bonawitz, Gascon, Lepoint and
Raykova 2020, "Secure single-server aggregation with (poly)logarithmic overhead", section 3.2).
The permutation orders members by a hash of a seed that nobody knows before the keys of the round are out.
"""

from consortia.base.hashing import tagged

COMPLETE_MAX = 32
"""Up to so many members the graph is complete."""
DEGREE = 32
"""The size of a neighbourhood beyond that, the member included: see `docs/decisions`, 0011."""
GROUP_MIN = 3
"""A sum of fewer than three shows each of them what the other gave."""
COUNT_MAX = 1 << 16


class GraphError(ValueError):
    """Members that have no such graph, or cannot be divided so."""


def threshold(size: int) -> int:
    """The shares that recover a secret dealt to `size` holders, the dealer among them: floor(2 size / 3) + 1.

    Raises GraphError when `size` is not positive.
    """
    if size < 1:
        raise GraphError("nobody holds a share")
    return 2 * size // 3 + 1


def neighbours(count: int, seed: bytes, degree: int | None = None) -> tuple[tuple[int, ...], ...]:
    """For each of `count` members (by index) its neighbourhood: indices in order, its own among them.

    `degree` is the wanted size of a neighbourhood (DEGREE when it is None); it has no part in a round of
    at most 32 members, where all hold shares of all, as they do whenever it is at least count-1. Otherwise
    the neighbourhoods all have that size, or one more where that many neighbours of an odd number of
    members do not exist. Being neighbours is mutual; a member makes no mask with itself.

    The members stand in a circle in the order of H("consortia/graph", seed | index in 8 bytes). Each is
    joined to the nearest (size-1)//2 on both sides and, where size-1 is odd, to the one opposite.

    Raises GraphError when count is not in 1..65536, the seed has not 32 bytes, or degree is below 3.
    """
    wanted = DEGREE if degree is None else degree
    if wanted < GROUP_MIN:
        raise GraphError(f"a neighbourhood of {wanted} hides nothing, at least {GROUP_MIN} are needed")
    circle = _shuffled("consortia/graph", count, seed)
    if count <= COMPLETE_MAX or wanted >= count - 1:
        everyone = tuple(range(count))
        return tuple(everyone for _ in range(count))
    others = wanted - 1 + ((wanted - 1) & count & 1)
    steps = [*range(-(others // 2), others // 2 + 1)]
    if others & 1:
        steps.append(count // 2)
    found: list[tuple[int, ...]] = [()] * count
    for place, member in enumerate(circle):
        found[member] = tuple(sorted(circle[(place + step) % count] for step in steps))
    return tuple(found)


def groups(count: int, size: int, seed: bytes) -> tuple[tuple[int, ...], ...]:
    """`count` members (by index) in count // size groups of at least `size`, as even as can be.

    Members are ordered by H("consortia/groups", seed | index in 8 bytes) and cut into runs, the longer ones
    first; a group's indices stand in order. Raises GraphError when size is below 3 or above count.
    """
    if not GROUP_MIN <= size <= count:
        raise GraphError(f"groups of {size} of {count}: a group has at least {GROUP_MIN}, and all at most")
    order = _shuffled("consortia/groups", count, seed)
    number = count // size
    shortest, longer = divmod(count, number)
    found = []
    begin = 0
    for index in range(number):
        end = begin + shortest + (index < longer)
        found.append(tuple(sorted(order[begin:end])))
        begin = end
    return tuple(found)


def _shuffled(tag: str, count: int, seed: bytes) -> list[int]:
    if not 0 < count <= COUNT_MAX:
        raise GraphError(f"{count} members, 1 to {COUNT_MAX} can be drawn")
    if len(seed) != 32:
        raise GraphError(f"a seed has 32 bytes, not {len(seed)}")
    return sorted(range(count), key=lambda index: tagged(tag, seed + index.to_bytes(8, "big")))
