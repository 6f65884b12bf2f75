"""What hospitals' readers share: a table with one row a patient, ages, which of several values counts."""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any, Literal, TypeVar

from msgspec import ValidationError, convert

from consortia.base.codec import Record
from consortia.engines.train.files import DataError
from consortia.solutions.rejects import Rejected

R = TypeVar("R", bound=Record)

PATIENT = "patient"
"""The column that names whom a row is about; `consortia asset add --subject patient` keeps it private."""

Pick = Literal["first", "last", "least", "most"]
"""Which of several values counts: by time, or by value."""


@dataclass(frozen=True, slots=True)
class StudyTable:
    """A study table as text, and what could not be used. `rows` begin with the patient's id."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rejected: tuple[Rejected, ...]

    def csv(self) -> str:
        """The table as a CSV file; a heading `height [cm]` states the unit."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return text.getvalue()


def read_json(path: Path) -> Any:  # noqa: ANN401 (JSON)
    """What a JSON file says; raises DataError."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path.name}: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise DataError(f"{path.name}: this is no JSON.") from None


def mapping_of(value: object, kind: type[R], name: str) -> R:
    """A mapping of a kind out of JSON; raises DataError, which names the element that is wrong."""
    try:
        return convert(value, kind)
    except ValidationError as error:
        raise DataError(f"{name}: {error}.") from None


def check_columns(name: str, day: str, columns: Iterable[str]) -> None:
    """Raise DataError where there is no such day, or a column is there twice or is the patient's."""
    try:
        date.fromisoformat(day)
    except ValueError:
        raise DataError(f"{name}: there is no day {day}.") from None
    names = list(columns)
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice or PATIENT in names:
        raise DataError(f'{name}: column "{(twice or [PATIENT])[0]}" is there twice, or is the patient\'s.')


def age_on(day: date, born: date) -> str:
    """Whole years from birth to a day."""
    return str(day.year - born.year - ((day.month, day.day) < (born.month, born.day)))


def is_better(pick: Pick, new: tuple[str, float], old: tuple[str, float]) -> bool:
    """Whether of two values, each behind its time, the `new` one counts; of equals the first read."""
    match pick:
        case "first":
            return new[0] < old[0]
        case "last":
            return new[0] > old[0]
        case "least":
            return new[1] < old[1]
    return new[1] > old[1]
