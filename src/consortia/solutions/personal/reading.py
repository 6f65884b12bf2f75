"""Ratings and baskets from CSV files: who had which item when, row by row, and which rows cannot be used.

Columns by their names: `person`, `item` and `time`, or MovieLens' `userId`, `movieId` and `timestamp`; others
are left alone, a rating too: that somebody had an item is what counts. A time is ISO 8601 with its zone, or
seconds since 1970 in UTC, from 1990 to 2100: so milliseconds are told from seconds, and a time without a zone
is refused. A file may be gzipped. Rows are numbered as a spreadsheet shows them.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from consortia.engines.train.files import DataError, place, shown
from consortia.solutions.lines import header_of, rows
from consortia.solutions.moments import instant
from consortia.solutions.rejects import Rejected, Rejects

NAMES = (("person", "userid"), ("item", "movieid"), ("time", "timestamp"))
NAME_CHARS_MAX = 200
ROWS_MAX = 2_000_000
EARLIEST, LATEST = 631_152_000, 4_102_444_800


@dataclass(frozen=True, slots=True)
class Had:
    """That a person had an item, at so many seconds since 1970."""

    person: str
    item: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Read:
    """What a file says, and the rows of it that cannot be used."""

    had: tuple[Had, ...]
    rejected: tuple[Rejected, ...]


def read_had(path: Path) -> Read:
    """Read one CSV file; raises DataError where the file as a whole cannot be used.

    A row is rejected for a missing or overlong cell, a name with control characters, a time that is none, and
    where the person had the item already: in an earlier row at the same time.
    """
    found, rejects, seen = list[Had](), Rejects(), set[Had]()
    lines = rows(path)
    at = _columns(path.name, header_of(path, lines))
    for number, cells in lines:
        if len(found) + len(rejects) >= ROWS_MAX:
            raise DataError(f"{path.name}: more than {ROWS_MAX:,} rows. Split it.")
        try:
            if isinstance(cells, DataError):
                raise DataError(f"{place(path.name, number)}: {cells}")
            one = _row(path.name, number, cells, at)
            if one in seen:
                raise DataError(f"{place(path.name, number)}: the same person, item and time again.")
        except DataError as error:
            rejects.add(number, error)
            continue
        seen.add(one)
        found.append(one)
    if not found and not len(rejects):
        raise DataError(f"{path.name}: no rows below the header. Add some, or take the file away.")
    return Read(tuple(found), rejects.done())


def in_order(had: Iterable[Had]) -> dict[str, list[str]]:
    """Each person's items in the order of (time, item), each once, at its first time; people sorted."""
    rows: dict[str, dict[str, int]] = {}
    for one in sorted(had, key=lambda each: (each.seconds, each.item)):
        rows.setdefault(one.person, {}).setdefault(one.item, one.seconds)
    return {person: list(rows[person]) for person in sorted(rows)}


def write_had(path: Path, people: Mapping[str, Sequence[str]], begin: int = 1_700_000_000) -> None:
    """Write people's items as a CSV file, one minute apart, in their order."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow([first for first, _ in NAMES])
        for person, items in people.items():
            for place_of, item in enumerate(items):
                lines.writerow((person, item, datetime.fromtimestamp(begin + 60 * place_of, UTC).isoformat()))


def _columns(name: str, header: Sequence[str]) -> tuple[int, int, int]:
    """Where person, item and time stand."""
    known = [cell.strip().lower() for cell in header]
    found = []
    for names in NAMES:
        at = [index for index, cell in enumerate(known) if cell in names]
        if len(at) != 1:
            said = " or ".join(names)
            raise DataError(f"{place(name, 1)}: one column {said} is wanted, there are {len(at)}. Name it.")
        found.append(at[0])
    return found[0], found[1], found[2]


def _row(name: str, number: int, cells: Sequence[str], at: tuple[int, int, int]) -> Had:
    if len(cells) <= max(at):
        raise DataError(f"{place(name, number)}: {len(cells)} cells. Give person, item and time.")
    texts = []
    for index, (column, _) in zip(at, NAMES, strict=True):
        text = cells[index].strip()
        if not 0 < len(text) <= NAME_CHARS_MAX:
            what = f"{len(text)} characters, 1 to {NAME_CHARS_MAX} are wanted"
            raise DataError(f"{place(name, number, column)}: {what}.")
        if not text.isprintable():
            raise DataError(f"{place(name, number, column)}: {shown(text)} is not fit to be shown.")
        texts.append(text)
    return Had(texts[0], texts[1], _seconds(name, number, texts[2]))


def _seconds(name: str, number: int, text: str) -> int:
    where = place(name, number, "time")
    if text.isascii() and text.isdecimal():
        seconds = int(text[:20])
    else:
        try:
            seconds = int(instant(text).timestamp())
        except DataError as error:
            raise DataError(f"{where}: {shown(text)} {error}. Write 2026-01-31T12:00:00Z.") from None
    if not EARLIEST <= seconds < LATEST:
        raise DataError(f"{where}: {shown(text)} is not from 1990 to 2100 in seconds. Check its unit.")
    return seconds
