"""The terms of a study, from a recipe, a schema and what its proposer wants."""

from dataclasses import dataclass

from consortia.base.codec import encode
from consortia.engines.commit.chunks import blob_id
from consortia.engines.privacy import cost_for
from consortia.engines.privacy.terms import member_noise, record_noise
from consortia.engines.train.api import Parameters, Plan, Recipe, RecipeError, recipe_digest
from consortia.engines.train.schema import Schema
from consortia.exact.budget import NANO, BudgetError
from consortia.exact.robust import RobustError, check
from consortia.modules.training import rules
from consortia.modules.training import types as law
from consortia.workers.arithmetic import Summing, law_stages

MASKED = Summing()
OPEN = Summing(mode="open")
SEALED = Summing(mode="sealed")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a proposer asks of a study, besides its recipe and schema.

    `invited` are the members who may join, everyone where it is empty; `quorum` is the smallest cohort of a
    round, or None for the smallest that `summing` allows; `deadlines` are in milliseconds. With `private`
    every sum is noisy.
    """

    name: str
    title: str
    purpose: str
    deadlines: law.Deadlines
    invited: tuple[str, ...] = ()
    quorum: int | None = None
    retries: int = 3
    summing: Summing = MASKED
    private: "Private | None" = None


@dataclass(frozen=True, slots=True)
class Private:
    """What all sums of a study may tell: (epsilon, delta), against so many colluders.

    Of a record; with `member_records` of a member, all its records together, whose part of each sum is then
    clipped to what so many records can add at most.
    """

    epsilon: float
    delta: float = 1e-5
    colluders: int = 1
    member_records: int | None = None


def terms_of(
    recipe: Recipe, parameters: Parameters, schema: Schema, wanted: Wanted
) -> tuple[law.Terms, bytes]:
    """The terms, and the bytes of the state that the first round starts from.

    Raises RecipeError for parameters or a schema that the recipe cannot use, and for privacy that it cannot
    give.
    """
    plan, encoded = recipe.plan(parameters, schema), schema.encode()
    quorum = least_quorum(wanted.summing) if wanted.quorum is None else wanted.quorum
    terms = law.Terms(
        name=wanted.name,
        title=wanted.title,
        purpose=wanted.purpose,
        model=None,
        schema=encoded,
        schema_hash=rules.schema_hash(encoded),
        recipe=law.Recipe(recipe.name, encode(dict(parameters)), recipe_digest(recipe)),
        stages=law_stages(plan, wanted.summing),
        initial=blob_id(plan.initial),
        invited=tuple(sorted(set(wanted.invited))),
        quorum=quorum,
        retries=wanted.retries,
        deadlines=wanted.deadlines,
        privacy=None if wanted.private is None else privacy_of(recipe, plan, wanted.private, quorum),
        model_name=wanted.name,
        model_title=wanted.title,
    )
    return terms, plan.initial


def least_quorum(summing: Summing) -> int:
    """The smallest quorum with which a way of summing keeps what it promises; raises RecipeError for none."""
    least = law.MASKED_MIN if summing.mode == "masked" else law.OPEN_MIN
    reason: Exception | None = None
    for members in range(least, law.JOINED_MAX + 1):
        try:
            check(summing.rule, members, summing.tolerated, group=summing.group or 1)
            return members
        except RobustError as error:
            reason = error
    raise RecipeError(f"no number of members is enough: {reason}")


def privacy_of(recipe: Recipe, plan: Plan, private: Private, quorum: int) -> law.Privacy:
    """The privacy terms with which all rounds of a plan, each asked for once, tell no more than wanted.

    Raises RecipeError where the recipe does not bound what a record adds, or no noise is enough.
    """
    if not 0 < private.delta < 1 or private.epsilon <= 0 or not 0 <= private.colluders < quorum:
        raise RecipeError(
            f"epsilon {private.epsilon} at delta {private.delta} against {private.colluders} colluders of "
            f"{quorum}: epsilon is above 0, delta between 0 and 1, and somebody is honest"
        )
    if private.member_records is not None and private.member_records < 1:
        raise RecipeError(f"a member's part is clipped to {private.member_records} records: 1 or more")
    cost = cost_for(private.epsilon, private.delta)
    among = {"quorum": quorum, "colluders": private.colluders}
    try:
        if private.member_records is None:
            noises = record_noise(recipe, plan, cost, **among)
        else:
            noises = member_noise(recipe, plan, cost, records=private.member_records, **among)
    except BudgetError as error:
        raise RecipeError(f"epsilon {private.epsilon}: {error}") from None
    return law.Privacy(noises, max(1, round(private.delta * NANO)))
