"""Files of strangers line by line, plain or gzipped: never more of one in memory than a line.

A line that is too long, or is no UTF-8, is told in its place and passed over; what follows it is read. So is
a row of CSV whose quotes are wrong: a row is a line here, and no cell holds the end of one.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from consortia.engines.train.files import DAMAGED, UNPACKING, DataError, opened, place, shown

ROW_BYTES_MAX = 64 << 10
JSON_BYTES_MAX = 16 << 20
"""A line of NDJSON may be an event that names a hundred thousand things."""

BYTES_MAX = 4 << 30
"""So much of a file is read, once it is unpacked."""

BLANK_MAX = 1_000_000
"""So many blank lines: each of them costs time, and a file of nothing else would never end."""

NDJSON = (".ndjson", ".jsonl")
"""Forms of files that hold JSON a line."""


def form_of(path: Path) -> str:
    """What a file's name says of its form: its ending in small letters, `.ndjson` of `A.NDJSON.gz`."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def lines(path: Path, longest: int) -> Iterator[tuple[int, str | DataError]]:
    """Each line that is not blank: its number, from 1, and its text without its end, or why it is unreadable.

    Raises DataError for a file that cannot be read at all, is too large or is cut off.
    """
    try:
        with opened(path) as file:
            number = total = blank = 0
            while data := file.readline(longest + 1):
                number, first = number + 1, data
                total = _counted(path, total, data)
                while len(data) > longest and not data.endswith(b"\n"):
                    data = file.readline(longest + 1)
                    total = _counted(path, total, data)
                text = _text(first, number, longest)
                if isinstance(text, DataError) or text.strip():
                    yield number, text
                    continue
                blank += 1
                if blank > BLANK_MAX:
                    raise DataError(f"{path.name}: more than {BLANK_MAX:,} blank lines.")
    except UNPACKING:
        raise DataError(f"{path.name}: {DAMAGED}") from None
    except OSError as error:
        raise DataError(f"{path.name}: {error.strerror}.") from None


def _counted(path: Path, total: int, data: bytes) -> int:
    total += len(data)
    if total > BYTES_MAX:
        raise DataError(f"{path.name}: more than {BYTES_MAX >> 30} GiB. Split the file.")
    return total


def rows(path: Path, separator: str = ",") -> Iterator[tuple[int, list[str] | DataError]]:
    """Each row of a CSV file that is not blank: its number, as a spreadsheet shows it, and its cells.

    Raises DataError as `lines` does.
    """
    one = _Line()
    reader = csv.reader(one, strict=True, skipinitialspace=True, delimiter=separator)
    for number, text in lines(path, ROW_BYTES_MAX):
        if isinstance(text, DataError):
            yield number, text
            continue
        one.text = text
        try:
            yield number, [cell.strip() for cell in next(reader)]
        except csv.Error as error:
            yield number, DataError(f"no row of CSV: {error}")


def header_of(path: Path, found: Iterator[tuple[int, list[str] | DataError]]) -> list[str]:
    """The first row of a file; raises DataError where there is none, or it cannot be read."""
    number, cells = next(found, (1, DataError("the file is empty; a header row is wanted")))
    if isinstance(cells, DataError):
        raise DataError(f"{place(path.name, number)}: {cells}")
    return cells


def body_of(
    header: list[str], found: Iterator[tuple[int, list[str] | DataError]]
) -> Iterator[tuple[int, list[str] | DataError]]:
    """The rows behind a header; one that has not as many cells is told in its place."""
    for number, cells in found:
        if isinstance(cells, DataError) or len(cells) == len(header):
            yield number, cells
        else:
            yield number, DataError(f"{len(cells)} cells, the header has {len(header)}")


class _Line:
    """What a reader of CSV reads: one line at a time; a quote that asks for the next one was not closed."""

    text: str | None = None

    def __iter__(self) -> "_Line":
        return self

    def __next__(self) -> str:
        text, self.text = self.text, None
        if text is None:
            raise csv.Error("a quote is not closed")
        return text


def _text(data: bytes, number: int, longest: int) -> str | DataError:
    if len(data) > longest:
        return DataError(f"a line of more than {longest:,} bytes")
    if number == 1:
        data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return DataError(f"no UTF-8: byte {error.start} of the line is {shown(repr(data[error.start]))}")
    if "\x00" in text:
        return DataError("no text: a zero byte")
    return text.removesuffix("\n").removesuffix("\r")
