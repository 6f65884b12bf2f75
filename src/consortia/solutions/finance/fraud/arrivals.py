"""Payments as they come in: a pacs.008 file of a bank and a day, its customers' payments in it, and back.

Who pays and who is paid are accounts; a bank knows its customers and its shops by their account's number.
What a payment's file cannot say is whether it was a fraud: customers say so days later, by its reference.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from consortia.engines.train.files import DataError
from consortia.solutions.finance.fraud.cards import DAY_SECONDS, Cards, Row
from consortia.solutions.finance.iso20022.parties import Party
from consortia.solutions.finance.iso20022.payments import Payment, read_payments
from consortia.solutions.finance.iso20022.writing import write_payments
from consortia.solutions.rejects import Rejected, usable

CURRENCY = "EUR"
CENTS = 100
_COUNTRY = "XX"
"""Of no country: ISO 3166 leaves it to users, so that no account here is anybody's."""

_SHOPS = 5_000_000_000
"""Numbers of accounts of shops begin here."""


def iban(bank: int, number: int) -> str:
    """The account of a number at a bank, as an IBAN of no country. Source: ISO 13616, MOD 97-10."""
    rest = f"{bank:08}{number:010}"
    turned = "".join(str(int(sign, 36)) for sign in f"{rest}{_COUNTRY}00")
    return f"{_COUNTRY}{98 - int(turned) % 97:02}{rest}"


def bic(name: str) -> str:
    """A code of the form of a BIC for a bank that is made up."""
    return f"{name[:4].upper():X<4}{_COUNTRY}XX"


def reference(bank: str, number: int) -> str:
    """The own reference of a bank's payment of a number, of the form of a UETR."""
    seen = hashlib.sha256(f"{bank} {number}".encode()).hexdigest()
    return f"{seen[:8]}-{seen[8:12]}-4{seen[13:16]}-8{seen[17:20]}-{seen[20:32]}"


def rows_of(cards: Cards) -> list[Row]:
    """Payments as rows, in their order."""
    columns = (cards.seconds, cards.customer, cards.terminal, cards.amount, cards.fraud)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def payment_of(row: Row, own: str, at: int, banks: Sequence[str]) -> Payment:
    """A payment of a customer of the bank at a place, to a shop whose bank its number gives."""
    seconds, customer, terminal, amount, _ = row
    shop = terminal % len(banks)
    return Payment(
        reference=own,
        end_to_end=own[:8],
        made=seconds * 1_000,
        settles=datetime.fromtimestamp(seconds, UTC).date().isoformat(),
        amount=round(amount * CENTS),
        currency=CURRENCY,
        debtor=Party(f"Customer {customer}", iban(at, customer), bic(banks[at])),
        creditor=Party(f"Shop {terminal}", iban(shop, _SHOPS + terminal), bic(banks[shop])),
        bearer="SLEV",
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """Files that a bank's payments came in, and which payments turn out to be frauds, by reference."""

    files: tuple[Path, ...]
    disowned: frozenset[str]


def send(folder: Path, bank: str, cards: Cards, banks: Sequence[str]) -> Sent:
    """Write a bank's payments, a pacs.008 file a day: BANK-dayNN.xml."""
    folder.mkdir(parents=True, exist_ok=True)
    by_day: dict[int, list[Payment]] = {}
    disowned = set()
    for number, (row, day) in enumerate(zip(rows_of(cards), cards.day.tolist(), strict=True)):
        payment = payment_of(row, reference(bank, number), banks.index(bank), banks)
        by_day.setdefault(day, []).append(payment)
        if row[4]:
            disowned.add(payment.reference)
    files = []
    for day, payments in sorted(by_day.items()):
        path = folder / f"{bank}-day{day + 1:02}.xml"
        path.write_bytes(write_payments(payments, path.stem, max(one.made for one in payments)))
        files.append(path)
    return Sent(tuple(files), frozenset(disowned))


def receive(path: Path) -> tuple[Payment, ...]:
    """The payments of a file; raises DataError in one line, also where one of them is wrong."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name}: {error.strerror}") from None
    read = read_payments(data, path.name)
    return tuple(usable(read.payments, read.rejected, skip=False))


def quarantine(path: Path, error: DataError, rejected: list[Rejected]) -> Path:
    """Put a file that cannot be used aside, and why into `rejected`."""
    aside = path.parent / "quarantine"
    aside.mkdir(exist_ok=True)
    rejected.append(Rejected(1, str(error)))
    return path.replace(aside / path.name)


def cards_in(payments: Sequence[Payment], disowned: Collection[str], first_day: int) -> Cards:
    """Payments that came in as files, as a bank's table, in their order; of `disowned` references are frauds.

    `first_day` is the day since 1970 that counts as 0.
    """
    seconds = np.array([one.made // 1_000 for one in payments], dtype=np.int64)
    return Cards(
        seconds,
        seconds // DAY_SECONDS - first_day,
        np.array([int(one.debtor.account[-10:]) for one in payments], dtype=np.int64),
        np.array([int(one.creditor.account[-10:]) - _SHOPS for one in payments], dtype=np.int64),
        np.array([one.amount / CENTS for one in payments], dtype=np.float64),
        np.array([one.reference in disowned for one in payments], dtype=np.bool_),
    )
