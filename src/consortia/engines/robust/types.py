"""The nouns of robust rules: their vectors and limits."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from consortia.exact.ring import RingError, check_range
from consortia.exact.robust import RobustError

Vector: TypeAlias = NDArray[np.int64]
Words: TypeAlias = NDArray[Any]
"""One vector of int32 or int64 words, shape (d,)."""

WORD_MAX = 1 << 57
"""The largest magnitude of a word: the clip of a 64-bit ring. Sums over all members then fit 64 bits."""


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
