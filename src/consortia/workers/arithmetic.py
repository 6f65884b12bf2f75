"""The arithmetic of a round, which every verifier repeats: terms, update, sum, next state.

A worker, an auditor and a simulation use these same functions. After the last round the state is the
finished model, so what members agree on there is the model's own blob.

Blob ids: an update and a sum are hashed as packed words of the stage's ring, a state as its bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from consortia.base.codec import Malformed, decode
from consortia.base.hashing import sha256, tagged
from consortia.engines.commit.chunks import blob_id
from consortia.engines.privacy.terms import check_noise, check_noisy_sum
from consortia.engines.privacy.terms import contribute as with_noise
from consortia.engines.robust import RobustError, Rule, aggregate, per_joined
from consortia.engines.train import recipe
from consortia.engines.train.api import (
    Cohort,
    KeepsAtHome,
    Plan,
    Quantisation,
    Recipe,
    RecipeError,
    Stage,
    Vector,
    check_total,
    check_vector,
    recipe_digest,
    to_blob,
    weighed,
)
from consortia.engines.train.learner import MakeLearner
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table
from consortia.engines.train.weights import WeightsFedAvg
from consortia.exact.budget import Noise
from consortia.exact.ring import RingError, add_all, pack
from consortia.modules.training import types as law
from consortia.modules.training.mask_queries import MasksView
from consortia.workers import masks
from consortia.workers.masks import Given


class BadTerms(ValueError):
    """Terms that this software cannot keep, or that are not what the recipe plans; the text says why."""


class BadRound(ValueError):
    """Updates that do not add up to a result; the text names the member at fault where there is one."""


class NoResult(BadRound):
    """A sum that leads nowhere, though every blob is as it should be: somebody sent nonsense under a mask."""

    def __init__(self, why: str, total: bytes) -> None:
        """The sum's blob id, and why there is no next state."""
        super().__init__(why)
        self.outcome = law.Outcome(total, law.NO_STATE)


@dataclass(frozen=True)
class Plans:
    """What a study's terms mean: the recipe, its plan, the schema, and the stages as the engine has them."""

    recipe: Recipe
    plan: Plan
    schema: Schema
    stages: tuple[Stage, ...]
    rules: tuple[law.Stage, ...]
    rounds: int
    noises: tuple[Noise, ...]
    quorum: int


class Own(NamedTuple):
    """What a member trains with besides its records: what it kept at home, at first nothing; its program."""

    home: bytes = b""
    trainer: MakeLearner | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """A round, re-computed: the outcome to agree on, and the next state's bytes."""

    outcome: law.Outcome
    state: bytes


def plans(terms: law.Terms) -> Plans:
    """What the terms mean to this software; raises BadTerms.

    1. the recipe is known, in the version that the terms pin; 2. parameters and schema can be read, and
    the recipe can be planned with them; 3. the stages are those of that plan; 4. without a model to start
    from, the initial state is the plan's; 5. with privacy terms, the recipe adds no more for one record than
    they say, and the noise fits.
    """
    try:
        rule = recipe(terms.recipe.name)
        if recipe_digest(rule) != terms.recipe.digest:
            raise BadTerms(f"the study pins another version of {rule.name} than this software has")
        schema = Schema.decode(terms.schema)
        plan = rule.plan(_parameters(terms.recipe.parameters), schema)
        noises = () if terms.privacy is None else terms.privacy.noises
        if noises:
            check_noise(rule, plan, noises, members=len(terms.invited) or law.JOINED_MAX)
    except (RecipeError, Malformed) as error:
        raise BadTerms(str(error)) from None
    stages = tuple(engine_stage(stage) for stage in terms.stages)
    if stages != plan.stages:
        raise BadTerms(f"the study's stages are not those that {rule.name} plans")
    if terms.model is None and blob_id(plan.initial) != terms.initial:
        raise BadTerms(f"the study starts from another state than {rule.name} plans")
    return Plans(rule, plan, schema, stages, terms.stages, plan.rounds, noises, terms.quorum)


@dataclass(frozen=True, slots=True)
class Summing:
    """How a study's updates become one outcome: hidden or not, by a mean or a robust rule (`law.Stage`)."""

    mode: law.Mode = "masked"
    rule: Rule = "mean"
    tolerated: int = 0
    group: int = 0


def law_stages(plan: Plan, summing: Summing) -> tuple[law.Stage, ...]:
    """The stages of a plan as a study's terms state them."""
    return tuple(
        law.Stage(
            name=stage.name,
            rounds=stage.rounds,
            length=stage.length,
            ring_bits=stage.quantisation.ring_bits,
            scale_bits=stage.quantisation.scale_bits,
            clip=stage.quantisation.clip,
            weighting=stage.weighting,
            mode=summing.mode,
            rule=summing.rule,
            tolerated=summing.tolerated,
            group=summing.group,
        )
        for stage in plan.stages
    )


def engine_stage(stage: law.Stage) -> Stage:
    """A stage of the terms as the engine has it."""
    quantisation = Quantisation(stage.ring_bits, stage.scale_bits, stage.clip)
    return Stage(stage.name, stage.rounds, stage.length, quantisation, stage.weighting)


def update(known: Plans, this: law.Round, state: bytes, table: Table) -> bytes:
    """A member's update as its blob; raises RecipeError or RingError as the recipe and the stage do."""
    return contribute(known, this, state, table, Own())[0]


def contribute(known: Plans, this: law.Round, state: bytes, table: Table, own: Own) -> tuple[bytes, bytes]:
    """A member's update as its blob, and what the member keeps at home once that update is in a sum.

    Raises as `update` does.
    """
    home = own.home
    stage = known.stages[this.stage]
    if isinstance(known.recipe, KeepsAtHome):
        vector, home = known.recipe.local_at_home(state, table, home)
    elif isinstance(known.recipe, WeightsFedAvg) and own.trainer is not None:
        vector = known.recipe.local_with(state, table, own.trainer)
    else:
        vector = known.recipe.local(state, table)
    return to_blob(stage, weighed(stage, vector, table.records, this.records)), home


def check_update(known: Plans, this: law.Round, state: bytes, blob: bytes, records: int) -> None:
    """Check an update from a member with so many records; raises BadRound.

    1. its length is the stage's; in an open round 2. no word is beyond the clip, and 3. so many records can
    give it, as far as the recipe can tell. A node checks this before it signs that it holds the update, so
    that whoever inflates an open update cannot submit it. A masked one shows its length alone.
    """
    try:
        if this.keyed:
            masks.check_length(known.stages[this.stage], blob)
            return
        vector = check_vector(known.stages[this.stage], blob)
        if known.stages[this.stage].weighting == "sum":
            known.recipe.check(state, vector.astype(np.int64), records)
    except (RingError, RecipeError) as error:
        raise BadRound(str(error)) from None


def compute(
    known: Plans, this: law.Round, state: bytes, given: Sequence[Given], view: MasksView | None = None
) -> Computed:
    """The result of a round from its starting state and the cohort's blobs, by member.

    Raises BadRound for blobs that are not what they should be, NoResult for a sum that leads nowhere.

    `view` has the keys and revealed secrets of a masked round. 1. every blob keeps the stage's terms:
    its length, and in an open round the clip; 2. they are added exactly, the masks are lifted from the sum,
    and so many members can make it; or the stage's robust rule makes one vector of them; 3. the recipe's step
    gives the next state; 4. after the last round the recipe finishes the model.
    """
    rule, stage = known.rules[this.stage], known.stages[this.stage]
    try:
        if rule.rule == "mean":
            raw = _sum(stage, given, view)
            cohort, ring_bits = Cohort(len(this.cohort), this.cohort_records, this.records), rule.ring_bits
        else:
            raw = robust(rule, this, _vectors(stage, this, given, view))
            cohort, ring_bits = Cohort(len(this.cohort), this.records, this.records), 64
        total = blob_id(pack(raw, ring_bits=ring_bits))
    except (RingError, RobustError, Malformed) as error:
        raise BadRound(str(error)) from None
    try:
        if rule.rule == "mean":
            raw = _checked(known, this.stage, raw, len(given))  # of two large vectors one is let go
        following = known.recipe.step(state, raw, cohort)
        del raw
        if this.index + 1 == known.rounds:
            following = known.recipe.finish(following)
    except (RingError, RecipeError) as error:
        raise NoResult(str(error), total) from None
    return Computed(law.Outcome(total, blob_id(following)), following)


def robust(rule: law.Stage, this: law.Round, vectors: Sequence[Vector]) -> Vector:
    """What a stage's rule makes of vectors that each stand for all joined records; raises RobustError.

    The seed that some rules draw from is H("consortia/buckets", round id | the vectors): fixed only once
    every vector is.
    """
    seed = tagged("consortia/buckets", this.id + b"".join(sha256(one.tobytes()) for one in vectors))
    return aggregate(rule.rule, vectors, tolerated=rule.tolerated, seed=seed)


def _sum(stage: Stage, given: Sequence[Given], view: MasksView | None) -> NDArray[Any]:
    if view is None:
        return add_all([_open(stage, one) for one in given])
    return masks.lifted(stage, given, view)[0]


def _vectors(stage: Stage, this: law.Round, given: Sequence[Given], view: MasksView | None) -> list[Vector]:
    """What a robust rule sees: each member's vector in an open round, each group's sum in a masked one."""
    if view is None:
        return [per_joined(_open(stage, one), one.records, this.records) for one in given]
    records = {one.member: one.records for one in given}
    sums = zip(masks.summed(this), masks.lifted(stage, given, view), strict=True)
    return [
        per_joined(check_total(stage, total, len(names)), sum(records[name] for name in names), this.records)
        for names, total in sums
    ]


def _open(stage: Stage, one: Given) -> NDArray[Any]:
    """An open round's vector; raises BadRound, naming the member whose vector is none."""
    try:
        return check_vector(stage, one.read())
    except RingError as error:
        raise BadRound(f"the update of {one.member}: {error}") from None


def noisy(known: Plans, this: law.Round, blob: bytes, *, secret: bytes, charge: bytes) -> bytes:
    """A member's update with its noise, from its secret and the try that pays; raises RingError."""
    stage, noise = known.stages[this.stage], known.noises[this.stage]
    vector = check_vector(stage, blob).astype(np.int64)
    return pack(
        with_noise(stage, noise, vector, quorum=known.quorum, secret=secret, charge=charge),
        ring_bits=stage.quantisation.ring_bits,
    )


def _checked(known: Plans, stage: int, total: NDArray[Any], members: int) -> Vector:
    """The sum as int64, when so many members can make it, with their noise if there is any."""
    if not known.noises:
        return check_total(known.stages[stage], total, members)
    noise = known.noises[stage]
    return check_noisy_sum(known.stages[stage], noise, total, members=members, quorum=known.quorum)


def _parameters(data: bytes) -> dict[str, int]:
    value = decode(data)
    if not isinstance(value, dict):
        raise Malformed("a recipe's parameters are a map")
    found: dict[str, int] = {}
    for name, item in value.items():
        if type(item) is not int:
            raise Malformed(f"the parameter {name} is no integer")
        found[name] = item
    return found
