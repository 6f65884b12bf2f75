"""Federated averaging of any framework's weights: the recipe `weights.fedavg`.

Stage `statistics` (1 round) gives the shared standardisation; stage `start` (1 round) averages the weights
that members' learners begin with; stage `average` (`rounds` rounds) averages what their training changes;
each member weighs by its records. Training is the members' own programs' (`learner`): what leaves is
quantised to a power-of-two grid, and sums and weights are exact from there. The model is the weights, to be
put back into the framework that they are of.
"""

from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import numpy as np
from msgspec import Meta
from msgspec.structs import replace
from numpy.typing import NDArray

from consortia.base.codec import Malformed, Record, decode_record, encode_record
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
from consortia.engines.train.schema import Schema
from consortia.engines.train.standardise import standard_design
from consortia.engines.train.statistics import Moments, moments, table_for
from consortia.engines.train.table import Table
from consortia.exact import adaptive
from consortia.exact.adaptive import UPDATE_MAX, Words
from consortia.exact.fixed import FixedError, dequantise, quantise
from consortia.exact.linear import STANDARD_BITS

WEIGHTS_MAX = 1 << 24
SCALE_BITS_MAX = 28
_BLOCK = 1 << 15


class WeightsTerms(Record, frozen=True):
    """What the study fixes: how many weights, how many rounds, and the grid 2^-scale_bits."""

    weights: Annotated[int, Meta(ge=1, le=WEIGHTS_MAX)]
    rounds: Annotated[int, Meta(ge=1, le=10_000)]
    scale_bits: Annotated[int, Meta(ge=8, le=SCALE_BITS_MAX)]


class StateHead(Record, frozen=True):
    """What stands behind the weights of a state: `done` rounds are done since the statistics.

    Before the statistics there are no `moments`, and no weights either.
    """

    terms: WeightsTerms
    schema: Schema
    moments: Moments | None
    done: int


class ModelHead(Record, frozen=True):
    """What stands behind the weights of a model: the columns it learned on, standardised by `moments`."""

    terms: WeightsTerms
    schema: Schema
    moments: Moments


Head = TypeVar("Head", StateHead, ModelHead)


class Weighted(NamedTuple, Generic[Head]):
    """A state or a model: its head, and its weights as 32-bit words on the grid."""

    head: Head
    words: Words


def to_bytes(head: StateHead | ModelHead, words: Words) -> bytes:
    """The words, little-endian; the encoded head; and its length in 4 bytes, big-endian.

    In this order words are read where they lie, whatever their number.
    """
    encoded = encode_record(head)
    return b"".join((words.data.cast("B"), encoded, len(encoded).to_bytes(4, "big")))


def parts(data: bytes) -> tuple[memoryview, bytes]:
    """The bytes of the words, and the encoded head behind them; raises base.codec.Malformed."""
    size = int.from_bytes(data[-4:], "big")
    edge = len(data) - 4 - size
    if edge < 0:
        raise Malformed(f"{len(data)} bytes are no weights with a head of {size}")
    return memoryview(data)[:edge], data[edge:-4]


def from_bytes(kind: type[Head], data: bytes) -> Weighted[Head]:
    """What `to_bytes` made; raises base.codec.Malformed or RecipeError for anything else."""
    found, encoded = parts(data)
    head = decode_record(kind, encoded)
    shared: Moments | None = head.moments
    if len(found) != (0 if shared is None else 4 * head.terms.weights):
        raise RecipeError("the weights are not as many as the study says")
    words = np.frombuffer(found, dtype="<i4")
    if len(words) and int(words.min()) == -(1 << 31):
        raise RecipeError("a weight is beyond 32 bits")
    if shared is not None and len(shared.means) != len(head.schema.design_names):
        raise RecipeError("the moments are not those of the schema's columns")
    return Weighted(head, words)


class WeightsFedAvg:
    """The recipe `weights.fedavg`, whose local part is a program of each member's own."""

    name = "weights.fedavg"
    version = 2
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
        initial = to_bytes(StateHead(terms, schema, None, 0), np.empty(0, dtype="<i4"))
        return Plan((statistics.stage(schema), start, average), initial)

    def local(self, state: bytes, table: Table) -> Vector:
        """The member's statistics; later raises RecipeError, as what trains is a program of its own."""
        head = from_bytes(StateHead, state).head
        if head.moments is None:
            return statistics.contribution(table_for(head.schema, table))
        raise RecipeError(NO_TRAINER)

    def local_with(self, state: bytes, table: Table, make: MakeLearner) -> NDArray[Any]:
        """The statistics; or what the member's own learner begins with; or what its training changes.

        The last two are words of 32 bits. Raises RecipeError when it fails, has another number of weights,
        or weights that are not finite.
        """
        head, words = from_bytes(StateHead, state)
        if head.moments is None:
            return self.local(state, table)
        records = records_of(table_for(head.schema, table), head.moments)
        try:
            change = _trained(head, words, make(records))
        except RecipeError:
            raise
        except Exception as error:  # a program of the member's own may fail in any way
            raise RecipeError(f"{table.name}: the trainer failed: {type(error).__name__}: {error}") from error
        try:
            return quantise(change, scale_bits=head.terms.scale_bits, clip=UPDATE_MAX)
        except FixedError:
            raise RecipeError(f"{table.name}: the trainer gave weights that are not finite") from None

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """The statistics are those of so many records; weights are held by their clip alone."""
        if from_bytes(StateHead, state).head.moments is None:
            statistics.check_contribution(vector, records)

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The moments, or the weights after an exact mean."""
        head, words = from_bytes(StateHead, state)
        if head.moments is None:
            begun = np.zeros(head.terms.weights, dtype="<i4")
            return to_bytes(replace(head, moments=moments(total, cohort)), begun)
        if head.done > head.terms.rounds:
            raise RecipeError("every round is done; there is no further step")
        following = adaptive.averaged(words, total, joined=cohort.joined, cohort=cohort.records)
        return to_bytes(replace(head, done=head.done + 1), following)

    def finish(self, state: bytes) -> bytes:
        """The model as bytes (`read_model`)."""
        head, words = from_bytes(StateHead, state)
        if head.moments is None or head.done <= head.terms.rounds:
            raise RecipeError(f"{head.done} of {head.terms.rounds + 1} rounds of weights are done; no model")
        return to_bytes(ModelHead(head.terms, head.schema, head.moments), words)


def unfit(initial: bytes, table: Table, make: MakeLearner | None) -> str | None:
    """Why a member's own program cannot train in a study, from what it makes of its records; or None.

    `initial` is the state that the study starts from. The program is tried over the records as they are when
    they alone are standardised. Raises RecipeError for a state of another recipe.
    """
    if make is None:
        return NO_TRAINER
    head = from_bytes(StateHead, initial).head
    alone = Cohort(1, table.records, table.records)
    try:
        own = moments(statistics.contribution(table_for(head.schema, table)), alone)
        found = len(flat(make(records_of(table, own)).weights_out()))
    except Exception as error:  # noqa: BLE001 (a program of the member's own may fail in any way)
        return f"the trainer fails over {table.name}: {type(error).__name__}: {error}"
    if found != head.terms.weights:
        return f"the trainer has {found} weights, the study has {head.terms.weights}"
    return None


WEIGHTS = WeightsFedAvg()
NO_TRAINER = "the recipe trains with a program of each member's own: name it, trainer = module:name"


def read_model(model: bytes) -> Weighted[ModelHead]:
    """The model that `finish` made; raises base.codec.Malformed or RecipeError for anything else."""
    return from_bytes(ModelHead, model)


def weights_of(model: bytes) -> NDArray[np.float32]:
    """The model's weights as one vector."""
    head, words = read_model(model)
    return numbers_of(words, head.terms.scale_bits)


def numbers_of(words: Words, scale_bits: int) -> NDArray[np.float32]:
    """The numbers that words on the grid stand for, block by block: nothing large lies in between."""
    numbers = np.empty(words.shape, dtype=np.float32)
    for begin in range(0, words.size, _BLOCK):
        at = slice(begin, begin + _BLOCK)
        numbers[at] = dequantise(words[at], scale_bits=scale_bits)
    return numbers


def installed(model: bytes, make: MakeLearner, table: Table) -> Learner:
    """A learner over a table, standardised as the model's members were, with the model's weights taken in."""
    head = read_model(model).head
    learner = make(records_of(table_for(head.schema, table), head.moments))
    learner.weights_in(shaped(weights_of(model), learner.weights_out()), train=False)
    return learner


def records_of(table: Table, shared: Moments) -> Records:
    """A table's records as a learner has them."""
    standard = standard_design(design(table.schema, table.numbers), shared)
    columns = dequantise(standard, scale_bits=STANDARD_BITS).astype(np.float32)
    return Records(columns, table.labels.astype(np.float32), table)


def _trained(head: StateHead, words: Words, learner: Learner) -> NDArray[np.float32]:
    begun = learner.weights_out()
    if head.done == 0:
        first = flat(begun)
        if len(first) != head.terms.weights:
            raise RecipeError(f"the learner has {len(first)} weights, the study has {head.terms.weights}")
        return first
    shared = numbers_of(words, head.terms.scale_bits)
    learner.weights_in(shaped(shared, begun), train=True)
    del begun
    after = flat(learner.weights_out())
    if after.shape != shared.shape:
        raise RecipeError(f"the learner came back with {len(after)} weights, the study has {len(shared)}")
    after -= shared
    return after
