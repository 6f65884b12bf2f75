"""Privacy budgets as pure functions: what a study and its rounds cost, and who can still afford it.

Costs are nano-rho (`exact.budget`), they add, and what is spent stays spent.
"""

from collections.abc import Iterable

from consortia.exact.budget import BudgetError, fits_ring
from consortia.modules.training.types import JOINED_MAX, Budget, Terms


def terms_fit(terms: Terms) -> bool:
    """Whether the privacy terms, if there are any, can be kept."""
    privacy = terms.privacy
    if privacy is None:
        return True
    if len(privacy.noises) != len(terms.stages) or any(stage.mode != "masked" for stage in terms.stages):
        return False
    members = len(terms.invited) or JOINED_MAX
    try:
        return all(
            noise.cost(stage.length, terms.quorum) > 0
            and fits_ring(stage.clip, noise.each(terms.quorum), members=members, ring_bits=stage.ring_bits)
            for noise, stage in zip(privacy.noises, terms.stages, strict=True)
        )
    except BudgetError:
        return False


def round_cost(terms: Terms, stage: int) -> int:
    """What one round of a stage costs every population in its cohort, in nano-rho; 0 without noise."""
    if terms.privacy is None:
        return 0
    return terms.privacy.noises[stage].cost(terms.stages[stage].length, terms.quorum)


def study_cost(terms: Terms) -> int:
    """What all rounds of a study cost when each is asked for once, in nano-rho."""
    return sum(stage.rounds * round_cost(terms, index) for index, stage in enumerate(terms.stages))


def affordable(cost: int, budgets: Iterable[Budget]) -> bool:
    """Whether so much is left of each of these budgets."""
    return all(one.limit is None or one.spent + cost <= one.limit for one in budgets)


def limited(budgets: Iterable[Budget]) -> bool:
    """Whether any of these budgets has a limit: then sums without noise are out of the question."""
    return any(one.limit is not None for one in budgets)
