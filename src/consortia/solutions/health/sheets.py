"""Study tables from a hospital's own CSV file with one row a patient, by a mapping that is an asset.

The mapping says which column of the file is read as what; a heading `height [cm]` states its unit, which has
to be the mapping's. A row that cannot be used is rejected with its place, and nothing is guessed.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import Record, encode_record
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.files import DataError, cell_number, listed, number_text, place, shown
from consortia.solutions.health.study import PATIENT, StudyTable, age_on, check_columns, mapping_of
from consortia.solutions.lines import body_of, header_of, rows
from consortia.solutions.rejects import NoneUsable, Rejects

COLUMNS_MAX, WORDS_MAX, PEOPLE_MAX = 256, 100, 2_000_000
TOLD_MAX = 5
"""So many columns of a row that cannot be used are told."""
Word = Annotated[str, Meta(min_length=1, max_length=200)]
_HEADING = re.compile(r"(.*\S)\s*\[([^\[\]]*)\]")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class SheetWord(Record, frozen=True):
    """A word that stands in a file, and what becomes of it."""

    said: Word
    cell: Word


class SheetColumn(Record, frozen=True):
    """One column of the study table, from `column` of the file.

    `take` says what it holds: `number` (in `unit`), `word` (one of `words`), `age` (in whole years on the
    day, from a day of birth), `days` (from that day to the one in the column `event`, as t; where that is
    empty or after the mapping's day, to the one in `last` as -t: what the recipe `cox.stratified` predicts).
    """

    name: Word
    take: Literal["number", "word", "age", "days"]
    column: Word
    unit: Annotated[str, Meta(max_length=40)] = ""
    words: Annotated[tuple[SheetWord, ...], Meta(max_length=WORDS_MAX)] = ()
    event: Annotated[str, Meta(max_length=200)] = ""
    last: Annotated[str, Meta(max_length=200)] = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the file that it reads."""
        return tuple(filter(None, (self.column, self.event, self.last)))


class SheetMapping(Record, frozen=True):
    """The columns of a study table, the file's column `patient` names whom a row is about, and the day."""

    csv: Literal["1"]
    day: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")]
    patient: Word
    columns: Annotated[tuple[SheetColumn, ...], Meta(min_length=1, max_length=COLUMNS_MAX)]

    @property
    def content(self) -> bytes:
        """The blob id of its one encoding: what is registered of it as a function."""
        return blob_id(encode_record(self))


def sheet_mapping(value: object, name: str) -> SheetMapping:
    """A mapping out of JSON, of the file `name`; raises DataError, which names what is wrong in it."""
    found = mapping_of(value, SheetMapping, name)
    check_columns(name, found.day, (column.name for column in found.columns))
    wrong = [f'column "{one.name}" lacks {lacks}' for one in found.columns if (lacks := _lacks(one))]
    if wrong:
        raise DataError(f"{name}: {'; '.join(wrong)}.")
    return found


def _lacks(one: SheetColumn) -> str:
    if one.take == "number" and not one.unit:
        return "its unit (1 where it has none)"
    if one.take == "word" and not one.words:
        return "its words"
    if one.take == "days" and not (one.event and one.last):
        return "the columns event and last"
    return ""


def sheet_table(path: Path, mapping: SheetMapping) -> StudyTable:
    """The study table of a CSV file; raises DataError where it cannot be used as a whole."""
    lines, rejects = rows(path), Rejects()
    header = header_of(path, lines)
    at = _columns(path.name, header, mapping)
    found: dict[str, tuple[str, ...]] = {}
    for number, cells in body_of(header, lines):
        where = place(path.name, number)
        if isinstance(cells, DataError):
            rejects.add(number, f"{where}: {cells}")
            continue
        known = {name: cells[column] for name, column in at.items()}
        patient = known[mapping.patient]
        row, wrong = _row(patient, known, mapping)
        if patient in found:
            wrong.insert(0, f'column "{mapping.patient}": patient {patient} is there already')
        if wrong:
            more = [f"and {len(wrong) - TOLD_MAX} more"] if wrong[TOLD_MAX:] else []
            rejects.add(number, f"{where}, {'; '.join([*wrong[:TOLD_MAX], *more])}")
            continue
        if len(found) == PEOPLE_MAX:
            raise DataError(f"{path.name}: more than {PEOPLE_MAX:,} patients.")
        found[patient] = row
    if not found and not rejects:
        raise DataError(f"{path.name}: no rows below the header; a row a patient is wanted")
    if not found:
        raise NoneUsable(f"{path.name}: no patient of it can be used", rejects)
    heads = [f"{one.name} [{one.unit}]" if one.unit not in {"", "1"} else one.name for one in mapping.columns]
    return StudyTable((PATIENT, *heads), tuple(found[one] for one in sorted(found)), rejects.done())


def _columns(file: str, header: Sequence[str], mapping: SheetMapping) -> dict[str, int]:
    """Where each column stands that the mapping reads; raises DataError, also for another unit."""
    wanted = list(
        dict.fromkeys((mapping.patient, *(each for one in mapping.columns for each in one.columns)))
    )
    at: dict[str, int] = {}
    units: dict[str, str] = {}
    for column, text in enumerate(header):
        match = _HEADING.fullmatch(text)
        name, unit = (match[1], match[2].strip()) if match else (text, "")
        if name in at and name in wanted:
            raise DataError(f"{place(file, 1, name)}: the name stands twice")
        at[name], units[name] = column, unit
    lost = [repr(shown(name)) for name in wanted if name not in at]
    if lost:
        other = len(header) == 1 and any(mark in header[0] for mark in ";\t|")
        hint = " The separator looks like another: save it with commas." if other else ""
        raise DataError(
            f"{place(file, 1)}: no column {', '.join(lost)}, which the mapping reads. "
            f"It has: {listed(header)}.{hint}"
        )
    wrong = []
    for one in mapping.columns:
        if one.take == "number" and units[one.column] != one.unit.removeprefix("1"):
            said = f"unit {shown(units[one.column])!r}" if units[one.column] else "no unit"
            wrong.append(f'column "{shown(one.column)}": {said}; the mapping asks for {one.unit!r}')
    if wrong:
        raise DataError(f"{place(file, 1)}, {'; '.join(wrong)}")
    return {name: at[name] for name in wanted}


def _row(patient: str, known: Mapping[str, str], mapping: SheetMapping) -> tuple[tuple[str, ...], list[str]]:
    """A row of the study table, and each column that cannot be used, with what is wrong."""
    wrong = []
    if not _ID.fullmatch(patient):
        ids = "an id is 1 to 64 of letters, digits, '.', '_', '-'"
        wrong.append(f'column "{mapping.patient}": patient {shown(patient)!r}; {ids}')
    row = [patient]
    for one in mapping.columns:
        try:
            row.append(_cell(one, known, mapping.day))
        except DataError as error:
            wrong.append(str(error))
    return tuple(row), wrong


def _cell(one: SheetColumn, known: Mapping[str, str], day: str) -> str:
    """A cell of the study table, empty where the file's is; raises DataError, which names the column."""
    text, at = known[one.column], f'column "{one.column}"'
    if one.take == "days":
        return _course(one, known, day)
    if not text:
        return ""
    if one.take == "age":
        born = _day(at, text)
        if born > date.fromisoformat(day):
            raise DataError(f"{at}: born after {day}")
        return age_on(date.fromisoformat(day), born)
    if one.take == "word":
        for word in one.words:
            if word.said == text:
                return word.cell
        raise DataError(f"{at}: {shown(text)!r} is none of the mapping's words")
    value = cell_number(text)
    if value is None:
        raise DataError(f"{at}: {shown(text)!r} is no number")
    return number_text(value)


def _course(one: SheetColumn, known: Mapping[str, str], day: str) -> str:
    """Days until the event, or less than nothing without one."""
    begun, event, last = (
        _day(f'column "{name}"', known[name]) if known[name] else None
        for name in (one.column, one.event, one.last)
    )
    closes = date.fromisoformat(day)
    if begun is None:
        raise DataError(f'column "{one.column}": empty, and days are counted from it')
    happened = event is not None and event <= closes
    ends = event if happened else last
    if ends is None:
        raise DataError(f'column "{one.last}": empty: until when was the patient followed?')
    count = (min(ends, closes) - begun).days
    if count <= 0:
        raise DataError(f'column "{one.column}": the course ends on {min(ends, closes)}, not after {begun}')
    return str(count if happened else -count)


def _day(where: str, text: str) -> date:
    """A day; raises DataError, also for a time."""
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{where}: {shown(text)!r} is no day as 2026-01-31") from None
