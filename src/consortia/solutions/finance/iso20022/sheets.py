"""Payments as a CSV sheet and back, and the statement or notice that they are to one account.

A sheet is made into the messages' own words and read again by the one reader, so that it is held to the very
rules that a file from a bank is held to.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from consortia.engines.train.files import DataError, place, shown
from consortia.sdk.amounts import parts
from consortia.sdk.currencies import CURRENCIES, written
from consortia.sdk.errors import BankError
from consortia.solutions.finance.iso20022.parties import Party
from consortia.solutions.finance.iso20022.payments import Payment, read_payments
from consortia.solutions.finance.iso20022.statements import (
    BODIES,
    Balance,
    Detail,
    Entry,
    Statement,
)
from consortia.solutions.finance.iso20022.writing import write_payments
from consortia.solutions.lines import body_of, header_of, rows
from consortia.solutions.moments import instant, iso
from consortia.solutions.rejects import Rejected, Rejects

PARTY = ("name", "account", "agent", "country")
COLUMNS = (
    *("reference", "end_to_end", "made", "settles", "amount", "currency"),
    *(f"{role}_{what}" for role in ("debtor", "creditor") for what in PARTY),
    *("bearer", "remittance"),
)
ROWS_MAX = 1_000_000
NEEDED = ("reference", "amount", "currency")
RECEIVED, SENT = "PMNT/RCDT/ESCT", "PMNT/ICDT/ESCT"
"""Source: ISO 20022 external code sets: received and issued credit transfers."""


def holds_statements(data: bytes) -> bool:
    """Whether a file looks like one of statements, as far as its names tell."""
    return any(name.encode() in data for name in BODIES)


def write_sheet(path: Path, payments: Iterable[Payment]) -> None:
    """Write payments, a row each, under COLUMNS. Raises DataError where the file cannot be written."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(COLUMNS)
            for one in payments:
                lines.writerow(_cells(one))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None


def _cells(one: Payment) -> list[str]:
    parties = [getattr(party, what) for party in (one.debtor, one.creditor) for what in PARTY]
    return [
        *(
            one.reference,
            one.end_to_end,
            iso(one.made),
            one.settles,
            written(one.amount, one.currency),
            one.currency,
        ),
        *parties,
        *(one.bearer, one.remittance),
    ]


def read_sheet(path: Path, now: int) -> tuple[list[Payment], list[Rejected]]:
    """The payments of a sheet, and the rows that no message may hold, numbered as a spreadsheet shows them.

    `made` may be left out, and is `now` then, in UTC milliseconds. Raises DataError for the file as a whole.
    """
    found: list[Payment] = []
    rejects, seen, lines = Rejects(), dict[str, int](), rows(path)
    header = header_of(path, lines)
    for name in NEEDED:
        if name not in header:
            raise DataError(f"{place(path.name, 1)}: no column {name!r}; there are {', '.join(COLUMNS)}")
    for number, cells in body_of(header, lines):
        where = place(path.name, number)
        try:
            if isinstance(cells, DataError):
                raise DataError(f"{where}: {cells}")
            payment = _held(_payment(path.name, number, dict(zip(header, cells, strict=True)), now), where)
            if payment.reference in seen:
                raise DataError(f"{where}: {payment.reference} is row {seen[payment.reference]} too")
        except DataError as error:
            rejects.add(number, error)
            continue
        if len(found) == ROWS_MAX:
            raise DataError(f"{path.name}: more than {ROWS_MAX:,} payments. Split the file.")
        seen[payment.reference] = number
        found.append(payment)
    return found, list(rejects.done())


def _payment(file: str, number: int, row: dict[str, str], now: int) -> Payment:
    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    currency = cell("currency")
    if currency not in CURRENCIES:
        raise DataError(
            f"{place(file, number, 'currency')}: {shown(currency)!r}, which ISO 4217 does not have"
        )
    try:
        amount = parts(cell("amount"), CURRENCIES[currency])
    except BankError as error:
        raise DataError(f"{place(file, number, 'amount')}: {shown(str(error))}") from None
    debtor, creditor = (Party(*(cell(f"{role}_{what}") for what in PARTY)) for role in ("debtor", "creditor"))
    return Payment(
        reference=cell("reference"),
        end_to_end=cell("end_to_end") or cell("reference")[:35],
        made=_moment(file, number, cell("made"), now),
        settles=cell("settles"),
        amount=amount,
        currency=currency,
        debtor=debtor,
        creditor=creditor,
        bearer=cell("bearer") or "SLEV",
        remittance=cell("remittance"),
    )


def _moment(file: str, number: int, text: str, now: int) -> int:
    if not text:
        return now
    try:
        return int(instant(text, zoned=False).timestamp() * 1000)
    except DataError:
        raise DataError(
            f"{place(file, number, 'made')}: {shown(text)!r}; a time as 2026-01-31T12:00:00Z is wanted"
        ) from None


def _held(payment: Payment, where: str) -> Payment:
    """A payment as the reader has it from its own message; raises DataError for what it refuses."""
    try:
        message = write_payments([payment], "sheet", payment.made)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    read = read_payments(message, where)
    if read.rejected:
        raise DataError(read.rejected[0].why)
    return read.payments[0]


def statement_of(
    payments: Sequence[Payment], account: str, identification: str, opening: int | None
) -> Statement:
    """What payments come to on one account: entries in their order, and balances if the first is given.

    Raises DataError where none of them is of the account, or they are in several currencies.
    """
    own = [one for one in payments if account in {one.debtor.account, one.creditor.account}]
    currencies = sorted({one.currency for one in own})
    if len(currencies) != 1:
        what = (
            f"payments in {', '.join(currencies)}: one currency a statement"
            if own
            else "none of the payments"
        )
        raise DataError(f"account {shown(account)}: {what}")
    entries = tuple(_entry(one, account) for one in own)
    balances: tuple[Balance, ...] = ()
    if opening is not None:
        closing = opening + sum(entry.amount for entry in entries)
        days = sorted(entry.booked for entry in entries)
        balances = (
            Balance("OPBD", opening, currencies[0], days[0]),
            Balance("CLBD", closing, currencies[0], days[-1]),
        )
    return Statement(identification, account, currencies[0], balances, entries)


def _entry(one: Payment, account: str) -> Entry:
    credit = one.creditor.account == account
    amount = one.amount if credit else -one.amount
    day = one.settles or datetime.fromtimestamp(one.made / 1000, UTC).date().isoformat()
    other = one.debtor if credit else one.creditor
    detail = Detail(one.end_to_end, amount, one.currency, other, one.remittance)
    code = RECEIVED if credit else SENT
    return Entry(one.reference[:35], amount, one.currency, "BOOK", day, day, code, (detail,))
