"""What a file of a stranger is made of: good rows, bad ones of each kind, and how it is read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from consortia.solutions.rejects import Rejected

EVERY = 100
"""One row in so many is bad."""

PEOPLE = 1_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = 1_800_000_000_000
HOSTILE = "../\x1b[2J\u202e"

Row = Callable[[int], str]
Taken = tuple[int, Sequence[Rejected]]


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader: what files are called, what stands around the rows, good and bad rows, and how it reads.

    `read` gives how many rows were found, and what was rejected. `bad` are told by their kind.
    """

    name: str
    good: Row
    bad: dict[str, Row]
    read: Callable[[Path], Taken]
    before: str = ""
    between: str = "\n"
    after: str = "\n"
    most: int = 1_000_000
    """So many rows at most: a file of one document has its own limit of bytes."""

    def lines(self, rows: int) -> Iterator[str]:
        """The file, piece by piece."""
        yield self.before
        kinds = list(self.bad.values())
        for number in range(rows):
            made = kinds[number // EVERY % len(kinds)] if number % EVERY == EVERY - 1 else self.good
            yield (self.between if number else "") + made(number)
        yield self.after


def moment(number: int, step: timedelta = timedelta(hours=1)) -> str:
    """A time of its own for each number."""
    return (BEGIN + step * number).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(number: int) -> str:
    """A day of 2025."""
    return f"2025-{1 + number // 28 % 12:02}-{1 + number % 28:02}"


def change(row: Row, old: str, new: str) -> Row:
    """Rows with one thing changed in them."""

    def made(number: int) -> str:
        good = row(number)
        assert old in good, (old, good)
        return good.replace(old, new)

    return made


UNQUOTED = {"an open quote": lambda _: '"', "no text": lambda _: "\ufffd\x00"}
