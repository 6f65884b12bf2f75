"""How commands speak: facts on standard output, everything else on standard error."""

import json
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from consortia.base.codec import Record

DONE, REFUSED, USAGE, UNCHECKED = 0, 1, 2, 3
NO_HOME = "--home DIR, or consortia init"
"""What to try where a folder is no node's home."""

WIDTH_MAX = 100
MIN_ROOM = 20
"""So many columns a text has at least, however far it is indented."""


class Failure(Exception):
    """A command that could not be done: what is wrong and where, and the next thing to try."""

    def __init__(self, text: str, remedy: str = "", code: int = REFUSED) -> None:
        """Fail with `code`, saying `text`, and `remedy` on a line of its own."""
        super().__init__(text)
        self.text, self.remedy, self.code = text, remedy, code


def report_failure(failure: Failure) -> None:
    """Tell a failure on standard error: one line, and one for the remedy."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {failure.text}", err=True)
    if failure.remedy:
        click.echo(f"  try: {failure.remedy}", err=True)


def facts(value: "Mapping[str, Any] | Record") -> None:
    """Print one JSON object on one line, alone on standard output, in the form of the HTTP API."""
    from consortia.sdk.jsonform import to_json

    sys.stdout.write(json.dumps(to_json(value), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """A line for a person, on standard output."""
    click.echo(text)


def tell(text: str, *, as_json: bool, **known: object) -> int:
    """Tell what was done; `known` are further facts for JSON."""
    if as_json:
        facts({"done": text} | known)
    else:
        say(text)
    return DONE


def width() -> int:
    """How wide lines for people are: as the terminal, and no wider than one reads with ease."""
    return min(shutil.get_terminal_size().columns, WIDTH_MAX)


def fold(text: str, indent: str = "", *, first: str | None = None) -> None:
    """Say a text in lines that fit a terminal, the first after `first`; in one line where none reads it."""
    first = indent if first is None else first
    if sys.stdout.isatty():
        room = max(width() - len(indent), MIN_ROOM)
        text = f"\n{indent}".join(textwrap.wrap(text, room, break_on_hyphens=False) or [""])
    say(f"{first}{text}")


def counted(number: int, one: str, many: str) -> str:
    """A number of things, in words: 1 leaf, 2 leaves."""
    return f"{number:,} {one if number == 1 else many}"


def note(text: str) -> None:
    """A line of progress or advice, on standard error."""
    click.echo(text, err=True)


def printable(text: str) -> str:
    """A text of somebody else's for one line: what a terminal would act on is escaped."""
    return text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode("ascii")


def table(rows: Sequence[Sequence[str]], head: Sequence[str]) -> None:
    """Print rows under their heads, columns as wide as they need; broken at words where a terminal asks."""
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    if sys.stdout.isatty():
        _narrow(lines, widths, shutil.get_terminal_size().columns)
    for number, line in enumerate(lines):
        for text in _laid_out(line, widths):
            say(click.style(text, bold=True) if number == 0 else text)


def _narrow(lines: Sequence[Sequence[str]], widths: list[int], room: int) -> None:
    """Take room from the columns whose words let it, the widest first, until a line fits."""
    words = [[word for line in lines for word in line[at].split()] for at in range(len(widths))]
    least = [max(map(len, found), default=0) for found in words]
    while sum(widths) + 2 * (len(widths) - 1) > room:
        at = max(range(len(widths)), key=lambda column: widths[column] - least[column])
        if widths[at] <= least[at]:
            return
        widths[at] -= 1


def _laid_out(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    """The lines of a row, whose cells are broken where they are wider than their columns."""
    cells = [
        textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False)
        if len(cell) > width
        else [cell]
        for cell, width in zip(line, widths, strict=True)
    ]
    return [
        "  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
        for parts in zip_longest(*cells, fillvalue="")
    ]
