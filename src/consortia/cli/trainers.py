"""A member's own program for studies of weights: whether it can train in a study, and what to do if not."""

import os
from collections.abc import Iterator

from consortia.cli.own_data import own_rows
from consortia.cli.session import Session
from consortia.engines.train.api import RecipeError
from consortia.engines.train.files import DataError
from consortia.engines.train.learner import load_trainer
from consortia.engines.train.table import Table, make_table
from consortia.engines.train.weights import WEIGHTS, unfit
from consortia.modules.assets.queries import ById, MaybeAsset
from consortia.modules.training import queries
from consortia.modules.training.types import Study
from consortia.sdk.paging import study_pages
from consortia.workers.arithmetic import BadTerms, plans
from consortia.workers.vault import VaultError

REMEDY = 'in consortia.toml: trainer = "module:name", then consortia up again; see docs/how-to/own-model.md'


def wants_trainer(study: Study) -> bool:
    """Whether each member trains in a study with a program of its own."""
    return study.terms.recipe.name == WEIGHTS.name


def trainer_fault(study: Study, table: Table, named: str) -> str | None:
    """Why the program `named` cannot train on these records in a study; None if it can, or none is wanted.

    The program is imported and made over the records, as the worker would.
    """
    if not wants_trainer(study):
        return None
    try:
        known = plans(study.terms)
        return unfit(known.plan.initial, table, load_trainer(named) if named else None)
    except (BadTerms, RecipeError) as error:
        return str(error)


def own_faults(session: Session) -> Iterator[tuple[str, str]]:
    """The studies under way, as PROPOSER/NAME, that the member joined and cannot train in, each with why."""
    for page in study_pages(session.ask):
        for item in page.studies:
            if item.status in {"proposed", "running"}:
                view = session.ask("training.study", queries.ById(item.id), queries.StudyView)
                fault = own_fault(session, view)
                if fault is not None:
                    yield f"{item.proposer}/{item.name}", fault


def own_fault(session: Session, view: queries.StudyView) -> str | None:
    """Why the member, that joined a study, cannot train in it; None if it can, or takes no part."""
    part = next((one.part for one in view.parts if one.member == session.member), None)
    if part is None or part.until is not None or not wants_trainer(view.study):
        return None
    named = session.home.config(os.environ).trainer
    try:
        schema = plans(view.study.terms).schema
        asset = session.ask("assets.asset", ById(part.dataset), MaybeAsset).asset
        name = "" if asset is None else asset.name
        table = make_table(own_rows(session, name, part.version), schema)
    except (BadTerms, DataError, VaultError) as error:
        return str(error)
    return trainer_fault(view.study, table, named)
