"""Card payments: read from CSV, and what a bank knows of them: by its customers, and by the terminals.

A bank knows what its customers do. What happens at a terminal it knows only from its own customers there;
over all banks, by the recipe `rates`, each knows how often a terminal was defrauded, and nobody shows a
customer or a payment. A fraud is known only some days after it: features use nothing that was not known.
"""

import csv
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.files import DataError, place, shown
from consortia.engines.train.rates import Counts
from consortia.solutions.lines import header_of, rows
from consortia.solutions.moments import instant
from consortia.solutions.rejects import Rejected, Rejects, TooMuch

_SPAN = 1 << 40
"""More seconds than there are between any two payments."""

Row = tuple[int, int, int, float, bool]
"""Seconds, customer, terminal, amount, fraud."""

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

DAY_SECONDS = 86_400
EPOCH = date(1970, 1, 1)
NIGHT_HOURS = 6
THURSDAY, SATURDAY = 3, 5
"""Days of the week from Monday, 0; 1 January 1970 was a Thursday."""

CUSTOMER_DAYS = (1, 7)
TERMINAL_DAYS = (1, 3, 7)
DELAY_DAYS = 3
"""So many days after a payment it is known whether it was a fraud."""

TERMINALS_MAX = 1 << 20
ROWS_MAX = 10_000_000
COLUMNS = ("time", "customer", "terminal", "amount", "fraud")
ALIASES = {
    "TX_DATETIME": "time",
    "CUSTOMER_ID": "customer",
    "TERMINAL_ID": "terminal",
    "TX_AMOUNT": "amount",
    "TX_FRAUD": "fraud",
}
"""Other headings: those of the Fraud Detection Handbook."""

OWN = (
    "amount",
    "weekend",
    "night",
    *(f"{what} {days} d" for days in CUSTOMER_DAYS for what in ("payments", "mean")),
    "amount over mean",
)
"""Features that a bank computes alone, of the payment and of its customer's days."""

SHARED = tuple(f"terminal {what} {days} d" for days in TERMINAL_DAYS for what in ("payments", "fraud rate"))
"""Features of a terminal's days, which take all banks' counts to be worth much."""


@dataclass(frozen=True, slots=True)
class Cards:
    """Card payments in the order of time; all arrays have one element a payment.

    `seconds` since 1970 in UTC; `day` from 0 at the first payment's; `amount` in whole units of money.
    """

    seconds: Indices
    day: Indices
    customer: Indices
    terminal: Indices
    amount: Numbers
    fraud: NDArray[np.bool_]

    def __len__(self) -> int:
        """How many payments."""
        return len(self.seconds)

    def take(self, rows: NDArray[np.bool_] | Indices) -> "Cards":
        """Some of the payments, days counted as before."""
        return Cards(
            self.seconds[rows],
            self.day[rows],
            self.customer[rows],
            self.terminal[rows],
            self.amount[rows],
            self.fraud[rows],
        )

    def followed_by(self, later: "Cards") -> "Cards":
        """These payments, and later ones behind them; days of both are counted from the same one."""
        return Cards(
            *(
                np.concatenate([getattr(self, one.name), getattr(later, one.name)])
                for one in dataclasses.fields(self)
            )
        )


@dataclass(frozen=True, slots=True)
class Read:
    """The payments of a file, and the rows that cannot be used."""

    cards: Cards
    rejected: tuple[Rejected, ...]


def read_cards(path: Path) -> Read:
    """Read a CSV file with the columns time, customer, terminal, amount, fraud, or the Handbook's.

    Raises DataError where the file as a whole cannot be used; rows are numbered as a spreadsheet shows them.
    """
    found: list[Row] = []
    rejects, lines = Rejects(), rows(path)
    at = _columns(path.name, header_of(path, lines))
    for number, cells in lines:
        try:
            if isinstance(cells, DataError):
                raise DataError(f"{place(path.name, number)}: {cells}")
            if len(found) == ROWS_MAX:
                raise TooMuch(f"{path.name}: more than {ROWS_MAX:,} payments. Split the file.")
            found.append(_row(path.name, number, cells, at))
        except TooMuch:
            raise
        except DataError as error:
            rejects.add(number, error)
    return Read(cards_of(found), rejects.done())


def write_cards(path: Path, cards: Cards) -> None:
    """Write payments as a CSV file with the columns that `read_cards` wants."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        columns = (cards.seconds, cards.customer, cards.terminal, cards.amount, cards.fraud.astype(np.int64))
        for seconds, *rest in zip(*(column.tolist() for column in columns), strict=True):
            lines.writerow((datetime.fromtimestamp(seconds, UTC).isoformat(), *rest))


def cards_of(rows: Sequence[Row]) -> Cards:
    """Payments from (seconds, customer, terminal, amount, fraud), in the order of time."""
    ordered = sorted(rows)
    table = np.array(ordered, dtype=np.float64).reshape(-1, len(COLUMNS))
    seconds, customer, terminal = (table[:, at].astype(np.int64) for at in range(3))
    first = int(seconds[0]) // DAY_SECONDS if ordered else 0
    return Cards(
        seconds, seconds // DAY_SECONDS - first, customer, terminal, table[:, 3], table[:, 4].astype(np.bool_)
    )


def own_features(cards: Cards) -> Numbers:
    """What a bank says of its own payments alone, shape (payments, len(OWN)): see OWN.

    The last is the amount over the mean of the customer's last days, of the longest window, itself included.
    """
    hour = cards.seconds % DAY_SECONDS // 3_600
    weekday = (cards.seconds // DAY_SECONDS + THURSDAY) % 7
    columns = [cards.amount, (weekday >= SATURDAY).astype(float), (hour < NIGHT_HOURS).astype(float)]
    order = np.lexsort((cards.seconds, cards.customer))
    customer = cards.customer[order] * _SPAN
    key = customer + cards.seconds[order]
    paid = np.concatenate(([0.0], np.cumsum(cards.amount[order])))
    last = np.searchsorted(key, key, side="right")
    for days in CUSTOMER_DAYS:
        first = np.searchsorted(key, np.maximum(key - days * DAY_SECONDS, customer), side="left")
        window = np.empty((2, len(cards)))
        window[:, order] = last - first, (paid[last] - paid[first]) / (last - first)
        columns += list(window)
    mean = columns[-1]
    columns.append(np.divide(cards.amount, mean, out=np.ones(len(cards)), where=mean > 0))
    return np.stack(columns, axis=1)


def terminal_counts(cards: Cards, terminals: int, days: int) -> Counts:
    """A bank's own payments and frauds by terminal and day, as the recipe `rates` would add them up."""
    group = groups_of(cards, days)
    size = terminals * days
    return Counts(np.bincount(group, minlength=size), np.bincount(group[cards.fraud], minlength=size))


def groups_of(cards: Cards, days: int) -> Indices:
    """The number of each payment's group of terminal and day."""
    return cards.terminal * days + cards.day


def shared_features(cards: Cards, counts: Counts, days: int, delay: int = DELAY_DAYS) -> Numbers:
    """What counts by terminal and day say of each payment, shape (payments, len(SHARED)): see SHARED.

    A window of w days ends `delay` days before the payment's day: what is later is not known to be fraud.
    """
    upto = [np.cumsum(part.reshape(-1, days), axis=1) for part in counts]
    payments, frauds = (np.pad(part, ((0, 0), (1, 0))) for part in upto)
    end = np.maximum(cards.day - delay + 1, 0)
    columns = []
    for window in TERMINAL_DAYS:
        begin = np.maximum(end - window, 0)
        count = payments[cards.terminal, end] - payments[cards.terminal, begin]
        fraud = frauds[cards.terminal, end] - frauds[cards.terminal, begin]
        columns += [count.astype(float), fraud / np.maximum(count, 1)]
    return np.stack(columns, axis=1)


def not_yet_known(cards: Cards, delay: int = DELAY_DAYS) -> NDArray[np.bool_]:
    """Payments of cards that are not known, on that day, to have been defrauded before."""
    first = np.full(int(cards.customer.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, cards.customer[cards.fraud], cards.day[cards.fraud])
    return first[cards.customer] > cards.day - delay


def _columns(file: str, header: Sequence[str]) -> list[int]:
    """Where each of COLUMNS stands."""
    named = {ALIASES.get(name.strip(), name.strip()): at for at, name in enumerate(header)}
    missing = [name for name in COLUMNS if name not in named]
    if missing:
        raise DataError(f"{place(file, 1)}: no column {missing[0]!r}; wanted are {', '.join(COLUMNS)}")
    return [named[name] for name in COLUMNS]


def _row(file: str, number: int, cells: Sequence[str], at: Sequence[int]) -> Row:
    if len(cells) <= max(at):
        raise DataError(f"{place(file, number)}: {len(cells)} cells; a column is missing")
    time, customer, terminal, amount, fraud = (cells[column].strip() for column in at)
    if fraud not in {"0", "1"}:
        raise DataError(f"{place(file, number, 'fraud')}: {shown(fraud)!r}; 0 or 1 is wanted")
    return (
        _seconds(place(file, number, "time"), time),
        _index(place(file, number, "customer"), customer, 1 << 22),
        _index(place(file, number, "terminal"), terminal, TERMINALS_MAX),
        _amount(place(file, number, "amount"), amount),
        fraud == "1",
    )


def _seconds(where: str, text: str) -> int:
    try:
        return int(instant(text, zoned=False).timestamp())
    except DataError:
        raise DataError(f"{where}: {shown(text)!r}; a time as 2026-01-31 12:00:00 is wanted") from None


def _index(where: str, text: str, below: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(below)) and int(text) < below):
        raise DataError(f"{where}: {shown(text)!r}; a number from 0 to {below - 1:,} is wanted")
    return int(text)


def _amount(where: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < 1e12 or "_" in text:
        raise DataError(f"{where}: {shown(text)!r}; an amount from 0 on is wanted")
    return value
