"""The terms of a study, from a recipe, a schema and what its proposer wants."""

from dataclasses import dataclass

from consortia.base.codec import encode
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.api import Parameters, Recipe, recipe_digest
from consortia.engines.train.schema import Schema
from consortia.modules.training import rules
from consortia.modules.training import types as law
from consortia.workers.arithmetic import law_stages


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a proposer asks of a study, besides its recipe and schema.

    `invited` are the members who may join, everyone where it is empty; `quorum` is the smallest cohort of a
    round, or None for the smallest that the mode allows; `deadlines` are in milliseconds.
    """

    name: str
    title: str
    purpose: str
    deadlines: law.Deadlines
    invited: tuple[str, ...] = ()
    quorum: int | None = None
    retries: int = 3
    mode: law.Mode = "masked"


def terms_of(
    recipe: Recipe, parameters: Parameters, schema: Schema, wanted: Wanted
) -> tuple[law.Terms, bytes]:
    """The terms, and the bytes of the state that the first round starts from.

    Raises RecipeError for parameters or a schema that the recipe cannot use.
    """
    plan, encoded = recipe.plan(parameters, schema), schema.encode()
    least = law.MASKED_MIN if wanted.mode == "masked" else law.OPEN_MIN
    terms = law.Terms(
        name=wanted.name,
        title=wanted.title,
        purpose=wanted.purpose,
        model=None,
        schema=encoded,
        schema_hash=rules.schema_hash(encoded),
        recipe=law.Recipe(recipe.name, encode(dict(parameters)), recipe_digest(recipe)),
        stages=law_stages(plan, wanted.mode),
        initial=blob_id(plan.initial),
        invited=tuple(sorted(set(wanted.invited))),
        quorum=least if wanted.quorum is None else wanted.quorum,
        retries=wanted.retries,
        deadlines=wanted.deadlines,
        privacy=None,
        model_name=wanted.name,
        model_title=wanted.title,
    )
    return terms, plan.initial
