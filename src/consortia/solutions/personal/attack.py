"""Two attacks on one person's basket by whoever sees the sums, as every member does; how often they succeed.

*Known items*: somebody knows three of a person's items, and takes for the others those that most often go
with all three, in the sums. *All others known*: somebody knows what everybody else had, as whoever has the
sums of two studies between which one person left, and reads the person's items off the difference. What is
guessed is as many items as the person has besides; success is the share of the guesses that are right.
Beside: guessing what is most popular.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.baskets import ITEMS_MAX, Choice, capped, item_sums, square
from consortia.engines.train.inverse import Words

KNOWN = 3


@dataclass(frozen=True, slots=True)
class Success:
    """The share of right guesses, over all attacked people."""

    known_items: float
    all_others: float
    popular: float


def attack(had: Choice, people: Sequence[int], sums: Words, items_max: int = ITEMS_MAX) -> Success:
    """Attack these people, one after the other, on the sums of pairs of everybody, with noise or without.

    `had` (people, items) is what each had that counts in `sums` (the upper triangle), of each person its
    first `items_max` items.
    """
    counted, shown = capped(had, items_max), square(sums, had.shape[1])
    popular = np.diagonal(shown)
    right = np.zeros(3)
    guesses = 0
    for person in people:
        own = np.flatnonzero(had[person])
        known, wanted = own[:: max(1, len(own) // KNOWN)][:KNOWN], had[person].copy()
        wanted[known] = False
        count = int(wanted.sum())
        others = square(item_sums(np.delete(counted, person, axis=0)), had.shape[1])
        gone = np.diagonal(shown - others) + (shown - others)[known].sum(axis=0)
        tried = (shown[known].min(axis=0), gone, popular)
        right += [_right(scored, known, wanted, count) for scored in tried]
        guesses += count
    return Success(*(float(value) for value in right / max(1, guesses)))


def _right(scored: Words, known: NDArray[np.int64], wanted: Choice, count: int) -> int:
    ranked = scored.astype(np.int64).copy()
    ranked[known] = np.iinfo(np.int64).min + 1
    return int(wanted[np.argsort(-ranked, kind="stable")[:count]].sum())
