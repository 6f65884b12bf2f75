"""`consortia study attack`: our own attacks on a study, by one member, with its own records alone."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click
import numpy as np

from consortia.cli.comparing import finished_model, terms_of_recipe
from consortia.cli.lookup import find_asset, find_study
from consortia.cli.options import home_option, json_option
from consortia.cli.output import DONE, Failure, facts, fold, say
from consortia.cli.own_data import own_data, own_table
from consortia.cli.session import Session, at_home
from consortia.engines.attack import (
    Guesses,
    Membership,
    against,
    audit_noise,
    guesses,
    lone_records,
    membership,
    two_updates,
)
from consortia.engines.privacy import advantage
from consortia.engines.train.api import Parameters, Recipe, RecipeError
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Schema
from consortia.engines.train.splits import order
from consortia.engines.train.table import Table
from consortia.exact.budget import Unit
from consortia.exact.ring import RingError
from consortia.modules.training import queries
from consortia.modules.training.budget_queries import CostView
from consortia.modules.training.types import Joined, Round, Stage
from consortia.sdk.paging import round_pages
from consortia.workers.arithmetic import engine_stage

MODELS = 16
RECORDS_MAX = 400
LONE = 20
ROUNDS_MAX = 20
RUNS = 200
NANO = 1_000_000_000

Verdict = Literal["found", "nothing found", "left out"]


@dataclass(frozen=True)
class Finding:
    """What one attack came to: a verdict, plain words, and the figures behind them."""

    attack: str
    verdict: Verdict
    text: str
    figures: dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A study as one of its members attacks it."""

    session: Session
    found: queries.StudyView
    rule: Recipe
    parameters: Parameters
    table: Table
    seed: int


@click.command()
@click.argument("which", metavar="STUDY")
@click.option(
    "--held-out",
    metavar="ASSET|FILE.csv",
    help="Own records of the same kind that were not in the study: the model itself is attacked with them.",
)
@click.option("--seed", type=int, default=None, help="Draw the same again; drawn anew when left out.")
@home_option
@json_option
def attack(*, which: str, held_out: str | None, seed: int | None, home: Path | None, as_json: bool) -> int:
    """Attack a STUDY that this member took part in, with its own records and updates alone.

    Membership inference, reading records out of an open update, telling masked updates apart, and an audit of
    the claimed epsilon. Nothing leaves the home, and nothing is told to the ledger.
    """
    session = at_home(home)
    target = _target(session, which, secrets.randbits(31) if seed is None else seed)
    found = [*_remembered(target), *_members(target, held_out), _lone(target), _updates(target)]
    found += _noise(target)
    if as_json:
        told = [
            {"attack": one.attack, "verdict": one.verdict, "text": one.text} | one.figures for one in found
        ]
        facts({"study": target.found.study.id, "seed": target.seed, "findings": told})
        return DONE
    for one in found:
        colour = {"found": "yellow", "nothing found": "green"}.get(one.verdict)
        say(f"{click.style(one.attack, bold=True)}: {click.style(one.verdict, fg=colour)}")
        fold(one.text, "  ")
    return DONE


def _target(session: Session, which: str, seed: int) -> Target:
    found = find_study(session, which)
    part = _own_part(session, found)
    one, _ = find_asset(session, part.dataset.hex())
    table = own_table(own_data(session, f"{one.owner}/{one.name}"), Schema.decode(found.study.terms.schema))
    if (one.version, table.records) != (part.version, part.records):
        raise Failure(f"{one.name} is no longer as it was joined with", "the attack wants the joined version")
    return Target(session, found, *terms_of_recipe(found), table, seed)


def _own_part(session: Session, found: queries.StudyView) -> Joined:
    for one in found.parts:
        if one.member == session.member:
            return one.part
    raise Failure(
        f"{session.member} takes no part in {found.study.terms.name}: a member attacks with its own records",
        "consortia study list",
    )


# ------------------------------------------------------------------ membership


def _remembered(target: Target) -> Iterator[Finding]:
    """Shadow models of the own records alone: how much the recipe remembers of such records at all."""
    name = "membership, by models of the own records"
    table = target.table
    rows = sorted(order(target.seed, "membership", table.records)[:RECORDS_MAX])
    try:
        found = membership(
            lambda part, _: train(target.rule, target.parameters, {"own": part}).model,
            table.take(rows),
            models=MODELS,
            seed=target.seed,
        )
    except (RecipeError, RingError, ValueError) as error:
        yield Finding(name, "left out", f"{error}.", {})
        return
    also = f"{MODELS} models of halves of {len(rows)} own records; the shared one learned from more, and so "
    also += "remembers less of each."
    yield _judged(name, found, len(rows), also)


def _members(target: Target, held_out: str | None) -> Iterator[Finding]:
    """The finished model itself, with records that it learned from and others."""
    name = "membership, by the finished model"
    if held_out is None:
        text = "Name own records that were not in the study: --held-out ASSET or FILE.csv."
        yield Finding(name, "left out", text, {})
        return
    model = finished_model(target.session, target.found)
    others = own_table(own_data(target.session, held_out), target.table.schema)
    try:
        found = against(model, target.table, others)
    except (RecipeError, ValueError) as error:
        yield Finding(name, "left out", f"{error}.", {})
        return
    yield _judged(name, found, 2 * min(target.table.records, others.records), _bound(target))


def _bound(target: Target) -> str:
    """What the noise promises against every such attack."""
    view = target.session.ask("training.cost", queries.ById(target.found.study.id), CostView)
    if view.delta_nano is None:
        return "No noise bounds what a better attack would find."
    return f"By its noise no attack has an advantage above {advantage(view.charged):.2f}."


def _judged(name: str, found: Membership, records: int, also: str) -> Finding:
    chance = found.chance(records)
    verdict: Verdict = "found" if found.advantage > chance else "nothing found"
    text = f"{found.sentence()} Chance alone makes up to {chance:.3f} of so few. {also}"
    return Finding(
        name, verdict, text, {"advantage": found.advantage, "auroc": found.auroc, "chance": chance}
    )


# ------------------------------------------------------------------ updates


def _final_rounds(target: Target) -> list[Round]:
    found = round_pages(target.session.ask, target.found.study.id)
    member, rounds = target.session.member, (this for page in found for this in page.rounds)
    return [this for this in rounds if this.status == "final" and member in this.cohort][:ROUNDS_MAX]


def _lone(target: Target) -> Finding:
    """Own records, each as if it were sent alone in an open round."""
    name = "reading a record out of an open update"
    rows = order(target.seed, "lone", target.table.records)[:LONE]
    for this in reversed(_final_rounds(target)):
        state = target.session.client.blob(this.state, target.found.study.terms.purpose)
        read = lone_records(target.rule, state, target.table, rows)
        if read is None:
            continue
        text = (
            f"Of {len(rows)} own records, each sent alone in an open round, {read} were read out of the "
            f"update, cell by cell. An update of {target.table.records} records shows their sum, and "
            f"{'this study hides even that' if _is_masked(target, this) else 'every member sees it'}."
        )
        return Finding(name, "found" if read else "nothing found", text, {"read": read, "tried": len(rows)})
    return Finding(name, "left out", f"There is no such attack here for {target.rule.name}.", {})


def _updates(target: Target) -> Finding:
    """Own updates as the others have them, against one that might have been sent instead."""
    purpose, member = target.found.study.terms.purpose, target.session.member
    total, masked = Guesses(0, 0), False
    for this in _final_rounds(target):
        stage, state = _stage(target, this), target.session.client.blob(this.state, purpose)
        asked = queries.ByRound(this.study, this.index, this.attempt)
        view = target.session.ask("training.round", asked, queries.RoundView)
        blob = next(one.submission.blob for one in view.updates if one.member == member)
        words = np.frombuffer(target.session.client.blob(blob, purpose), dtype=f"<i{stage.ring_bits // 8}")
        try:
            own, other = two_updates(
                target.rule, engine_stage(stage), state, target.table, joined=this.records, seed=target.seed
            )
        except (RecipeError, RingError, ValueError) as error:
            return Finding("telling own updates apart", "left out", f"{error}.", {})
        total += guesses(words, own, other)
        masked |= stage.mode == "masked"
    name = f"telling own {'masked' if masked else 'open'} updates apart"
    if not total.tries:
        return Finding(name, "left out", "No own update is in a final round.", {})
    text = (
        f"The own updates as the others have them, beside what half of the own records would have sent: in "
        f"{total.tries} pieces the nearer one was the true one {total.hits} times; guessing gets half. "
        + ("Masks hide which." if not total.found else "Whoever has them can tell which.")
    )
    verdict: Verdict = "found" if total.found else "nothing found"
    return Finding(
        name, verdict, text, {"hits": total.hits, "tries": total.tries, "by_chance": total.by_chance}
    )


def _stage(target: Target, this: Round) -> Stage:
    return target.found.study.terms.stages[this.stage]


def _is_masked(target: Target, this: Round) -> bool:
    return _stage(target, this).mode == "masked"


# ------------------------------------------------------------------ the claimed epsilon


def _noise(target: Target) -> Iterator[Finding]:
    """The noise of each stage, with and without the own record that adds most to its first round."""
    terms = target.found.study.terms
    if terms.privacy is None:
        yield Finding("audit of epsilon", "left out", "The study adds no noise and claims no epsilon.", {})
        return
    rounds = _final_rounds(target)
    for at, (stage, noise) in enumerate(zip(terms.stages, terms.privacy.noises, strict=True)):
        name = f"audit of epsilon, stage {stage.name}"
        this = next((one for one in rounds if one.stage == at), None)
        if this is None:
            yield Finding(name, "left out", "No own update is in a final round of it.", {})
            continue
        state = target.session.client.blob(this.state, terms.purpose)
        found = audit_noise(
            engine_stage(stage),
            noise,
            quorum=terms.quorum,
            runs=RUNS,
            delta=terms.privacy.delta_nano / NANO,
            seed=target.seed,
            own=_with_and_without(target, state, noise.unit),
        )
        figures = {"claimed": found.claimed, "lower": found.lower, "runs": found.runs}
        yield Finding(name, "found" if found.refuted else "nothing found", found.sentence(), figures)


def _with_and_without(target: Target, state: bytes, unit: Unit) -> tuple[Any, Any]:
    """The own clean vector, and that without the record of the first forty which adds most, or of all."""
    rows = list(range(target.table.records))
    whole = target.rule.local(state, target.table)
    if unit == "member":
        return whole, whole * 0

    def without(row: int) -> Any:  # noqa: ANN401 (a vector)
        return target.rule.local(state, target.table.take([other for other in rows if other != row]))

    tried = [without(row) for row in order(target.seed, "audit", len(rows))[:40]]
    return whole, max(tried, key=lambda less: float(((whole - less).astype(np.float64) ** 2).sum()))
