"""A stage's noise: how to choose it for a budget, how to check it, and what a member does.

The record of it, which stands in a study's terms, and what is charged are `exact.budget`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consortia.engines.privacy.clip import clip_vector
from consortia.engines.privacy.noise import noised
from consortia.engines.train.api import Plan, RecipeError, RecordBounded, Stage, Vector
from consortia.exact.budget import Noise, Unit, fits_ring, sum_bound, variance_for
from consortia.exact.ring import check_range


def total_cost(plan: Plan, noises: Sequence[Noise], quorum: int) -> int:
    """What all rounds of a plan cost, each made once, in nano-rho."""
    return sum(
        stage.rounds * noise.cost(stage.length, quorum)
        for stage, noise in zip(plan.stages, noises, strict=True)
    )


def record_noise(
    recipe: object, plan: Plan, cost: int, *, quorum: int, colluders: int = 0
) -> tuple[Noise, ...]:
    """Noise for single records such that the whole plan costs at most `cost` nano-rho.

    It is spread over the stages as the recipe says. Raises RecipeError for a recipe without bounds for its
    records, and BudgetError when `cost` is too small.
    """
    return _noise_for(recipe, plan, cost, ("record", 1), quorum=quorum, colluders=colluders)


def member_noise(
    recipe: object, plan: Plan, cost: int, *, records: int, quorum: int, colluders: int = 0
) -> tuple[Noise, ...]:
    """Noise for all records of a member together, such that the whole plan costs at most `cost` nano-rho.

    A member's part of each sum is clipped to what `records` records can add at most: with fewer it is never
    shortened, with more it may be, and then counts for less. Raises as `record_noise` does.
    """
    return _noise_for(recipe, plan, cost, ("member", records), quorum=quorum, colluders=colluders)


def _noise_for(
    recipe: object, plan: Plan, cost: int, hidden: tuple[Unit, int], *, quorum: int, colluders: int
) -> tuple[Noise, ...]:
    """Noise that hides a unit, of so many records at most."""
    (unit, records), honest = hidden, quorum - colluders
    if not isinstance(recipe, RecordBounded):
        raise RecipeError(f"the recipe does not bound what one record adds: noise cannot hide a {unit}")
    parts = recipe.budget_parts
    noises = []
    for stage, bound, part in zip(plan.stages, recipe.record_bounds(plan), parts, strict=True):
        once = cost * part // (sum(parts) * stage.rounds)
        each = variance_for(bound * records, once, members=honest, length=stage.length)
        noises.append(Noise(unit, bound * records, each * honest, colluders))
    return tuple(noises)


def check_noise(recipe: object, plan: Plan, noises: Sequence[Noise], *, members: int) -> None:
    """Check a study's noise against its recipe; raises RecipeError.

    1. there is one for each stage; 2. unit `record`: the recipe bounds its records, by no more than the
    stated sensitivity; 3. the sum of `members` clipped vectors and their noise fits the ring.
    """
    if len(noises) != len(plan.stages):
        raise RecipeError(f"{len(noises)} stages of noise for {len(plan.stages)} stages")
    bounded = recipe if isinstance(recipe, RecordBounded) else None
    for index, (stage, noise) in enumerate(zip(plan.stages, noises, strict=True)):
        if noise.unit == "record" and (
            bounded is None or bounded.record_bounds(plan)[index] > noise.sensitivity
        ):
            raise RecipeError(
                f"{stage.name}: one record may add more than the sensitivity {noise.sensitivity}"
            )
        terms = stage.quantisation
        if not fits_ring(terms.clip, noise.variance, members=members, ring_bits=terms.ring_bits):
            raise RecipeError(f"{stage.name}: {members} members' vectors and noise do not fit the ring")


def contribute(
    stage: Stage, noise: Noise, vector: Vector, *, quorum: int, secret: bytes, charge: bytes
) -> NDArray[Any]:
    """What a member puts into a noisy sum: its vector, clipped where the unit is a member, and its noise.

    In the ring's type, shape (length,). `secret` and `charge` as in `noise`. Raises RingError when the vector
    breaks the stage's terms.
    """
    if noise.unit == "member":
        vector = clip_vector(vector, noise.sensitivity)
    check_range(vector, stage.quantisation.clip)
    return noised(
        vector,
        variance=noise.each(quorum),
        secret=secret,
        charge=charge,
        ring_bits=stage.quantisation.ring_bits,
    )


def check_noisy_sum(stage: Stage, noise: Noise, total: NDArray[Any], *, members: int, quorum: int) -> Vector:
    """The sum as int64 when `members` clipped vectors and their noise can make it; else raises RingError."""
    check_range(total, sum_bound(stage.quantisation.clip, noise.each(quorum), members=members))
    return total.astype(np.int64)
