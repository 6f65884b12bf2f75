"""`consortia payments`: files of payments and statements, and what all banks together know of terminals."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from consortia.cli.card_alerts import alert
from consortia.cli.cards import features, groups
from consortia.cli.filing import done, hold, out_option, read_bytes, save, some, whole
from consortia.cli.options import json_option, rejects_option, skip_option
from consortia.cli.output import DONE, REFUSED, facts, say
from consortia.cli.rings import blind, rings
from consortia.engines.train.files import DataError
from consortia.sdk.amounts import parts
from consortia.sdk.currencies import CURRENCIES, written
from consortia.sdk.errors import BankError
from consortia.sdk.moments import utc_milliseconds
from consortia.solutions.finance.iso20022.payments import Payment, read_payments
from consortia.solutions.finance.iso20022.sheets import (
    holds_statements,
    read_sheet,
    statement_of,
    write_sheet,
)
from consortia.solutions.finance.iso20022.statements import read_statements
from consortia.solutions.finance.iso20022.tree import FILE_BYTES_MAX
from consortia.solutions.finance.iso20022.writing import write_notice, write_payments, write_statement
from consortia.solutions.rejects import Rejected, write_rejects

KINDS = ("pacs.008", "camt.053", "camt.054")


@click.group()
def payments() -> None:
    """Payments: check, read, write ISO 20022 files; features by sums over all banks; rings."""


for _command in (blind, rings, groups, features, alert):
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
        found.append(one | {"rejected": some(wrong)})
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
    data, now = read_bytes(path, FILE_BYTES_MAX), utc_milliseconds()
    if holds_statements(data):
        read = read_statements(data, path.name, now)
        entries = [(entry.currency, entry.amount) for one in read.statements for entry in one.entries]
        return _summary(path, read.header.definition, entries, read.remarks), list(read.rejected)
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
        got = read_payments(read_bytes(path, FILE_BYTES_MAX), path.name, utc_milliseconds())
        found += got.payments
        rejected += got.rejected
    hold(rejected, rejects, skip=skip_bad_rows)
    with whole(out) as part:
        write_sheet(part, found)
    done(out, as_json=as_json, payments=len(found), left_out=len(rejected))
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
    now = utc_milliseconds()
    found, rejected = read_sheet(file, now)
    hold(rejected, rejects, skip=skip_bad_rows)
    identification = (name or file.stem)[:35]
    if account is None:
        data = write_payments(found, identification, now)
    else:
        held = None if opening is None else _amount(opening, found)
        one = statement_of(found, account, identification, held)
        data = write_notice(one, now) if kind == "camt.054" else write_statement(one, now)
    save(out, data)
    done(out, as_json=as_json, payments=len(found), left_out=len(rejected), message=kind)
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
