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
from consortia.engines.robust.types import (
    BUCKET,
    GROUP_MIN,
    MEMBERS_MAX,
    WORD_MAX,
    RobustError,
    Vector,
    Words,
    checked,
    split,
)
from consortia.exact.ring import largest


def check(rule: str, members: int, tolerated: int, *, group: int = 1) -> None:
    """Raises RobustError, with the reason, when no guarantee holds for these settings.

    `members` vectors of which `tolerated` may be anything. With `group` > 1 each vector is the sum over a
    group of so many members or more, and every bad member may spoil another group.

    1. the rule exists, the numbers are not negative and at most 63; 2. groups have at least three members,
    and there are 3(2f+1) members or more in them; 3. a mean tolerates nobody; 4. Krum and multi-Krum need
    2f+3 vectors, the others 2f+1: the members, the groups or the buckets.
    """
    before, after = split(rule)
    if not 1 <= members <= MEMBERS_MAX:
        raise RobustError(f"{members} members; a rule takes 1 to {MEMBERS_MAX}")
    if tolerated < 0:
        raise RobustError(f"{tolerated} bad members cannot be tolerated")
    if group < 1 or 1 < group < GROUP_MIN:
        raise RobustError(
            f"groups of {group}: the sum of fewer than {GROUP_MIN} shows its members to one another"
        )
    if group > 1 and members < group * (2 * tolerated + 1):
        raise RobustError(
            f"groups of {group} that tolerate {tolerated} bad members need {group * (2 * tolerated + 1)} "
            f"members, not {members}: each bad member may spoil another group, and most must be clean"
        )
    if after == "mean" and tolerated:
        raise RobustError("a mean tolerates no bad member: one alone moves it anywhere")
    vectors = members // group
    what = "members" if group == 1 else "groups"
    if before == "bucketing":
        vectors, what = -(-vectors // BUCKET), f"buckets of {BUCKET}"
    margin = 3 if after in ("krum", "multi_krum") else 1
    if vectors < 2 * tolerated + margin:
        raise RobustError(
            f"{rule} that tolerates {tolerated} needs {2 * tolerated + margin} {what}, there are {vectors}"
        )


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
