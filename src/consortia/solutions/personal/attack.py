"""Two attacks on one person's basket by whoever sees the sums, as every member does; how often they succeed.

*Known items*: somebody knows three of a person's items, and takes for the others those that most often go
with all three, in the sums. *Who left*: somebody has the sums of two studies between which one person
left and nothing else changed, and reads the person's items off the difference. What is guessed is as many
items as the person has besides; success is the share of the guesses that are right. Beside: guessing what is
most popular.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consortia.base.hashing import tagged
from consortia.engines.privacy import cost_for
from consortia.engines.privacy.gaussian import discrete_gaussian
from consortia.engines.privacy.terms import record_noise
from consortia.engines.train.api import Cohort
from consortia.engines.train.baskets import CELL_BITS, Choice, capped, item_sums, square, words_of
from consortia.engines.train.ease import EASE
from consortia.engines.train.inverse import Words
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table

KNOWN = 3
DELTA = 1e-5


@dataclass(frozen=True, slots=True)
class Success:
    """The share of right guesses, over all attacked people."""

    known_items: float
    who_left: float
    popular: float


@dataclass(frozen=True, slots=True)
class Noisy:
    """What noise does to the sums of a study: its variance by stage; how many items of a person count."""

    variances: tuple[int, ...]
    items_max: int


def noise_of(schema: Schema, epsilon: float, items_max: int, members: int) -> Noisy:
    """The noise of all members together that hides a person by (epsilon, 1e-5) over a whole study."""
    plan = EASE.plan({"items_max": items_max}, schema)
    noises = record_noise(EASE, plan, cost_for(epsilon, DELTA), quorum=members, colluders=1)
    return Noisy(tuple(one.each(members) * members for one in noises), items_max)


def model_with(noisy: Noisy, tables: Sequence[Table], secret: bytes) -> bytes:
    """The model of a study with noise in every sum; the members' parts are added up here."""
    state = EASE.plan({"items_max": noisy.items_max}, tables[0].schema).initial
    records = sum(one.records for one in tables)
    for at, variance in enumerate(noisy.variances):
        total = np.sum([EASE.local(state, one) for one in tables], axis=0)
        drawn = discrete_gaussian(_key(secret, at), variance, total.size)
        state = EASE.step(state, total + drawn, Cohort(len(tables), records, records))
    return EASE.finish(state)


def attack(schema: Schema, had: Choice, people: Sequence[int], secret: bytes, noisy: Noisy | None) -> Success:
    """Attack these people, one after the other, on the sums of everybody."""
    items = CELL_BITS * words_of(schema)
    counted = had if noisy is None else capped(had, noisy.items_max)
    triangle = item_sums(counted)
    shown = square(triangle + _drawn(noisy, secret, 100, triangle.size), items)
    popular = np.diagonal(shown)
    right = np.zeros(3)
    guesses = 0
    for number, person in enumerate(people):
        own = np.flatnonzero(had[person])
        known, wanted = own[:: max(1, len(own) // KNOWN)][:KNOWN], had[person].copy()
        wanted[known] = False
        count = int(wanted.sum())
        without = item_sums(np.delete(counted, person, axis=0))
        later = square(without + _drawn(noisy, secret, 101 + number, without.size), items)
        gone = np.diagonal(shown - later) + (shown - later)[known].sum(axis=0)
        tried = (shown[known].min(axis=0), gone, popular)
        right += [_right(scored, known, wanted, count) for scored in tried]
        guesses += count
    return Success(*(float(value) for value in right / max(1, guesses)))


def _right(scored: Words, known: NDArray[np.int64], wanted: Choice, count: int) -> int:
    ranked = scored.astype(np.int64).copy()
    ranked[known] = np.iinfo(np.int64).min + 1
    return int(wanted[np.argsort(-ranked, kind="stable")[:count]].sum())


def _drawn(noisy: Noisy | None, secret: bytes, at: int, size: int) -> Words:
    if noisy is None:
        return np.zeros(size, dtype=np.int64)
    return discrete_gaussian(_key(secret, at), noisy.variances[-1], size)


def _key(secret: bytes, at: int) -> bytes:
    return tagged("consortia/attack", secret + at.to_bytes(4, "big"))
