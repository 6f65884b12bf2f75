"""Agreeing on a schema: what fits several files at once, or the one plain line that says why none does.

In a study the proposer infers the schema from its own file and the others list their mismatches; the demo,
which holds every file, infers it from all of them.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from consortia.engines.train.files import (
    MISSING,
    DataError,
    RawTable,
    canonical,
    cell_number,
    is_not_finite,
    listed,
    place,
    shown,
)
from consortia.engines.train.schema import EXPONENT_MAX, LEVELS_MAX, Field, Label, Schema, category, number

MAGNITUDE_MAX = 2.0**EXPONENT_MAX
"""One number beyond it would set the scale of its column, and make nothing of all others."""

TEXT_RECORDS_MIN = 3
"""A text of fewer records is somebody's own rather than a category's."""

_SPARE_BITS = 8


def infer_schema(
    raws: Sequence[RawTable],
    label: str,
    *,
    task: Literal["classes", "number", "either"] = "classes",
    missing_flags: bool = False,
) -> Schema:
    """The schema that fits all files: the same columns and units everywhere, in the first file's order.

    A column is a category when in no file most of its cells are numbers. The label's two classes are
    sorted, numbers by size; the second is the positive one; each file must hold both. With `task` number
    the label is a number; with either, it is one when it has more than two values, all of them numbers.
    With `missing_flags` each column with missing cells gets a flag column.

    Raises DataError, naming file, row and column.
    """
    first = raws[0]
    for raw in raws:
        if label not in raw.header:
            raise DataError(
                f"{place(raw.name, 1, label)}: no such label column. The columns are {listed(raw.header)}."
            )
    for raw in raws[1:]:
        _check_columns(first, raw)
    names = [name for name in first.header if name != label]
    if not names:
        raise DataError(f"{first.name}: no column besides the label. Add at least one feature column.")
    if task == "either":
        task = _task(raws, label)
    target = Label(label, _classes(raws, label), 0) if task == "classes" else _number_label(raws, label)
    fields = tuple(_field(raws, name, missing_flags=missing_flags) for name in names)
    return Schema(fields, target)


def check_texts(schema: Schema, raw: RawTable, public: Sequence[str] = ()) -> None:
    """Raise DataError where the schema would tell a text that stands in fewer than three of the records.

    A study's schema is told to all members, for good, with every text of its category columns: a name or a
    remark would be among them. Columns in `public`, which have to be there, have nobody's secret in them.
    """
    texts = [field for field in schema.fields if field.kind == "category"]
    for name in public:
        if name not in {field.name for field in texts}:
            raise DataError(f"{place(raw.name, None, name)}: no such column of texts, which could be public.")
    for field in texts:
        if field.name in public:
            continue
        counts = Counter(map(canonical, _cells(raw, field.name)))
        rare = sum(counts[level] < TEXT_RECORDS_MIN for level in field.levels)
        if rare:
            raise DataError(
                f"{place(raw.name, None, field.name)}: {rare} of its {len(field.levels)} texts stand in "
                f"fewer than {TEXT_RECORDS_MIN} records, and a study tells its texts to all for good. "
                "Group them, take the column out, or say that it is public (--public)."
            )


def exponent_for(magnitudes: Sequence[float]) -> int:
    """The power of two that holds the usual magnitude: that of the median of those that are not zero.

    At least 8 below the largest, which a number column can hold beyond its scale; 0 when all are zero.
    """
    ordered = sorted(value for value in magnitudes if value > 0.0)
    if not ordered:
        return 0
    usual = _power(ordered[len(ordered) // 2])
    return max(-EXPONENT_MAX, min(EXPONENT_MAX, max(usual, _power(ordered[-1]) - _SPARE_BITS)))


def _power(magnitude: float) -> int:
    """The least e with `magnitude` <= 2^e."""
    fraction, exponent = math.frexp(magnitude)
    return exponent - 1 if fraction == 0.5 else exponent


def _check_columns(first: RawTable, raw: RawTable) -> None:
    extra = [name for name in raw.header if name not in first.header]
    lost = [name for name in first.header if name not in raw.header]
    if lost:
        hint = f' and "{shown(extra[0])}" is there instead' if extra else ""
        raise DataError(
            f"{place(raw.name, 1, lost[0])}: the column is missing{hint}; {first.name} has it. "
            "Use the same columns in every file."
        )
    if extra:
        raise DataError(
            f"{place(raw.name, 1, extra[0])}: {first.name} has no such column. "
            "Use the same columns in every file."
        )
    for name, unit in zip(raw.header, raw.units, strict=True):
        wanted = first.units[first.header.index(name)]
        if unit != wanted:
            raise DataError(
                f"{place(raw.name, 1, name)}: in {shown(unit) or 'no unit'}, but {first.name} has it in "
                f"{shown(wanted) or 'no unit'}. Use the same unit in every file."
            )


def _classes(raws: Sequence[RawTable], label: str) -> tuple[str, ...]:
    classes: list[str] = []
    for raw in raws:
        cells = _cells(raw, label)
        here = list(dict.fromkeys(map(canonical, cells)))
        for level in here:
            if level in classes:
                continue
            row = next(n for n, cell in zip(raw.numbers, cells, strict=True) if canonical(cell) == level)
            where = place(raw.name, row, label)
            if level in MISSING:
                raise DataError(f"{where}: the label is missing. Fill it in, or take the row out.")
            if len(classes) == 2:
                known = f"{shown(classes[0])} and {shown(classes[1])}"
                raise DataError(
                    f'{where}: "{shown(level)}" is a third class besides {known}. A label has two classes.'
                )
            classes.append(level)
        if len(here) == 1:
            raise DataError(
                f'{place(raw.name, None, label)}: every row has the class "{shown(here[0])}". '
                "A label needs records of two classes in every file."
            )
    return tuple(sorted(classes, key=_size))


def _size(level: str) -> tuple[bool, float, str]:
    value = cell_number(level)
    return value is None, value or 0.0, level


def _task(raws: Sequence[RawTable], label: str) -> Literal["classes", "number"]:
    values = {canonical(cell) for raw in raws for cell in _cells(raw, label)}
    return (
        "number" if len(values) > 2 and all(cell_number(value) is not None for value in values) else "classes"
    )


def _number_label(raws: Sequence[RawTable], label: str) -> Label:
    values = [cell_number(cell) for raw in raws for cell in _cells(raw, label)]
    return Label(label, (), exponent_for([abs(value) for value in values if value is not None]))


def _field(raws: Sequence[RawTable], name: str, *, missing_flags: bool) -> Field:
    flag = missing_flags and any(cell in MISSING for raw in raws for cell in _cells(raw, name))
    texts: list[str] = []
    magnitudes: list[float] = []
    is_number = False
    for raw in raws:
        text = []
        numeric = 0
        for cell in _cells(raw, name):
            value = cell_number(cell)
            if value is not None:
                magnitudes.append(abs(value))
                if magnitudes[-1] > MAGNITUDE_MAX:
                    raise DataError(_beyond(raw, name, cell))
            if value is not None or is_not_finite(cell):
                numeric += 1
            elif cell not in MISSING:
                text.append(cell)
        texts += text
        is_number |= numeric > len(text)
    if is_number or not texts:
        unit = raws[0].units[raws[0].header.index(name)]
        return number(name, exponent=exponent_for(magnitudes), unit=unit, missing_flag=flag)
    levels = sorted({canonical(cell) for raw in raws for cell in _cells(raw, name)} - MISSING)
    if len(levels) > LEVELS_MAX:
        raise DataError(
            f"{place(raws[0].name, None, name)}: {len(levels)} different texts over all files, a category "
            f"has at most {LEVELS_MAX}. Group them, or take the column out."
        )
    return category(name, tuple(levels), missing_flag=flag)


def _beyond(raw: RawTable, name: str, cell: str) -> str:
    row = raw.numbers[_cells(raw, name).index(cell)]
    return (
        f"{place(raw.name, row, name)}: {shown(cell)} is beyond every measure (at most {MAGNITUDE_MAX:.0e}). "
        "Check the value and its unit, or leave the cell empty."
    )


def _cells(raw: RawTable, name: str) -> list[str]:
    at = raw.header.index(name)
    return [row[at] for row in raw.rows]
