"""Rows and entries of a file that cannot be used: kept apart, told one by one, left out only if told so."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from consortia.engines.train.files import DataError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row or entry: its number, as the file counts them, and why it cannot be used, in one line."""

    number: int
    why: str


def usable(found: Sequence[T], rejected: Sequence[Rejected], *, skip: bool) -> Sequence[T]:
    """What was found; where some are rejected, only if told to `skip` those. Raises DataError."""
    if rejected and not skip:
        more = len(rejected) - 1
        others = f" ({more:,} more cannot be used)" if more else ""
        raise DataError(f"{rejected[0].why}{others}")
    return found


def write_rejects(path: Path, rejected: Iterable[Rejected]) -> None:
    """Write a CSV of what was rejected, for whoever mends the file. Raises DataError where it cannot."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(("number", "why"))
            lines.writerows((one.number, one.why) for one in rejected)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
