"""The order in which lists stand in records: one spelling of each, so one hash."""

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

S = TypeVar("S", bytes, str)


def is_sorted(items: Iterable[S]) -> bool:
    """Whether they stand in ascending order, none twice."""
    return all(low < high for low, high in pairwise(items))
