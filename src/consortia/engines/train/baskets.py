"""Baskets: which items of a catalogue a person had, 32 to a cell, and how well a model foretells the last.

A record is a person. The first half of a table's columns hold the items that the person had, the second half
those that it had lately: bit b of column c is item 32 c + b. The label is how many items the person had
lately, those outside the catalogue included: what no model of the catalogue can foretell counts as missed.
A cell that is missing, or no whole number below 2^32, holds no items.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.api import RecipeError
from consortia.engines.train.inverse import GRID_BITS, NotPositive, Words, inverse
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.table import Table
from consortia.exact.fixed import divide, divide_array

CELL_BITS = 32
WORDS_MAX = 32
ITEMS_MAX = CELL_BITS * WORDS_MAX
WEIGHT_BITS = 20
GAIN_BITS = 20
GAINS = (1048576, 661578, 524288, 451597, 405645, 373510, 349525, 330789, 315653, 303106)
"""What a hit at each of ten ranks is worth: 1 / log2(rank + 1) on the 2^-20 grid."""

Choice = NDArray[np.bool_]
_WEIGHT_MAX = (1 << 30) - 1
_INVERSE_MAX = 1 << 42


class Baskets(NamedTuple):
    """What people had, and had lately: each of shape (people, items); `wanted` how many lately, (people,)."""

    had: Choice
    late: Choice
    wanted: NDArray[np.int64]


def columns(words: int) -> tuple[str, ...]:
    """The names of the columns of a catalogue of 32 x `words` items."""
    return (*(f"had {at}" for at in range(words)), *(f"late {at}" for at in range(words)))


def basket_schema(items: int) -> Schema:
    """The schema of baskets of so many items."""
    words = -(-items // CELL_BITS)
    return Schema(tuple(number(name, exponent=CELL_BITS) for name in columns(words)), Label("wanted", (), 8))


def words_of(schema: Schema) -> int:
    """How many cells hold the items of one half; raises RecipeError for a schema that is none of baskets."""
    fields = schema.fields
    if schema.label.classes or len(fields) % 2 or any(field.kind != "number" for field in fields):
        raise RecipeError(
            "baskets have as many columns for items had as for items had lately, all of them numbers, and a "
            "number as their label"
        )
    if len(fields) > 2 * WORDS_MAX:
        raise RecipeError(
            f"{len(fields)} columns; {2 * WORDS_MAX} hold {ITEMS_MAX} items, the most there are"
        )
    return len(fields) // 2


def cells(items: NDArray[np.int64] | list[int], words: int) -> list[int]:
    """The cells of one person's items (their numbers in the catalogue, in any order)."""
    found = [0] * words
    for item in items:
        found[int(item) // CELL_BITS] |= 1 << (int(item) % CELL_BITS)
    return found


def baskets(table: Table) -> Baskets:
    """The people of a table."""
    words = words_of(table.schema)
    whole = np.floor(np.nan_to_num(table.numbers, nan=-1.0, posinf=-1.0, neginf=-1.0))
    whole = np.where((whole >= 0) & (whole < 1 << CELL_BITS), whole, 0).astype(np.int64)
    bits = (whole[:, :, None] >> np.arange(CELL_BITS)) & 1 > 0
    had, late = (bits[:, at : at + words].reshape(len(table), words * CELL_BITS) for at in (0, words))
    counted = np.clip(np.nan_to_num(np.floor(table.labels)), 0, ITEMS_MAX).astype(np.int64)
    late = late & ~had
    return Baskets(had, late, np.maximum(counted, late.sum(axis=1)))


def capped(chosen: Choice, most: int) -> Choice:
    """Of each person's items the first `most` in the order of the catalogue."""
    return chosen & (np.cumsum(chosen, axis=1) <= most)


def item_sums(chosen: Choice) -> Words:
    """How many people had both of each pair of items, and each item: the upper triangle, row by row."""
    rows = chosen.astype(np.float64)
    whole = (rows.T @ rows).astype(np.int64)  # counts: exact in a double, in whatever order
    return whole[np.triu_indices(len(whole))]


def square(triangle: Words, items: int) -> Words:
    """The symmetric matrix of an upper triangle."""
    whole = np.zeros((items, items), dtype=np.int64)
    whole[np.triu_indices(items)] = triangle
    return whole + np.triu(whole, 1).T


def ridge_for(sums: Words, choice: int) -> int:
    """The ridge of a choice: the mean count of an item, times 2^choice / 4; at least one."""
    return max(1, divide(int(np.trace(sums).clip(0)) << choice, 4 * len(sums)))


def item_weights(sums: Words, ridge: int) -> Words:
    """What having one item (row) says of another (column), on the 2^-20 grid; nothing of itself.

    EASE (Steck 2019): B = I - P / diag P with P the inverse of sums + ridge I. Sums with noise may have no
    such inverse: then the ridge is doubled until they have.
    """
    steps = np.arange(len(sums))
    while True:
        grid = divide_array(sums << GRID_BITS, ridge)
        grid[steps, steps] += 1 << GRID_BITS
        try:
            found = inverse(grid)
            break
        except NotPositive:
            ridge *= 2
    held = np.clip(found, -_INVERSE_MAX, _INVERSE_MAX)
    weights = -divide_array(held << WEIGHT_BITS, np.maximum(1, np.diagonal(held)))
    weights[steps, steps] = 0
    return np.clip(weights, -_WEIGHT_MAX, _WEIGHT_MAX)


def scores(chosen: Choice, weights: Words) -> Words:
    """Each person's score of each item; below all others for what it had."""
    # Sums of at most 1,024 weights of 31 bits: exact in a double.
    found = (chosen.astype(np.float64) @ weights.astype(np.float64)).astype(np.int64)
    found[chosen] = np.iinfo(np.int64).min + 1
    return found


def best(found: Words, count: int = len(GAINS)) -> NDArray[np.int64]:
    """The items of the highest scores, best first; equal ones in the order of the catalogue."""
    return np.argsort(-found, axis=1, kind="stable")[:, :count]


def gains(found: Words, late: Choice, wanted: NDArray[np.int64]) -> Words:
    """Each person's nDCG at 10 on the 2^-20 grid: what was foretold, over the most that could be.

    0 for whoever had nothing lately.
    """
    worth = np.array(GAINS, dtype=np.int64)
    order = best(found)
    hits = np.take_along_axis(late, order, axis=1)
    reached = (hits * worth[: order.shape[1]]).sum(axis=1)
    ideal = np.cumsum(worth)[np.clip(wanted, 1, len(GAINS)) - 1]
    return np.where(wanted > 0, divide_array(reached << GAIN_BITS, ideal), 0)
