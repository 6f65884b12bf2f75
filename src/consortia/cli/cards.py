"""`consortia payments groups` and `features`: card payments, and what all banks know of terminals."""

from datetime import date
from pathlib import Path

import click
import numpy as np

from consortia.base.codec import Malformed
from consortia.cli.filing import done, hold, out_option, save
from consortia.cli.lookup import find_study
from consortia.cli.options import home_option, json_option, rejects_option, skip_option
from consortia.cli.output import DONE, Failure
from consortia.cli.session import Session, at_home
from consortia.engines.train.rates import Counts, read_rates
from consortia.modules.training.queries import StudyView
from consortia.solutions.finance.fraud.cards import (
    DAY_SECONDS,
    DELAY_DAYS,
    EPOCH,
    OWN,
    SHARED,
    Cards,
    groups_of,
    read_cards,
)
from consortia.solutions.finance.fraud.tables import features as features_of

first_option = click.option(
    "--first", required=True, metavar="DATE", help="The day that all banks count as the first: 2026-01-05."
)
days_option = click.option(
    "--days", required=True, type=click.IntRange(1, 400), help="So many days, as all banks agree."
)


counts_option = click.option(
    "--counts", "which", required=True, metavar="STUDY", help="The finished study of rates."
)
delay_option = click.option(
    "--known-after",
    "delay",
    default=DELAY_DAYS,
    show_default=True,
    type=click.IntRange(0, 60),
    help="So many days after a payment it is known whether it was a fraud.",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@first_option
@days_option
@out_option
@rejects_option
@skip_option
@json_option
def groups(
    *,
    file: Path,
    first: str,
    days: int,
    out: Path,
    rejects: Path | None,
    skip_bad_rows: bool,
    as_json: bool,
) -> int:
    """Number a CSV's card payments by terminal and day, for a study of the recipe rates over all banks.

    Next: consortia asset add, then a study with --recipe rates --parameter groups=TERMINALS*DAYS.
    """
    cards = cards_of(file, first, days, rejects, skip=skip_bad_rows)
    rows = zip(groups_of(cards, days).tolist(), cards.fraud.astype(np.int64).tolist(), strict=True)
    lines = ["terminal and day,fraud", *(f"{group},{fraud}" for group, fraud in rows)]
    save(out, ("\n".join(lines) + "\n").encode())
    terminals = int(cards.terminal.max(initial=-1)) + 1
    done(out, as_json=as_json, payments=len(cards), groups_least=terminals * days)
    return DONE


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@counts_option
@first_option
@days_option
@delay_option
@out_option
@rejects_option
@skip_option
@home_option
@json_option
def features(
    *,
    file: Path,
    which: str,
    first: str,
    days: int,
    delay: int,
    out: Path,
    rejects: Path | None,
    skip_bad_rows: bool,
    home: Path | None,
    as_json: bool,
) -> int:
    """Make features of a CSV's card payments: the bank's own, and terminals' risk by all banks' sums."""
    cards = cards_of(file, first, days, rejects, skip=skip_bad_rows)
    counts, _ = counts_of(at_home(home), which, cards, days)
    lines = [",".join((*OWN, *SHARED, "fraud"))]
    for row, fraud in zip(
        features_of(cards, counts, days, delay).tolist(), cards.fraud.tolist(), strict=True
    ):
        lines.append(",".join((*map(repr, row), str(int(fraud)))))
    save(out, ("\n".join(lines) + "\n").encode())
    done(out, as_json=as_json, payments=len(cards), features=len(OWN) + len(SHARED))
    return DONE


def finished(session: Session, which: str) -> StudyView:
    """A study that has a model; raises Failure."""
    found = find_study(session, which)
    if found.progress.status != "finished":
        raise Failure(f"{which} is {found.progress.status}", f"consortia study watch {which}")
    return found


def counts_of(session: Session, which: str, cards: Cards, days: int) -> tuple[Counts, bytes]:
    """What a finished study counted, which fits these payments, and the blob id of it."""
    found = finished(session, which)
    try:
        counts = read_rates(session.client.blob(found.progress.state, found.study.terms.purpose))
    except Malformed as error:
        raise Failure(f"{which} is no study of rates: {error}", "consortia study list") from None
    _fits(counts, cards, days)
    return counts, found.progress.state


def _fits(counts: Counts, cards: Cards, days: int) -> None:
    terminals, rest = divmod(len(counts.records), days)
    if rest or int(cards.terminal.max(initial=-1)) >= terminals:
        raise Failure(
            f"the study counts {len(counts.records):,} groups, which are not so many days of these terminals",
            "say the --days and --first that the banks agreed on",
        )


def cards_of(file: Path, first: str, days: int, rejects: Path | None, *, skip: bool) -> Cards:
    """Card payments with days counted from the agreed first one; all within the agreed days."""
    try:
        begin = date.fromisoformat(first)
    except ValueError:
        raise click.BadParameter("a date as 2026-01-05", param_hint="--first") from None
    got = read_cards(file)
    hold(list(got.rejected), rejects, skip=skip)
    day = got.cards.seconds // DAY_SECONDS - (begin - EPOCH).days
    if len(day) and not 0 <= int(day.min()) <= int(day.max()) < days:
        raise Failure(f"{file.name}: payments outside the {days} days from {first} on", "choose other days")
    return Cards(
        got.cards.seconds, day, got.cards.customer, got.cards.terminal, got.cards.amount, got.cards.fraud
    )
