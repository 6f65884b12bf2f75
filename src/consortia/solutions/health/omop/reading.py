"""OMOP tables from CSV files, row by row: which file is which table, and the columns that a study needs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from consortia.engines.train.files import DataError, place, shown
from consortia.solutions.lines import body_of, header_of, rows
from consortia.solutions.rejects import Rejects

TABLES: Mapping[str, tuple[str, ...]] = {
    "person": ("person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth"),
    "observation_period": ("person_id", "observation_period_start_date", "observation_period_end_date"),
    "visit_occurrence": ("visit_occurrence_id", "person_id", "visit_concept_id", "visit_start_date"),
    "condition_occurrence": (
        *("condition_occurrence_id", "person_id", "condition_concept_id"),
        "condition_start_date",
    ),
    "drug_exposure": ("drug_exposure_id", "person_id", "drug_concept_id", "drug_exposure_start_date"),
    "measurement": (
        *("measurement_id", "person_id", "measurement_concept_id", "measurement_date"),
        *("value_as_number", "unit_concept_id"),
    ),
    "observation": (
        *("observation_id", "person_id", "observation_concept_id", "observation_date"),
        *("value_as_number", "unit_concept_id"),
    ),
    "death": ("person_id", "death_date"),
}
"""The tables that are read, and of each the columns that must be there."""

OPTIONAL: Mapping[str, tuple[str, ...]] = {"measurement": ("operator_concept_id",)}
"""The columns that are read where they are there; cells of those that are not are empty."""

ROWS_MAX = 50_000_000
SOURCE = "cdm_source"
"""The model's table that says its version: held to it where it is there."""

_VERSION = re.compile(r"v?5\.4(\.\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number among those of all files, its file and line, its cells by TABLES and OPTIONAL."""

    number: int
    file: str
    line: int
    cells: tuple[str, ...]

    @property
    def where(self) -> str:
        """Its place, for a message."""
        return place(self.file, self.line)


@dataclass(slots=True)
class Cdm:
    """The files of each table, what of their rows cannot be used, and how many rows were read."""

    files: dict[str, list[Path]]
    rejects: Rejects = field(default_factory=Rejects)
    count: Iterator[int] = field(default_factory=lambda: count(1))
    read: int = 0

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of a table; a row without all its cells is rejected. Raises DataError."""
        for path in self.files.get(table, ()):
            lines = rows(path, _separator(path))
            header = header_of(path, lines)
            more = OPTIONAL.get(table, ())
            there = set(map(str.lower, header))
            at = _columns(path, (*TABLES[table], *(name for name in more if name in there)), header)
            lacking = ("",) * (len(TABLES[table]) + len(more) - len(at))
            for line, cells in body_of(header, lines):
                number = self.read = next(self.count)
                if number > ROWS_MAX:
                    raise DataError(f"{path.name}: more than {ROWS_MAX:,} rows.")
                if isinstance(cells, DataError):
                    self.rejects.add(number, f"{place(path.name, line)}: {cells}")
                else:
                    yield Row(number, path.name, line, (*(cells[index] for index in at), *lacking))


def find(paths: Sequence[Path]) -> Cdm:
    """Which table each file holds, by its name; raises DataError for one that is none, or another version."""
    files: dict[str, list[Path]] = {}
    for path in paths:
        name = path.name.lower().partition(".")[0]
        if name == SOURCE:
            _check_version(path)
        elif name not in TABLES:
            raise DataError(f"{path.name}: none of the tables that are read: {', '.join(TABLES)}.")
        else:
            files.setdefault(name, []).append(path)
    if "person" not in files:
        raise DataError("person.csv is missing: a study table has one row a person.")
    return Cdm(files)


def _check_version(path: Path) -> None:
    lines = rows(path, _separator(path))
    header = header_of(path, lines)
    [at] = _columns(path, ("cdm_version",), header)
    for line, cells in body_of(header, lines):
        where = place(path.name, line, "cdm_version")
        if isinstance(cells, DataError):
            raise DataError(f"{where}: {cells}")
        said = cells[at]
        if not _VERSION.fullmatch(said):
            raise DataError(f"{where}: {shown(said)!r}; 5.4 is read.")


def _separator(path: Path) -> str:
    """A tab or a comma, as the header has it: both are usual."""
    first = next(rows(path, "\t"), (1, []))[1]
    return "\t" if isinstance(first, list) and len(first) > 1 else ","


def _columns(path: Path, names: Sequence[str], header: Sequence[str]) -> list[int]:
    """Where each column stands, whatever the case of its name."""
    known = [cell.lower() for cell in header]
    for name in names:
        if known.count(name) != 1:
            where = place(path.name, 1, name)
            raise DataError(f"{where}: one such column is wanted, there are {known.count(name)}.")
    return [known.index(name) for name in names]
