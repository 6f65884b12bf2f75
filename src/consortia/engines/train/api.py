"""What a recipe is: a plan, a member's contribution, the exact step that follows, and the model.

A study runs the stages of a recipe's plan in order, each for its number of rounds. In a round every
member computes `local(state, table)`, an integer vector; the round's outcome is the exact sum of those
vectors; every verifier computes `step(state, sum, cohort)`, the next state. Only `local` sees records.
A state is canonical CBOR and self-contained: its hash names it, and whoever holds it can take the step.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from consortia.base.codec import Record, encode
from consortia.base.hashing import tagged
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table
from consortia.exact.fixed import divide_array
from consortia.exact.ring import RingError, check_range, check_sum, clip_max, largest, pack, unpack

_BLOCK = 1 << 15

Vector: TypeAlias = NDArray[np.int64]
Parameters: TypeAlias = Mapping[str, int]

LENGTH_MAX = 1 << 28


class RecipeError(ValueError):
    """A recipe, its parameters, a state or a sum that cannot be used; the text says which and why."""


class Quantisation(Record, frozen=True):
    """How a stage's vectors are written as ring integers.

    `ring_bits`: 32 or 64. `scale_bits`: a word w stands for w / 2^scale_bits (0 where the words of a
    vector have scales of their own, as the recipe's page says). `clip`: the largest magnitude of a
    word that a member may submit.
    """

    ring_bits: Literal[32, 64]
    scale_bits: Annotated[int, Meta(ge=0, le=63)]
    clip: Annotated[int, Meta(ge=1, le=1 << 57)]


class Stage(Record, frozen=True):
    """Rounds of one kind: `length` words a vector, `rounds` times.

    `weighting` sum: contributions are added as they are, and are sums over the member's records.
    `weighting` records: each is scaled by the member's records over all joined records (a mean).
    """

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,31}$")]
    rounds: Annotated[int, Meta(ge=1, le=10_000)]
    length: Annotated[int, Meta(ge=1, le=LENGTH_MAX)]
    quantisation: Quantisation
    weighting: Literal["sum", "records"]


class Cohort(Record, frozen=True):
    """Whose vectors are in a sum: how many members, their records, and the records of all who joined."""

    members: Annotated[int, Meta(ge=1)]
    records: Annotated[int, Meta(ge=1)]
    joined: Annotated[int, Meta(ge=1)]


class Plan(Record, frozen=True):
    """What a study will do: its stages in order, and the state that its first round starts from."""

    stages: tuple[Stage, ...]
    initial: bytes

    @property
    def rounds(self) -> int:
        """The rounds of all stages together."""
        return sum(stage.rounds for stage in self.stages)

    def stage_of(self, round_index: int) -> Stage:
        """The stage that round `round_index` (from 0) belongs to; raises RecipeError beyond the last."""
        rest = round_index
        for stage in self.stages:
            if 0 <= rest < stage.rounds:
                return stage
            rest -= stage.rounds
        raise RecipeError(f"the plan has {self.rounds} rounds, none of index {round_index}")


class Parameter(Record, frozen=True):
    """A parameter of a recipe: an integer with its default and limits, and what it means."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
    default: int
    low: int
    high: int
    meaning: str


class About(Record, frozen=True):
    """What a recipe declares of itself, for those who propose, document and test it.

    `label`: what it predicts: two classes, a number, either of them, times (a number: t for an event at
    t, -t for a record without one until t), or what people take next, from their baskets (a number too).
    `exact`: `local` is integer arithmetic, so that whoever holds the records computes the same words.
    `pooled`: with its default parameters the model is that of the pooled records, up to the rounding of the
    sums. `parameters`: all that it takes.
    """

    label: Literal["classes", "number", "either", "times", "baskets"]
    exact: bool
    pooled: bool
    parameters: tuple[Parameter, ...]

    @property
    def task(self) -> Literal["classes", "number", "either"]:
        """What `infer_schema` is asked for."""
        if self.label == "times" or self.label == "baskets":  # noqa: PLR1714 (mypy reads this, and no set)
            return "number"
        return self.label

    def read(self, given: Parameters) -> dict[str, int]:
        """All parameters by name, defaults where none is given; raises RecipeError for others or beyond."""
        only_parameters(given, tuple(each.name for each in self.parameters))
        return {
            each.name: parameter(given, each.name, each.default, each.low, each.high)
            for each in self.parameters
        }


class Recipe(Protocol):
    """A way of learning from exact sums. All functions are pure; all but `local` are exact."""

    @property
    def name(self) -> str:
        """Its name in a study, such as `glm.logistic`."""

    @property
    def version(self) -> int:
        """Changes whenever any of its bytes would."""

    @property
    def about(self) -> About:
        """What it promises."""

    def plan(self, parameters: Parameters, schema: Schema) -> Plan:
        """Stages and initial state; raises RecipeError for parameters or a schema that it cannot use."""

    def local(self, state: bytes, table: Table) -> Vector:
        """A member's contribution: int64 of the stage's length, within its clip. Reads only `table`."""

    def check(self, state: bytes, vector: Vector, records: int) -> None:
        """Raises RecipeError when no `records` records give this vector; what an open round can see."""

    def step(self, state: bytes, total: Vector, cohort: Cohort) -> bytes:
        """The next state from the round's sum; raises RecipeError for a sum that it cannot use."""

    def finish(self, state: bytes) -> bytes:
        """The model after the last round; raises RecipeError before."""


@runtime_checkable
class RecordBounded(Protocol):
    """What a recipe declares besides, when every record adds a vector of bounded norm: noise can hide one.

    A study with privacy terms of unit `record` wants it. Noise makes any sum possible: `step` takes them all,
    and `check`, which a vector with noise would fail, is for rounds without.
    """

    budget_parts: tuple[int, ...]
    """How a budget is best spread over the stages: parts of it, one for each."""

    def record_bounds(self, plan: Plan) -> tuple[int, ...]:
        """The largest L2 norm, in ring units and after rounding, that one record adds in each stage."""


@runtime_checkable
class KeepsAtHome(Protocol):
    """A recipe whose members keep something of their own from round to round, which is never sent."""

    def local_at_home(self, state: bytes, table: Table, home: bytes) -> tuple[Vector, bytes]:
        """The contribution, and what to keep once it is in a sum.

        `home` is what is kept so far, at first empty. Where the contribution is not in the sum, `home` stays
        as it was.
        """


@runtime_checkable
class ShowsSoFar(Protocol):
    """A recipe that has a model between its rounds too, for people who watch: no round reads it."""

    def so_far(self, state: bytes) -> bytes | None:
        """The model as `finish` would encode it if no more rounds came; None while nothing is learned."""


def recipe_digest(recipe: Recipe) -> bytes:
    """The 32-byte digest that a study pins: the recipe's name and version.

    A test holds each version to a recorded run, so a version means one behaviour to the bit.
    """
    return tagged("consortia/recipe", encode([recipe.name, recipe.version]))


def weighed(stage: Stage, vector: NDArray[Any], records: int, joined: int) -> NDArray[Any]:
    """A member's contribution as it goes into the sum, in its own type.

    As it is for a stage of sums; for a stage of means scaled by records / joined, at most 1, halves to even
    and block by block. Raises RingError when the product leaves 64 bits.
    """
    if stage.weighting == "sum":
        return vector
    if largest(vector) * records >= 1 << 63:
        raise RingError("the update times the member's records leaves 64 bits")
    scaled = np.empty_like(vector)
    for begin in range(0, vector.size, _BLOCK):
        at = slice(begin, begin + _BLOCK)
        scaled[at] = divide_array(vector[at].astype(np.int64) * records, joined)
    return scaled


def to_blob(stage: Stage, vector: NDArray[Any]) -> bytes:
    """The blob that a member submits; raises RingError when the vector breaks the stage's terms."""
    if vector.shape != (stage.length,):
        raise RingError(f"a vector of shape {vector.shape}, the stage wants ({stage.length},)")
    check_range(vector, stage.quantisation.clip)
    return pack(vector, ring_bits=stage.quantisation.ring_bits)


def check_vector(stage: Stage, blob: bytes | memoryview) -> NDArray[Any]:
    """The words of an open round's blob, read-only, when it keeps the stage's terms.

    1. its length is the stage's; 2. no word is beyond the clip. Raises RingError otherwise. A node
    checks this before it signs that the blob is available.
    """
    vector = unpack(blob, ring_bits=stage.quantisation.ring_bits, length=stage.length)
    check_range(vector, stage.quantisation.clip)
    return vector


def check_total(stage: Stage, total: NDArray[Any], members: int) -> Vector:
    """The sum as int64, when `members` contributions can make it; raises RingError otherwise."""
    if total.shape != (stage.length,):
        raise RingError(f"a sum of shape {total.shape}, the stage wants ({stage.length},)")
    check_sum(total, clip=stage.quantisation.clip, members=members)
    return total.astype(np.int64)


def full_clip(ring_bits: Literal[32, 64], scale_bits: int) -> Quantisation:
    """A quantisation with the ring's whole room below its headroom: at most 63 members."""
    return Quantisation(ring_bits, scale_bits, clip_max(ring_bits))


def finished(model: bytes | None, done: int, planned: int, steps: str) -> bytes:
    """The model after the last of the planned steps, named in the plural; raises RecipeError before that."""
    if model is None or done < planned:
        raise RecipeError(f"{done} of {planned} {steps} are done; there is no model yet")
    return model


def parameter(parameters: Parameters, name: str, default: int, low: int, high: int) -> int:
    """An integer parameter with its default and limits; raises RecipeError outside them."""
    value = parameters.get(name, default)
    if type(value) is not int or not low <= value <= high:
        raise RecipeError(f"the parameter {name} is {value!r}, an integer from {low} to {high} is wanted")
    return value


def only_parameters(parameters: Parameters, known: tuple[str, ...]) -> None:
    """Raises RecipeError for a parameter that the recipe does not know."""
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise RecipeError(f"no such parameter: {', '.join(unknown)}; there are {', '.join(known) or 'none'}")
