"""Study tables from OMOP tables: one row a person, by a mapping."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from sys import intern

from consortia.engines.train.files import DataError, cell_number, number_text, shown
from consortia.solutions.health.omop.mapping import OmopColumn, OmopMapping
from consortia.solutions.health.omop.reading import Cdm, Row
from consortia.solutions.health.study import PATIENT, StudyTable, age_on, is_better
from consortia.solutions.rejects import NoneUsable

PEOPLE_MAX = 2_000_000
_SEX = {8507: "male", 8532: "female", 8521: "other", 8551: "", 0: ""}
"""Standard concepts of gender; 8551 is unknown, 0 says nothing."""

_ID = re.compile(r"\d{1,18}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class _BadCell(ValueError):
    """A cell that cannot be used; the text names its column."""


@dataclass(slots=True)
class _Gathered:
    """What columns ask of people's rows: kept as it counts, not row by row.

    `values` by person and column: when and how much. `counts` of visits, `had` of conditions and drugs.
    `first` days of conditions by person and concept; `followed` until when a person was; `died` when.
    """

    mapping: OmopMapping
    people: dict[int, Row] = field(default_factory=dict)
    values: dict[tuple[int, str], tuple[str, float]] = field(default_factory=dict)
    had: set[tuple[int, str]] = field(default_factory=set)
    counts: Counter[tuple[int, str]] = field(default_factory=Counter)
    first: dict[tuple[int, int], str] = field(default_factory=dict)
    followed: dict[int, str] = field(default_factory=dict)
    died: dict[int, str] = field(default_factory=dict)


def omop_table(cdm: Cdm, mapping: OmopMapping) -> StudyTable:
    """The study table of these tables. What a column needs and cannot read is rejected, one line each.

    Raises DataError where a table that a column takes from is missing, and where no person is left.
    """
    for column in mapping.columns:
        for table in column.tables:
            if table not in cdm.files:
                raise DataError(f'column "{column.name}" takes from {table}, and {table}.csv is missing.')
    found = _Gathered(mapping)
    _people(cdm, found)
    wanted = {table for column in mapping.columns for table in column.tables}
    for table in (each for each in cdm.files if each in wanted):
        taken: set[str] = set()
        for row in cdm.rows(table):
            try:
                _take(table, row, found, taken)
            except _BadCell as error:
                cdm.rejects.add(row.number, f"{row.where}, {error}")
    rows = list(_rows(cdm, found))
    if not rows:
        raise NoneUsable("no person of these files can be used", cdm.rejects)
    heads = [f"{one.name} [{one.unit}]" if one.unit else one.name for one in mapping.columns]
    return StudyTable((PATIENT, *heads), tuple(rows), cdm.rejects.done())


def _people(cdm: Cdm, found: _Gathered) -> None:
    for row in cdm.rows("person"):
        try:
            person = _id(row.cells[0], "person_id")
            if person in found.people:
                raise _BadCell(f"person_id: {person} is there already, {found.people[person].where}")
        except _BadCell as error:
            cdm.rejects.add(row.number, f"{row.where}, {error}")
            continue
        if len(found.people) == PEOPLE_MAX:
            raise DataError(f"more than {PEOPLE_MAX:,} people.")
        found.people[person] = replace(row, cells=tuple(map(intern, row.cells)))


def _rows(cdm: Cdm, found: _Gathered) -> Iterator[tuple[str, ...]]:
    for person in sorted(found.people):
        row = found.people[person]
        try:
            yield str(person), *(_cell(person, row, each, found) for each in found.mapping.columns)
        except _BadCell as error:
            cdm.rejects.add(row.number, f"{row.where}, {error}")


def _take(table: str, row: Row, found: _Gathered, taken: set[str]) -> None:
    """Take what the columns ask of one row; raises _BadCell."""
    day = found.mapping.day
    if table == "observation_period":
        person, end = _person(row.cells[0], found), _day(row.cells[2], "observation_period_end_date")
        if _day(row.cells[1], "observation_period_start_date") > end:
            raise _BadCell("observation_period_end_date: it ends before it begins")
        found.followed[person] = max(found.followed.get(person, ""), min(end, day))
    elif table == "death":
        person, died = _person(row.cells[0], found), _day(row.cells[1], "death_date")
        if found.died.get(person, died) != died:
            raise _BadCell(f"person_id: {person} died on {found.died[person]} already")
        found.died[person] = died
    else:
        _take_event(table, row, found, taken)


def _take_event(table: str, row: Row, found: _Gathered, taken: set[str]) -> None:
    """Take a row of a table of events: id, person, concept, day, and what is measured."""
    short = table.partition("_")[0]
    concept = _id(row.cells[2] or "0", f"{short}_concept_id")
    columns = [each for each in found.mapping.columns if table in each.tables and _asks(each, concept)]
    if not columns:
        return
    if row.cells[0] in taken:
        raise _BadCell(f"{table}_id: {shown(row.cells[0])} is there already")
    person, when = _person(row.cells[1], found), _day(row.cells[3], _DAYS.get(table, f"{short}_start_date"))
    taken.add(row.cells[0])
    if when > found.mapping.day:
        return
    for column in columns:
        key = (person, column.name)
        match column.take:
            case "condition" | "drug":
                found.had.add(key)
            case "visits":
                found.counts[key] += 1
            case "days":
                at = (person, concept)
                found.first[at] = min(found.first.get(at, when), when)
            case _:
                value = _value(row, column)
                new = None if value is None else (when, value)
                if new and (key not in found.values or is_better(column.pick, new, found.values[key])):
                    found.values[key] = new


_DAYS = {
    "measurement": "measurement_date",
    "observation": "observation_date",
    "drug_exposure": "drug_exposure_start_date",
}


def _asks(column: OmopColumn, concept: int) -> bool:
    anything = column.take == "visits" and not column.concept
    return anything or concept == column.concept or (column.take == "days" and concept == column.until != 0)


_EQUALS = frozenset((0, 4172703))
"""What `operator_concept_id` says of a value that is just that: nothing, or the concept of =."""


def _value(row: Row, column: OmopColumn) -> float | None:
    """The value in the mapping's unit; None where the row has none."""
    text, unit = row.cells[4], _id(row.cells[5] or "0", "unit_concept_id")
    if not text:
        return None
    if unit != column.unit_concept:
        raise _BadCell(f"unit_concept_id: {unit}, the mapping asks for {column.unit_concept}")
    operator = _id(row.cells[6] or "0", "operator_concept_id") if len(row.cells) > 6 else 0
    if operator not in _EQUALS:
        raise _BadCell(f"operator_concept_id: {operator}, a bound where a value is asked")
    value = cell_number(text)
    if value is None:
        raise _BadCell(f"value_as_number: {shown(text)!r} is no number")
    return value


def _cell(person: int, row: Row, column: OmopColumn, found: _Gathered) -> str:
    day = found.mapping.day
    match column.take:
        case "sex":
            gender = _id(row.cells[1] or "0", "gender_concept_id")
            if gender not in _SEX:
                raise _BadCell(f"gender_concept_id: {gender} is no standard concept of gender")
            return _SEX[gender]
        case "age":
            return _age(row, date.fromisoformat(day))
        case "alive":
            return "0" if person in found.died and found.died[person] <= day else "1"
        case "condition" | "drug":
            return "1" if (person, column.name) in found.had else "0"
        case "visits":
            return str(found.counts[person, column.name])
        case "days":
            return _course(person, column, found)
    value = found.values.get((person, column.name))
    return "" if value is None else number_text(value[1])


def _course(person: int, column: OmopColumn, found: _Gathered) -> str:
    """Days until the event, or less than nothing without one; raises _BadCell."""
    begun, day = found.first.get((person, column.concept)), found.mapping.day
    if begun is None:
        raise _BadCell(f"person_id: {person} has no condition {column.concept}, to count days from")
    events = (found.first.get((person, column.until)), found.died.get(person))
    ends = [each for each in events if each is not None and each <= day]
    last = min(ends) if ends else found.followed.get(person)
    if last is None:
        raise _BadCell(f"person_id: {person} has no observation_period: until when it was followed")
    count = (date.fromisoformat(last) - date.fromisoformat(begun)).days
    if count <= 0:
        raise _BadCell(f"person_id: the course of {person} ends on {last}, not after {begun}, when it begins")
    return str(count if ends else -count)


def _age(row: Row, day: date) -> str:
    """Whole years; of a year of birth alone from its middle, of a month alone from its fifteenth."""
    year, month, of_month = row.cells[2:5]
    if not year:
        return ""
    try:
        born = date(*map(int, (year, month or "7", of_month or ("15" if month else "1"))))
    except (ValueError, OverflowError):
        said = "-".join(each for each in (year, month, of_month) if each)
        raise _BadCell(f"year_of_birth: {shown(said)} is no date") from None
    if born > day:
        raise _BadCell(f"year_of_birth: born after {day.isoformat()}")
    return age_on(day, born)


def _id(text: str, column: str) -> int:
    if not _ID.fullmatch(text) or not text.isascii():
        raise _BadCell(f"{column}: {shown(text)!r} is no whole number from 0 on")
    return int(text)


def _person(text: str, found: _Gathered) -> int:
    person = _id(text, "person_id")
    if person not in found.people:
        raise _BadCell(f"person_id: {person} is none of person")
    return person


def _day(text: str, column: str) -> str:
    """A day as YYYY-MM-DD; raises _BadCell, also for a time: the model has those in other columns."""
    try:
        if not _DATE.fullmatch(text) or not text.isascii():
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        raise _BadCell(f"{column}: {shown(text)!r} is no day as 2026-01-31") from None
    return text
