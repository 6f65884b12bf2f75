"""`consortia payments alert`: alerts on a bank's card payments, by a model of all banks."""

from datetime import UTC, date, datetime
from pathlib import Path

import click
import numpy as np

from consortia.base.codec import Malformed
from consortia.cli.cards import (
    cards_of,
    counts_of,
    counts_option,
    days_option,
    delay_option,
    finished,
    first_option,
)
from consortia.cli.casework import standing
from consortia.cli.options import home_option, json_option, rejects_option, skip_option
from consortia.cli.output import DONE, Failure, facts, note, say, table
from consortia.cli.session import Session, at_home
from consortia.engines.infer.models import load
from consortia.engines.train.api import RecipeError
from consortia.modules.guard.messages import SetPolicy
from consortia.sdk.currencies import CURRENCIES
from consortia.sdk.payment_alerts import SCHEMA, Evidence, Shown, shown
from consortia.solutions.finance.fraud import evidence
from consortia.solutions.finance.fraud.cards import Cards
from consortia.solutions.finance.fraud.raising import Pinned, answered, highest, raise_alerts
from consortia.solutions.finance.fraud.tables import arranged
from consortia.solutions.finance.fraud.tables import features as features_of

DAILY = 50
"""Alerts a day that a new policy allows."""

GRID = 1 << 24
"""Scores are log odds in steps of 1 / GRID."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", "by", required=True, metavar="STUDY", help="The finished study of frauds.")
@counts_option
@first_option
@days_option
@delay_option
@click.option("--on", "day", metavar="DATE", help="Payments of this day; else of the last one in FILE.")
@click.option("--most", default=15, show_default=True, type=click.IntRange(1, 200), help="So many alerts.")
@click.option("--currency", default="EUR", show_default=True, help="Of the amounts.")
@click.option("--policy", default="cards", show_default=True, help="The guard's policy that pins the model.")
@rejects_option
@skip_option
@home_option
@json_option
def alert(
    *,
    file: Path,
    by: str,
    which: str,
    first: str,
    days: int,
    delay: int,
    day: str | None,
    most: int,
    currency: str,
    policy: str,
    rejects: Path | None,
    skip_bad_rows: bool,
    home: Path | None,
    as_json: bool,
) -> int:
    """Raise alerts on the payments of a day in FILE, a CSV of card payments, that score highest.

    The ledger gets salted hashes; what opens them stays in this home, for `consortia case make`. A payment
    that has an alert is passed over, so that the command may be given again.
    """
    if currency not in CURRENCIES:
        raise click.BadParameter(f"{currency!r} is no currency of ISO 4217", param_hint="--currency")
    cards = cards_of(file, first, days, rejects, skip=skip_bad_rows)
    session = at_home(home)
    counts, sums = counts_of(session, which, cards, days)
    pinned = _pinned(session, by, sums, policy)
    try:
        numbers = arranged(load(pinned.model).schema, features_of(cards, counts, days, delay))
    except (Malformed, RecipeError, ValueError) as error:
        raise Failure(f"the model of {by} does not score payments: {error}", "consortia study list") from None
    _pin(session, pinned, by)
    chosen = highest(pinned.model, numbers, np.flatnonzero(cards.day == _day(cards, first, day))).tolist()
    done = _done(session)
    opened = []
    for row in [row for row in chosen if _reference(cards, row) not in done][:most]:
        cells, score = answered(pinned.model, numbers, row)
        seen = _evidence(cards, row, cells, currency)
        opened.append(shown(session.member, seen, score, pinned.blob))
    ids = _raised(session, opened, pinned)
    told = [(one, each.score.value, each.evidence.reference) for one, each in zip(ids, opened, strict=True)]
    if as_json:
        alerts = [dict(zip(("alert", "score", "payment"), each, strict=True)) for each in told]
        facts({"alerts": alerts, "policy": pinned.policy, "model": pinned.blob})
        return DONE
    rows = [[one.hex()[:16], f"{score / GRID:.2f}", payment] for one, score, payment in told]
    table(rows, ["alert", "score", "payment"])
    if ids:
        say(f"next: consortia case make {ids[0].hex()[:16]} --out FILE")
    return DONE


def _pinned(session: Session, by: str, sums: bytes, policy: str) -> Pinned:
    """The model of the study `by`, and the policy that is to pin it."""
    found = finished(session, by)
    state = found.progress.state
    model = session.client.blob(state, found.study.terms.purpose)
    return Pinned(policy, model, state, found.study.id, sums)


def _pin(session: Session, by: Pinned, which: str) -> None:
    """Have the guard's policy pin the model, where it does not yet."""
    found = next((one for one in standing(session, session.member).policies if one.name == by.policy), None)
    if found is not None and found.schema != SCHEMA:
        raise Failure(f"the policy {by.policy} is of {found.schema}", "--policy with a new name")
    if found is None or found.model != by.blob:
        daily = DAILY if found is None else found.daily
        session.submit(SetPolicy(by.policy, SCHEMA, (), by.blob, daily))
        note(f"the policy {by.policy} pins the model of {which} from now on")


def _done(session: Session) -> set[str]:
    """The payments on which this home has raised an alert, by their references."""
    try:
        return {one.target.subject for one in evidence.kept(session.home.private)}
    except Malformed as error:
        raise Failure(
            f"{session.home.private}: the evidence of an alert is damaged: {error}",
            "consortia restore, from a backup of this home",
        ) from None


def _reference(cards: Cards, row: int) -> str:
    """What a bank finds a payment of its own by: a CSV of card payments has no names for them."""
    moment = datetime.fromtimestamp(int(cards.seconds[row]), UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{moment} customer {cards.customer[row]} terminal {cards.terminal[row]}"


def _evidence(cards: Cards, row: int, cells: tuple[int | None, ...], currency: str) -> Evidence:
    amount = round(float(cards.amount[row]) * 10 ** CURRENCIES[currency])
    made = int(cards.seconds[row]) * 1_000
    payee = f"terminal {cards.terminal[row]}"
    return Evidence(SCHEMA, _reference(cards, row), made, amount, currency, payee, cells)


def _raised(session: Session, opened: list[Shown], by: Pinned) -> list[bytes]:
    signing = session.signing(session.keyring.for_roles({"operator"}))
    try:
        return raise_alerts(signing, session.home.private, opened, by)
    finally:
        signing.close()


def _day(cards: Cards, first: str, day: str | None) -> int:
    """The number of a day from the agreed first one on; of the last payment's where none is said."""
    if day is None:
        return int(cards.day.max(initial=0))
    try:
        return (date.fromisoformat(day) - date.fromisoformat(first)).days
    except ValueError:
        raise click.BadParameter("a date as 2026-01-05", param_hint="--on") from None
