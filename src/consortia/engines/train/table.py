"""Tables: typed columns made from CSV files under a schema that all members share.

`read_folder` reads one file per member and agrees on a schema; `read_table` reads one member's file
under a schema that stands; `mismatches` lists everything in which a file differs from it.
"""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.agree import infer_schema
from consortia.engines.train.files import (
    MISSING,
    CellError,
    DataError,
    RawTable,
    canonical,
    cell_number,
    is_not_finite,
    member_name,
    place,
    read_file,
    shown,
)
from consortia.engines.train.schema import Field, Label, Schema

FILES_MAX = 63

Part = TypeVar("Part", Field, Label)


@dataclass(frozen=True)
class Table:
    """One member's records under a schema.

    `numbers` has shape (records, fields) in float64: a number field's value, a category field's level
    index, NaN where missing. `labels` has shape (records,): 0 or 1 for two classes, else the number.
    `name` is what messages call it.
    """

    name: str
    schema: Schema
    numbers: NDArray[np.float64]
    labels: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def records(self) -> int:
        """How many records the table holds."""
        return len(self.labels)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> "Table":
        """The table of the given rows, in the given order."""
        index = np.asarray(rows, dtype=np.int64)
        return Table(self.name, self.schema, self.numbers[index], self.labels[index])


def concatenate(name: str, tables: Sequence[Table]) -> Table:
    """One table of all records, in order; raises DataError when the schemas differ."""
    first = tables[0]
    if any(table.schema != first.schema for table in tables):
        raise DataError(f"{name}: the tables have different schemas. Agree on one first.")
    return Table(
        name,
        first.schema,
        np.concatenate([t.numbers for t in tables]),
        np.concatenate([t.labels for t in tables]),
    )


def read_folder(folder: Path | str, label: str, *, missing_flags: bool = False) -> dict[str, Table]:
    """One table per member from the folder's CSV files, in the order of member names, under one schema.

    The member is the file's name; the schema is inferred from all the files together (as the person who
    proposes the study does). Raises DataError as `read_file`, `infer_schema` and `make_table` do, and for
    a folder with fewer than two CSV files or two files for one member.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "a file, and a folder is wanted" if folder.is_file() else "no such folder"
        raise DataError(f"{folder}: {what}. Give the folder that holds one CSV file per member.")
    paths = csv_files(folder)
    if not paths:
        raise DataError(f"{folder}: no CSV files in it. Put one CSV file with a header per member there.")
    if len(paths) == 1:
        raise DataError(
            f"{paths[0].name}: the only CSV file in the folder. Training together needs at least two."
        )
    if len(paths) > FILES_MAX:
        raise DataError(
            f"{folder}: {len(paths)} CSV files, at most {FILES_MAX} members train together. Take some away."
        )
    raws: dict[str, RawTable] = {}
    _check_apart(paths)
    for path in paths:
        member = member_name(path)
        if member in raws:
            raise DataError(
                f"{path.name}: the same member name ({member}) as {raws[member].name}. Rename one file."
            )
        raws[member] = read_file(path)
    schema = infer_schema(list(raws.values()), label, missing_flags=missing_flags)
    return {member: make_table(raws[member], schema) for member in sorted(raws)}


def csv_files(folder: Path) -> list[Path]:
    """The CSV files in a folder, by name; raises DataError for what only looks like one, by its name."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}). Check its permissions.") from None
    for path in paths:
        if not path.is_file():
            what = "a link that leads to no file" if path.is_symlink() else "no file"
            raise DataError(f"{path.name}: {what}. Put the CSV file itself there, or take it away.")
    return paths


def _check_apart(paths: Sequence[Path]) -> None:
    """Raise DataError where two names are of one file: its records would count twice."""
    seen: dict[tuple[int, int], Path] = {}
    for path in paths:
        found = path.stat()
        other = seen.setdefault((found.st_dev, found.st_ino), path)
        if other is not path:
            raise DataError(
                f"{path.name}: the same file as {other.name}. Give each member a file with its own records."
            )


def read_table(path: Path | str, schema: Schema) -> Table:
    """One member's file under the study's schema; raises DataError for the first mismatch."""
    return make_table(read_file(Path(path)), schema)


def make_table(raw: RawTable, schema: Schema) -> Table:
    """The typed table of a file; its columns may stand in another order than the schema's.

    Raises DataError for the first mismatch of columns, types, levels, ranges or label.
    """
    columns = _indices(raw, schema)
    numbers = np.empty((len(raw.rows), len(schema.fields)), dtype=np.float64)
    for index, field in enumerate(schema.fields):
        at = columns[field.name]
        cells = [row[at] for row in raw.rows]
        read = _number_column if field.kind == "number" else _level_column
        numbers[:, index] = read(raw, field, cells)
    labels = _label_column(raw, schema.label, [row[columns[schema.label.name]] for row in raw.rows])
    return Table(raw.name, schema, numbers, labels)


def csv_text(table: Table) -> str:
    """The table as a CSV file that `read_table` reads back to the same table; missing cells are empty."""
    schema = table.schema
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*schema.names, schema.label.name])
    for row, label in zip(table.numbers.tolist(), table.labels.tolist(), strict=True):
        cells = [_cell_text(field, value) for field, value in zip(schema.fields, row, strict=True)]
        target = schema.label.classes[int(label)] if schema.label.classes else canonical(repr(label))
        writer.writerow([*cells, target])
    return out.getvalue()


def mismatches(schema: Schema, raw: RawTable) -> list[str]:
    """Every way in which a file differs from the schema, one line each; empty when it fits.

    A worker shows all of them before it joins. Units stand in the header in brackets, `age [years]`,
    where a file states them; a stated unit that differs from the schema's is a mismatch.
    """
    found = _column_mismatches(raw, schema)
    for field in schema.fields:
        if field.name in raw.header:
            at = raw.header.index(field.name)
            read = _number_column if field.kind == "number" else _level_column
            found += _fault(read, raw, field, [row[at] for row in raw.rows])
    if schema.label.name in raw.header:
        at = raw.header.index(schema.label.name)
        found += _fault(_label_column, raw, schema.label, [row[at] for row in raw.rows])
    return found


def _indices(raw: RawTable, schema: Schema) -> dict[str, int]:
    """Where each of the schema's columns stands in the file; raises DataError for the first that differs."""
    faults = _column_mismatches(raw, schema)
    if faults:
        raise DataError(faults[0])
    return {name: raw.header.index(name) for name in (*schema.names, schema.label.name)}


def _column_mismatches(raw: RawTable, schema: Schema) -> list[str]:
    units = {field.name: field.unit for field in schema.fields} | {schema.label.name: ""}
    faults = [
        f"{place(raw.name, 1, name)}: the column is missing; the study's schema has it. Add it."
        for name in units
        if name not in raw.header
    ]
    for name, unit in zip(raw.header, raw.units, strict=True):
        if name not in units:
            faults.append(f"{place(raw.name, 1, name)}: the study has no such column. Take it out.")
        elif unit and unit != units[name]:
            wanted = units[name] or "no unit"
            faults.append(
                f"{place(raw.name, 1, name)}: in {shown(unit)}, the study wants {wanted}. Convert it."
            )
    return faults


def _fault(
    read: Callable[[RawTable, Part, Sequence[str]], object], raw: RawTable, part: Part, cells: Sequence[str]
) -> list[str]:
    try:
        read(raw, part, cells)
    except DataError as error:
        return [str(error)]
    return []


def _number_column(raw: RawTable, field: Field, cells: Sequence[str]) -> NDArray[np.float64]:
    low = float(field.minimum) if field.minimum else -math.inf
    high = float(field.maximum) if field.maximum else math.inf
    column = np.full(len(cells), np.nan)
    for index, cell in enumerate(cells):
        if cell in MISSING:
            continue
        value = cell_number(cell)
        if value is not None and low <= value <= high:
            column[index] = value
            continue
        where = place(raw.name, raw.numbers[index], field.name)
        if value is None:
            kind = "finite number" if is_not_finite(cell) else "number"
            raise CellError(
                where,
                f'"{shown(cell)}" is not a {kind}. '
                "Write a number, or leave the cell empty where it is missing.",
            )
        bounds = f"{field.minimum or '-'}..{field.maximum or '-'} {field.unit}".rstrip()
        raise CellError(where, f"{shown(cell)} is outside {bounds}. Check the value and its unit.")
    return column


def _level_column(raw: RawTable, field: Field, cells: Sequence[str]) -> NDArray[np.float64]:
    index_of = {level: float(index) for index, level in enumerate(field.levels)}
    column = np.full(len(cells), np.nan)
    for index, cell in enumerate(cells):
        if cell in MISSING:
            continue
        level = index_of.get(canonical(cell))
        if level is None:
            known = ", ".join(map(shown, field.levels[:6])) + (", …" if len(field.levels) > 6 else "")
            raise CellError(
                place(raw.name, raw.numbers[index], field.name),
                f'"{shown(cell)}" is not one of the agreed levels ({known}). '
                "Correct the cell, or agree on another schema.",
            )
        column[index] = level
    return column


def _label_column(raw: RawTable, label: Label, cells: Sequence[str]) -> NDArray[np.float64]:
    column = np.empty(len(cells))
    for index, cell in enumerate(cells):
        value = _label_value(label, cell)
        if value is None:
            where = place(raw.name, raw.numbers[index], label.name)
            if cell in MISSING:
                raise DataError(f"{where}: the label is missing. Fill it in, or take the row out.")
            wanted = f"neither {label.classes[0]} nor {label.classes[1]}" if label.classes else "not a number"
            raise CellError(where, f'"{shown(cell)}" is {wanted}. Correct the cell, or take the row out.')
        column[index] = value
    return column


def _cell_text(field: Field, value: float) -> str:
    if math.isnan(value):
        return ""
    return field.levels[int(value)] if field.kind == "category" else canonical(repr(value))


def _label_value(label: Label, cell: str) -> float | None:
    if not label.classes:
        return cell_number(cell)
    level = canonical(cell)
    return float(label.classes.index(level)) if level in label.classes else None
