"""Logistic regression whose every record adds a vector of bounded norm to every sum, made for noise.

Two stages, both of sums over records, each record's vector rounded to integers and then clipped in L2:

1. `centre` (1 round): the cells' distances from the public frame's centre, in half-widths. Gives the means.
   Deviations are public: a quarter of the half-width, that is, an eighth of the declared range.
2. `gradient` (`rounds` rounds): the gradient of the log loss over columns so standardised, intercept first.
   Each round takes one step against the mean gradient.

Nothing else of the records is published: no counts of missing cells (one counts as the frame's centre in the
first stage, as the mean after), no spread, no rate of the classes. Numbers of records are public. Without
privacy terms there is no noise and the recipe is an ordinary one; with them a noisy sum steps the same way,
whatever its words are.

Why many small steps and not one exact Newton step: a sum of 30 x 30 second moments is spoilt by noise that
one of 30 means bears, and dividing by it blows the noise up. A short path of clipped steps forgives noise,
and a small clip lets every wrongly classified record weigh alike. Words stand on the 2^-16 grid.
"""

from fractions import Fraction
from math import isqrt
from typing import Annotated

import numpy as np
from msgspec import Meta

from consortia.base.codec import Record, decode_record, encode_record
from consortia.engines.privacy.clip import clip_rows, squared_norm
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
from consortia.engines.train.frame import Frame, frame_of, framed
from consortia.engines.train.glm import RIDGE_MILLI_MAX, ROUNDS_MAX, GlmModel, Terms, Weight
from consortia.engines.train.schema import Schema
from consortia.engines.train.statistics import Count, Mean, Moments, label_integers, table_for
from consortia.engines.train.table import Table
from consortia.exact.fixed import Integers, divide, divide_array, from_integers
from consortia.exact.linear import (
    FEATURE_BITS,
    FEATURE_MAX,
    STANDARD_BITS,
    WEIGHT_BITS,
    WEIGHT_MAX,
    scores,
    sigmoid,
    standardise,
)

COLUMNS_MAX = 127
ROUNDS_DEFAULT = 16
CLIP_MILLI_DEFAULT = 150
RATE_DEFAULT = 70

_ONE = 1 << STANDARD_BITS
_CENTRE_CLIP = Fraction(3, 4)
_DEVIATIONS = 4
"""So many deviations are one half-width."""


class PrivateTerms(Record, frozen=True):
    """What the study fixes.

    `clip_milli`: the longest gradient of one record, in thousandths of the root of the number of weights.
    `rate`: a step is rate / weights times the mean gradient.
    """

    rounds: Annotated[int, Meta(ge=1, le=ROUNDS_MAX)]
    clip_milli: Annotated[int, Meta(ge=1, le=1_000)]
    rate: Annotated[int, Meta(ge=1, le=10_000)]
    ridge_milli: Annotated[int, Meta(ge=1, le=RIDGE_MILLI_MAX)]


class PrivateState(Record, frozen=True):
    """The state between rounds.

    `means` of the design columns on the feature grid, empty before the first round; `weights` (intercept
    first) on the 2^-24 grid; `steps` taken; `records` of the first cohort.
    """

    terms: PrivateTerms
    schema: Schema
    means: tuple[Mean, ...]
    weights: tuple[Weight, ...]
    steps: int
    records: Count


class PrivateLogistic:
    """The recipe `glm.logistic.private`; its model is a GlmModel."""

    name = "glm.logistic.private"
    version = 1
    budget_parts = (3, 17)
    about = About(
        "classes",
        exact=True,
        pooled=True,
        parameters=(
            Parameter("rounds", ROUNDS_DEFAULT, 1, ROUNDS_MAX, "gradient steps"),
            Parameter(
                "clip_milli",
                CLIP_MILLI_DEFAULT,
                1,
                1_000,
                "the longest gradient of a record, in thousandths of the root of the number of weights",
            ),
            Parameter("rate", RATE_DEFAULT, 1, 10_000, "a step is rate / weights times the mean gradient"),
            Parameter("ridge_milli", 1_000, 1, RIDGE_MILLI_MAX, "the ridge in thousandths"),
        ),
    )

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """The centre, and the gradient steps from weights of zero."""
        terms = PrivateTerms(**self.about.read(parameters))
        columns = len(schema.design_names)
        if not schema.label.classes:
            raise RecipeError(f"{self.name} wants a label of two classes")
        if not 1 <= columns <= COLUMNS_MAX:
            raise RecipeError(f"{columns} columns once categories are spread, 1 to {COLUMNS_MAX} are wanted")
        quantisation = full_clip(64, STANDARD_BITS)
        stages = (
            Stage("centre", 1, columns, quantisation, "sum"),
            Stage("gradient", terms.rounds, columns + 1, quantisation, "sum"),
        )
        initial = PrivateState(terms, schema, (), (0,) * (columns + 1), 0, 0)
        return Plan(stages, encode_record(initial))

    def record_bounds(self, plan: Plan) -> tuple[int, ...]:
        """The largest L2 norm, in ring units, that one record adds in each stage."""
        state = self._read(plan.initial)
        return tuple(_bound(state.terms, len(state.weights) - 1, stage) for stage in range(2))

    def local(self, state: bytes, table: Table) -> Vector:
        """The sum of the member's clipped records."""
        current = self._read(state)
        table = table_for(current.schema, table)
        matrix = design(table.schema, table.numbers)
        frame = frame_of(current.schema)
        if not current.means:
            rows = framed(matrix, from_integers(frame.centres), frame)
        else:
            means, deviations = from_integers(current.means), from_integers(_deviations(frame))
            standard = standardise(matrix.values, matrix.present, means, deviations)
            rows = gradients(standard, label_integers(table), current.weights)
        total: Vector = clip_rows(rows, self._bound_of(current)).sum(axis=0)
        return total

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """The sum of so many clipped records is no longer than so many bounds."""
        longest = records * self._bound_of(self._read(state))
        if squared_norm(vector) > longest * longest:
            raise RecipeError(f"no {records} records give a sum of this length")

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The means, or the weights after one step; any sum is taken, as noise may give any."""
        current = self._read(state)
        if current.steps >= current.terms.rounds:
            raise RecipeError("every round is done; there is no further step")
        words = [int(word) for word in total]
        means, weights, steps, records = current.means, current.weights, current.steps, current.records
        if not means:
            means, records = _means(words, frame_of(current.schema), cohort), cohort.records
        else:
            weights, steps = _stepped(words, current, cohort), steps + 1
        following = PrivateState(current.terms, current.schema, means, weights, steps, records)
        return encode_record(following)

    def finish(self, state: bytes) -> bytes:
        """The encoded GlmModel; its counts of cells and its label's mean are not published and stand as 0."""
        current = self._read(state)
        return finished(self.so_far(state), current.steps, current.terms.rounds, "steps")

    def so_far(self, state: bytes) -> bytes | None:
        """The encoded GlmModel after the steps that are taken; None before the first."""
        current = self._read(state)
        if not current.steps:
            return None
        terms = Terms("logistic", current.terms.rounds, current.terms.ridge_milli, 0)
        unknown = (0,) * len(current.means)
        deviations = _deviations(frame_of(current.schema))
        shared = Moments(current.records, unknown, current.means, deviations, 0)
        return encode_record(GlmModel(terms, current.schema, shared, current.weights))

    def _bound_of(self, current: PrivateState) -> int:
        return _bound(current.terms, len(current.weights) - 1, int(bool(current.means)))

    def _read(self, state: bytes) -> PrivateState:
        current = decode_record(PrivateState, state)
        columns = len(current.schema.design_names)
        if len(current.means) not in {0, columns} or len(current.weights) != columns + 1:
            raise RecipeError("the means and weights are not those of the schema's columns")
        return current


def gradients(standard: Integers, labels: Integers, weights: tuple[int, ...]) -> Integers:
    """Each record's gradient of the log loss, intercept first: (records, weights), on the 2^-16 grid."""
    score = scores(standard, from_integers(weights[1:]), weights[0])
    residual = sigmoid(score) - (labels << (WEIGHT_BITS - FEATURE_BITS))
    columns = np.column_stack([np.full(len(standard), _ONE, dtype=np.int64), standard])
    return divide_array(columns * residual[:, None], 1 << WEIGHT_BITS)


def _bound(terms: PrivateTerms, columns: int, stage: int) -> int:
    """The bound of stage 0 or 1: a fraction of the root of its vector's length, rounded down."""
    part = (_CENTRE_CLIP, Fraction(terms.clip_milli, 1_000))[stage]
    square = part * part * (columns + stage) * _ONE * _ONE
    return isqrt(square.numerator // square.denominator)


def _means(words: list[int], frame: Frame, cohort: Cohort) -> tuple[int, ...]:
    """Centre and mean distance, which lies within one half-width of it."""
    found = []
    for word, centre, half in zip(words, frame.centres, frame.halves, strict=True):
        distance = max(-_ONE, min(_ONE, divide(word, cohort.records)))
        mean = centre + divide(distance * half, _ONE)
        found.append(max(-FEATURE_MAX, min(FEATURE_MAX, mean)))
    return tuple(found)


def _deviations(frame: Frame) -> tuple[int, ...]:
    """What stands for the deviations: public, and at least one unit."""
    return tuple(max(1, divide(half, _DEVIATIONS)) for half in frame.halves)


def _stepped(words: list[int], current: PrivateState, cohort: Cohort) -> tuple[int, ...]:
    """Weights less rate / weights * (gradient / cohort + ridge * weight / joined); no ridge on the intercept.

    One rounding for each weight, half to even.
    """
    terms = current.terms
    divisor = 1_000 * cohort.records * cohort.joined * len(words)
    found = []
    for index, (word, weight) in enumerate(zip(words, current.weights, strict=True)):
        pull = 1_000 * (word << (WEIGHT_BITS - STANDARD_BITS)) * cohort.joined
        if index:
            pull += terms.ridge_milli * weight * cohort.records
        moved = weight - divide(terms.rate * pull, divisor)
        found.append(max(-WEIGHT_MAX, min(WEIGHT_MAX, moved)))
    return tuple(found)


PRIVATE_LOGISTIC = PrivateLogistic()
