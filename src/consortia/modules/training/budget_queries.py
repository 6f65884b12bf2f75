"""What anyone may ask about privacy budgets."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Record
from consortia.base.refusals import Refused
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.training import budgets
from consortia.modules.training import refusals as codes
from consortia.modules.training.ports import Ports
from consortia.modules.training.queries import ById
from consortia.modules.training.state import PROGRESS, STUDIES, budget_of
from consortia.modules.training.types import Budget


class ByDataset(Record, frozen=True):
    """A data set's asset id."""

    dataset: Digest


class PopulationBudget(Record, frozen=True):
    """A population, and what sums over it cost so far and may cost at most."""

    population: Digest
    budget: Budget


class BudgetView(Record, frozen=True):
    """The budgets of the populations that a data set was made from."""

    populations: Annotated[tuple[PopulationBudget, ...], Meta(max_length=256)]


class CostView(Record, frozen=True):
    """What a study costs a population that is in all of its sums, in nano-rho: so far, and as planned.

    Both are 0 without privacy terms: then nothing bounds what the sums tell.
    """

    charged: U63
    planned: U63
    delta_nano: U63 | None


def budget(ctx: Context, arguments: ByDataset, ports: Ports) -> BudgetView:
    """The budgets of a data set's populations."""
    populations = ports.assets.populations(ctx, arguments.dataset)
    if populations is None:
        raise Refused(codes.BAD_LINEAGE, arguments.dataset.hex())
    return BudgetView(tuple(PopulationBudget(one, budget_of(ctx, one)) for one in populations))


def cost(ctx: Context, arguments: ById, ports: Ports) -> CostView:
    """What a study costs."""
    record, progress = STUDIES.get(ctx, arguments.study), PROGRESS.get(ctx, arguments.study)
    if record is None or progress is None:
        raise Refused(codes.UNKNOWN_STUDY, arguments.study.hex())
    privacy = record.terms.privacy
    planned = budgets.study_cost(record.terms)
    return CostView(progress.charged, planned, None if privacy is None else privacy.delta_nano)


QUERIES = (
    Query("budget", ByDataset, BudgetView, budget, "What sums cost a data set, and may at most."),
    Query("cost", ById, CostView, cost, "What a study costs a population, so far and as planned."),
)
