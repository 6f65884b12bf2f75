"""Stratified proportional hazards (Cox 1972) by Newton's method on exact sums: each member is a stratum.

A member's partial likelihood compares its own records only, so its gradient and Hessian are sums over its own
risk sets, and the members' sums are those of the stratified fit of all records: the coefficients are that
fit's. Baseline hazards stay at home and may differ from site to site.

In a stratum, with r = e^(columns . weights) and A the cumulative baseline hazard (Breslow 1974; Efron 1977
where events tie), a record expects r A events, and the gradient is the sum of (expected - observed) times its
columns: all in Python integers until it is rounded once to the 2^-24 grid. The Hessian is that of the
expected events' columns less the means at each event.

Vector of a Newton round: the gradient, then the Hessian's upper triangle row by row, on the 2^-24 grid.
"""

from typing import Annotated, Literal, NamedTuple, TypeAlias

import numpy as np
from msgspec import Meta

from consortia.base.codec import Record, decode_record, encode_record
from consortia.engines.train import statistics
from consortia.engines.train.api import (
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
from consortia.engines.train.design import design
from consortia.engines.train.glm import Weight, newton_change, reduce_sums
from consortia.engines.train.schema import Schema
from consortia.engines.train.standardise import standard_design
from consortia.engines.train.statistics import Moments, moments, table_for
from consortia.engines.train.table import Table
from consortia.engines.train.times import times_of
from consortia.exact.exponential import exponential
from consortia.exact.fixed import Integers, divide, divide_array, from_integers
from consortia.exact.linear import STANDARD_BITS, STANDARD_MAX, WEIGHT_BITS, WEIGHT_MAX, scores
from consortia.exact.ring import largest
from consortia.exact.solve import SIZE_MAX

ROUNDS_DEFAULT = 8
ROUNDS_MAX = 100
RIDGE_MILLI_MAX = 1_000_000_000
RECORDS_MAX = 1 << 17
"""A stratum's expected events add up to its events, so that with so many records every sum fits 64 bits."""

_HAZARD_BITS = 48
_MEAN_BITS = 20
_BLOCK = 1 << 12
_WEIGHED_SHIFT = WEIGHT_BITS - 4


Row: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.object_]]
"""Columns as Python integers, which no product outgrows."""


class CoxTerms(Record, frozen=True):
    """What the study fixes: the Newton rounds, the ridge in thousandths, ties by Efron (1) or Breslow (0)."""

    rounds: Annotated[int, Meta(ge=1, le=ROUNDS_MAX)]
    ridge_milli: Annotated[int, Meta(ge=0, le=RIDGE_MILLI_MAX)]
    efron: Annotated[int, Meta(ge=0, le=1)]


class CoxState(Record, frozen=True):
    """The state between rounds: as a GLM's, but no intercept, which no stratum could tell from its hazard."""

    terms: CoxTerms
    schema: Schema
    moments: Moments | None
    weights: tuple[Weight, ...]
    newton: int
    moved: int


class CoxModel(Record, frozen=True):
    """The model: enough to rank records by risk, exactly, with nothing else."""

    terms: CoxTerms
    schema: Schema
    moments: Moments
    weights: tuple[Weight, ...]


class CoxStratified:
    """The recipe `cox.stratified`."""

    name: Literal["cox.stratified"] = "cox.stratified"
    version = 1
    about = About(
        "times",
        exact=True,
        pooled=False,
        parameters=(
            Parameter("rounds", ROUNDS_DEFAULT, 1, ROUNDS_MAX, "Newton rounds"),
            Parameter("ridge_milli", 1, 0, RIDGE_MILLI_MAX, "the ridge in thousandths; 0 fits no category"),
            Parameter("efron", 1, 0, 1, "1: tied events by Efron's method, 0: by Breslow's"),
        ),
    )

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """One statistics round, then the Newton rounds from weights of zero."""
        terms = CoxTerms(**self.about.read(parameters))
        if schema.label.classes:
            raise RecipeError(f"{self.name} wants a label of times: t for an event, -t for none until t")
        size = len(schema.design_names)
        if size > SIZE_MAX:
            raise RecipeError(
                f"{size} columns once categories are spread, {self.name} solves at most {SIZE_MAX}"
            )
        newton = Stage(
            "newton", terms.rounds, size + size * (size + 1) // 2, full_clip(64, WEIGHT_BITS), "sum"
        )
        initial = CoxState(terms, schema, None, (0,) * size, 0, 0)
        return Plan((statistics.stage(schema), newton), encode_record(initial))

    def local(self, state: bytes, table: Table) -> Vector:
        """The member's statistics, or its gradient and Hessian at the current weights."""
        current = self._read(state)
        table = table_for(current.schema, table)
        times = times_of(table)
        if current.moments is None:
            return statistics.contribution(table)
        if table.records > RECORDS_MAX:
            raise RecipeError(
                f"{table.name}: {table.records} records, {self.name} takes at most {RECORDS_MAX}"
            )
        standard = standard_design(design(table.schema, table.numbers), current.moments)
        gradient, hessian = stratum(standard, times, current.weights, efron=bool(current.terms.efron))
        return np.concatenate([gradient, hessian[np.triu_indices(len(gradient))]])

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """The sums are within what so many records can give.

        Expected and observed events are both at most the records, a standardised cell at most 16; the
        diagonal of a Hessian is not negative.
        """
        current = self._read(state)
        if current.moments is None:
            statistics.check_contribution(vector, records)
            return
        size = len(current.weights)
        unit = records << WEIGHT_BITS
        hessian = np.zeros((size, size), dtype=np.int64)
        hessian[np.triu_indices(size)] = vector[size:]
        fits = (
            largest(vector[:size]) <= 2 * STANDARD_MAX * unit
            and largest(hessian) <= STANDARD_MAX * STANDARD_MAX * unit + unit
            and int(np.diagonal(hessian).min()) >= 0
        )
        if not fits:
            raise RecipeError(f"no {records} records give this gradient and Hessian")

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The moments, or the weights after one exact Newton step; a constant column's weight stays zero."""
        current = self._read(state)
        if current.newton >= current.terms.rounds:
            raise RecipeError("every round is done; there is no further step")
        if current.moments is None:
            found = moments(total, cohort)
            return encode_record(CoxState(current.terms, current.schema, found, current.weights, 0, 0))
        size = len(current.weights)
        words = total.copy()
        diagonal = size
        for column, deviation in enumerate(current.moments.deviations):
            if deviation == 0:
                words[diagonal] += 1 << WEIGHT_BITS
            diagonal += size - column
        change = newton_change(words, current.weights, current.terms.ridge_milli, cohort, free=0)
        weights = tuple(
            max(-WEIGHT_MAX, min(WEIGHT_MAX, weight - delta))
            for weight, delta in zip(current.weights, change, strict=True)
        )
        moved = max(abs(new - old) for new, old in zip(weights, current.weights, strict=True))
        return encode_record(
            CoxState(current.terms, current.schema, current.moments, weights, current.newton + 1, moved)
        )

    def finish(self, state: bytes) -> bytes:
        """The encoded CoxModel."""
        current = self._read(state)
        return finished(self.so_far(state), current.newton, current.terms.rounds, "Newton rounds")

    def so_far(self, state: bytes) -> bytes | None:
        """The encoded CoxModel after the Newton rounds that are done; None before the first."""
        current = self._read(state)
        if current.moments is None or not current.newton:
            return None
        return encode_record(CoxModel(current.terms, current.schema, current.moments, current.weights))

    def _read(self, state: bytes) -> CoxState:
        current = decode_record(CoxState, state)
        _check_shapes(current.schema, current.moments, current.weights)
        return current


COX = CoxStratified()


def read_model(model: bytes) -> CoxModel:
    """The model that `finish` encoded; raises base.codec.Malformed or RecipeError for anything else."""
    found = decode_record(CoxModel, model)
    _check_shapes(found.schema, found.moments, found.weights)
    return found


class _Events(NamedTuple):
    """What a stratum's events say: expected events (2^-24) by record, the mean columns (2^-20) by event."""

    expected: Integers
    means: Integers


def stratum(
    standard: Integers, times: Integers, weights: tuple[int, ...], *, efron: bool
) -> tuple[Vector, Vector]:
    """Gradient (size,) and Hessian (size, size) of one stratum's negative log partial likelihood, 2^-24 grid.

    `standard` (records, size) on the 2^-16 grid, `times` (records,) signed, `weights` on the 2^-24 grid.
    """
    size = standard.shape[1]
    gradient = np.zeros(size, dtype=object)
    hessian = np.zeros((size, size), dtype=object)
    mantissas, powers = exponential(scores(standard, from_integers(weights), 0))
    least = int(powers.min()) if powers.size else 0
    risks = [
        mantissa << (power - least)
        for mantissa, power in zip(mantissas.tolist(), powers.tolist(), strict=True)
    ]
    found = _events(standard, times, risks, efron=efron)
    observed = (times > 0).astype(np.int64) << WEIGHT_BITS
    for begin in range(0, len(standard), _BLOCK):
        columns = standard[begin : begin + _BLOCK]
        expected = found.expected[begin : begin + _BLOCK]
        weighed = divide_array(columns * expected[:, None], 1 << _WEIGHED_SHIFT)
        gradient += columns.T @ (expected - observed[begin : begin + _BLOCK])
        hessian += weighed.T @ columns
    hessian *= 1 << (2 * _MEAN_BITS - (STANDARD_BITS + _MEAN_BITS))
    for begin in range(0, len(found.means), _BLOCK):
        means = found.means[begin : begin + _BLOCK]
        hessian -= means.T @ means
    lower = reduce_sums(hessian, 2 * _MEAN_BITS - WEIGHT_BITS)
    np.fill_diagonal(lower, np.maximum(np.diagonal(lower), 0))
    return reduce_sums(gradient, STANDARD_BITS), lower


def _events(standard: Integers, times: Integers, risks: list[int], *, efron: bool) -> _Events:
    """Goes back in time, adding to the risk sets, and notes hazards and means; then forward, adding them."""
    order = np.argsort(-np.abs(times), kind="stable").tolist()
    ages, rows = np.abs(times).tolist(), standard.astype(object)
    bits = _HAZARD_BITS + max(risks, default=1).bit_length()
    at_risk, sums = 0, np.zeros(standard.shape[1], dtype=object)
    means: list[list[int]] = []
    steps: list[tuple[list[int], list[int], int, int]] = []
    position = 0
    while position < len(order):
        end = position
        while end < len(order) and ages[order[end]] == ages[order[position]]:
            end += 1
        together = order[position:end]
        dead = [record for record in together if times[record] > 0]
        for record in together:
            at_risk += risks[record]
            sums = sums + rows[record] * risks[record]
        hazard, own = _hazards(at_risk, sums, [(risks[i], rows[i]) for i in dead], bits, means, efron=efron)
        steps.append((together, dead, hazard, own))
        position = end
    expected = [0] * len(order)
    total = 0
    for together, dead, hazard, own in reversed(steps):
        before, total = total, total + hazard
        for record in together:
            expected[record] = divide(risks[record] * total, 1 << (bits - WEIGHT_BITS))
        for record in dead:
            expected[record] = divide(risks[record] * (before + own), 1 << (bits - WEIGHT_BITS))
    flat = [value for row in means for value in row]
    return _Events(from_integers(expected), from_integers(flat).reshape(len(means), standard.shape[1]))


def _hazards(
    at_risk: int, sums: Row, dead: list[tuple[int, Row]], bits: int, means: list[list[int]], *, efron: bool
) -> tuple[int, int]:
    """The hazards that the events of one time add, for those who live on and for the dead themselves.

    Both on the 2^-bits grid over the risks' own; the mean columns at each event are added to `means`. By
    Efron the dead leave the risk set one after the other, each time an equal part of them all.
    """
    count = len(dead)
    tied = sum(risk for risk, _ in dead) if efron else 0
    tied_sums = sum((row * risk for risk, row in dead), sums * 0) if efron else sums * 0
    hazard = own = 0
    for gone in range(count):
        weight = count * at_risk - gone * tied
        hazard += divide(count << bits, weight)
        own += divide((count - (gone if efron else 0)) << bits, weight)
        wide = (count * sums - gone * tied_sums) << (_MEAN_BITS - STANDARD_BITS)
        means.append([divide(int(value), weight) for value in wide])
    return hazard, own


def _check_shapes(schema: Schema, shared: Moments | None, weights: tuple[int, ...]) -> None:
    columns = len(schema.design_names)
    sizes = {columns, len(weights)}
    if shared is not None:
        sizes |= {len(shared.counts), len(shared.means), len(shared.deviations)}
    if len(sizes) > 1:
        raise RecipeError("the moments and weights are not those of the schema's columns")
