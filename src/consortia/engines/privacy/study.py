"""A private study in one process: `train.loop` with every sum noisy, as a masked round would show it."""

from collections.abc import Mapping, Sequence

from consortia.base.codec import encode
from consortia.engines.privacy.terms import check_noise, check_noisy_sum, contribute
from consortia.engines.train.api import Cohort, Parameters, Recipe, weighed
from consortia.engines.train.loop import Trained
from consortia.engines.train.table import Table
from consortia.exact.budget import Noise
from consortia.exact.ring import add_all


def train_private(
    recipe: Recipe,
    parameters: Parameters,
    tables: Mapping[str, Table],
    noises: Sequence[Noise],
    secrets: Mapping[str, bytes],
    *,
    study: bytes = b"",
    quorum: int | None = None,
) -> Trained:
    """Runs every round over all members' tables; only noisy sums reach a step.

    `secrets` are the members' own (32 bytes each). Every member is in every cohort; the smallest that the
    study would accept has `quorum` members, or as many as there are where it is None. Raises RecipeError or
    RingError as the recipe and the stages' terms do.
    """
    members = sorted(tables)
    plan = recipe.plan(parameters, tables[members[0]].schema)
    check_noise(recipe, plan, noises, members=len(members))
    smallest = len(members) if quorum is None else quorum
    records = sum(tables[member].records for member in members)
    cohort = Cohort(len(members), records, records)
    noise_of = dict(zip(plan.stages, noises, strict=True))
    state = plan.initial
    states, sums = [state], []
    for index in range(plan.rounds):
        stage = plan.stage_of(index)
        noise, charge = noise_of[stage], encode([study, index])
        vectors = [
            contribute(
                stage,
                noise,
                weighed(stage, recipe.local(state, tables[member]), tables[member].records, records),
                quorum=smallest,
                secret=secrets[member],
                charge=charge,
            )
            for member in members
        ]
        total = check_noisy_sum(stage, noise, add_all(vectors), members=len(members), quorum=smallest)
        state = recipe.step(state, total, cohort)
        states.append(state)
        sums.append(total)
    return Trained(recipe.finish(state), tuple(states), tuple(sums))
