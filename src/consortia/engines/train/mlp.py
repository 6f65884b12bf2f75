"""Small neural networks by federated averaging: FedAvg, FedProx, FedAdam, FedYogi, SCAFFOLD.

Stage `statistics` (1 round) gives the shared standardisation; stage `average` (`rounds` rounds) adds up
what each member's own training changed, each member weighted by its records. Training at home is float32
and is not re-computed by others; its change is quantised to the 2^-20 grid, and from there on all is
integer: the mean, the server's step (`exact.adaptive`), the model, every prediction (`exact.network`).

Vector of an averaging round: the change of each weight; for SCAFFOLD then the change of the member's control.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

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
    finished,
)
from consortia.engines.train.design import design
from consortia.engines.train.gradient import Course, Rows, Vector32, descend
from consortia.engines.train.schema import Schema
from consortia.engines.train.standardise import standard_design
from consortia.engines.train.statistics import Moments, label_integers, moments, table_for
from consortia.engines.train.table import Table
from consortia.exact import adaptive
from consortia.exact.adaptive import UPDATE_BITS, UPDATE_MAX
from consortia.exact.fixed import FixedError, Integers, dequantise, quantise
from consortia.exact.linear import FEATURE_BITS, STANDARD_BITS
from consortia.exact.network import INPUTS_MAX, Shape

Rule: TypeAlias = Literal["fedavg", "fedprox", "fedadam", "fedyogi", "scaffold"]

SIZE_MAX = 1 << 18
"""Weights at most, so that a state with its moments stays a few megabytes."""

_COMMON = (
    Parameter("rounds", 30, 1, 10_000, "averaging rounds"),
    Parameter("hidden", 16, 1, 1_024, "units of a hidden layer"),
    Parameter("layers", 1, 0, 3, "hidden layers; 0 is a linear model"),
    Parameter("epochs", 2, 1, 1_000, "passes of a member over its records, each round"),
    Parameter("batch", 16, 1, 1 << 20, "records of a gradient step"),
    Parameter("rate_milli", 100, 1, 100_000, "the members' rate in thousandths"),
    Parameter("seed", 1, 0, (1 << 63) - 1, "where the first weights come from"),
)
_PROX = Parameter("prox_milli", 100, 1, 1_000_000, "the pull back to the shared weights, in thousandths")
_ADAPTIVE = (
    Parameter("server_milli", 30, 1, 10_000, "the server's rate in thousandths"),
    Parameter("beta1_milli", 900, 0, 999, "how much of the first moment stays, in thousandths"),
    Parameter("beta2_milli", 990, 0, 999, "how much of the second moment stays, in thousandths"),
    Parameter("tau_micro", 1_000, 1, 1_000_000, "what is added to the root, in millionths"),
)
_EXTRA: dict[Rule, tuple[Parameter, ...]] = {"fedprox": (_PROX,), "fedadam": _ADAPTIVE, "fedyogi": _ADAPTIVE}

Milli = Annotated[int, Meta(ge=0, le=1_000_000)]


class MlpTerms(Record, frozen=True):
    """What the study fixes; a parameter that the rule has no use for is 0."""

    rule: Rule
    rounds: Annotated[int, Meta(ge=1, le=10_000)]
    hidden: Annotated[int, Meta(ge=1, le=1_024)]
    layers: Annotated[int, Meta(ge=0, le=3)]
    epochs: Annotated[int, Meta(ge=1, le=1_000)]
    batch: Annotated[int, Meta(ge=1, le=1 << 20)]
    rate_milli: Milli
    seed: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
    prox_milli: Milli
    server_milli: Milli
    beta1_milli: Milli
    beta2_milli: Milli
    tau_micro: Milli


class MlpState(Record, frozen=True):
    """The state between rounds.

    `weights` are little-endian words of 32 bits on the 2^-20 grid. `first` and `second` are the adaptive
    rules' moments in words of 64 bits, or SCAFFOLD's control in words of 32 bits and nothing; else empty.
    """

    terms: MlpTerms
    schema: Schema
    moments: Moments | None
    weights: bytes
    first: bytes
    second: bytes
    averaged: int


class MlpModel(Record, frozen=True):
    """The model: enough to predict from raw features, exactly, with nothing else."""

    terms: MlpTerms
    schema: Schema
    moments: Moments
    weights: bytes


@dataclass(frozen=True)
class Mlp:
    """The recipes `mlp.fedavg`, `mlp.fedprox`, `mlp.fedadam`, `mlp.fedyogi`, and the base of SCAFFOLD's."""

    rule: Rule
    version: int = 1

    @property
    def name(self) -> str:
        """`mlp.` and the rule."""
        return f"mlp.{self.rule}"

    @property
    def about(self) -> About:
        """Float32 at home: neither re-computed by others nor the pooled model."""
        parameters = (*_COMMON, *_EXTRA.get(self.rule, ()))
        return About("either", exact=False, pooled=False, parameters=parameters)

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """One statistics round, then the averaging rounds from weights that follow from the seed."""
        unused = dict.fromkeys(each.name for each in (_PROX, *_ADAPTIVE))
        given = dict.fromkeys(unused, 0) | self.about.read(parameters)
        terms = MlpTerms(self.rule, **given)
        shape = shape_of(terms, schema)
        if shape.inputs > INPUTS_MAX or shape.size > SIZE_MAX:
            raise RecipeError(
                f"{shape.inputs} columns once categories are spread and {shape.size} weights; "
                f"{self.name} takes at most {INPUTS_MAX} and {SIZE_MAX}"
            )
        first, second = self._nothing_yet(terms, shape.size)
        initial = MlpState(terms, schema, None, first_weights(shape, terms.seed), first, second, 0)
        length = shape.size * (2 if self.rule == "scaffold" else 1)
        average = Stage("average", terms.rounds, length, Quantisation(32, UPDATE_BITS, UPDATE_MAX), "records")
        return Plan((statistics.stage(schema), average), encode_record(initial))

    def local(self, state: bytes, table: Table) -> Vector:
        """The member's statistics, or what its own training changes."""
        current = self._read(state)
        table = table_for(current.schema, table)
        if current.moments is None:
            return statistics.contribution(table)
        trained, _ = trained_from(current, current.moments, table, state, None)
        return quantised(trained, table.name)

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """The statistics are those of so many records; a change of weights is held by its clip alone."""
        if self._read(state).moments is None:
            statistics.check_contribution(vector, records)

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The moments, or the weights after the server's exact step."""
        current = self._read(state)
        if current.averaged >= current.terms.rounds:
            raise RecipeError("every round is done; there is no further step")
        if current.moments is None:
            return encode_record(replace(current, moments=moments(total, cohort)))
        weights, first, second = self._server(current, total, cohort)
        following = replace(
            current, weights=packed(weights), first=first, second=second, averaged=current.averaged + 1
        )
        return encode_record(following)

    def finish(self, state: bytes) -> bytes:
        """The encoded MlpModel."""
        current = self._read(state)
        return finished(self.so_far(state), current.averaged, current.terms.rounds, "averaging rounds")

    def so_far(self, state: bytes) -> bytes | None:
        """The encoded MlpModel after the averaging rounds that are done; None before the first."""
        current = self._read(state)
        if current.moments is None or not current.averaged:
            return None
        return encode_record(MlpModel(current.terms, current.schema, current.moments, current.weights))

    def _nothing_yet(self, terms: MlpTerms, size: int) -> tuple[bytes, bytes]:
        if self.rule not in ("fedadam", "fedyogi"):
            return b"", b""
        start = adaptive.first_moments(size, terms.tau_micro)
        return packed(start.first, 64), packed(start.second, 64)

    def _server(self, current: MlpState, total: Vector, cohort: Cohort) -> tuple[Integers, bytes, bytes]:
        weights = unpacked(current.weights)
        update = adaptive.mean_update(total, joined=cohort.joined, cohort=cohort.records)
        if self.rule not in ("fedadam", "fedyogi"):
            return adaptive.moved(weights, update), b"", b""
        terms = current.terms
        rates = adaptive.Rates(terms.server_milli, terms.beta1_milli, terms.beta2_milli, terms.tau_micro)
        before = adaptive.Moments(unpacked(current.first, 64), unpacked(current.second, 64))
        act = adaptive.adam if self.rule == "fedadam" else adaptive.yogi
        after, change = act(before, update, rates)
        return adaptive.moved(weights, change), packed(after.first, 64), packed(after.second, 64)

    def _read(self, state: bytes) -> MlpState:
        current = decode_record(MlpState, state)
        if current.terms.rule != self.rule:
            raise RecipeError(f"a state of mlp.{current.terms.rule}, not of {self.name}")
        _check_shapes(current.terms, current.schema, current.moments, current.weights)
        words = [len(part) for part in self._nothing_yet(current.terms, len(current.weights) // 4)]
        if [len(current.first), len(current.second)] != words:
            raise RecipeError("the moments of the updates are not those of the weights")
        return current


def shape_of(terms: MlpTerms, schema: Schema) -> Shape:
    """The network's shape under a schema."""
    return Shape(len(schema.design_names), (terms.hidden,) * terms.layers)


def read_model(model: bytes) -> MlpModel:
    """The model that `finish` encoded; raises base.codec.Malformed or RecipeError for anything else."""
    found = decode_record(MlpModel, model)
    _check_shapes(found.terms, found.schema, found.moments, found.weights)
    return found


def first_weights(shape: Shape, seed: int) -> bytes:
    """The weights of the first round, packed: uniform in +-sqrt(6 / (inputs + outputs)), biases zero.

    (Glorot and Bengio 2010.) The numbers come from SHAKE-256 of the seed, so they are the same everywhere.
    """
    words = hashlib.shake_256(b"consortia mlp %d" % seed).digest(4 * shape.size)
    noise = np.frombuffer(words, dtype="<u4").astype(np.int64) - (1 << 31)
    weights = np.zeros(shape.size, dtype=np.int64)
    for matrix, bias, inputs, outputs in shape.parts():
        edge = math.isqrt((6 << (2 * UPDATE_BITS)) // (inputs + outputs))
        weights[matrix:bias] = (noise[matrix:bias] * edge) >> 31
    return packed(weights)


def packed(values: Integers, bits: Literal[32, 64] = 32) -> bytes:
    """Integers as little-endian words."""
    return values.astype(f"<i{bits // 8}").tobytes()


def unpacked(words: bytes, bits: Literal[32, 64] = 32) -> Integers:
    """Little-endian words as int64."""
    return np.frombuffer(words, dtype=f"<i{bits // 8}").astype(np.int64)


def trained_from(
    current: MlpState, shared: Moments, table: Table, state: bytes, correction: Vector32 | None
) -> tuple[Vector32, int]:
    """What a member's training changes the weights by, and in how many steps."""
    terms = current.terms
    standard = standard_design(design(table.schema, table.numbers), shared)
    kind: Literal["classes", "number"] = "classes" if table.schema.label.classes else "number"
    labels = dequantise(label_integers(table), scale_bits=FEATURE_BITS).astype(np.float32)
    rows = Rows(dequantise(standard, scale_bits=STANDARD_BITS).astype(np.float32), labels, kind)
    start = dequantise(unpacked(current.weights), scale_bits=UPDATE_BITS).astype(np.float32)
    course = Course(terms.epochs, terms.batch, terms.rate_milli / 1_000, terms.prox_milli / 1_000)
    shape = shape_of(terms, current.schema)
    with np.errstate(all="ignore"):
        after, steps = descend(shape, start, rows, course, correction=correction, seed=state)
    return after - start, steps


def quantised(change: Vector32, name: str) -> Vector:
    """A change of weights on the 2^-20 grid, within +-32; raises RecipeError when the training diverged."""
    try:
        return quantise(change, scale_bits=UPDATE_BITS, clip=UPDATE_MAX).astype(np.int64)
    except FixedError:
        raise RecipeError(
            f"{name}: the training diverged; a smaller rate_milli would keep it finite"
        ) from None


def _check_shapes(terms: MlpTerms, schema: Schema, shared: Moments | None, weights: bytes) -> None:
    shape = shape_of(terms, schema)
    columns = {shape.inputs}
    if shared is not None:
        columns |= {len(shared.counts), len(shared.means), len(shared.deviations)}
    if len(columns) > 1 or len(weights) != 4 * shape.size:
        raise RecipeError("the moments and weights are not those of the schema's columns")
    if weights and int(np.frombuffer(weights, dtype="<i4").min()) == -(1 << 31):
        raise RecipeError("a weight is beyond 32 bits")
