"""`consortia payments`: files of payments and statements, and what all banks together know of terminals."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np

from consortia.base.codec import Malformed
from consortia.cli.lookup import find_study
from consortia.cli.options import home_option, json_option, rejects_option, skip_option
from consortia.cli.output import DONE, REFUSED, Failure, facts, note, say
from consortia.cli.rings import blind, rings
from consortia.cli.session import at_home
from consortia.engines.train.files import DataError
from consortia.engines.train.rates import Counts, read_rates
from consortia.sdk.amounts import parts
from consortia.sdk.errors import BankError
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
from consortia.solutions.finance.iso20022.money import CURRENCIES, written
from consortia.solutions.finance.iso20022.payments import Payment, read_payments
from consortia.solutions.finance.iso20022.sheets import (
    holds_statements,
    read_sheet,
    statement_of,
    write_sheet,
)
from consortia.solutions.finance.iso20022.statements import read_statements
from consortia.solutions.finance.iso20022.writing import write_notice, write_payments, write_statement
from consortia.solutions.rejects import Rejected, write_rejects

KINDS = ("pacs.008", "camt.053", "camt.054")

out_option = click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")


@click.group()
def payments() -> None:
    """Payments: check, read, write ISO 20022 files; features by sums over all banks; rings."""


for _command in (blind, rings):
    payments.add_command(_command)


@payments.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@rejects_option
@json_option
def check(*, files: tuple[Path, ...], rejects: Path | None, as_json: bool) -> int:
    """Hold FILEs (pacs.008, pacs.009, pain.001, camt.053, camt.054) to the rules that money depends on.

    Exit code 0: all can be used; 1: a line for each that cannot, naming line, element and rule.
    """
    found, rejected = [], list[Rejected]()
    for path in files:
        try:
            one, wrong = _checked(path)
        except DataError as error:
            one, wrong = {"file": str(path)}, [Rejected(0, str(error))]
        found.append(one | {"rejected": [each.why for each in wrong]})
        rejected += wrong
    if rejects is not None:
        write_rejects(rejects, rejected)
    if as_json:
        facts({"files": found})
    else:
        for one in found:
            _tell(one)
    return REFUSED if rejected else DONE


def _checked(path: Path) -> tuple[dict[str, Any], list[Rejected]]:
    data, now = _bytes(path), _now()
    if holds_statements(data):
        read = read_statements(data, path.name, now)
        entries = [(entry.currency, entry.amount) for one in read.statements for entry in one.entries]
        return _summary(path, read.header.definition, entries, read.remarks), []
    got = read_payments(data, path.name, now)
    sums = [(one.currency, one.amount) for one in got.payments]
    return _summary(path, got.header.definition, sums, got.remarks), list(got.rejected)


def _summary(
    path: Path, definition: str, sums: Sequence[tuple[str, int]], remarks: Sequence[str]
) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for currency, amount in sums:
        total[currency] += amount
    return {
        "file": str(path),
        "message": definition,
        "count": len(sums),
        "totals": dict(sorted(total.items())),
        "remarks": list(remarks),
    }


def _tell(one: dict[str, Any]) -> None:
    if "message" in one:
        totals = ", ".join(
            f"{'-' if amount < 0 else ''}{written(abs(amount), currency)} {currency}"
            for currency, amount in one["totals"].items()
        )
        say(f"{one['file']}: {one['message']}, {one['count']:,} of {totals or 'nothing'}")
        for remark in one["remarks"]:
            say(f"  remark: {remark}")
    for why in one["rejected"]:
        say(f"  wrong: {why}")


@payments.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@out_option
@rejects_option
@skip_option
@json_option
def read(
    *, files: tuple[Path, ...], out: Path, rejects: Path | None, skip_bad_rows: bool, as_json: bool
) -> int:
    """Read the payments of FILEs into one CSV sheet."""
    found: list[Payment] = []
    rejected: list[Rejected] = []
    for path in files:
        got = read_payments(_bytes(path), path.name, _now())
        found += got.payments
        rejected += got.rejected
    _hold(rejected, rejects, skip=skip_bad_rows)
    write_sheet(out, found)
    _done(out, as_json=as_json, payments=len(found), left_out=len(rejected))
    return DONE


@payments.command()
@click.argument("file", type=click.Path(path_type=Path))
@out_option
@click.option(
    "--as",
    "kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="Payments, a statement or a notice.",
)
@click.option("--account", help="Of a statement or notice: whose it is, as in the sheet.")
@click.option("--opening", metavar="AMOUNT", help="Of a statement: what the account held before.")
@click.option("--name", help="The message's identification; else the file's name.")
@rejects_option
@skip_option
@json_option
def write(
    *,
    file: Path,
    out: Path,
    kind: str,
    account: str | None,
    opening: str | None,
    name: str | None,
    rejects: Path | None,
    skip_bad_rows: bool,
    as_json: bool,
) -> int:
    """Write the payments of a CSV sheet as a message: pacs.008, or one account's camt.053 or camt.054.

    A row that no message may hold is refused, with the rule. Columns: reference, amount and currency at
    least; `consortia payments read` writes all of them.
    """
    if (kind == "pacs.008") == (account is not None):
        raise click.UsageError("--account goes with camt.053 and camt.054, which are of one account")
    if (kind == "camt.053") != (opening is not None):
        raise click.UsageError("--opening goes with camt.053, which has balances")
    now = _now()
    found, rejected = read_sheet(file, now)
    _hold(rejected, rejects, skip=skip_bad_rows)
    identification = (name or file.stem)[:35]
    if account is None:
        data = write_payments(found, identification, now)
    else:
        held = None if opening is None else _amount(opening, found)
        one = statement_of(found, account, identification, held)
        data = write_notice(one, now) if kind == "camt.054" else write_statement(one, now)
    _save(out, data)
    _done(out, as_json=as_json, payments=len(found), left_out=len(rejected), message=kind)
    return DONE


def _amount(text: str, found: Sequence[Payment]) -> int:
    """An opening balance in the payments' currency; a debt has a minus."""
    currency = found[0].currency if found else "EUR"
    bare = text.removeprefix("-")
    try:
        counted = 0 if not bare.strip("0.") else parts(bare, CURRENCIES[currency])
    except BankError as error:
        raise click.BadParameter(str(error), param_hint="--opening") from None
    return -counted if text.startswith("-") else counted


first_option = click.option(
    "--first", required=True, metavar="DATE", help="The day that all banks count as the first: 2026-01-05."
)
days_option = click.option(
    "--days", required=True, type=click.IntRange(1, 400), help="So many days, as all banks agree."
)


@payments.command()
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

    Next: consortia asset add, then a study with --recipe rates --param groups=TERMINALS*DAYS.
    """
    cards = _cards(file, first, days, rejects, skip=skip_bad_rows)
    rows = zip(groups_of(cards, days).tolist(), cards.fraud.astype(np.int64).tolist(), strict=True)
    lines = ["terminal and day,fraud", *(f"{group},{fraud}" for group, fraud in rows)]
    _save(out, ("\n".join(lines) + "\n").encode())
    terminals = int(cards.terminal.max(initial=-1)) + 1
    _done(out, as_json=as_json, payments=len(cards), groups_least=terminals * days)
    return DONE


@payments.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--counts", "which", required=True, metavar="STUDY", help="The finished study of rates.")
@first_option
@days_option
@click.option(
    "--known-after",
    "delay",
    default=DELAY_DAYS,
    show_default=True,
    type=click.IntRange(0, 60),
    help="So many days after a payment it is known whether it was a fraud.",
)
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
    cards = _cards(file, first, days, rejects, skip=skip_bad_rows)
    session = at_home(home)
    found = find_study(session, which)
    if found.progress.status != "finished":
        raise Failure(f"{which} is {found.progress.status}", f"consortia study watch {which}")
    try:
        counts = read_rates(session.client.blob(found.progress.state, found.study.terms.purpose))
    except Malformed as error:
        raise Failure(f"{which} is no study of rates: {error}", "consortia study list") from None
    _fits(counts, cards, days)
    lines = [",".join((*OWN, *SHARED, "fraud"))]
    for row, fraud in zip(
        features_of(cards, counts, days, delay).tolist(), cards.fraud.tolist(), strict=True
    ):
        lines.append(",".join((*map(repr, row), str(int(fraud)))))
    _save(out, ("\n".join(lines) + "\n").encode())
    _done(out, as_json=as_json, payments=len(cards), features=len(OWN) + len(SHARED))
    return DONE


def _fits(counts: Counts, cards: Cards, days: int) -> None:
    terminals, rest = divmod(len(counts.records), days)
    if rest or int(cards.terminal.max(initial=-1)) >= terminals:
        raise Failure(
            f"the study counts {len(counts.records):,} groups, which are not so many days of these terminals",
            "say the --days and --first that the banks agreed on",
        )


def _cards(file: Path, first: str, days: int, rejects: Path | None, *, skip: bool) -> Cards:
    """Card payments with days counted from the agreed first one; all within the agreed days."""
    try:
        begin = date.fromisoformat(first)
    except ValueError:
        raise click.BadParameter("a date as 2026-01-05", param_hint="--first") from None
    got = read_cards(file)
    _hold(list(got.rejected), rejects, skip=skip)
    day = got.cards.seconds // DAY_SECONDS - (begin - EPOCH).days
    if len(day) and not 0 <= int(day.min()) <= int(day.max()) < days:
        raise Failure(f"{file.name}: payments outside the {days} days from {first} on", "choose other days")
    return Cards(
        got.cards.seconds, day, got.cards.customer, got.cards.terminal, got.cards.amount, got.cards.fraud
    )


def _hold(rejected: Sequence[Rejected], rejects: Path | None, *, skip: bool) -> None:
    """Write what cannot be used; refuse to go on without it unless told so."""
    if rejects is not None:
        write_rejects(rejects, rejected)
    for each in rejected if skip else ():
        note(f"left out: {each.why}")
    if rejected and not skip:
        more = f" ({len(rejected) - 1:,} more cannot be used)" if len(rejected) > 1 else ""
        raise Failure(f"{rejected[0].why}{more}", "mend it, or go on without it: --skip-bad-rows")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None


def _save(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", "choose another file with --out") from None


def _done(out: Path, *, as_json: bool, **known: Any) -> None:  # noqa: ANN401 (any fact)
    if as_json:
        facts({"file": str(out)} | known)
    else:
        say(f"{out}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in known.items()))


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
