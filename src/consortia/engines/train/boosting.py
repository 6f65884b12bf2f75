"""Gradient-boosted trees by histograms: every member's gradients, bin by bin, in one exact sum.

Stage `statistics` (1 round) gives the means; stage `cells` (1 round) counts each column's distances from its
mean, in cells 32 to a power of two, from which come the edges of the bins; stage `levels` (trees x depth
rounds) grows one level of one tree a round: each member adds up the gradients and Hessians of its records by
open node, column and bin. As only sums enter, the trees are those of the pooled records, to the bit, however
the records are spread.

Vector of a level: for each of the 2^(depth - 1) places of a level, each design column, each bin (the first
holds missing cells): gradient and Hessian on the 2^-24 grid. A place whose node is a leaf stays zero. A
missing cell counts as less than all others.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from consortia.base.codec import Record, decode_record, encode_record
from consortia.engines.train import statistics
from consortia.engines.train.api import (
    LENGTH_MAX,
    About,
    Cohort,
    Parameter,
    Parameters,
    Plan,
    RecipeError,
    Stage,
    Vector,
    finished,
    full_clip,
)
from consortia.engines.train.boosting_work import (
    Edges,
    Grown,
    contribution,
    counted,
    packed,
    planted_of,
    unpacked,
)
from consortia.engines.train.schema import Schema
from consortia.engines.train.statistics import Moments, moments, table_for
from consortia.engines.train.table import Table
from consortia.exact.boosting import CELLS, GRADIENT_BITS, best_split, leaf_value, quantile_edges
from consortia.exact.fixed import Integers, divide
from consortia.exact.linear import FEATURE_BITS, sigmoid_one
from consortia.exact.trees import LEAF, Trees, TreesError

TREES_MAX, DEPTH_MAX, BINS_MAX = 500, 8, 128
ODDS_MAX = 16 << GRADIENT_BITS

Odds = Annotated[int, Meta(ge=-ODDS_MAX, le=ODDS_MAX)]


class Terms(Record, frozen=True):
    """What the study fixes; `least_milli` is the least Hessian of a leaf, in thousandths."""

    trees: Annotated[int, Meta(ge=1, le=TREES_MAX)]
    depth: Annotated[int, Meta(ge=1, le=DEPTH_MAX)]
    bins: Annotated[int, Meta(ge=2, le=BINS_MAX)]
    rate_milli: Annotated[int, Meta(ge=1, le=1_000)]
    ridge_milli: Annotated[int, Meta(ge=1, le=1_000_000)]
    least_milli: Annotated[int, Meta(ge=0, le=1_000_000)]


class BoostingState(Record, frozen=True):
    """The state between rounds.

    `moments` and `base` (the log odds to start from) stand after the first round, `edges` (each column's, as
    distances from its mean) after the second. `trees` are grown; `growing` is the tree between two of its
    levels, `level` how many it has.
    """

    terms: Terms
    schema: Schema
    moments: Moments | None
    base: Odds
    edges: Edges | None
    trees: tuple[Trees, ...]
    growing: Grown
    level: Annotated[int, Meta(ge=0, le=DEPTH_MAX)]


class BoostingModel(Record, frozen=True):
    """The model: the log odds to start from, and trees over the design's words, missing ones at -2^40."""

    terms: Terms
    schema: Schema
    moments: Moments
    base: Odds
    trees: Trees


class BoostingLogistic:
    """The recipe `boosting.logistic`."""

    name = "boosting.logistic"
    version = 1
    about = About(
        "classes",
        exact=True,
        pooled=True,
        parameters=(
            Parameter("trees", 50, 1, TREES_MAX, "how many trees are grown, one after the other"),
            Parameter("depth", 4, 1, DEPTH_MAX, "the most questions on the way to a leaf, a round each"),
            Parameter("bins", 32, 2, BINS_MAX, "the bins of each column"),
            Parameter("rate_milli", 300, 1, 1_000, "thousandths of each tree that are added"),
            Parameter("ridge_milli", 1_000, 1, 1_000_000, "the ridge on a leaf's value in thousandths"),
            Parameter("least_milli", 1_000, 0, 1_000_000, "the least Hessian of a leaf in thousandths"),
        ),
    )

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """Statistics, cells, then a round for each level of each tree."""
        terms = Terms(**self.about.read(parameters))
        if not schema.label.classes:
            raise RecipeError(f"{self.name} wants a label of two classes")
        columns = len(schema.design_names)
        length = 2 * columns * (terms.bins + 1) << (terms.depth - 1)
        if max(length, columns * CELLS) > LENGTH_MAX:
            raise RecipeError(f"{length} words a level; fewer columns, bins or levels are wanted")
        stages = (
            statistics.stage(schema),
            Stage("cells", 1, columns * CELLS, full_clip(64, 0), "sum"),
            Stage("levels", terms.trees * terms.depth, length, full_clip(64, GRADIENT_BITS), "sum"),
        )
        start = BoostingState(terms, schema, None, 0, None, (), _seedling(terms), 0)
        return Plan(stages, encode_record(start))

    def local(self, state: bytes, table: Table) -> Vector:
        """The member's sums, counts, or gradients and Hessians by open node, column and bin; exact."""
        current = _read(state)
        table_for(current.schema, table)
        if current.moments is None:
            return statistics.contribution(table)
        if current.edges is None:
            return counted(table, current.moments)
        return contribution(
            table,
            current.moments,
            edges=current.edges,
            base=current.base,
            trees=current.trees,
            growing=current.growing,
            level=current.level,
            places=1 << (current.terms.depth - 1),
            bins=current.terms.bins + 1,
        )

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """The statistics are those of so many records; so are counts, and every column of a node agrees."""
        current = _read(state)
        if current.moments is None:
            statistics.check_contribution(vector, records)
            return
        columns = len(current.schema.design_names)
        if current.edges is None:
            counts = vector.reshape(columns, CELLS)
            if int(counts.min()) < 0 or int(counts.sum(axis=1).max()) > records:
                raise RecipeError(f"no {records} records fall into cells like this")
            return
        sums = vector.reshape(-1, columns, current.terms.bins + 1, 2).sum(axis=2)
        hessians = vector[1::2]
        agree = bool((sums == sums[:, :1]).all()) and int(hessians.min()) >= 0
        one = 1 << GRADIENT_BITS
        if not agree or int(np.abs(sums[:, 0, 0]).sum()) > records * one:
            raise RecipeError(f"no {records} records give these gradients")
        if int(sums[:, 0, 1].sum()) > records * (one >> 2):
            raise RecipeError(f"no {records} records give these Hessians")

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The moments, the edges, or the tree one level on."""
        current = _read(state)
        if current.moments is None:
            found = moments(total, cohort)
            return encode_record(replace(current, moments=found, base=base_odds(found)))
        if current.edges is None:
            return encode_record(replace(current, edges=_edges(current, total, cohort)))
        if len(current.trees) >= current.terms.trees:
            raise RecipeError("every tree is grown; there is no further step")
        grown = _next_level(current, total)
        if current.level + 1 < current.terms.depth:
            return encode_record(replace(current, growing=grown, level=current.level + 1))
        tree = planted_of(grown, current.edges, current.moments.means)
        done = replace(current, trees=(*current.trees, tree), growing=_seedling(current.terms), level=0)
        return encode_record(done)

    def finish(self, state: bytes) -> bytes:
        """The encoded BoostingModel."""
        current = _read(state)
        return finished(self.so_far(state), len(current.trees), current.terms.trees, "trees")

    def so_far(self, state: bytes) -> bytes | None:
        """The encoded BoostingModel of the trees that are grown; None before the first."""
        current = _read(state)
        if current.moments is None or not current.trees:
            return None
        joined = Trees(
            *(b"".join(getattr(tree, name) for tree in current.trees) for name in Trees.__struct_fields__)
        )
        return encode_record(
            BoostingModel(current.terms, current.schema, current.moments, current.base, joined)
        )


BOOSTING = BoostingLogistic()


def read_model(model: bytes) -> BoostingModel:
    """The model that `finish` encoded; raises base.codec.Malformed or RecipeError for anything else."""
    found = decode_record(BoostingModel, model)
    try:
        fits = found.trees.planted.width <= len(found.schema.design_names)
    except TreesError as error:
        raise RecipeError(f"the trees of the model: {error}") from None
    if not fits:
        raise RecipeError("the trees of the model ask for columns that its schema has not")
    return found


def base_odds(shared: Moments) -> int:
    """The log odds of the cohort's share of positive records, on the 2^-24 grid; the least that reach it."""
    wanted = shared.label_mean << (GRADIENT_BITS - FEATURE_BITS)
    low, high = -ODDS_MAX, ODDS_MAX
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if sigmoid_one(middle) >= wanted else (middle + 1, high)
    return low


def _read(state: bytes) -> BoostingState:
    current = decode_record(BoostingState, state)
    terms, columns = current.terms, len(current.schema.design_names)
    edges = current.edges or ()
    nodes = (2 << terms.depth) - 1
    fits = (
        (current.moments is None or len(current.moments.means) == columns)
        and (current.edges is None or (current.moments is not None and len(edges) == columns))
        and all(_are_edges(each, terms.bins) for each in edges)
        and _is_tree(current.growing, nodes, columns, terms.bins)
        and current.level < terms.depth
        and len(current.trees) <= terms.trees
    )
    if not fits:
        raise RecipeError("the state's edges, trees and terms are not of one study")
    return current


def _are_edges(data: bytes, bins: int) -> bool:
    return len(data) % 4 == 0 and len(data) < 4 * bins and bool((np.diff(unpacked(data)) > 0).all())


def _is_tree(growing: Grown, nodes: int, columns: int, bins: int) -> bool:
    asked, lasts, _ = growing.arrays
    return (
        len(growing.columns) == len(growing.bins) == len(growing.values) == 4 * nodes
        and int(asked.min()) >= LEAF
        and int(asked.max()) < columns
        and int(lasts.min()) >= 0
        and int(lasts.max()) <= bins
    )


def _seedling(terms: Terms) -> Grown:
    nodes = (2 << terms.depth) - 1
    return Grown(packed((LEAF,) * nodes), packed((0,) * nodes), packed((0,) * nodes))


def _edges(current: BoostingState, total: Vector, cohort: Cohort) -> Edges:
    counts = total.reshape(-1, CELLS)
    if int(counts.min()) < 0 or int(counts.sum(axis=1).max()) > cohort.records:
        raise RecipeError("the counts of cells are of no records of this schema")
    return tuple(packed(quantile_edges(column, current.terms.bins)) for column in counts)


def _next_level(current: BoostingState, total: Vector) -> Grown:
    """The tree with the questions of this level asked, and its leaves' values so far."""
    terms = current.terms
    shape = (1 << (terms.depth - 1), len(current.schema.design_names), terms.bins + 1, 2)
    histograms = total.reshape(shape)
    one = 1 << GRADIENT_BITS
    ridge, least = (divide(milli * one, 1000) for milli in (terms.ridge_milli, terms.least_milli))
    columns, bins, values = (part.tolist() for part in current.growing.arrays)
    first = (1 << current.level) - 1
    for place in range(1 << current.level):
        at = first + place
        if at and columns[(at - 1) // 2] == LEAF:
            continue
        gradients, hessians = histograms[place, :, :, 0], histograms[place, :, :, 1]
        _check_sums(gradients, hessians)
        if not at:
            whole = int(gradients[0].sum()), int(hessians[0].sum())
            values[0] = leaf_value(*whole, ridge=ridge, rate_milli=terms.rate_milli)
        split = best_split(gradients, hessians, ridge=ridge, least=least)
        if split is None:
            continue
        columns[at], bins[at] = split.column, split.bin
        for child, sums in ((2 * at + 1, split.left), (2 * at + 2, split.right)):
            values[child] = leaf_value(*sums, ridge=ridge, rate_milli=terms.rate_milli)
    return Grown(packed(columns), packed(bins), packed(values))


def _check_sums(gradients: Integers, hessians: Integers) -> None:
    """Sums that some records can have: no Hessian below zero, and every column of a node adds up alike."""
    sums_g, sums_h = gradients.sum(axis=1), hessians.sum(axis=1)
    if int(hessians.min()) < 0 or bool((sums_g != sums_g[0]).any() or (sums_h != sums_h[0]).any()):
        raise RecipeError("the sums of a level are of no records of this schema")
