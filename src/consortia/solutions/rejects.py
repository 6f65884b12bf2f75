"""Rows and entries of a file that cannot be used: kept apart, told one by one, left out only if told so."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from consortia.engines.train.files import DataError

T = TypeVar("T")

REJECTS_MAX = 100_000
"""A file with more rows than these that cannot be used is none of its kind."""


class TooMuch(DataError):
    """A file that cannot be used as a whole, as there is too much of something in it."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row or entry: its number, as the file counts them, and why it cannot be used, in one line."""

    number: int
    why: str


@dataclass(slots=True)
class Rejects:
    """What cannot be used, as it is found: REJECTS_MAX of it at most, so that nonsense fills no memory."""

    found: list[Rejected] = field(default_factory=list)

    def add(self, number: int, why: object) -> None:
        """Keep one apart; raises TooMuch where there are too many."""
        if len(self.found) == REJECTS_MAX:
            raise TooMuch(f"more than {REJECTS_MAX:,} rows cannot be used; the first: {self.found[0].why}")
        self.found.append(Rejected(number, str(why)))

    def __len__(self) -> int:
        """How many there are."""
        return len(self.found)

    def done(self) -> tuple[Rejected, ...]:
        """All of them, by their numbers."""
        return tuple(sorted(self.found, key=lambda one: one.number))


class NoneUsable(DataError):
    """Files of which nothing can be used. `text` says so; `rejected` says why of each row or entry."""

    def __init__(self, text: str, rejects: Rejects) -> None:
        super().__init__(f"{text}: {_first_of(rejects.found)}" if rejects else f"{text}.")
        self.text, self.rejected = text, rejects.done()


def usable(found: Sequence[T], rejected: Sequence[Rejected], *, skip: bool) -> Sequence[T]:
    """What was found; where some are rejected, only if told to `skip` those. Raises DataError."""
    if rejected and not skip:
        raise DataError(_first_of(rejected))
    return found


def _first_of(rejected: Sequence[Rejected]) -> str:
    more = len(rejected) - 1
    return rejected[0].why + (f" ({more:,} more cannot be used)" if more else "")


def files_in(folder: Path, endings: tuple[str, ...], wanted: str) -> list[Path]:
    """The files of a folder whose names end so, by name; raises DataError where `wanted` cannot be there."""
    try:
        return sorted(each for each in folder.iterdir() if each.name.endswith(endings) and each.is_file())
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}. Wanted is a folder with {wanted}.") from None


def write_rejects(path: Path, rejected: Iterable[Rejected]) -> None:
    """Write a CSV of what was rejected, for whoever mends the file. Raises DataError where it cannot."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(("number", "why"))
            lines.writerows((one.number, one.why) for one in rejected)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
