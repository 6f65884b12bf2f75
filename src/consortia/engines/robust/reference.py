"""The plain version: every rule word by word, in Python integers and fractions.

It follows `docs/reference/rules.md` word for word and is slow on purpose. Tests hold the fast files to it,
bit for bit; nothing else uses it.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

from consortia.base.hashing import tagged

Plain: TypeAlias = list[int]


def nearest(value: Fraction) -> int:
    """The nearest integer, halves to even (Python's `round` on fractions)."""
    return round(value)


def mean(vectors: Sequence[Plain]) -> Plain:
    """Word by word the mean."""
    return [nearest(Fraction(sum(words), len(words))) for words in zip(*vectors, strict=True)]


def trimmed_mean(vectors: Sequence[Plain], tolerated: int) -> Plain:
    """Word by word the mean without the `tolerated` smallest and largest."""
    kept = len(vectors) - 2 * tolerated
    columns = zip(*vectors, strict=True)
    return [nearest(Fraction(sum(sorted(words)[tolerated:][:kept]), kept)) for words in columns]


def median(vectors: Sequence[Plain]) -> Plain:
    """Word by word the median: the middle word, or the mean of the two in the middle."""
    return trimmed_mean(vectors, (len(vectors) - 1) // 2)


def square(one: Plain, other: Plain) -> int:
    """The squared distance of two vectors."""
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def scores(vectors: Sequence[Plain], tolerated: int) -> list[int]:
    """Each vector's sum of squared distances to the n - f - 1 nearest others."""
    found = []
    for index, vector in enumerate(vectors):
        distances = sorted(square(vector, other) for at, other in enumerate(vectors) if at != index)
        found.append(sum(distances[: len(vectors) - tolerated - 1]))
    return found


def krum(vectors: Sequence[Plain], tolerated: int) -> Plain:
    """The vector of the least score, the first of equals."""
    found = scores(vectors, tolerated)
    return list(vectors[found.index(min(found))])


def multi_krum(vectors: Sequence[Plain], tolerated: int) -> Plain:
    """The mean of the n - f vectors of the least scores, the first of equals."""
    found = scores(vectors, tolerated)
    ranked = sorted(range(len(vectors)), key=lambda index: (found[index], index))
    return mean([vectors[index] for index in ranked[: len(vectors) - tolerated]])


def centred_clipping(vectors: Sequence[Plain], tolerated: int, start: Plain | None) -> Plain:
    """Three times: pull in what is farther from the centre than the (n - f)-th nearest, and take the mean."""
    centre = median(vectors) if start is None else list(start)
    for _ in range(3):
        squares = [square(vector, centre) for vector in vectors]
        radius = sorted(squares)[len(vectors) - tolerated - 1]
        points = []
        for vector, distance in zip(vectors, squares, strict=True):
            factor = Fraction(1)
            if distance > radius:
                factor = Fraction(math.isqrt(radius * 2**60 // distance), 2**30)
            points.append([c + nearest((x - c) * factor) for x, c in zip(vector, centre, strict=True)])
        centre = mean(points)
    return centre


def nearest_mixing(vectors: Sequence[Plain], tolerated: int) -> list[Plain]:
    """For each vector the mean of the n - f nearest to it, itself included, the first of equals."""
    mixed = []
    for vector in vectors:
        ranked = sorted(range(len(vectors)), key=lambda other: (square(vector, vectors[other]), other))
        mixed.append(mean([vectors[other] for other in ranked[: len(vectors) - tolerated]]))
    return mixed


def bucketing(vectors: Sequence[Plain], seed: bytes) -> list[Plain]:
    """The means of pairs in the order of their hashes under the seed."""
    order = sorted(
        range(len(vectors)), key=lambda index: tagged("consortia/bucketing", seed + index.to_bytes(8, "big"))
    )
    drawn = [vectors[index] for index in order]
    return [mean(drawn[at : at + 2]) for at in range(0, len(drawn), 2)]


def aggregate(
    rule: str, vectors: Sequence[Plain], *, tolerated: int, start: Plain | None = None, seed: bytes = b""
) -> Plain:
    """The outcome of a rule by name; settings are not checked here."""
    before, _, after = rule.rpartition("+")
    if before == "nnm":
        vectors = nearest_mixing(vectors, tolerated)
    if before == "bucketing":
        vectors = bucketing(vectors, seed)
    if after == "mean":
        return mean(vectors)
    if after == "median":
        return median(vectors)
    if after == "centred_clipping":
        return centred_clipping(vectors, tolerated, start)
    return {"trimmed_mean": trimmed_mean, "krum": krum, "multi_krum": multi_krum}[after](vectors, tolerated)


def per_joined(total: Plain, records: int, joined: int) -> Plain:
    """A member's or group's words brought to all joined records, clipped to 2^57 and -2^57."""
    return [max(-(2**57), min(2**57, nearest(Fraction(word * joined, records)))) for word in total]
