"""`consortia study`: training together, from the proposal to the model."""

import os
import time
from pathlib import Path

import click

from consortia.cli.attacking import attack
from consortia.cli.awaiting import absent_of, awaited_line
from consortia.cli.budgets import cost_facts, tell_cost
from consortia.cli.comparing import compare
from consortia.cli.lookup import find_asset, find_study
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, REFUSED, Failure, facts, note, say, table
from consortia.cli.own_data import own_rows
from consortia.cli.proposing import propose
from consortia.cli.session import at_home, tell_done
from consortia.cli.trainers import REMEDY, own_fault, trainer_fault
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import make_table, mismatches
from consortia.modules.training import queries
from consortia.modules.training.messages import Cancel, Join, Leave, Start
from consortia.modules.training.types import Status
from consortia.sdk.jsonform import to_json
from consortia.sdk.moments import moment
from consortia.sdk.paging import study_pages

POLL_SECONDS = 0.2


@click.group()
def study() -> None:
    """Studies: propose, join, start, and watch members train a model together."""


study.add_command(propose)
study.add_command(compare)
study.add_command(attack)


@study.command("list")
@click.option(
    "--status", type=click.Choice(["proposed", "running", "finished", "aborted"]), help="Of this status only."
)
@home_option
@json_option
def list_studies(*, status: Status | None, home: Path | None, as_json: bool) -> int:
    """List the network's studies."""
    session = at_home(home)
    found = [one for page in study_pages(session.ask, status) for one in page.studies]
    if as_json:
        facts({"studies": found})
        return DONE
    rows = [
        [
            f"{one.proposer}/{one.name}",
            one.status,
            f"{one.index} of {one.rounds}",
            str(one.members),
            one.purpose,
            one.title,
        ]
        for one in found
    ]
    table(rows, ["study", "status", "rounds", "members", "purpose", "title"])
    return DONE


@study.command()
@click.argument("which", metavar="STUDY")
@home_option
@json_option
def show(*, which: str, home: Path | None, as_json: bool) -> int:
    """Show a study: its terms, who takes part with what, how far it is."""
    session = at_home(home)
    found = find_study(session, which)
    if as_json:
        facts({**to_json(found), "privacy": cost_facts(session, found.study.id)})
        return DONE
    terms, progress = found.study.terms, found.progress
    rounds = sum(stage.rounds for stage in terms.stages)
    say(f"{click.style(f'{found.study.proposer}/{terms.name}', bold=True)}  {terms.title}")
    say(f"id        {found.study.id.hex()}")
    say(f"status    {progress.status}{f': {progress.reason}' if progress.reason else ''}")
    say(f"purpose   {terms.purpose}")
    say(f"recipe    {terms.recipe.name}, {rounds} rounds: {', '.join(stage.name for stage in terms.stages)}")
    say(f"rounds    {progress.index} of {rounds} final, {terms.stages[0].mode}")
    tell_cost(session, found.study.id)
    say(f"invited   {', '.join(terms.invited) or 'every member'}, at least {terms.quorum}")
    say(f"join by   {moment(found.study.join_until)}")
    say(f"model     {progress.model.hex() if progress.model else terms.model_name + ', once it is finished'}")
    say()
    rows = [[one.member, f"{one.part.records:,}", one.part.dataset.hex()[:16]] for one in found.parts]
    table(rows, ["member", "records", "data set"])
    return DONE


@study.command()
@click.argument("which", metavar="STUDY")
@click.option("--data", required=True, metavar="ASSET", help="The own data set to take part with.")
@click.option("--records", type=click.IntRange(min=1), help="So many of its records; all when left out.")
@click.option(
    "--trainer",
    metavar="MODULE:NAME",
    help="The own program of a study of weights, where the worker has it from elsewhere than the settings.",
)
@home_option
@json_option
def join(
    *,
    which: str,
    data: str,
    records: int | None,
    trainer: str | None,
    home: Path | None,
    as_json: bool,
) -> int:
    """Take part in a STUDY with an own data set. Joining is consent to its terms.

    The data set is held against the study's schema first, in the home; everything that differs is listed. In
    a study of weights the member's own program is tried: without one, or with one that has another number of
    weights, its worker could only be waited for.
    """
    session = at_home(home)
    found = find_study(session, which)
    one, version = find_asset(session, data)
    schema = Schema.decode(found.study.terms.schema)
    rows = own_rows(session, one.name, one.version)
    faults = mismatches(schema, rows)
    if faults:
        for fault in faults:
            note(f"  {fault}")
        raise Failure(
            f"{one.name} does not fit the study's schema in {len(faults)} ways", "mend it and add it anew"
        )
    named = session.home.config(os.environ).trainer if trainer is None else trainer
    unable = trainer_fault(found.study, make_table(rows, schema), named)
    if unable is not None:
        raise Failure(unable, REMEDY)
    message = Join(found.study.id, one.id, version.number, records or version.count)
    receipt = session.submit(message)
    name = found.study.terms.name
    tell_done(
        receipt, f"{session.member} takes part in {name} with {message.records:,} records", as_json=as_json
    )
    return DONE


@study.command()
@click.argument("which", metavar="STUDY")
@home_option
@json_option
def leave(*, which: str, home: Path | None, as_json: bool) -> int:
    """Take no further part in a STUDY: at once before it runs, otherwise from the next round on."""
    session = at_home(home)
    found = find_study(session, which)
    tell_done(
        session.submit(Leave(found.study.id)),
        f"{session.member} leaves {found.study.terms.name}",
        as_json=as_json,
    )
    return DONE


@study.command()
@click.argument("which", metavar="STUDY")
@home_option
@json_option
def start(*, which: str, home: Path | None, as_json: bool) -> int:
    """Start a STUDY's rounds: its proposer once enough joined, anybody once the joining time is over."""
    session = at_home(home)
    found = find_study(session, which)
    tell_done(session.submit(Start(found.study.id)), f"{found.study.terms.name} runs", as_json=as_json)
    return DONE


@study.command()
@click.argument("which", metavar="STUDY")
@click.option("--reason", default="cancelled", show_default=True, help="A line that stands on the ledger.")
@home_option
@json_option
def cancel(*, which: str, reason: str, home: Path | None, as_json: bool) -> int:
    """Abort a STUDY: its proposer at any time, anybody when too few joined in time."""
    session = at_home(home)
    found = find_study(session, which)
    receipt = session.submit(Cancel(found.study.id, reason))
    tell_done(receipt, f"{found.study.terms.name} is cancelled", as_json=as_json)
    return DONE


@study.command()
@click.argument("which", metavar="STUDY")
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, one for each change.")
def watch(*, which: str, home: Path | None, as_json: bool) -> int:
    """Watch a STUDY live: which round, who is awaited, and until when. Ends with the study.

    Exit code 0: it finished; 1: it was aborted.
    """
    session = at_home(home)
    found = find_study(session, which)
    rounds = sum(stage.rounds for stage in found.study.terms.stages)
    fault = own_fault(session, found)
    if fault is not None:
        note(f"{session.member} is waited for in vain: {fault}\n  try: {REMEDY}")
    seen: queries.Awaited | None = None
    while seen is None or seen.status in {"proposed", "running"}:
        now = session.ask("training.awaited", queries.ById(found.study.id), queries.Awaited)
        if now == seen:
            time.sleep(POLL_SECONDS)
            continue
        seen = now
        if as_json:
            facts(now)
        else:
            say(awaited_line(now, rounds, absent_of(find_study(session, found.study.id.hex()))))
    final = find_study(session, found.study.id.hex()).progress
    if as_json:
        facts({"status": final.status, "model": final.model, "reason": final.reason})
    elif final.model is not None:
        say(f"The model is {final.model.hex()}: consortia asset lineage {_model(found)}")
    else:
        say(f"Aborted: {final.reason}")
    return DONE if final.status == "finished" else REFUSED


def _model(found: queries.StudyView) -> str:
    return f"{found.study.proposer}/{found.study.terms.model_name}"
