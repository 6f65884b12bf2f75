"""Rates by group: how many records, and how many of the second class, each group has over all members.

A group is the whole part of the first column's value, from 0 up: a terminal's number, a day, an age in
years, or any index that the members agree on. Records whose value is missing or beyond the groups count in
none. It is a table, not a predictor: members make features of it that no member alone could have.

Whoever sees the sum sees every group's counts. A group that only one member's records are in shows that
member's counts: the page of recipes says so.

Vector: the records of each group, then those of the second class.
"""

from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from consortia.base.codec import Malformed, Record, decode_record, encode_record
from consortia.engines.train.api import (
    About,
    Cohort,
    Parameter,
    Parameters,
    Plan,
    RecipeError,
    Stage,
    Vector,
    full_clip,
)
from consortia.engines.train.schema import Schema
from consortia.engines.train.statistics import table_for
from consortia.engines.train.table import Table

GROUPS = Parameter("groups", 1_000, 1, 1 << 20, "groups, numbered from 0")
_WORD = "<u4"


class RatesState(Record, frozen=True):
    """`counts` is empty before the round; then 32-bit words: records by group, then the second class's."""

    schema: Schema
    groups: Annotated[int, Meta(ge=1, le=GROUPS.high)]
    counts: bytes


class Counts(NamedTuple):
    """Records by group, and those of the second class: each of shape (groups,), int64."""

    records: NDArray[np.int64]
    positives: NDArray[np.int64]


class Rates:
    """The recipe `rates`: one round; its model is the encoded RatesState with the counts in it."""

    name = "rates"
    version = 1
    about = About("classes", exact=True, pooled=True, parameters=(GROUPS,))

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """One stage of one round; the schema's first column must be a number."""
        groups = self.about.read(parameters)[GROUPS.name]
        if not schema.fields or schema.fields[0].kind != "number":
            raise RecipeError("the first column numbers the groups: it must be a number")
        if not schema.label.classes:
            raise RecipeError("the label must have two classes")
        stage = Stage("rates", 1, 2 * groups, full_clip(32, 0), "sum")
        return Plan((stage,), encode_record(RatesState(schema, groups, b"")))

    def local(self, state: bytes, table: Table) -> Vector:
        """The member's counts."""
        current = decode_record(RatesState, state)
        known = table_for(current.schema, table)
        with np.errstate(invalid="ignore"):
            whole = np.floor(known.numbers[:, 0])
            inside = (whole >= 0) & (whole < current.groups)
        at = whole[inside].astype(np.int64)
        second = known.labels[inside] > 0
        counted = [np.bincount(rows, minlength=current.groups) for rows in (at, at[second])]
        return np.concatenate(counted).astype(np.int64)

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """The groups' records are at most so many, and those of the second class are among them."""
        _check(vector, records)

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The cohort's counts."""
        current = decode_record(RatesState, state)
        if current.counts:
            raise RecipeError("the rates are complete; there is no further round")
        _check(total, cohort.records)
        return encode_record(RatesState(current.schema, current.groups, total.astype(_WORD).tobytes()))

    def finish(self, state: bytes) -> bytes:
        """The state with the counts in it."""
        if not decode_record(RatesState, state).counts:
            raise RecipeError("the round of the rates is still to come")
        return state


def read_rates(model: bytes) -> Counts:
    """The counts of a finished study; raises Malformed for bytes that are none."""
    state = decode_record(RatesState, model)
    words = np.frombuffer(state.counts, dtype=_WORD) if len(state.counts) == 8 * state.groups else None
    if words is None:
        raise Malformed(f"{len(state.counts)} bytes of counts for {state.groups} groups")
    counts = words.astype(np.int64).reshape(2, state.groups)
    return Counts(counts[0], counts[1])


def _check(vector: Vector, records: int) -> None:
    """Raises RecipeError when no `records` records have these counts."""
    counts, positives = vector.reshape(2, -1)
    if vector.min() < 0 or (positives > counts).any() or int(counts.sum()) > records:
        raise RecipeError(f"the counts are of no {records} records")
