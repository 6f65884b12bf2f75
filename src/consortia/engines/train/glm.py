"""Federated generalised linear models: Newton's method on exact sums, a ridge fixed in the study.

Stage `statistics` (1 round) gives the shared standardisation; stage `newton` (`rounds` rounds) adds up
gradients and Hessians, eliminates exactly and moves the weights on their integer grid. Because only
sums enter, the model is that of the pooled records, up to one rounding per member, sum and round.

The ridge keeps separable data finite (plain Newton diverges on them) and constant columns solvable; it is
not applied to the intercept. Loss: sum of log losses (or half squares) + ridge / 2 * |weights|^2, over
standardised columns; for counts the Poisson loss. The local step is integer too: a member can re-compute its
own contribution. With a site ridge each site has an intercept of its own besides the shared one, which it
keeps at home (`site`).

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
from consortia.engines.train.families import CURVE_QUARTERS, RESIDUAL_BITS, Family, curve, expected, residual
from consortia.engines.train.schema import Schema
from consortia.engines.train.site import best_offset, eliminated, site_ridge
from consortia.engines.train.standardise import standard_design
from consortia.engines.train.statistics import Moments, label_integers, moments, table_for
from consortia.engines.train.table import Table
from consortia.exact.exponential import logarithm
from consortia.exact.fixed import Integers, divide, divide_array, from_integers
from consortia.exact.linear import (
    FEATURE_BITS,
    STANDARD_BITS,
    STANDARD_MAX,
    WEIGHT_BITS,
    WEIGHT_MAX,
    scores,
)
from consortia.exact.ring import largest
from consortia.exact.solve import SIZE_MAX, NotSolvable, solve

ROUNDS_DEFAULT = 8
ROUNDS_MAX = 100
RIDGE_MILLI_MAX = 1_000_000_000
STEP_MAX = 4 << WEIGHT_BITS
"""A Newton step that moves a weight by more than 4 per deviation is shortened to that, direction kept."""

_BLOCK = 1 << 10
_CURVE_SHIFT = WEIGHT_BITS - 4
# Standardised cells stay below 2^20 and residuals at 2^32 or below, so that no sum over a block of 2^10
# records leaves 64 bits (2^62); sums over blocks are Python integers.

Weight = Annotated[int, Meta(ge=-WEIGHT_MAX, le=WEIGHT_MAX)]


class Terms(Record, frozen=True):
    """What the study fixes: the family, the Newton rounds, both ridges in thousandths.

    A `site_ridge_milli` of 0 means one intercept for all.
    """

    family: Family
    rounds: Annotated[int, Meta(ge=1, le=ROUNDS_MAX)]
    ridge_milli: Annotated[int, Meta(ge=1, le=RIDGE_MILLI_MAX)]
    site_ridge_milli: Annotated[int, Meta(ge=0, le=RIDGE_MILLI_MAX)]


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
    """The recipes `glm.logistic`, `glm.linear` and `glm.poisson`."""

    family: Family
    version: int = 2

    @property
    def name(self) -> str:
        """`glm.logistic`, `glm.linear` or `glm.poisson`."""
        return f"glm.{self.family}"

    @property
    def about(self) -> About:
        """Sums of exact local steps: the pooled model."""
        label: Literal["classes", "number"] = "classes" if self.family == "logistic" else "number"
        rounds = 1 if self.family == "linear" else ROUNDS_DEFAULT
        parameters = (
            Parameter("rounds", rounds, 1, ROUNDS_MAX, "Newton rounds; a linear model is exact after 1"),
            Parameter("ridge_milli", 1_000, 1, RIDGE_MILLI_MAX, "the ridge in thousandths"),
            Parameter(
                "site_ridge_milli",
                0,
                0,
                RIDGE_MILLI_MAX,
                "the ridge on each site's own offset; 0: no offsets",
            ),
        )
        return About(label, exact=True, pooled=True, parameters=parameters)

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """One statistics round, then the Newton rounds from weights of zero."""
        terms = Terms(self.family, **self.about.read(parameters))
        if bool(schema.label.classes) != (self.family == "logistic"):
            raise RecipeError(
                f"{self.name} wants a label {'of two classes' if self.family == 'logistic' else 'of numbers'}"
            )
        size = len(schema.design_names) + 1
        if size > SIZE_MAX:
            raise RecipeError(
                f"{size - 1} columns once categories are spread, {self.name} solves at most {SIZE_MAX - 1}"
            )
        newton = Stage(
            "newton", terms.rounds, size + size * (size + 1) // 2, full_clip(64, WEIGHT_BITS), "sum"
        )
        initial = GlmState(terms, schema, None, (0,) * size, 0, 0)
        return Plan((statistics.stage(schema), newton), encode_record(initial))

    def local(self, state: bytes, table: Table) -> Vector:
        """The member's statistics, or its gradient and Hessian at the current weights."""
        current = self._read(state)
        table = table_for(current.schema, table)
        if current.moments is None:
            return statistics.contribution(table)
        standard = standard_design(design(table.schema, table.numbers), current.moments)
        labels = labels_of(self.family, table)
        weights = current.weights
        if current.terms.site_ridge_milli:
            weights = _with_offset(current.terms, current.schema, standard, labels, weights)
        gradient, hessian = curvature(self.family, standard, labels, weights)
        if current.terms.site_ridge_milli:
            hessian = eliminated(hessian, _site_ridge(current.terms, current.schema))
        upper = np.triu_indices(len(gradient))
        return np.concatenate([gradient, hessian[upper]])

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """The sums are within what so many records can give; so no member weighs more than its records.

        A record's residual is at most 1 (linear: 64, Poisson: 256), a standardised cell at most 16, its
        curvature at most 1/4 (linear: 1, Poisson: 256), and the diagonal of a Hessian is not negative.
        """
        current = self._read(state)
        if current.moments is None:
            statistics.check_contribution(vector, records)
            return
        slope, quarters = 1 << RESIDUAL_BITS[self.family], CURVE_QUARTERS[self.family]
        size = len(current.weights)
        unit = records << WEIGHT_BITS
        hessian = np.zeros((size, size), dtype=np.int64)
        hessian[np.triu_indices(size)] = vector[size:]
        fits = (
            largest(vector[:size]) <= slope * STANDARD_MAX * unit
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
            found = moments(total, cohort)
            following = GlmState(current.terms, current.schema, found, self._start(current, found), 0, 0)
        else:
            change = newton_change(
                total,
                current.weights,
                current.terms.ridge_milli,
                cohort,
                exponent=_exponent(self.family, current.schema),
            )
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
        return finished(self.so_far(state), current.newton, current.terms.rounds, "Newton rounds")

    def so_far(self, state: bytes) -> bytes | None:
        """The encoded GlmModel after the Newton rounds that are done; None before the first."""
        current = self._read(state)
        if current.moments is None or not current.newton:
            return None
        return encode_record(GlmModel(current.terms, current.schema, current.moments, current.weights))

    def _start(self, current: GlmState, found: Moments) -> tuple[int, ...]:
        """Counts begin at their mean, from where Newton's method does not overshoot; the others at zero."""
        if self.family != "poisson":
            return current.weights
        return (logarithm(found.label_mean << (WEIGHT_BITS - FEATURE_BITS)), *current.weights[1:])

    def _read(self, state: bytes) -> GlmState:
        current = decode_record(GlmState, state)
        if current.terms.family != self.family:
            raise RecipeError(f"a state of glm.{current.terms.family}, not of {self.name}")
        _check_shapes(current.schema, current.moments, current.weights)
        return current


LOGISTIC = Glm("logistic")
LINEAR = Glm("linear")
POISSON = Glm("poisson")


def read_model(model: bytes) -> GlmModel:
    """The model that `finish` encoded; raises base.codec.Malformed or RecipeError for anything else."""
    found = decode_record(GlmModel, model)
    _check_shapes(found.schema, found.moments, found.weights)
    return found


def own_model(model: bytes, table: Table) -> bytes:
    """A site's own model: the shared one with the site's offset in its intercept, from the site's records.

    A model like any other, which the site may keep to itself or register as its own. Raises RecipeError for a
    model without a site ridge.
    """
    shared = read_model(model)
    if not shared.terms.site_ridge_milli:
        raise RecipeError("the study had one intercept for all: its model is every site's")
    table = table_for(shared.schema, table)
    standard = standard_design(design(table.schema, table.numbers), shared.moments)
    labels = labels_of(shared.terms.family, table)
    weights = _with_offset(shared.terms, shared.schema, standard, labels, shared.weights)
    return encode_record(GlmModel(shared.terms, shared.schema, shared.moments, weights))


def labels_of(family: Family, table: Table) -> Integers:
    """The labels on the 2^-20 grid; raises RecipeError for a count below zero."""
    labels = label_integers(table)
    if family == "poisson" and labels.size and int(labels.min()) < 0:
        raise RecipeError(f"{table.name}: a label is below zero; glm.poisson predicts counts and rates")
    return labels


def curvature(
    family: Family, standard: Integers, labels: Integers, weights: tuple[int, ...]
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
        expectation = expected(family, scores(block, slopes, weights[0]))
        target = labels[begin : begin + _BLOCK] << (WEIGHT_BITS - FEATURE_BITS)
        weighed = divide_array(columns * curve(family, expectation)[:, None], 1 << _CURVE_SHIFT)
        gradient += columns.T @ residual(family, expectation, target)
        hessian += weighed.T @ columns
    return reduce_sums(gradient, STANDARD_BITS), reduce_sums(hessian, 2 * STANDARD_BITS - _CURVE_SHIFT)


def newton_change(
    total: Vector,
    weights: tuple[int, ...],
    ridge_milli: int,
    cohort: Cohort,
    *,
    exponent: int = 0,
    free: int = 1,
) -> list[int]:
    """What one Newton step takes off the weights, on the 2^-24 grid.

    Gradient and Hessian are brought from the cohort's records to those of all who joined by one factor,
    joined / cohort, so that the ridge weighs the same whoever drops out; and by 2^exponent, where the loss
    was summed in units of the label's scale. The first `free` weights have no ridge. Raises RecipeError when
    the system has no solution.
    """
    size = len(weights)
    words = [int(word) for word in total]
    joined, records = cohort.joined << max(exponent, 0), cohort.records << max(-exponent, 0)
    ridge = divide((ridge_milli << WEIGHT_BITS) * records, 1_000)
    gradient = [words[i] * joined for i in range(size)]
    matrix = [[0] * size for _ in range(size)]
    position = size
    for i in range(size):
        for j in range(i, size):
            matrix[i][j] = words[position] * joined
            position += 1
    for i in range(free, size):
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


def reduce_sums(wide: np.ndarray[tuple[int, ...], np.dtype[np.object_]], bits: int) -> Vector:
    """Sums in Python integers, brought down by 2^bits, halves to even; raises FixedError beyond 64 bits."""
    flat = [divide(int(value), 1 << bits) for value in wide.reshape(-1)]
    return from_integers(flat).reshape(wide.shape)


def _exponent(family: Family, schema: Schema) -> int:
    """The power of two between the loss as summed and the loss as the ridge is weighed against."""
    return schema.label.exponent if family == "poisson" else 0


def _site_ridge(terms: Terms, schema: Schema) -> int:
    """The ridge on the offset, in units of the loss as summed."""
    exponent = _exponent(terms.family, schema)
    return max(1, divide(site_ridge(terms.site_ridge_milli) << max(-exponent, 0), 1 << max(exponent, 0)))


def _with_offset(
    terms: Terms, schema: Schema, standard: Integers, labels: Integers, weights: tuple[int, ...]
) -> tuple[int, ...]:
    score = scores(standard, from_integers(weights[1:]), weights[0])
    target = labels << (WEIGHT_BITS - FEATURE_BITS)

    def slope(offset: int) -> int:
        return int(residual(terms.family, expected(terms.family, score + offset), target).sum())

    offset = best_offset(slope, _site_ridge(terms, schema))
    return (max(-WEIGHT_MAX, min(WEIGHT_MAX, weights[0] + offset)), *weights[1:])


def _check_shapes(schema: Schema, shared: Moments | None, weights: tuple[int, ...]) -> None:
    columns = len(schema.design_names)
    sizes = {columns, len(weights) - 1}
    if shared is not None:
        sizes |= {len(shared.counts), len(shared.means), len(shared.deviations)}
    if len(sizes) > 1:
        raise RecipeError("the moments and weights are not those of the schema's columns")
