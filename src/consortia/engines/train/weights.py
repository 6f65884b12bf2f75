"""Federated averaging of any framework's weights: the recipe `weights.fedavg`.

Stage `statistics` (1 round) gives the shared standardisation; stage `start` (1 round) averages the weights
that members' learners begin with; stage `average` (`rounds` rounds) averages what their training changes;
each member weighs by its records. Training is the members' own programs' (`learner`): what leaves is
quantised to a power-of-two grid, and sums and weights are exact from there. The model is the weights, to be
put back into the framework that they are of.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta
from msgspec.structs import replace
from numpy.typing import NDArray

from consortia.base.codec import Record, decode_record, encode_record
from consortia.engines.train import statistics
from consortia.engines.train.api import (
    About,
    Cohort,
    Parameter,
    Parameters,
    Plan,
    Quantisation,
    RecipeError,
    Stage,
    Vector,
)
from consortia.engines.train.design import design
from consortia.engines.train.learner import Learner, MakeLearner, Records, flat, shaped
from consortia.engines.train.mlp import packed, unpacked
from consortia.engines.train.schema import Schema
from consortia.engines.train.standardise import standard_design
from consortia.engines.train.statistics import Moments, moments, table_for
from consortia.engines.train.table import Table
from consortia.exact import adaptive
from consortia.exact.adaptive import UPDATE_MAX
from consortia.exact.fixed import FixedError, dequantise, quantise
from consortia.exact.linear import STANDARD_BITS

WEIGHTS_MAX = 1 << 21
SCALE_BITS_MAX = 28


class WeightsTerms(Record, frozen=True):
    """What the study fixes: how many weights, how many rounds, and the grid 2^-scale_bits."""

    weights: Annotated[int, Meta(ge=1, le=WEIGHTS_MAX)]
    rounds: Annotated[int, Meta(ge=1, le=10_000)]
    scale_bits: Annotated[int, Meta(ge=8, le=SCALE_BITS_MAX)]


class WeightsState(Record, frozen=True):
    """The state between rounds: `done` of them since the statistics; words of 32 bits on the grid."""

    terms: WeightsTerms
    schema: Schema
    moments: Moments | None
    weights: bytes
    done: int


class WeightsModel(Record, frozen=True):
    """The model: the weights, and the columns and their standardisation that they were trained on."""

    terms: WeightsTerms
    schema: Schema
    moments: Moments
    weights: bytes


class WeightsFedAvg:
    """The recipe `weights.fedavg`, whose local part is a program of each member's own."""

    name = "weights.fedavg"
    version = 1
    about = About(
        "either",
        exact=False,
        pooled=False,
        parameters=(
            Parameter("weights", 0, 0, WEIGHTS_MAX, "how many; 0: one for each design column, and one more"),
            Parameter("rounds", 20, 1, 10_000, "averaging rounds, after the start"),
            Parameter(
                "scale_bits", 20, 8, SCALE_BITS_MAX, "the grid 2^-bits; changes are below 2^(25 - bits)"
            ),
        ),
    )

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """One round of statistics, one for the start, then the averaging rounds."""
        given = self.about.read(parameters)
        given["weights"] = given["weights"] or len(schema.design_names) + 1
        terms = WeightsTerms(**given)
        terms_of_vectors = Quantisation(32, terms.scale_bits, UPDATE_MAX)
        start = Stage("start", 1, terms.weights, terms_of_vectors, "records")
        average = Stage("average", terms.rounds, terms.weights, terms_of_vectors, "records")
        initial = WeightsState(terms, schema, None, bytes(4 * terms.weights), 0)
        return Plan((statistics.stage(schema), start, average), encode_record(initial))

    def local(self, state: bytes, table: Table) -> Vector:
        """The member's statistics; later raises RecipeError, as what trains is a program of its own."""
        current = self._read(state)
        if current.moments is None:
            return statistics.contribution(table_for(current.schema, table))
        raise RecipeError(NO_TRAINER)

    def local_with(self, state: bytes, table: Table, make: MakeLearner) -> Vector:
        """The statistics; what the member's own learner begins with; or what its training changes.

        Raises RecipeError when it fails, has another number of weights, or weights that are not finite.
        """
        current = self._read(state)
        if current.moments is None:
            return self.local(state, table)
        records = records_of(table_for(current.schema, table), current.moments)
        try:
            change = _trained(current, make(records))
        except RecipeError:
            raise
        except Exception as error:  # a program of the member's own may fail in any way
            raise RecipeError(f"{table.name}: the trainer failed: {type(error).__name__}: {error}") from error
        try:
            vector = quantise(change, scale_bits=current.terms.scale_bits, clip=UPDATE_MAX)
        except FixedError:
            raise RecipeError(f"{table.name}: the trainer gave weights that are not finite") from None
        return vector.astype(np.int64)

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """The statistics are those of so many records; weights are held by their clip alone."""
        if self._read(state).moments is None:
            statistics.check_contribution(vector, records)

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The moments, or the weights after an exact mean."""
        current = self._read(state)
        if current.moments is None:
            return encode_record(replace(current, moments=moments(total, cohort)))
        if current.done > current.terms.rounds:
            raise RecipeError("every round is done; there is no further step")
        update = adaptive.mean_update(total, joined=cohort.joined, cohort=cohort.records)
        weights = adaptive.moved(unpacked(current.weights), update)
        return encode_record(replace(current, weights=packed(weights), done=current.done + 1))

    def finish(self, state: bytes) -> bytes:
        """The encoded WeightsModel."""
        current = self._read(state)
        if current.moments is None or current.done <= current.terms.rounds:
            raise RecipeError(
                f"{current.done} of {current.terms.rounds + 1} rounds of weights are done; no model"
            )
        return encode_record(WeightsModel(current.terms, current.schema, current.moments, current.weights))

    def _read(self, state: bytes) -> WeightsState:
        current = decode_record(WeightsState, state)
        _check_shapes(current.terms, current.schema, current.moments, current.weights)
        return current


WEIGHTS = WeightsFedAvg()
NO_TRAINER = "the recipe trains with a program of each member's own: name it, trainer = module:name"


def read_model(model: bytes) -> WeightsModel:
    """The model that `finish` encoded; raises base.codec.Malformed or RecipeError for anything else."""
    found = decode_record(WeightsModel, model)
    _check_shapes(found.terms, found.schema, found.moments, found.weights)
    return found


def weights_of(model: bytes) -> NDArray[np.float32]:
    """The model's weights as one vector."""
    found = read_model(model)
    return dequantise(unpacked(found.weights), scale_bits=found.terms.scale_bits).astype(np.float32)


def installed(model: bytes, make: MakeLearner, table: Table) -> Learner:
    """A learner over a table, standardised as the model's members were, with the model's weights taken in."""
    found = read_model(model)
    learner = make(records_of(table_for(found.schema, table), found.moments))
    learner.weights_in(shaped(weights_of(model), learner.weights_out()), train=False)
    return learner


def records_of(table: Table, shared: Moments) -> Records:
    """A table's records as a learner has them."""
    standard = standard_design(design(table.schema, table.numbers), shared)
    columns = dequantise(standard, scale_bits=STANDARD_BITS).astype(np.float32)
    return Records(columns, table.labels.astype(np.float32), table)


def _trained(current: WeightsState, learner: Learner) -> NDArray[np.float32]:
    begun = learner.weights_out()
    if current.done == 0:
        first = flat(begun)
        if len(first) != current.terms.weights:
            raise RecipeError(f"the learner has {len(first)} weights, the study has {current.terms.weights}")
        return first
    shared = dequantise(unpacked(current.weights), scale_bits=current.terms.scale_bits).astype(np.float32)
    learner.weights_in(shaped(shared, begun), train=True)
    after = flat(learner.weights_out())
    if after.shape != shared.shape:
        raise RecipeError(f"the learner came back with {len(after)} weights, the study has {len(shared)}")
    return after - shared


def _check_shapes(terms: WeightsTerms, schema: Schema, shared: Moments | None, weights: bytes) -> None:
    if shared is not None and len(shared.means) != len(schema.design_names):
        raise RecipeError("the moments are not those of the schema's columns")
    if len(weights) != 4 * terms.weights:
        raise RecipeError("the weights are not as many as the study says")
    if int(np.frombuffer(weights, dtype="<i4").min()) == -(1 << 31):
        raise RecipeError("a weight is beyond 32 bits")
