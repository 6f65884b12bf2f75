"""What a demo tells while it runs: chapters, lines that say what was done, and one line that moves."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

import click


@dataclass(slots=True)
class Caught:
    """A cheat that was caught: what was done, by whom it was noticed, and by which check."""

    what: str
    by: str
    check: str


@dataclass(slots=True)
class Teller:
    """Tells on standard output, or on standard error when standard output is kept for JSON."""

    to_error: bool
    began: float = field(default_factory=time.monotonic)
    caught: list[Caught] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self.began

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self._clear()
        click.echo(f"\n{click.style(title, bold=True)}", err=self.to_error)

    def line(self, text: str) -> None:
        """Say what was done, with the time."""
        self._clear()
        click.echo(f"{click.style(f'{self.seconds:5.1f} s', dim=True)}  {text}", err=self.to_error)

    def moving(self, text: str) -> None:
        """Show what is going on, on one line that the next one overwrites; nothing where nobody watches."""
        if self._stream().isatty():
            self._stream().write(f"\r\x1b[2K{self.seconds:5.1f} s  {text[:70]}")
            self._stream().flush()

    def catch(self, what: str, by: str, check: str) -> None:
        """Say who was caught, by whom and by which check."""
        self.caught.append(Caught(what, by, check))
        mark = click.style("caught", fg="green", bold=True)
        self.line(f"{mark}  {what}")
        self.line(f"        by {by}: {check}")

    @contextmanager
    def doing(self, text: str) -> Iterator[None]:
        """Show `text` while something is done, and say it with the time once it is."""
        self.moving(text + " ...")
        yield
        self.line(text)

    def _clear(self) -> None:
        if self._stream().isatty():
            self._stream().write("\r\x1b[2K")

    def _stream(self) -> TextIO:
        return sys.stderr if self.to_error else sys.stdout
