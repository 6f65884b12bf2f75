"""A member's data set in its vault, row by row, and as the table that a recipe computes on.

A row is the canonical CBOR of a map from column heading (`age [years]` where the unit is stated) to the
cell's text, as it stands in the member's file; the vault keeps rows by subject under their salts.
"""

from collections.abc import Mapping, Sequence

from consortia.base.codec import Malformed, decode, encode
from consortia.engines.train.files import DataError, RawTable, listed, place, shown


def heading(name: str, unit: str) -> str:
    """A column's heading: its name, and its unit in brackets where it is stated."""
    return f"{name} [{unit}]" if unit else name


def encode_row(raw: RawTable, row: int) -> bytes:
    """The bytes of row `row` (from 0) of a file."""
    headings = [heading(name, unit) for name, unit in zip(raw.header, raw.units, strict=True)]
    return encode(dict(zip(headings, raw.rows[row], strict=True)))


def by_subject(raw: RawTable, subjects: Sequence[bytes] | None = None) -> dict[bytes, list[bytes]]:
    """The rows of a file by subject; without `subjects` every row is a subject of its own, by its number."""
    found: dict[bytes, list[bytes]] = {}
    for row, number in enumerate(raw.numbers):
        subject = str(number).encode("ascii") if subjects is None else subjects[row]
        found.setdefault(subject, []).append(encode_row(raw, row))
    return found


def apart(raw: RawTable, subject: str) -> tuple[RawTable, list[bytes]]:
    """A table without the column that names whom a row is about, and its names; raises DataError."""
    if subject not in raw.header:
        raise DataError(f'{raw.name}: there is no column "{shown(subject)}". It has: {listed(raw.header)}.')
    at = raw.header.index(subject)
    empty = [number for row, number in zip(raw.rows, raw.numbers, strict=True) if not row[at]]
    if empty:
        more = f", and in {len(empty) - 1:,} more" if empty[1:] else ""
        raise DataError(f"{place(raw.name, empty[0], subject)}: the subject is empty{more}.")
    names = [row[at].encode() for row in raw.rows]
    header, units = (cells[:at] + cells[at + 1 :] for cells in (raw.header, raw.units))
    rows = [row[:at] + row[at + 1 :] for row in raw.rows]
    return RawTable(raw.name, header, units, rows, raw.numbers), names


def raw_table(name: str, rows: Sequence[bytes]) -> RawTable:
    """The rows as a table of text; raises DataError when they are not rows of one table."""
    return table_of(name, [_cells(name, row) for row in rows])


def table_of(name: str, cells: Sequence[Mapping[str, str]]) -> RawTable:
    """Records, cells by heading, as a table of text; raises DataError where their columns differ.

    As in a file, a heading states its unit unless two columns would then share a name.
    """
    if not cells:
        raise DataError(f"{name}: the data set has no rows.")
    headings = sorted(cells[0])
    for number, row in enumerate(cells, 1):
        if sorted(row) != headings:
            raise DataError(f"{name}, record {number}: other columns than the first record.")
    split = [_split(text) for text in headings]
    if len({column for column, _ in split}) < len(split):
        split = [(text, "") for text in headings]
    return RawTable(
        name,
        tuple(column for column, _ in split),
        tuple(unit for _, unit in split),
        [[row[text] for text in headings] for row in cells],
        list(range(1, len(cells) + 1)),
    )


def differences(
    name: str, kept: Mapping[bytes, Sequence[bytes]], file: str, added: Mapping[bytes, Sequence[bytes]]
) -> list[str]:
    """How the columns of rows to be added differ from those that a data set has; none where it is empty."""
    there, new = (
        next((set(_cells(called, row)) for rows in found.values() for row in rows), None)
        for called, found in ((name, kept), (file, added))
    )
    if there is None or new is None:
        return []
    return [
        *(f'{file} has no column "{shown(one)}", and {name} does' for one in sorted(there - new)),
        *(f'{name} has no column "{shown(one)}", and {file} does' for one in sorted(new - there)),
    ]


def whole_table(name: str, kept: Mapping[bytes, Sequence[bytes]]) -> RawTable:
    """All rows of a data set as a table of text, in the order of their subjects; raises DataError."""
    return raw_table(name, [row for subject in sorted(kept) for row in kept[subject]])


def _cells(name: str, row: bytes) -> dict[str, str]:
    try:
        value = decode(row)
    except Malformed as error:
        raise DataError(f"{name}: a record is damaged: {error}") from None
    if not isinstance(value, dict):
        raise DataError(f"{name}: a record is no map of cells")
    found: dict[str, str] = {}
    for column, cell in value.items():
        if not isinstance(cell, str):
            raise DataError(f'{name}: the cell of "{column}" is no text')
        found[column] = cell
    return found


def _split(text: str) -> tuple[str, str]:
    if text.endswith("]") and " [" in text:
        column, _, unit = text[:-1].rpartition(" [")
        return column, unit
    return text, ""
