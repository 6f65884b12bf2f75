"""Federated generalised linear models: Newton's method on exact sums, a ridge fixed in the study.

Stage `statistics` (1 round) gives the shared standardisation; stage `newton` (`rounds` rounds) adds up
gradients and Hessians, eliminates exactly and moves the weights on their integer grid. Because only
sums enter, the model is that of the pooled records, up to one rounding per member, sum and round.

The ridge keeps separable data finite (plain Newton diverges on them) and constant columns solvable; it is
not applied to the intercept. Loss: sum of log losses (or half squares) + ridge / 2 * |weights|^2, over
standardised columns. The local step is integer too: a member can re-compute its own contribution.

Vector of a Newton round: the gradient (intercept first), then the Hessian's upper triangle row by row, all
on the 2^-24 grid.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from consortia.base.codec import Record, decode_record, encode_record
from consortia.engines.train import statistics
from consortia.engines.train.api import (
    Cohort,
    Parameters,
    Plan,
    RecipeError,
    Stage,
    Vector,
    full_clip,
    only_parameters,
    parameter,
)
from consortia.engines.train.design import design
from consortia.engines.train.schema import Schema
from consortia.engines.train.standardise import standard_design
from consortia.engines.train.statistics import Moments, label_integers, moments, table_for
from consortia.engines.train.table import Table
from consortia.exact.fixed import Integers, divide, divide_array, from_integers
from consortia.exact.linear import (
    FEATURE_BITS,
    STANDARD_BITS,
    STANDARD_MAX,
    WEIGHT_BITS,
    WEIGHT_MAX,
    scores,
    sigmoid,
)
from consortia.exact.ring import largest
from consortia.exact.solve import SIZE_MAX, NotSolvable, solve

ROUNDS_DEFAULT = 8
ROUNDS_MAX = 100
RIDGE_MILLI_DEFAULT = 1_000
RIDGE_MILLI_MAX = 1_000_000_000
STEP_MAX = 4 << WEIGHT_BITS
"""A Newton step that moves a weight by more than 4 per deviation is shortened to that, direction kept."""

_BLOCK = 1 << 12
_RESIDUAL_MAX = 1 << (WEIGHT_BITS + 6)
_CURVE_SHIFT = WEIGHT_BITS - 4
# Standardised cells stay below 2^20 and residuals at 2^30 or below, so that no sum over a block of 2^12
# records leaves 64 bits (2^62); sums over blocks are Python integers.

Weight = Annotated[int, Meta(ge=-WEIGHT_MAX, le=WEIGHT_MAX)]


class Terms(Record, frozen=True):
    """What the study fixes: the family, the Newton rounds, the ridge in thousandths."""

    family: Literal["logistic", "linear"]
    rounds: Annotated[int, Meta(ge=1, le=ROUNDS_MAX)]
    ridge_milli: Annotated[int, Meta(ge=1, le=RIDGE_MILLI_MAX)]


class GlmState(Record, frozen=True):
    """The state between rounds.

    `moments` stand after the first round; `weights` (intercept first) on the 2^-24 grid; `newton` rounds are
    done; `moved` is the largest change of a weight in the last one.
    """

    terms: Terms
    schema: Schema
    moments: Moments | None
    weights: tuple[Weight, ...]
    newton: int
    moved: int


class GlmModel(Record, frozen=True):
    """The model: enough to predict from raw features, exactly, with nothing else."""

    terms: Terms
    schema: Schema
    moments: Moments
    weights: tuple[Weight, ...]


@dataclass(frozen=True)
class Glm:
    """The recipes `glm.logistic` and `glm.linear`.

    Parameters: `rounds` (Newton rounds, 1..100; a linear model is exact after 1), `ridge_milli` (the ridge
    in thousandths, 1..10^9).
    """

    family: Literal["logistic", "linear"]
    version: int = 1

    @property
    def name(self) -> str:
        """`glm.logistic` or `glm.linear`."""
        return f"glm.{self.family}"

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """One statistics round, then the Newton rounds from weights of zero."""
        only_parameters(parameters, ("rounds", "ridge_milli"))
        rounds = parameter(
            parameters, "rounds", ROUNDS_DEFAULT if self.family == "logistic" else 1, 1, ROUNDS_MAX
        )
        ridge = parameter(parameters, "ridge_milli", RIDGE_MILLI_DEFAULT, 1, RIDGE_MILLI_MAX)
        if bool(schema.label.classes) != (self.family == "logistic"):
            raise RecipeError(
                f"{self.name} wants a label {'of two classes' if self.family == 'logistic' else 'of numbers'}"
            )
        size = len(schema.design_names) + 1
        if size > SIZE_MAX:
            raise RecipeError(
                f"{size - 1} columns once categories are spread, {self.name} solves at most {SIZE_MAX - 1}"
            )
        newton = Stage("newton", rounds, size + size * (size + 1) // 2, full_clip(64, WEIGHT_BITS), "sum")
        initial = GlmState(Terms(self.family, rounds, ridge), schema, None, (0,) * size, 0, 0)
        return Plan((statistics.stage(schema), newton), encode_record(initial))

    def local(self, state: bytes, table: Table) -> Vector:
        """The member's statistics, or its gradient and Hessian at the current weights."""
        current = self._read(state)
        table = table_for(current.schema, table)
        if current.moments is None:
            return statistics.contribution(table)
        standard = standard_design(design(table.schema, table.numbers), current.moments)
        gradient, hessian = curvature(self.family, standard, label_integers(table), current.weights)
        upper = np.triu_indices(len(gradient))
        return np.concatenate([gradient, hessian[upper]])

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """The sums are within what so many records can give; so no member weighs more than its records.

        A record's residual is at most 1 (linear: 64), a standardised cell at most 16, its curvature at most
        1/4 (linear: 1), and the diagonal of a Hessian is not negative.
        """
        current = self._read(state)
        if current.moments is None:
            statistics.check_contribution(vector, records)
            return
        residual, quarters = (1, 1) if self.family == "logistic" else (_RESIDUAL_MAX >> WEIGHT_BITS, 4)
        size = len(current.weights)
        unit = records << WEIGHT_BITS
        hessian = np.zeros((size, size), dtype=np.int64)
        hessian[np.triu_indices(size)] = vector[size:]
        fits = (
            largest(vector[:size]) <= residual * STANDARD_MAX * unit
            and largest(hessian) <= quarters * STANDARD_MAX * STANDARD_MAX * unit // 4 + unit
            and int(np.diagonal(hessian).min()) >= 0
        )
        if not fits:
            raise RecipeError(f"no {records} records give this gradient and Hessian")

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The moments, or the weights after one exact Newton step."""
        current = self._read(state)
        if current.newton >= current.terms.rounds:
            raise RecipeError("every round is done; there is no further step")
        if current.moments is None:
            following = GlmState(current.terms, current.schema, moments(total, cohort), current.weights, 0, 0)
        else:
            change = newton_change(total, current.weights, current.terms.ridge_milli, cohort)
            weights = tuple(
                max(-WEIGHT_MAX, min(WEIGHT_MAX, weight - delta))
                for weight, delta in zip(current.weights, change, strict=True)
            )
            moved = max(abs(new - old) for new, old in zip(weights, current.weights, strict=True))
            following = GlmState(
                current.terms, current.schema, current.moments, weights, current.newton + 1, moved
            )
        return encode_record(following)

    def finish(self, state: bytes) -> bytes:
        """The encoded GlmModel."""
        current = self._read(state)
        if current.moments is None or current.newton < current.terms.rounds:
            raise RecipeError(
                f"{current.newton} of {current.terms.rounds} Newton rounds are done; there is no model yet"
            )
        return encode_record(GlmModel(current.terms, current.schema, current.moments, current.weights))

    def _read(self, state: bytes) -> GlmState:
        current = decode_record(GlmState, state)
        if current.terms.family != self.family:
            raise RecipeError(f"a state of glm.{current.terms.family}, not of {self.name}")
        _check_shapes(current.schema, current.moments, current.weights)
        return current


LOGISTIC = Glm("logistic")
LINEAR = Glm("linear")


def read_model(model: bytes) -> GlmModel:
    """The model that `finish` encoded; raises base.codec.Malformed or RecipeError for anything else."""
    found = decode_record(GlmModel, model)
    _check_shapes(found.schema, found.moments, found.weights)
    return found


def curvature(
    family: str, standard: Integers, labels: Integers, weights: tuple[int, ...]
) -> tuple[Vector, Vector]:
    """Gradient (size,) and Hessian (size, size) of the loss over a member's records, on the 2^-24 grid.

    `standard` (records, size - 1) on the 2^-16 grid, `labels` (records,) on the 2^-20 grid, `weights` with
    the intercept first on the 2^-24 grid. Sums are exact and rounded once, halves to even; the curvature
    times a column is rounded to the 2^-20 grid per record.
    """
    size = len(weights)
    slopes = from_integers(weights[1:])
    gradient = np.zeros(size, dtype=object)
    hessian = np.zeros((size, size), dtype=object)
    for begin in range(0, len(standard), _BLOCK):
        block = standard[begin : begin + _BLOCK]
        columns = np.column_stack([np.full(len(block), 1 << STANDARD_BITS, dtype=np.int64), block])
        score = scores(block, slopes, weights[0])
        target = labels[begin : begin + _BLOCK] << (WEIGHT_BITS - FEATURE_BITS)
        if family == "logistic":
            expected = sigmoid(score)
            # p (1 - p) is at least one unit, so that the intercept's curvature never vanishes.
            curve = np.maximum(divide_array(expected * ((1 << WEIGHT_BITS) - expected), 1 << WEIGHT_BITS), 1)
        else:
            expected = score
            curve = np.full(len(block), 1 << WEIGHT_BITS, dtype=np.int64)
        residual = np.clip(expected - target, -_RESIDUAL_MAX, _RESIDUAL_MAX)
        weighed = divide_array(columns * curve[:, None], 1 << _CURVE_SHIFT)
        gradient += columns.T @ residual
        hessian += weighed.T @ columns
    return _reduce(gradient, STANDARD_BITS), _reduce(hessian, 2 * STANDARD_BITS - _CURVE_SHIFT)


def newton_change(total: Vector, weights: tuple[int, ...], ridge_milli: int, cohort: Cohort) -> list[int]:
    """What one Newton step takes off the weights, on the 2^-24 grid.

    Gradient and Hessian are brought from the cohort's records to those of all who joined by one factor,
    joined / cohort, so that the ridge weighs the same whoever drops out. Raises RecipeError when the
    system has no solution.
    """
    size = len(weights)
    words = [int(word) for word in total]
    joined, records = cohort.joined, cohort.records
    ridge = divide((ridge_milli << WEIGHT_BITS) * records, 1_000)
    gradient = [words[i] * joined for i in range(size)]
    matrix = [[0] * size for _ in range(size)]
    position = size
    for i in range(size):
        for j in range(i, size):
            matrix[i][j] = words[position] * joined
            position += 1
    for i in range(1, size):
        matrix[i][i] += ridge
        gradient[i] += divide(ridge_milli * weights[i] * records, 1_000)
    try:
        change = solve(matrix, gradient, scale_bits=WEIGHT_BITS)
    except NotSolvable as error:
        raise RecipeError(f"the Newton step has no solution: {error}") from None
    longest = max(abs(delta) for delta in change)
    if longest > STEP_MAX:
        change = [divide(delta * STEP_MAX, longest) for delta in change]
    return change


def _check_shapes(schema: Schema, shared: Moments | None, weights: tuple[int, ...]) -> None:
    columns = len(schema.design_names)
    sizes = {columns, len(weights) - 1}
    if shared is not None:
        sizes |= {len(shared.counts), len(shared.means), len(shared.deviations)}
    if len(sizes) > 1:
        raise RecipeError("the moments and weights are not those of the schema's columns")


def _reduce(wide: np.ndarray[tuple[int, ...], np.dtype[np.object_]], bits: int) -> Vector:
    flat = [divide(int(value), 1 << bits) for value in wide.reshape(-1)]
    return from_integers(flat).reshape(wide.shape)
