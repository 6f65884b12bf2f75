"""The front door of robust rules: one vector from the vectors of many, of whom some may lie.

A rule is a pure function of the members' vectors in the order of the members' names, of how many bad members
it is to tolerate and, for some, of a vector to start from or a seed. Every verifier of a round computes it
from the cohort's blobs and gets the same integers. `reference` is the plain law; the fast files are tested
against it.
"""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from consortia.engines.robust import clipping, krum, order, presteps
from consortia.engines.robust.types import WORD_MAX, Vector, Words, checked
from consortia.exact.ring import largest
from consortia.exact.robust import RobustError, check, split


def aggregate(
    rule: str,
    vectors: Sequence[Words] | NDArray[Any],
    *,
    tolerated: int,
    start: Vector | None = None,
    seed: bytes | None = None,
) -> Vector:
    """The rule's outcome, int64 of shape (d,), from n vectors of int32 or int64 words of shape (d,).

    The vectors stand in the order of their members' names, which decides between equals. `tolerated` of them
    may be anything. `start` is where centred clipping begins (int64, shape (d,)); without it, at the median.
    `seed` draws the buckets, and should be fixed only when every vector is. Rules that need neither take no
    notice of them.

    Raises RobustError for settings that `check` refuses, vectors that are not of one type and length, words
    beyond 2^57, a start that does not fit, or bucketing without a seed.
    """
    rows = checked(vectors)
    check(rule, len(rows), tolerated)
    before, after = split(rule)
    if start is not None and (
        start.shape != rows[0].shape or start.dtype != "int64" or largest(start) > WORD_MAX
    ):
        raise RobustError(f"a start of shape {start.shape} and type {start.dtype} does not fit the vectors")
    if not rows[0].size:
        return order.mean(rows)
    if before == "nnm":
        rows = presteps.nearest_mixing(rows, tolerated)
    elif before == "bucketing":
        if seed is None:
            raise RobustError("bucketing needs a seed to draw its buckets from")
        rows = presteps.bucketing(rows, seed)
    match after:
        case "mean":
            return order.mean(rows)
        case "trimmed_mean":
            return order.trimmed_mean(rows, tolerated)
        case "median":
            return order.median(rows)
        case "krum":
            return krum.krum(rows, tolerated)
        case "multi_krum":
            return krum.multi_krum(rows, tolerated)
        case _:
            return clipping.centred_clipping(rows, tolerated, start)
