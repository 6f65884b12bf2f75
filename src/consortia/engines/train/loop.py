"""A whole study in one process, by function calls: what the ledger's rounds do, without the ledger.

The pooled referee, the sites' own models and tests use it; so does anyone who wants to see a study plainly.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from consortia.engines.train.api import (
    Cohort,
    KeepsAtHome,
    Parameters,
    Recipe,
    Vector,
    check_total,
    check_vector,
    to_blob,
    weighed,
)
from consortia.engines.train.learner import MakeLearner
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table
from consortia.engines.train.weights import WeightsFedAvg
from consortia.exact.ring import add_all


@dataclass(frozen=True)
class Trained:
    """A finished study: the model, every state from the initial one on, and each round's sum."""

    model: bytes
    states: tuple[bytes, ...]
    sums: tuple[Vector, ...]


def train(
    recipe: Recipe,
    parameters: Parameters,
    tables: Mapping[str, Table],
    trainers: Mapping[str, MakeLearner] | None = None,
) -> Trained:
    """Runs every round of the recipe over all members' tables, through blobs as on the ledger.

    `trainers` are the members' own programs, for the recipe that wants them. Raises RecipeError or
    RingError as the recipe and the stage's terms do.
    """
    members = sorted(tables)
    schema: Schema = tables[members[0]].schema
    plan = recipe.plan(parameters, schema)
    records = sum(tables[member].records for member in members)
    cohort = Cohort(len(members), records, records)
    state = plan.initial
    homes = dict.fromkeys(members, b"")
    states, sums = [state], []
    for index in range(plan.rounds):
        stage = plan.stage_of(index)
        vectors = []
        for member in members:
            if isinstance(recipe, KeepsAtHome):
                own, homes[member] = recipe.local_at_home(state, tables[member], homes[member])
            elif isinstance(recipe, WeightsFedAvg) and trainers is not None:
                own = recipe.local_with(state, tables[member], trainers[member])
            else:
                own = recipe.local(state, tables[member])
            own = weighed(stage, own, tables[member].records, records)
            vector = check_vector(stage, to_blob(stage, own))
            if stage.weighting == "sum":
                recipe.check(state, vector, tables[member].records)
            vectors.append(vector)
        total = check_total(stage, add_all(vectors), len(members))
        state = recipe.step(state, total, cohort)
        states.append(state)
        sums.append(total)
    return Trained(recipe.finish(state), tuple(states), tuple(sums))
