"""A member's side of boosting: its records' bins, log odds and gradients, kept between the levels of a study.

Everything here follows from the state and the table alone. What is kept is kept to save time: a worker that
was restarted computes it again from the state, the same integers.

Histograms are added up by numpy's `bincount`, whose weights are 64-bit floats. They are integers, and no
partial sum reaches 2^53, so that each addition is exact and its order does not matter.
"""

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from consortia.base.codec import Record
from consortia.engines.train.api import RecipeError, Vector
from consortia.engines.train.design import design
from consortia.engines.train.statistics import Moments
from consortia.engines.train.table import Table
from consortia.exact.boosting import CELLS, GRADIENT_BITS, cells
from consortia.exact.fixed import Integers, from_integers
from consortia.exact.linear import sigmoid
from consortia.exact.trees import LEAF, Trees, trees, walk

MISSING = -(1 << 40)
"""The word of a missing cell: less than all others."""
RECORDS_MAX = 1 << 28
"""So many gradients below 2^24 in magnitude stay below 2^53 together."""

Edges: TypeAlias = tuple[bytes, ...]
"""Each column's ascending edges, as distances from its mean; little-endian 32-bit words."""

_HALF = np.dtype("<i4")


class Grown(Record, frozen=True):
    """A tree while it grows, as a heap: the children of node i stand at 2i + 1 and 2i + 2.

    `columns`: what a node asks, -1 for a leaf or nothing yet. `bins`: the last bin that goes left. `values`:
    what a leaf there adds to the log odds, on the 2^-24 grid. Little-endian 32-bit words.
    """

    columns: bytes
    bins: bytes
    values: bytes

    @property
    def arrays(self) -> tuple[Integers, Integers, Integers]:
        """Columns, bins and values, each int64 (nodes,)."""
        return unpacked(self.columns), unpacked(self.bins), unpacked(self.values)


def packed(words: Sequence[int]) -> bytes:
    """Little-endian 32-bit words of integers."""
    return from_integers(words).astype(_HALF).tobytes()


def unpacked(data: bytes) -> Integers:
    """The integers of little-endian 32-bit words, int64; what is no whole word at the end is left out."""
    return np.frombuffer(data[: len(data) // 4 * 4], dtype=_HALF).astype(np.int64)


@dataclass
class Working:
    """What a member keeps of one table between rounds."""

    means: tuple[int, ...] = ()
    words: Integers = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    edges: Edges = ()
    bins: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.uint8))
    trees: tuple[Trees, ...] | None = None
    base: int = 0
    odds: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    gradients: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    hessians: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


_KEPT: dict[int, tuple["weakref.ref[Table]", Working]] = {}


def working(table: Table) -> Working:
    """What is kept of this very table, for as long as somebody holds it."""
    key = id(table)
    found = _KEPT.get(key)
    if found is None or found[0]() is not table:
        found = (weakref.ref(table, lambda _: _KEPT.pop(key, None)), Working())
        _KEPT[key] = found
    return found[1]


def words_of(values: Integers, present: NDArray[np.bool_]) -> Integers:
    """The words that trees ask about: the design's, and MISSING for missing cells."""
    return np.where(present, values, MISSING)


def counted(table: Table, shared: Moments) -> Vector:
    """How many cells of each design column lie at what distance from the mean, column by column."""
    matrix = design(table.schema, table.numbers)
    away = cells(matrix.values - from_integers(shared.means))
    found = np.empty((away.shape[1], CELLS), dtype=np.int64)
    for column in range(away.shape[1]):
        found[column] = np.bincount(away[matrix.present[:, column], column], minlength=CELLS)
    return found.reshape(-1)


def contribution(
    table: Table,
    shared: Moments,
    *,
    edges: Edges,
    base: int,
    trees: tuple[Trees, ...],
    growing: Grown,
    level: int,
    places: int,
    bins: int,
) -> Vector:
    """Gradients and Hessians by place of the level, column and bin; the first bin is of missing cells."""
    if table.records > RECORDS_MAX:
        raise RecipeError(f"{table.records} records; histograms are exact up to {RECORDS_MAX}")
    kept = working(table)
    _bring_bins(kept, table, shared, edges)
    _bring_odds(kept, table, base, trees)
    place = _places(kept.bins, growing, level)
    here = place >= 0
    whole = bool(here.all())
    start = (place if whole else place[here]) * bins
    gradients, hessians = (part if whole else part[here] for part in (kept.gradients, kept.hessians))
    found = np.zeros((places, len(kept.bins), bins, 2), dtype=np.int64)
    size = bins << level
    for column, own in enumerate(kept.bins):
        keys = start + (own if whole else own[here])
        for index, part in enumerate((gradients, hessians)):
            sums = np.bincount(keys, weights=part, minlength=size)
            found[: 1 << level, column, :, index] = sums.astype(np.int64).reshape(-1, bins)
    return found.reshape(-1)


def planted_of(grown: Grown, edges: Edges, means: tuple[int, ...]) -> Trees:
    """A finished tree over the design's words."""
    features: list[int] = []
    words: list[int] = []
    rights: list[int] = []
    columns, bins, values = grown.arrays

    def put(at: int) -> None:
        column, here = int(columns[at]), len(features)
        features.append(column)
        rights.append(0)
        if column == LEAF:
            words.append(int(values[at]))
            return
        bin_ = int(bins[at])
        own = unpacked(edges[column])
        # Behind the last edge no record lies, whatever a sum may say.
        threshold = means[column] + int(own[min(bin_, own.size) - 1]) if bin_ and own.size else MISSING
        words.append(threshold)
        put(2 * at + 1)
        rights[here] = len(features) - here
        put(2 * at + 2)

    put(0)
    return trees(from_integers(features), from_integers(words), from_integers(rights))


def _bring_bins(kept: Working, table: Table, shared: Moments, edges: Edges) -> None:
    """Words and bins under these edges; bins by column, (columns, records), 0 for missing cells."""
    if kept.edges == edges and kept.means == shared.means and kept.bins.shape[1] == table.records:
        return
    matrix = design(table.schema, table.numbers)
    bins = np.zeros((matrix.values.shape[1], table.records), dtype=np.uint8)
    for column, own in enumerate(edges):
        away = matrix.values[:, column] - shared.means[column]
        found = np.searchsorted(unpacked(own), away, "left") + 1
        bins[column] = np.where(matrix.present[:, column], found, 0)
    kept.words = words_of(matrix.values, matrix.present)
    kept.means, kept.edges, kept.bins, kept.trees = shared.means, edges, bins, None


def _bring_odds(kept: Working, table: Table, base: int, trees: tuple[Trees, ...]) -> None:
    """Log odds under these trees, and the gradients and Hessians that follow from them."""
    if kept.trees == trees and kept.base == base:
        return
    done = len(kept.trees) if kept.trees is not None else 0
    if kept.trees is None or kept.base != base or kept.trees != trees[:done]:
        kept.odds, done = np.full(table.records, base, dtype=np.int64), 0
    for tree in trees[done:]:
        kept.odds = kept.odds + walk(tree.planted, kept.words)
    chance = sigmoid(kept.odds)
    one = 1 << GRADIENT_BITS
    kept.gradients = (chance - (table.labels.astype(np.int64) << GRADIENT_BITS)).astype(np.float64)
    kept.hessians = (chance * (one - chance) >> GRADIENT_BITS).astype(np.float64)
    kept.trees, kept.base = trees, base


def _places(bins: NDArray[np.uint8], growing: Grown, level: int) -> NDArray[np.intp]:
    """Each record's place in the level, -1 where its way ended at a leaf before."""
    node = np.zeros(bins.shape[1], dtype=np.intp)
    ended = np.zeros(bins.shape[1], dtype=np.bool_)
    columns, lasts, _ = growing.arrays
    rows = np.arange(bins.shape[1])
    for _ in range(level):
        column = columns[node]
        ended |= column < 0
        node = 2 * node + 1 + (bins[column, rows] > lasts[node])
    return np.where(ended, -1, node - ((1 << level) - 1))


def forget() -> None:
    """Drop what is kept of all tables; the next level computes it anew."""
    _KEPT.clear()
