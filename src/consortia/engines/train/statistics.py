"""Secure statistics: counts, sums and sums of squares of every column, added exactly in the ring 2^64.

From them come missing counts, category counts, means, variances, shared standardisation and imputation.
A contribution is exact integer arithmetic on the feature grid, so that a member can re-compute its own.

Vector: for each design column its present cells, the sum of its values (2^-20), and the sum of their
squares (2^-32, halves to even once per member); then the label's sum (2^-20; a class counts 0 or 1).
"""

import math
from typing import Annotated

import numpy as np
from msgspec import Meta

from consortia.base.codec import Record, decode_record, encode_record
from consortia.engines.train.api import (
    About,
    Cohort,
    Parameters,
    Plan,
    RecipeError,
    Stage,
    Vector,
    full_clip,
)
from consortia.engines.train.design import Design, design
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table
from consortia.exact.fixed import FixedError, Integers, divide, from_integers, quantise
from consortia.exact.linear import FEATURE_BITS, FEATURE_MAX
from consortia.exact.ring import RingError, check_range, clip_max, largest

SQUARE_BITS = 32

_WORDS = 3
_SQUARE_MAX = FEATURE_MAX * FEATURE_MAX >> (2 * FEATURE_BITS - SQUARE_BITS)

Count = Annotated[int, Meta(ge=0, le=1 << 40)]
Mean = Annotated[int, Meta(ge=-FEATURE_MAX, le=FEATURE_MAX)]
Deviation = Annotated[int, Meta(ge=0, le=FEATURE_MAX)]


class Moments(Record, frozen=True):
    """The statistics of a cohort, per design column, on the feature grid.

    `counts`: present cells. `means`, `deviations`: of the present cells; 0 and 0 for a column with no
    cell, deviation 0 for a constant one. `label_mean` on the 2^-20 grid. `records`: of the cohort.
    """

    records: Count
    counts: tuple[Count, ...]
    means: tuple[Mean, ...]
    deviations: tuple[Deviation, ...]
    label_mean: Mean


class Statistics:
    """The recipe `statistics`: one round; its model is the encoded Moments."""

    name = "statistics"
    version = 1
    about = About("classes", exact=True, pooled=True, parameters=())

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """One stage of one round; there are no parameters."""
        self.about.read(parameters)
        return Plan((stage(schema),), encode_record(StatisticsState(schema, None)))

    def local(self, state: bytes, table: Table) -> Vector:
        """The member's counts, sums and sums of squares."""
        schema = decode_record(StatisticsState, state).schema
        return contribution(table_for(schema, table))

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """Counts, means and squares are those of so many records."""
        check_contribution(vector, records)

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The cohort's moments."""
        current = decode_record(StatisticsState, state)
        if current.moments is not None:
            raise RecipeError("the statistics are complete; there is no further round")
        return encode_record(StatisticsState(current.schema, moments(total, cohort)))

    def finish(self, state: bytes) -> bytes:
        """The moments as canonical CBOR."""
        found = decode_record(StatisticsState, state).moments
        if found is None:
            raise RecipeError("the statistics round is still to come")
        return encode_record(found)


class StatisticsState(Record, frozen=True):
    """The state of the recipe `statistics`: no moments before its round, the cohort's after."""

    schema: Schema
    moments: Moments | None


def stage(schema: Schema) -> Stage:
    """The statistics stage of a schema."""
    length = _WORDS * len(schema.design_names) + 1
    return Stage("statistics", 1, length, full_clip(64, 0), "sum")


def table_for(schema: Schema, table: Table) -> Table:
    """The table, when it is of the study's schema; raises RecipeError otherwise."""
    if table.schema != schema:
        raise RecipeError(f"{table.name}: the table was read under another schema than the study's")
    return table


def contribution(table: Table) -> Vector:
    """The statistics vector of one table; raises RecipeError when a sum leaves the ring's room."""
    matrix = design(table.schema, table.numbers)
    sums = column_sums(matrix)
    vector = from_integers([word for column in sums for word in column] + [int(label_integers(table).sum())])
    try:
        check_range(vector, clip_max(64))
    except RingError as error:
        raise RecipeError(
            f"{table.name}: a column's sums leave the ring ({error}); its exponent is too low"
        ) from None
    return vector


def check_contribution(vector: Vector, records: int) -> None:
    """Raises RecipeError when no `records` records have these sums."""
    moments(vector, Cohort(1, records, records))


def label_integers(table: Table) -> Integers:
    """The labels as int64 on the 2^-20 grid: 0 or 1 for two classes, else numbers over 2^exponent."""
    if table.schema.label.classes:
        return table.labels.astype(np.int64) << FEATURE_BITS
    bits = FEATURE_BITS - table.schema.label.exponent
    try:
        return quantise(table.labels, scale_bits=bits, clip=FEATURE_MAX, ring_bits=64)
    except FixedError as error:
        raise RecipeError(f"{table.name}: the label: {error}") from None


def column_sums(matrix: Design) -> list[tuple[int, int, int]]:
    """Per design column: present cells, exact sum, exact sum of squares rounded once to 2^-32."""
    values = matrix.values
    biggest = max(1, largest(values))
    # So many squares of the biggest value still fit a signed 64-bit word.
    rows = max(1, (1 << 62) // (biggest * biggest))
    squares = [0] * values.shape[1]
    for begin in range(0, len(values), rows):
        block = values[begin : begin + rows]
        squares = [old + int(new) for old, new in zip(squares, (block * block).sum(axis=0), strict=True)]
    shift = 1 << (2 * FEATURE_BITS - SQUARE_BITS)
    return [
        (int(count), int(total), divide(square, shift))
        for count, total, square in zip(matrix.present.sum(axis=0), values.sum(axis=0), squares, strict=True)
    ]


def moments(total: Vector, cohort: Cohort) -> Moments:
    """Means and deviations of a cohort from its exact sums.

    A deviation is the integer square root of the variance of the present cells (divisor: their count).
    Raises RecipeError for sums that no records of the schema can have, so that no later step overflows.
    """
    words = [int(word) for word in total]
    columns = [tuple(words[i : i + _WORDS]) for i in range(0, len(words) - 1, _WORDS)]
    counts, means, deviations = [], [], []
    for count, value_sum, square_sum in columns:
        if not 0 <= count <= cohort.records:
            raise RecipeError(f"a column counts {count} cells in {cohort.records} records")
        mean = divide(value_sum, count) if count else 0
        if abs(mean) > FEATURE_MAX or not 0 <= square_sum <= count * _SQUARE_MAX:
            raise RecipeError("the sums of a column are of no records of this schema")
        counts.append(count)
        means.append(mean)
        deviations.append(_deviation(count, value_sum, square_sum))
    label_mean = divide(words[-1], cohort.records)
    if abs(label_mean) > FEATURE_MAX:
        raise RecipeError("the sum of the labels is of no records of this schema")
    return Moments(cohort.records, tuple(counts), tuple(means), tuple(deviations), label_mean)


def _deviation(count: int, value_sum: int, square_sum: int) -> int:
    """sqrt(sum of squares / count - mean^2) on the feature grid, rounded down; 0 when below the grid."""
    if count == 0:
        return 0
    wide = (square_sum << (2 * FEATURE_BITS - SQUARE_BITS)) * count - value_sum * value_sum
    # Each member's one rounding of its squares may move the variance of a constant column off zero.
    noise = count << (2 * FEATURE_BITS - SQUARE_BITS + 6)
    return math.isqrt(wide // (count * count)) if wide > noise else 0
