"""The plain version: scores from a model's bytes, event by event, in Python integers alone.

It follows `docs/reference/detectors.md` word for word, reads the canonical bytes with nothing but the codec,
and is slow on purpose. Tests hold the fast files to it, bit for bit; nothing else uses it.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from consortia.base.codec import decode

Row: TypeAlias = Sequence[int]

SHARE = 1 << 20
ONE = 1 << 16


def scores(model: bytes, rows: Sequence[Row]) -> list[int]:
    """The scores of events in order, of a new stream; rows are words on the model's grid."""
    fitted: Any = decode(model)
    return scores_of(fitted["kind"], fitted["body"], rows)


def scores_of(kind: str, encoded: bytes, rows: Sequence[Row]) -> list[int]:
    """The scores that a kind's body gives."""
    body: Any = decode(encoded)
    if kind == "cusum":
        return cusum(body, rows)
    one = {"ecod": ecod, "robust-z": robust_z, "nearest": nearest, "forest": leaves, "boosting": leaves}
    if kind in one:
        return [one[kind](body, row) for row in rows]
    parts = [
        [step(part["shares"], score) for score in scores_of(part["kind"], part["body"], rows)]
        for part in body["parts"]
    ]
    return [sum(shares) for shares in zip(*parts, strict=True)]


def step(table: Mapping[str, bytes], word: int) -> int:
    """The value of a step table for a word: its gap's, or its knot's."""
    knots = words(table["knots"], "q")
    place = sum(knot < word for knot in knots) + sum(knot <= word for knot in knots)
    return words(table["values"], "q")[place]


def words(data: bytes, kind: str) -> tuple[int, ...]:
    """Little-endian words of 64 (`q`) or 32 (`i`) bits."""
    return struct.unpack(f"<{len(data) // struct.calcsize(kind)}{kind}", data)


def ecod(body: Any, row: Row) -> int:  # noqa: ANN401 (a decoded map)
    """The sum of the larger tails."""
    return sum(step(tail, word) for tail, word in zip(body["tails"], row, strict=True))


def deviations(scale: Any, row: Row) -> list[int]:  # noqa: ANN401 (a decoded map)
    """Each feature's signed deviations in 2^-16, toward the median and capped."""
    found = []
    for word, median, deviation in zip(row, scale["medians"], scale["deviations"], strict=True):
        away = abs(word - median)
        size = scale["cap"] * ONE if away >= scale["cap"] * deviation else away * ONE // deviation
        found.append(-size if word < median else size)
    return found


def robust_z(body: Any, row: Row) -> int:  # noqa: ANN401 (a decoded map)
    """The sum of the deviations."""
    return sum(map(abs, deviations(body, row)))


def nearest(body: Any, row: Row) -> int:  # noqa: ANN401 (a decoded map)
    """The squared distance to the k-th nearest of the sample, deviations on the 2^-8 grid."""
    point = [each >> 8 for each in deviations(body["scale"], row)]
    flat = words(body["sample"], "i")
    sample = [flat[at : at + len(row)] for at in range(0, len(flat), len(row))]
    squares = sorted(sum((a - b) ** 2 for a, b in zip(point, other, strict=True)) for other in sample)
    neighbours: int = body["neighbours"]
    return squares[min(neighbours, len(squares)) - 1]


def leaves(body: Any, row: Row) -> int:  # noqa: ANN401 (a decoded map)
    """The sum of the leaves that a row reaches, tree by tree in preorder."""
    trees = body["trees"]
    features, rights = words(trees["features"], "i"), words(trees["rights"], "i")
    values = words(trees["words"], "q")
    total, root = 0, 0
    while root < len(features):
        at = root
        while features[at] >= 0:
            at += 1 if row[features[at]] <= values[at] else rights[at]
        total += values[at]
        while rights[root]:  # the last leaf of a tree is the rightmost
            root += rights[root]
        root += 1
    return total


def cusum(body: Any, rows: Sequence[Row]) -> list[int]:  # noqa: ANN401 (a decoded map)
    """The largest of the sums after each event."""
    slack = body["slack_milli"] * ONE // 1000
    up = [0] * len(body["scale"]["medians"])
    down = list(up)
    found = []
    for row in rows:
        parts = deviations(body["scale"], row)
        up = [max(0, old + part - slack) for old, part in zip(up, parts, strict=True)]
        down = [max(0, old - part - slack) for old, part in zip(down, parts, strict=True)]
        found.append(max(up + down))
    return found


# ------------------------------------------------------------------ fitting, where it is exact


def share(population: Sequence[int], score: int) -> int:
    """The part of a population below a score, of 2^20, ties half; halves of the last place to even."""
    twice = sum(each < score for each in population) + sum(each <= score for each in population)
    whole, rest = divmod(twice * (SHARE // 2), len(population))
    return whole + (2 * rest > len(population) or (2 * rest == len(population) and whole % 2 == 1))


def tail(population: Sequence[int], word: int) -> int:
    """The larger tail of a feature, in 2^-16 bits; who is beyond all counts as half a record."""
    below = sum(each <= word for each in population)
    above = sum(each >= word for each in population)
    whole = logarithm(2 * len(population))
    return max(whole - logarithm(max(2 * below, 1)), whole - logarithm(max(2 * above, 1)))


def logarithm(count: int) -> int:
    """The logarithm to base 2, on the 2^-16 grid, by squaring a mantissa of 31 bits."""
    found = count.bit_length() - 1
    mantissa = (count << 30) >> found
    for _ in range(16):
        mantissa = mantissa * mantissa >> 30
        digit = mantissa >> 31
        found = 2 * found + digit
        mantissa >>= digit
    return found
