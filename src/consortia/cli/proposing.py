"""`consortia study propose`: the terms of a study, from a recipe and the proposer's own data."""

from collections.abc import Sequence
from pathlib import Path

import click

from consortia.base.ids import is_name
from consortia.cli.lookup import find_study
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, note, say
from consortia.cli.own_data import own_data, tell_identifiers
from consortia.cli.ranges import advise, check_own, declared, range_option
from consortia.cli.session import Session, at_home
from consortia.engines.train import RECIPES
from consortia.engines.train.agree import check_texts, infer_schema
from consortia.engines.train.api import RecipeError, RecordBounded
from consortia.engines.train.files import RawTable
from consortia.engines.train.schema import Schema
from consortia.exact.budget import Unit
from consortia.exact.robust import RULES, Rule
from consortia.kernel.block import Receipt
from consortia.modules.training import rules
from consortia.modules.training import types as law
from consortia.modules.training.messages import Propose
from consortia.sdk.moments import moment
from consortia.workers.arithmetic import Summing
from consortia.workers.terms import Private, Wanted
from consortia.workers.terms import terms_of as study_terms

MINUTE_MILLISECONDS = 60_000
PRIVATE_RECIPE = "glm.logistic.private"


@click.command()
@click.argument("name")
@click.option(
    "--recipe",
    "recipe_name",
    type=click.Choice(sorted(RECIPES)),
    default="glm.logistic",
    show_default=True,
    help="What is computed together.",
)
@click.option(
    "--data",
    metavar="ASSET|FILE.csv",
    required=True,
    help="The own data set, or file, that the schema is read from.",
)
@click.option("--label", required=True, metavar="COLUMN", help="The column to predict.")
@range_option
@click.option(
    "--public",
    multiple=True,
    metavar="COLUMN",
    help="A column whose texts are nobody's secret: a study tells them to all members, for good.",
)
@click.option("--purpose", required=True, help="For what: the data sets' rights must allow it.")
@click.option("--title", help="A line for people.")
@click.option(
    "--parameter", "parameters", multiple=True, metavar="NAME=INTEGER", help="A parameter of the recipe."
)
@click.option(
    "--invite", "invited", multiple=True, metavar="MEMBER", help="Who may join; every member when left out."
)
@click.option(
    "--quorum",
    type=click.IntRange(law.OPEN_MIN, law.JOINED_MAX),
    help="The smallest cohort of a round; 3, or 2 where rounds are open, when left out.",
)
@click.option(
    "--open",
    "mode",
    flag_value="open",
    help="Let every member see every update; masked rounds show their sum alone, and take three members.",
)
@click.option(
    "--sealed",
    "mode",
    flag_value="sealed",
    help="As --open, but nobody is shown an update before all are fixed: what payouts by value ask for.",
)
@click.option(
    "--rule",
    type=click.Choice(RULES),
    default="mean",
    show_default=True,
    help="How updates become one outcome; all but mean tolerate bad members, and forget rare truths.",
)
@click.option(
    "--tolerate",
    type=click.IntRange(0, law.JOINED_MAX),
    default=0,
    show_default=True,
    help="How many bad members the rule is to tolerate.",
)
@click.option(
    "--group",
    type=click.IntRange(0, law.JOINED_MAX),
    default=0,
    help="The rule takes masked sums of groups of so many members or more: 3, and two more than tolerated.",
)
@click.option(
    "--epsilon",
    type=click.FloatRange(min=0, min_open=True),
    help="Add noise, so that all sums together tell no more than this of one --unit.",
)
@click.option(
    "--delta",
    type=click.FloatRange(min=0, max=1, min_open=True, max_open=True),
    default=1e-5,
    show_default=True,
    help="The chance with which epsilon may fail.",
)
@click.option(
    "--colluders",
    type=click.IntRange(0, law.JOINED_MAX - 1),
    default=1,
    show_default=True,
    help="How many members may tell one another their noise without harm.",
)
@click.option(
    "--unit",
    type=click.Choice(("record", "member")),
    default="record",
    show_default=True,
    help="With --epsilon: of what sums tell no more, one record or all records of a member.",
)
@click.option(
    "--member-records",
    type=click.IntRange(1, 1_000_000_000),
    help="With --unit member: a member's part of a sum is clipped to what so many records can add.",
)
@click.option(
    "--retries",
    type=click.IntRange(0, law.RETRIES_MAX),
    default=3,
    show_default=True,
    help="How often a round is tried again.",
)
@click.option(
    "--join-minutes",
    type=click.FloatRange(0.001),
    default=7 * 24 * 60,
    show_default=True,
    help="How long members may join.",
)
@click.option(
    "--round-minutes",
    type=click.FloatRange(0.001),
    default=60,
    show_default=True,
    help="How long a member has for its update.",
)
@click.option(
    "--result-minutes",
    type=click.FloatRange(0.001),
    default=60,
    show_default=True,
    help="How long for each step without training.",
)
@home_option
@json_option
def propose(
    *,
    name: str,
    recipe_name: str,
    data: str,
    label: str,
    ranges: tuple[str, ...],
    public: tuple[str, ...],
    purpose: str,
    title: str | None,
    parameters: tuple[str, ...],
    invited: tuple[str, ...],
    quorum: int | None,
    mode: law.Mode | None,
    rule: Rule,
    tolerate: int,
    group: int,
    epsilon: float | None,
    delta: float,
    colluders: int,
    unit: Unit,
    member_records: int | None,
    retries: int,
    join_minutes: float,
    round_minutes: float,
    result_minutes: float,
    home: Path | None,
    as_json: bool,
) -> int:
    """Propose a study called NAME: fix its recipe, schema and terms, which members join or leave alone."""
    if not is_name(name):
        raise click.BadParameter(f"{name!r} is no name: 1 to 32 of a-z, 0-9 and -", param_hint="NAME")
    if (unit == "member") != (member_records is not None) or (member_records and epsilon is None):
        raise click.UsageError("--unit member goes together with --member-records, and with --epsilon")
    session = at_home(home)
    schema = _schema(own_data(session, data).rows, label, recipe_name, ranges, public)
    spans = [
        int(minutes * MINUTE_MILLISECONDS) or 1 for minutes in (join_minutes, round_minutes, result_minutes)
    ]
    summing = Summing(mode or "masked", rule, tolerate, group)
    deadlines = law.Deadlines(*spans)
    private = None if epsilon is None else Private(epsilon, delta, colluders, member_records)
    wanted = Wanted(name, title or name, purpose, deadlines, invited, quorum, retries, summing, private)
    terms, initial = terms_of(recipe_name, _integers(parameters), schema, wanted)
    session.client.put_blob(initial)
    receipt = session.submit(Propose(terms))
    if private is not None:
        advise(schema)
    _tell_awaited(session, terms)
    _told(find_study(session, name).study, receipt, as_json=as_json)
    return DONE


def _schema(
    rows: RawTable, label: str, recipe_name: str, ranges: Sequence[str], public: Sequence[str]
) -> Schema:
    """The schema of own rows, which all members are told; raises DataError, Failure, BadParameter."""
    schema = declared(infer_schema([rows], label, task=RECIPES[recipe_name].about.task), ranges)
    check_own(schema, rows, ranges)
    check_texts(schema, rows, public)
    tell_identifiers(rows, label, "propose with a data set without that column")
    if texts := [field.name for field in schema.fields if field.kind == "category"]:
        note(f"Told to all members with the schema: the texts in {', '.join(texts)}.")
    return schema


def _tell_awaited(session: Session, terms: law.Terms) -> None:
    """Say so where fewer members can join than the study takes: it could not begin."""
    able = len(terms.invited or session.client.status().members)
    if able >= terms.quorum:
        return
    note(f"{terms.quorum} members are needed to begin, and {able} can join.")
    if able > 1 and terms.stages[0].mode == "masked":
        note("  two can train with --open, where each sees the other's updates")


def _told(study: law.Study, receipt: Receipt, *, as_json: bool) -> None:
    """Say how others join."""
    name = f"{study.proposer}/{study.terms.name}"
    if as_json:
        known = {"study": study.id, "name": name, "join_until": study.join_until}
        known |= {"rounds": rules.rounds_of(study.terms.stages), "transaction": receipt.transaction}
        facts(known | {"height": receipt.height})
        return
    say(f"{name} may be joined until {moment(study.join_until)} (block {receipt.height})")
    say(f"id  {study.id.hex()}")
    note(f"Members join: consortia study join {name} --data ASSET")


def terms_of(
    recipe_name: str, parameters: dict[str, int], schema: Schema, wanted: Wanted
) -> tuple[law.Terms, bytes]:
    """The terms of a study and the state that its first round starts from; raises Failure."""
    try:
        return study_terms(RECIPES[recipe_name], parameters, schema, wanted)
    except RecipeError as error:
        unbounded = wanted.private is not None and not isinstance(RECIPES[recipe_name], RecordBounded)
        hint = f"--recipe {PRIVATE_RECIPE}" if unbounded else "--parameter NAME=INTEGER"
        raise Failure(f"{recipe_name}: {error}", hint) from None


def _integers(given: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in given:
        name, _, number = text.partition("=")
        try:
            found[name] = int(number)
        except ValueError:
            raise click.BadParameter(f"{text!r} is not NAME=INTEGER", param_hint="--parameter") from None
    return found
