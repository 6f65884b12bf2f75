"""`consortia study compare`: whether a study was worth it for one member, by its own records."""

from dataclasses import dataclass
from pathlib import Path

import click

from consortia.base.codec import Malformed, decode
from consortia.cli.budgets import cost_facts
from consortia.cli.lookup import find_study
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, say
from consortia.cli.own_data import OwnData, own_data, own_table
from consortia.cli.session import Session, at_home
from consortia.engines.alone import FOLDS, NoiseCost, measures, noise_cost, unseen
from consortia.engines.train import recipe
from consortia.engines.train.api import Parameters, Recipe, RecipeError
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import Table
from consortia.modules.training.queries import StudyView


@dataclass(frozen=True)
class Compared:
    """The measures of each model on the own records; `alone` says why where the own ones have none."""

    seen: bool
    shared: dict[str, float]
    own_unseen: dict[str, float] | None
    own_seen: dict[str, float] | None
    alone: str
    noise: NoiseCost | None
    noise_left_out: str


@click.command()
@click.argument("which", metavar="STUDY")
@click.option(
    "--data",
    required=True,
    metavar="ASSET|FILE.csv",
    help="Own records to judge by, best ones that were not in the study; they stay in the home.",
)
@home_option
@json_option
def compare(*, which: str, data: str, home: Path | None, as_json: bool) -> int:
    """Compare a finished STUDY's model with one of the own records alone.

    For a private study also: what its noise cost, as far as the own records can tell. All of it is computed
    here, and nothing is told to anybody.
    """
    session = at_home(home)
    found = find_study(session, which)
    model = finished_model(session, found)
    own = own_data(session, data)
    table = own_table(own, Schema.decode(found.study.terms.schema))
    compared = compared_with(found, model, table, seen=was_in(session, found, own))
    if as_json:
        facts(_facts(found, own, table, compared) | {"privacy": cost_facts(session, found.study.id)})
        return DONE
    for line in _lines(found, own, table, compared):
        say(line)
    return DONE


def finished_model(session: Session, found: StudyView) -> bytes:
    """The bytes of a study's model; raises Failure while it has none."""
    terms, progress = found.study.terms, found.progress
    if progress.model is None:
        raise Failure(f"{terms.name} has no model: it is {progress.status}", "consortia study watch STUDY")
    return session.client.blob(progress.state, terms.purpose)


def was_in(session: Session, found: StudyView, own: OwnData) -> bool:
    """Whether these own records are ones that the study's model has learned from."""
    mine = [one.part for one in found.parts if one.member == session.member]
    joined = any((part.dataset, part.version) == (own.asset, own.version) for part in mine)
    return joined and session.member in found.progress.contributors


def terms_of_recipe(found: StudyView) -> tuple[Recipe, Parameters]:
    """The recipe of a study and its parameters; raises Failure for one that is not known here."""
    try:
        rule = recipe(found.study.terms.recipe.name)
        given = decode(found.study.terms.recipe.parameters)
    except (RecipeError, Malformed) as error:
        raise Failure(str(error)) from None
    if not isinstance(given, dict):
        raise Failure("the study's parameters are no map")
    return rule, {name: value for name, value in given.items() if isinstance(value, int)}


def compared_with(found: StudyView, model: bytes, table: Table, *, seen: bool) -> Compared:
    """The shared model and the own ones on own records; raises Failure."""
    rule, parameters = terms_of_recipe(found)
    try:
        shared = measures(model, table)
    except (ValueError, RecipeError) as error:
        raise Failure(str(error), "other own records") from None
    own_unseen = own_seen = None
    alone = ""
    try:
        own_unseen = unseen(rule, parameters, table)
        own_seen = measures(train(rule, parameters, {"own": table}).model, table)
    except (ValueError, RecipeError) as error:
        alone = f"the own records alone give no model: {error}"
    noise, left_out = None, ""
    privacy = found.study.terms.privacy
    if privacy is not None:
        records = {one.member: one.part.records for one in found.parts}
        try:
            noise = noise_cost(
                rule, parameters, table, privacy.noises, records, quorum=found.study.terms.quorum
            )
        except (ValueError, RecipeError) as error:
            left_out = f"what the noise cost is not guessed: {error}"
    return Compared(seen, shared, own_unseen, own_seen, alone, noise, left_out)


def _lines(found: StudyView, own: OwnData, table: Table, compared: Compared) -> list[str]:
    """The comparison for a person: a table and what it says."""
    names = list(compared.shared)
    saw = "has seen them" if compared.seen else "has not seen them"
    rows = [(f"{found.study.proposer}/{found.study.terms.name}, {saw}", compared.shared)]
    if compared.own_unseen is not None:
        rows.append((f"own records alone, {FOLDS} folds, each unseen", compared.own_unseen))
    if compared.own_seen is not None:
        rows.append(("own records alone, all seen", compared.own_seen))
    lines = [
        click.style(
            f"{table.records} records of {own.name:32}  " + "  ".join(f"{n:>11}" for n in names), bold=True
        )
    ]
    lines += [f"  {what:46}  " + "  ".join(f"{found[n]:11.3f}" for n in names) for what, found in rows]
    lines += ["", *verdicts(compared)]
    return lines


def verdicts(compared: Compared) -> list[str]:
    """What a comparison says, in plain words, also where the study was not worth it."""
    name = next(iter(compared.shared))
    said = []
    if compared.own_unseen is None:
        said.append(compared.alone[:1].upper() + compared.alone[1:] + ".")
    else:
        gain = compared.shared[name] - compared.own_unseen[name]
        if gain > 0:
            said.append(f"The shared model is better by {gain:.3f} of {name} than the own records alone.")
        else:
            said.append(f"By these records the study gained nothing: {gain:+.3f} of {name}.")
        if compared.seen:
            said.append("It has seen these records, which flatters it; take some that were not in the study.")
    if compared.noise is not None:
        cost = compared.noise
        said.append(
            f"If everybody's records were like these, the noise would cost {cost.lost:.3f} of {cost.measure} "
            f"(mean of {cost.draws} draws; without noise {cost.quiet:.3f}, worst draw {cost.worst:.3f})."
        )
    if compared.noise_left_out:
        said.append(compared.noise_left_out[:1].upper() + compared.noise_left_out[1:] + ".")
    return said


def _facts(found: StudyView, own: OwnData, table: Table, compared: Compared) -> dict[str, object]:
    cost = compared.noise
    return {
        "study": found.study.id,
        "data": own.name,
        "records": table.records,
        "seen": compared.seen,
        "shared": compared.shared,
        "own_unseen": compared.own_unseen,
        "own_seen": compared.own_seen,
        "noise": None
        if cost is None
        else {"measure": cost.measure, "quiet": cost.quiet, "noisy": cost.noisy, "worst": cost.worst},
        "verdicts": verdicts(compared),
    }
