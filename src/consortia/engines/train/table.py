"""Tables: typed columns made from CSV files under a schema that all members share.

`read_folder` reads one file per member and agrees on a schema; `read_table` reads one member's file
under a schema that stands; `mismatches` lists everything in which a file differs from it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.files import (
    MISSING,
    NOT_FINITE,
    NUMBER,
    DataError,
    RawTable,
    canonical,
    cell_number,
    member_name,
    place,
    read_file,
    shown,
)
from consortia.engines.train.schema import EXPONENT_MAX, LEVELS_MAX, Field, Label, Schema, category, number

FILES_MAX = 64

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


def read_folder(folder: Path | str, label: str) -> dict[str, Table]:
    """One table per member from the folder's CSV files, in the order of member names, under one schema.

    The member is the file's name; the schema is inferred from all the files together (as the person who
    proposes the study does). Raises DataError as `read_file`, `infer_schema` and `make_table` do, and for
    a folder with fewer than two CSV files or two files for one member.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder. Give the folder that holds one CSV file per member.")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv" and path.is_file())
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
    for path in paths:
        member = member_name(path)
        if member in raws:
            raise DataError(
                f"{path.name}: the same member name ({member}) as {raws[member].name}. Rename one file."
            )
        raws[member] = read_file(path)
    schema = infer_schema(list(raws.values()), label)
    return {member: make_table(raws[member], schema) for member in sorted(raws)}


def read_table(path: Path | str, schema: Schema) -> Table:
    """One member's file under the study's schema; raises DataError for the first mismatch."""
    return make_table(read_file(Path(path)), schema)


def infer_schema(raws: Sequence[RawTable], label: str, *, missing_flags: bool = False) -> Schema:
    """The schema that fits all files: same columns everywhere, numbers where most cells are numbers.

    A column is a category when at least half of its cells, over all files, are not numbers. The label's
    two classes are sorted, numbers by size; the second is the positive one. With `missing_flags` each
    column that has missing cells gets a flag column. Raises DataError, naming file, row and column.
    """
    first = raws[0]
    for raw in raws:
        if label not in raw.header:
            raise DataError(
                f"{place(raw.name, 1, label)}: no such label column. The columns are {', '.join(map(shown, raw.header[:12]))}."
            )
    _check_columns(first, raws[1:])
    names = [name for name in first.header if name != label]
    if not names:
        raise DataError(f"{first.name}: no column besides the label. Add at least one feature column.")
    classes = _infer_classes(raws, label)
    fields = tuple(_infer_field(raws, name, missing_flags=missing_flags) for name in names)
    return Schema(fields, Label(label, classes, 0))


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


def _check_columns(first: RawTable, others: Sequence[RawTable]) -> None:
    for raw in others:
        extra = [name for name in raw.header if name not in first.header]
        lost = [name for name in first.header if name not in raw.header]
        if lost:
            hint = f' and has "{shown(extra[0])}" instead' if extra else ""
            raise DataError(
                f"{place(raw.name, 1, lost[0])}: the column is missing{hint}; {first.name} has it. Use the same columns in every file."
            )
        if extra:
            raise DataError(
                f"{place(raw.name, 1, extra[0])}: {first.name} has no such column. Use the same columns in every file."
            )
        for name, unit in zip(raw.header, raw.units, strict=True):
            wanted = first.units[first.header.index(name)]
            if unit != wanted:
                raise DataError(
                    f"{place(raw.name, 1, name)}: in {shown(unit) or 'no unit'}, but {first.name} has it in "
                    f"{shown(wanted) or 'no unit'}. Use the same unit in every file."
                )


def _infer_classes(raws: Sequence[RawTable], label: str) -> tuple[str, ...]:
    classes: set[str] = set()
    for raw in raws:
        at = raw.header.index(label)
        here: set[str] = set()
        for row, where in zip(raw.rows, raw.numbers, strict=True):
            if row[at] in MISSING:
                raise DataError(
                    f"{place(raw.name, where, label)}: the label is missing. Fill it in, or take the row out."
                )
            here.add(canonical(row[at]))
            if len(here | classes) > 2:
                known = " and ".join(sorted(map(shown, (here | classes) - {canonical(row[at])})))
                raise DataError(
                    f'{place(raw.name, where, label)}: "{shown(row[at])}" is a third class besides {known}. A label has two classes.'
                )
        if len(here) == 1:
            raise DataError(
                f'{place(raw.name, None, label)}: every row has the class "{shown(next(iter(here)))}". '
                "A label needs records of two classes in every file."
            )
        classes |= here
    return tuple(
        sorted(classes, key=lambda text: (cell_number(text) is None, cell_number(text) or 0.0, text))
    )


def _infer_field(raws: Sequence[RawTable], name: str, *, missing_flags: bool) -> Field:
    numeric = text = missing = 0
    magnitude = 0.0
    for raw in raws:
        at = raw.header.index(name)
        for row in raw.rows:
            cell = row[at]
            if cell in MISSING:
                missing += 1
            elif (value := cell_number(cell)) is not None:
                numeric += 1
                magnitude = max(magnitude, abs(value))
            elif NOT_FINITE.match(cell):
                numeric += 1
            else:
                text += 1
    flag = missing_flags and missing > 0
    if text and text >= numeric:
        levels = sorted(
            {canonical(row[raw.header.index(name)]) for raw in raws for row in raw.rows} - MISSING
        )
        if len(levels) > LEVELS_MAX:
            raise DataError(
                f"{place(raws[0].name, None, name)}: {len(levels)} different texts over all files, a category has at most {LEVELS_MAX}. "
                "Group them, or take the column out."
            )
        return category(name, tuple(levels), missing_flag=flag)
    unit = raws[0].units[raws[0].header.index(name)]
    return number(name, exponent=exponent_for(magnitude), unit=unit, missing_flag=flag)


def exponent_for(magnitude: float) -> int:
    """The least e with `magnitude` <= 2^e, within the schema's limits; 0 for nothing but zeros."""
    if magnitude == 0.0:
        return 0
    fraction, exponent = math.frexp(magnitude)
    exact = exponent - 1 if fraction == 0.5 else exponent
    return max(-EXPONENT_MAX, min(EXPONENT_MAX, exact))


def _number_column(raw: RawTable, field: Field, cells: Sequence[str]) -> NDArray[np.float64]:
    low = float(field.minimum) if field.minimum else -math.inf
    high = float(field.maximum) if field.maximum else math.inf
    column = np.full(len(cells), np.nan)
    for index, cell in enumerate(cells):
        if cell in MISSING:
            continue
        value = cell_number(cell)
        if value is None:
            said = (
                "is not a finite number"
                if NOT_FINITE.match(cell) or NUMBER.match(cell)
                else "is not a number"
            )
            raise DataError(
                f'{place(raw.name, raw.numbers[index], field.name)}: "{shown(cell)}" {said}. '
                "Write a number, or leave the cell empty where it is missing."
            )
        if not low <= value <= high:
            raise DataError(
                f"{place(raw.name, raw.numbers[index], field.name)}: {shown(cell)} is outside {field.minimum or '-'}..{field.maximum or '-'}"
                f"{' ' + field.unit if field.unit else ''}. Check the value and its unit."
            )
        column[index] = value
    return column


def _level_column(raw: RawTable, field: Field, cells: Sequence[str]) -> NDArray[np.float64]:
    index_of = {level: float(index) for index, level in enumerate(field.levels)}
    column = np.full(len(cells), np.nan)
    for index, cell in enumerate(cells):
        if cell in MISSING:
            continue
        level = index_of.get(canonical(cell))
        if level is None:
            raise DataError(
                f'{place(raw.name, raw.numbers[index], field.name)}: "{shown(cell)}" is not one of the agreed levels '
                f"({', '.join(map(shown, field.levels[:6]))}{', …' if len(field.levels) > 6 else ''})."
            )
        column[index] = level
    return column


def _label_column(raw: RawTable, label: Label, cells: Sequence[str]) -> NDArray[np.float64]:
    column = np.empty(len(cells))
    for index, cell in enumerate(cells):
        where = place(raw.name, raw.numbers[index], label.name)
        if cell in MISSING:
            raise DataError(f"{where}: the label is missing. Fill it in, or take the row out.")
        if not label.classes:
            value = cell_number(cell)
            if value is None:
                raise DataError(f'{where}: "{shown(cell)}" is not a number. The label is one.')
            column[index] = value
        elif canonical(cell) in label.classes:
            column[index] = label.classes.index(canonical(cell))
        else:
            raise DataError(f'{where}: "{shown(cell)}" is neither {label.classes[0]} nor {label.classes[1]}.')
    return column
