"""`consortia asset budget`: what sums over a data set tell of one record, so far and at most."""

from collections.abc import Mapping
from pathlib import Path

import click

from consortia.cli.governing import governance_of
from consortia.cli.lookup import find_asset
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, say, table
from consortia.cli.session import Session, at_home
from consortia.exact.budget import NANO, Unit
from consortia.modules.assets.types import Asset
from consortia.modules.training.budget_queries import BudgetView, ByDataset, CostView
from consortia.modules.training.messages import LimitBudget, RaiseBudget
from consortia.modules.training.queries import ById, StudyView
from consortia.sdk.governance import action_of
from consortia.sdk.moments import moment

DELTA = 1e-5


@click.command()
@click.argument("which", metavar="DATASET")
@click.option(
    "--epsilon",
    type=click.FloatRange(min=0, min_open=True),
    help="Limit all sums together to this epsilon; an owner only ever lowers its limit.",
)
@click.option("--propose", is_flag=True, help="Propose to the members to raise the limit to --epsilon.")
@click.option(
    "--delta",
    type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
    default=DELTA,
    show_default=True,
    help="The delta at which epsilon is meant and shown.",
)
@home_option
@json_option
def budget(
    *, which: str, epsilon: float | None, propose: bool, delta: float, home: Path | None, as_json: bool
) -> int:
    """Show the privacy budget of a DATASET, or limit that of an own one.

    A limit is raised by the members, and never without a yes of the owner itself: --propose asks them.

    The ledger counts in nano-rho, which add up; epsilon at a delta is what they mean for one record.
    """
    session = at_home(home)
    one, _ = find_asset(session, which)
    if propose:
        return _propose(session, one, epsilon, delta, as_json=as_json)
    if epsilon is not None:
        session.submit(LimitBudget(one.id, _cost(epsilon, delta)))
    view = session.ask("training.budget", ByDataset(one.id), BudgetView)
    if as_json:
        facts({"dataset": one.id, "delta": delta, "populations": [_facts(each, delta) for each in _of(view)]})
        return DONE
    rows = [
        [name.hex()[:16], f"{spent:,}", _epsilon(spent, delta), _or_none(limit), _epsilon(limit, delta)]
        for name, spent, limit in _of(view)
    ]
    table(rows, ["population", "spent nano-rho", "epsilon", "limit nano-rho", "epsilon"])
    say(f"epsilon at delta {delta:g}")
    return DONE


def tell_cost(session: Session, study: bytes) -> None:
    """Say what a study's sums tell of a record, or of a member: so far, and as planned."""
    view = session.ask("training.cost", ById(study), CostView)
    if view.delta_nano is None:
        say("privacy   no noise: nothing bounds what the sums tell")
        return
    delta = view.delta_nano / NANO
    so_far, planned = _epsilon(view.charged, delta), _epsilon(view.planned, delta)
    whom = _WHOM[_unit(session, study)]
    say(f"privacy   epsilon {so_far} of {planned} planned, at delta {delta:g}, for {whom}")


def cost_facts(session: Session, study: bytes) -> dict[str, object]:
    """What a study costs, for programs; epsilon is None without noise."""
    view = session.ask("training.cost", ById(study), CostView)
    if view.delta_nano is None:
        return {"epsilon": None, "delta": None, "unit": None, "charged": 0, "planned": 0}
    delta = view.delta_nano / NANO
    return {
        "epsilon": float(_epsilon(view.charged, delta)),
        "delta": delta,
        "unit": _unit(session, study),
        "charged": view.charged,
        "planned": view.planned,
    }


def privacy_line(known: Mapping[str, object]) -> str:
    """What the sums behind a model tell of one record, or member, from its study's `cost_facts`."""
    if known["epsilon"] is None:
        return "no noise: nothing bounds what the sums behind it tell of a record"
    whom = _WHOM[str(known["unit"])]
    return f"epsilon {known['epsilon']:.3f} at delta {known['delta']:g}, by the sums behind it, for {whom}"


_WHOM = {"record": "one record", "member": "all records of a member"}


def _unit(session: Session, study: bytes) -> Unit:
    """Whom a study's noise hides; where stages differ, what is hidden in all of them, a record."""
    privacy = session.ask("training.study", ById(study), StudyView).study.terms.privacy
    units = set() if privacy is None else {noise.unit for noise in privacy.noises}
    return "member" if units == {"member"} else "record"


def _propose(session: Session, data: Asset, epsilon: float | None, delta: float, *, as_json: bool) -> int:
    """Open a proposal to raise the limit of a data set, in the class that may hold it."""
    if epsilon is None:
        raise click.UsageError("--propose goes with the --epsilon that all sums together may then tell")
    door, wanted = governance_of(session), action_of(RaiseBudget(data.id, _cost(epsilon, delta)))
    kinds = [one.name for one in door.charter().charter.classes if wanted.method in one.methods]
    if not kinds:
        raise Failure(f"no class of the charter may hold {wanted.method}", "consortia charter show")
    title = f"{data.owner}/{data.name}: sums may tell epsilon {epsilon:g}"
    opened = door.propose(kinds[0], wanted, title=title)
    one = opened.proposal
    if as_json:
        facts({"proposal": one.id, "content": one.content, "closes": opened.progress.closes})
    else:
        say(f"Proposal {one.id.hex()} is open until {moment(opened.progress.closes)}")
        say(f"It needs the yes of {data.owner}: consortia proposal vote {one.id.hex()[:12]} yes")
    return DONE


def _cost(epsilon: float, delta: float) -> int:
    """What tells so much, in nano-rho; raises Failure where that is nothing."""
    from consortia.engines.privacy import cost_for

    cost = cost_for(epsilon, delta)
    if not cost:
        raise Failure(
            f"no sum at all tells so little: epsilon {epsilon} at delta {delta}", "a larger epsilon"
        )
    return cost


def _of(view: BudgetView) -> list[tuple[bytes, int, int | None]]:
    return [(one.population, one.budget.spent, one.budget.limit) for one in view.populations]


def _facts(one: tuple[bytes, int, int | None], delta: float) -> dict[str, object]:
    name, spent, limit = one
    return {
        "population": name,
        "spent": spent,
        "epsilon": float(_epsilon(spent, delta)),
        "limit": limit,
        "epsilon_limit": None if limit is None else float(_epsilon(limit, delta)),
    }


def _epsilon(cost: int | None, delta: float) -> str:
    from consortia.engines.privacy import epsilon

    return "" if cost is None else f"{epsilon(cost, delta):.3f}"


def _or_none(limit: int | None) -> str:
    return "none" if limit is None else f"{limit:,}"
