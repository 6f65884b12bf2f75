"""The nouns of robust rules: their names, vectors, limits and the one error."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from consortia.exact.ring import RingError, check_range

Vector: TypeAlias = NDArray[np.int64]
Words: TypeAlias = NDArray[Any]
"""One vector of int32 or int64 words, shape (d,)."""

Rule = Literal[
    "mean",
    "trimmed_mean",
    "median",
    "krum",
    "multi_krum",
    "centred_clipping",
    "nnm+trimmed_mean",
    "nnm+median",
    "nnm+krum",
    "nnm+multi_krum",
    "nnm+centred_clipping",
    "bucketing+trimmed_mean",
    "bucketing+median",
    "bucketing+krum",
    "bucketing+multi_krum",
    "bucketing+centred_clipping",
]
"""The rules by name; `nnm+` (nearest-neighbour mixing) and `bucketing+` are steps before the rule."""

RULES: tuple[Rule, ...] = get_args(Rule)

MEMBERS_MAX = 63
WORD_MAX = 1 << 57
"""The largest magnitude of a word: the clip of a 64-bit ring. Sums over all members then fit 64 bits."""

BUCKET = 2
"""So many members to a bucket."""
GROUP_MIN = 3
"""The fewest members whose masked sum hides each of them from the others."""


class RobustError(ValueError):
    """Settings that no rule can keep, or vectors that it cannot take; the text says why."""


def split(rule: str) -> tuple[str, str]:
    """The pre-step (`nnm`, `bucketing` or empty) and the rule after it; raises RobustError for others."""
    if rule not in RULES:
        raise RobustError(f"no rule {rule!r}; there are {', '.join(RULES)}")
    before, _, after = rule.rpartition("+")
    return before, after


def checked(vectors: Sequence[Words] | NDArray[Any]) -> list[Words]:
    """The vectors as a list, when they are int32 or int64 of one type and length and within WORD_MAX.

    Raises RobustError otherwise. Nothing is copied.
    """
    found = list(vectors)
    if not found:
        raise RobustError("a rule needs a vector")
    first = found[0]
    if first.ndim != 1 or first.dtype.newbyteorder("=") not in (np.int32, np.int64):
        raise RobustError(
            f"a vector of shape {first.shape} and type {first.dtype}: one row of int32 or int64"
        )
    if any(each.shape != first.shape or each.dtype != first.dtype for each in found):
        raise RobustError("the vectors are not of one type and length")
    if first.dtype.itemsize == 8:
        for index, each in enumerate(found):
            try:
                check_range(each, WORD_MAX)
            except RingError as error:
                raise RobustError(f"vector {index}: {error}") from None
    return found
