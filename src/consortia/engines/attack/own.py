"""What a member can try on a study with nothing but its own records and its own updates.

It knows both sides, so it can say what an attacker would have found: whether lone records are read out of
an open update, and whether its masked update can be told from another that it might have sent.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consortia.base.codec import Malformed
from consortia.engines.attack.inversion import best_match, invert_round
from consortia.engines.train.api import Recipe, RecipeError, Stage, Vector, weighed
from consortia.engines.train.splits import order
from consortia.engines.train.table import Table

PIECES = 8
"""A vector is guessed at in so many pieces, each of which is masked apart from the others."""

_SURE = 0.01
_CELL = 1e-3


@dataclass(frozen=True)
class Guesses:
    """How often the true one of two candidates was picked."""

    hits: int
    tries: int

    @property
    def by_chance(self) -> float:
        """The probability of so many hits or more by guessing."""
        ways = sum(math.comb(self.tries, count) for count in range(self.hits, self.tries + 1))
        return float(ways / (1 << self.tries))

    @property
    def found(self) -> bool:
        """Whether guessing would explain so many hits only once in a hundred times."""
        return self.tries > 0 and self.by_chance < _SURE

    def __add__(self, other: "Guesses") -> "Guesses":
        """Both together."""
        return Guesses(self.hits + other.hits, self.tries + other.tries)


def two_updates(
    recipe: Recipe, stage: Stage, state: bytes, table: Table, *, joined: int, seed: int
) -> tuple[Vector, Vector]:
    """The member's own update in a round, and one that it might have sent: of half of its records.

    `joined` are the records of all members of the round. Raises RecipeError as the recipe does.
    """
    half = table.take(sorted(order(seed, "half", table.records)[: max(1, table.records // 2)]))
    own, other = (weighed(stage, recipe.local(state, one), one.records, joined) for one in (table, half))
    return own, other


def guesses(words: NDArray[Any], own: Vector, other: Vector) -> Guesses:
    """Which of two updates some submitted words are, piece by piece: by the nearest in the ring.

    `words` are of the ring's signed type. Behind a mask each guess is right with a chance of one half,
    whatever the two updates are; without a mask it is right always.
    """
    found = Guesses(0, 0)
    for piece in np.array_split(np.arange(len(words)), min(PIECES, len(words))):
        first, second = (each[piece].astype(words.dtype) for each in (own, other))
        if not np.array_equal(first, second):
            found += Guesses(int(best_match(words[piece], (first, second)) == 0), 1)
    return found


def lone_records(recipe: Recipe, state: bytes, table: Table, rows: Sequence[int]) -> int | None:
    """How many of these records, each sent alone in an open round, are read out of its update.

    None where there is no such attack for the recipe, or none yet at this state.
    """
    read = 0
    for row in rows:
        lone = table.take([row])
        try:
            found = invert_round(state, recipe.local(state, lone))
        except (Malformed, RecipeError, ValueError):
            return None
        if found is not None:
            right = found.label == table.schema.label.classes[int(lone.labels[0])]
            read += right and _same(found.cells, lone)
    return read


def _same(cells: dict[str, float], lone: Table) -> bool:
    """Whether the numbers read out are those of the record, to a thousandth of each column's scale."""
    fields = zip(lone.schema.fields, lone.numbers[0], strict=True)
    known = [(field, value) for field, value in fields if field.kind == "number" and not np.isnan(value)]
    return all(abs(cells[one.name] - value) <= np.ldexp(_CELL, one.exponent) for one, value in known)
