"""Reading CSV files: what a file says, cell by cell, before anything is made of it.

Every fault is one DataError whose text is one line: file, row and column, what is wrong, what to do.
Rows are counted as a spreadsheet shows them: the header is row 1.
"""

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

FILE_BYTES_MAX = 512 << 20
ROWS_MAX = 2_000_000
COLUMNS_MAX = 512
CELL_CHARS_MAX = 1_000
MISSING = frozenset(("", "?"))

COLUMNS_SHOWN = 12
"""So many columns a message names."""
ROWS_SHOWN = 8
"""So many rows."""

_SHOWN = 40
_UTF16, _GZIP = (b"\xff\xfe", b"\xfe\xff"), b"\x1f\x8b"
_CHUNK = 1 << 20
UNPACKING = (EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a damaged gzip file raises; the last of them is an OSError."""

DAMAGED = "the gzip file is cut off or damaged."


class DataError(ValueError):
    """A file or table that cannot be used; the text is one line for the person who must mend it."""


class CellError(DataError):
    """A cell that cannot be used. The text says what stands in it; `told`, for logs, only where it is."""

    def __init__(self, where: str, why: str) -> None:
        """Refuse the cell at a `place`."""
        super().__init__(f"{where}: {why}")
        self.told = f"{where}: the cell does not fit the schema"


class RawTable(NamedTuple):
    """A CSV file as text: column names and stripped cells.

    A heading `age [years]` is the column `age` in the unit `years`, unless two columns would then share
    a name. `numbers[i]` is the spreadsheet row of `rows[i]`.
    """

    name: str
    header: tuple[str, ...]
    units: tuple[str, ...]
    rows: list[list[str]]
    numbers: list[int]


def place(name: str, row: int | None = None, column: str | None = None) -> str:
    """Where a fault is: `file, row 3, column "age"`."""
    text = name
    if row is not None:
        text += f", row {row}"
    if column is not None:
        text += f', column "{shown(column)}"'
    return text


def shown(cell: str) -> str:
    """A cell fit for one line of a message: control characters escaped, cut at 40 characters."""
    text = (
        cell.encode("unicode_escape", "backslashreplace").decode("ascii") if not cell.isprintable() else cell
    )
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def listed(columns: Sequence[str]) -> str:
    """Columns by name, for a message: the first of them."""
    return ", ".join(map(shown, columns[:COLUMNS_SHOWN])) + (", …" if len(columns) > COLUMNS_SHOWN else "")


def read_file(path: Path) -> RawTable:
    """The cells of one CSV file with a header row; comma separated, UTF-8, blank lines skipped; or gzipped.

    Raises DataError for a file that is too large, not text, empty, without rows, ragged, or whose header
    has an empty or repeated name.
    """
    name = path.name
    text = _text(path)
    lines = _lines(name, text)
    try:
        _, header = next(lines)
    except StopIteration:
        raise DataError(f"{name}: the file is empty. Write a header row and one row per record.") from None
    _check_header(name, header)
    rows: list[list[str]] = []
    numbers: list[int] = []
    ragged, more = list[tuple[int, int]](), 0
    for number, row in lines:
        if len(row) != len(header):
            more += len(ragged) > ROWS_SHOWN
            ragged += [(number, len(row))] if len(ragged) <= ROWS_SHOWN else []
            continue
        if len(rows) == ROWS_MAX:
            raise DataError(f"{name}: more than {ROWS_MAX} rows. Split the file.")
        rows.append(row)
        numbers.append(number)
    if ragged:
        raise DataError(_ragged(name, header, ragged, more))
    if not rows:
        raise DataError(f"{name}: no rows below the header. Add records, or take the file away.")
    return RawTable(name, *_units(header), rows, numbers)


def _ragged(name: str, header: Sequence[str], found: Sequence[tuple[int, int]], more: int) -> str:
    """Which rows have more or fewer cells than the header, some by their numbers, in one line."""
    (first, cells), *others = found
    column = header[cells] if cells < len(header) else None
    told = ", ".join(str(number) for number, _ in others) + (f" and {more:,} more" if more else "")
    also = f" So it is in rows {told}." if others else ""
    return (
        f"{place(name, first, column)}: {cells} cells, but the header has {len(header)} columns.{also} "
        "Give every row one cell per column, empty where a value is missing."
    )


def member_name(path: Path) -> str:
    """The member that a file stands for: its stem in lower case, other characters than a-z, 0-9 and - as -.

    Raises DataError when nothing is left.
    """
    text = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:32].rstrip("-")
    if not text:
        raise DataError(
            f"{path.name}: the file's name makes no member name. Use letters, digits and hyphens."
        )
    return text


def canonical(cell: str) -> str:
    """A level or class in one spelling: `1`, `1.0` and `01` are one level; other text stays."""
    value = cell_number(cell)
    if value is None:
        return cell
    return number_text(value)


def number_text(value: float) -> str:
    """A finite number as a cell holds it: whole ones below 10^15 without a point; it reads back the same."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def cell_number(cell: str) -> float | None:
    """The finite number that a cell spells in ASCII decimals, None when it spells none."""
    value = _float(cell)
    return value if value is not None and math.isfinite(value) else None


def is_not_finite(cell: str) -> bool:
    """Whether a cell spells a number that is none here: NaN, infinity, or beyond the largest float."""
    value = _float(cell)
    return value is not None and not math.isfinite(value)


def _float(cell: str) -> float | None:
    # Python alone reads underscores and the digits of other scripts as numbers.
    if "_" in cell or not cell.isascii():
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def opened(path: Path) -> BinaryIO:
    """A file to read from, unpacked where gzip made it smaller. Raises OSError DataError."""
    with path.open("rb") as file:
        is_packed = file.read(2) == _GZIP
    if is_packed:
        return cast("BinaryIO", gzip.open(path))  # one in all but name
    if path.suffix.lower() == ".gz":
        raise DataError(f"{path.name}: this is no gzip file.")
    return path.open("rb", buffering=_CHUNK)


def read_bytes(path: Path, most: int) -> bytes:
    """All that a file holds, unpacked. Raises OSError, DataError where damaged or above `most` bytes."""
    try:
        with opened(path) as file:
            data = file.read(most + 1)
    except UNPACKING:
        raise DataError(f"{path.name}: {DAMAGED}") from None
    if len(data) > most:
        raise DataError(f"{path.name}: at most {most >> 20} MiB are read. Split the file.")
    return data


def _text(path: Path) -> str:
    name = path.name
    try:
        data = read_bytes(path, FILE_BYTES_MAX)
    except OSError as error:
        raise DataError(
            f"{name}: cannot be read ({error.strerror}). Check the path and its permissions."
        ) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = _place_after(name, data[: error.start].decode("utf-8-sig"))
        why = "it is UTF-16" if data[:2] in _UTF16 else f"byte {error.start} is not UTF-8"
        raise DataError(f"{where}: not text ({why}). Save it as CSV in UTF-8.") from None
    if "\x00" in text:
        where = _place_after(name, text[: text.index("\x00")])
        raise DataError(f"{where}: not text (a zero byte). Save it as CSV in UTF-8.")
    return text


def _place_after(name: str, before: str) -> str:
    """Where a fault is that stands after this much of a file's text."""
    lines = before.split("\n")
    header, cells = next(csv.reader([lines[0]]), []), next(csv.reader([lines[-1] + "."]))
    column = header[len(cells) - 1].strip() if len(lines) > 1 and len(cells) <= len(header) else None
    return place(name, len(lines), column)


def _lines(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(max(csv.field_size_limit(), FILE_BYTES_MAX))  # ours is below, and says the column
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    number, header = 0, list[str]()
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{place(name, number + 1)}: not CSV ({error}). Check quotes and separators."
            ) from None
        number += 1
        if not cells or (len(cells) == 1 and not cells[0].strip()):
            continue
        if max(map(len, cells)) > CELL_CHARS_MAX:
            index = next(i for i, cell in enumerate(cells) if len(cell) > CELL_CHARS_MAX)
            column = header[index] if index < len(header) else None
            raise DataError(
                f"{place(name, number, column)}: the cell has {len(cells[index])} characters, at most "
                f"{CELL_CHARS_MAX} are read. Shorten it, or check for a missing quote."
            )
        stripped = [cell.strip() for cell in cells]
        header = header or stripped
        yield number, stripped


def _units(header: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    matches = [re.fullmatch(r"(.*\S)\s*\[([^\[\]]*)\]", text) for text in header]
    names = [match[1] if match else text for match, text in zip(matches, header, strict=True)]
    if len(set(names)) < len(names):
        return tuple(header), ("",) * len(header)
    return tuple(names), tuple(match[2].strip() if match else "" for match in matches)


def _check_header(name: str, header: list[str]) -> None:
    other = ";\t|" if len(header) == 1 else ";\t"
    if any(mark in column for mark in other for column in header):
        raise DataError(f"{place(name, 1)}: the separator looks like another. Save it with commas.")
    if len(header) > COLUMNS_MAX:
        raise DataError(
            f"{place(name, 1)}: {len(header)} columns, at most {COLUMNS_MAX} are read. Leave some out."
        )
    seen: set[str] = set()
    for index, column in enumerate(header, start=1):
        if not column:
            raise DataError(f"{place(name, 1)}: column {index} has no name. Name every column in the header.")
        if len(column) > 120:
            raise DataError(
                f"{place(name, 1, column)}: a column name has at most 120 characters. Shorten it."
            )
        if column in seen:
            raise DataError(
                f"{place(name, 1, column)}: the name stands twice. Give every column its own name."
            )
        seen.add(column)
