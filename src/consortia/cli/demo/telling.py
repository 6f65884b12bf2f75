"""What a demo tells while it runs: chapters, lines that say what was done, and one line that moves."""

import os
import re
import shutil
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import click

from consortia.cli.output import say, width

_HANG = 9
"""Columns of the time before a told line; where it goes on, it hangs there."""

_CODE = re.compile(r"[a-z]+\.[a-z_]+")
"""A refusal's stable code, by itself."""


@dataclass(slots=True)
class Caught:
    """A cheat that was caught: what was done, by whom it was noticed, and by which check."""

    what: str
    by: str
    check: str

    def facts(self) -> dict[str, str]:
        """As every story's JSON object has it."""
        return {"what": self.what, "by": self.by, "check": self.check}


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
        said = textwrap.fill(title, width(), subsequent_indent="   ", break_on_hyphens=False)
        click.echo(f"\n{click.style(said, bold=True)}", err=self.to_error)

    def line(self, text: str) -> None:
        """Say what was done, with the time."""
        self._say(text, hang=0)

    def moving(self, text: str) -> None:
        """Show what is going on, on one line that the next one overwrites; nothing where nobody watches."""
        if self._stream().isatty():
            self._stream().write(f"\r\x1b[2K{self.seconds:5.1f} s  {text[: width() - _HANG - 1]}")
            self._stream().flush()

    def catch(self, what: str, by: str, check: str, word: str = "caught") -> None:
        """Say who was caught, by whom and by which check; `word` is for what nobody did on purpose."""
        self.caught.append(Caught(what, by, check))
        self._say(f"{word:6}  {what}", hang=8, mark=word)
        self._say(f"by {by}: {_with_meaning(check)}", hang=8, begin=8)

    @contextmanager
    def doing(self, text: str) -> Iterator[None]:
        """Show `text` while something is done, and say it with the time once it is."""
        self.moving(text + " ...")
        yield
        self.line(text)

    def _say(self, text: str, *, hang: int, begin: int = 0, mark: str = "") -> None:
        """Say `text` after the time, wrapped, a hash too; `mark` is how it begins, and is coloured."""
        room = max(20, width() - _HANG)
        lines = textwrap.wrap(
            text,
            room,
            initial_indent=" " * begin,
            subsequent_indent=" " * hang,
            break_on_hyphens=False,
        )
        said = f"\n{' ' * _HANG}".join(lines)
        if mark:
            said = click.style(mark, fg="green", bold=True) + said.removeprefix(mark)
        self._clear()
        click.echo(f"{click.style(f'{self.seconds:5.1f} s', dim=True)}  {said}", err=self.to_error)

    def _clear(self) -> None:
        if self._stream().isatty():
            self._stream().write("\r\x1b[2K")

    def _stream(self) -> TextIO:
        return sys.stderr if self.to_error else sys.stdout


def _with_meaning(check: str) -> str:
    """What caught a cheat; a refusal's bare code with what it means."""
    if not _CODE.fullmatch(check):
        return check
    from consortia.app import application
    from consortia.node.forward import refusal_of

    return f"{check}: {refusal_of(application(), check).meaning}"


def paragraph(text: str) -> str:
    """Text over as many lines as it needs."""
    return textwrap.fill(text, width(), break_long_words=False, break_on_hyphens=False)


def say_checks(proof: Path, folder: Path, network: str) -> None:
    """Say by which commands anybody checks what was told."""
    program = called(sys.argv[0])
    say("\nCheck it yourself, offline:")
    say(f"  {program} verify {short(proof)} \\\n      --network {network}")
    say(f"  {program} audit {short(folder)}")


def called(started: str) -> str:
    """How this very program is called in the same terminal, as it was `started`."""
    if not Path(started).is_file() or Path(started).suffix == ".py":
        return "consortia"
    found = shutil.which("consortia")
    same = found is not None and Path(found).resolve() == Path(started).resolve()
    return "consortia" if same else str(short(Path(started).absolute()))


def wait_until(over: threading.Event, url: str, *, as_json: bool) -> None:
    """Leave the nodes running until `over`, Ctrl-C or SIGTERM, and say where they are seen."""
    if not as_json:
        say(f"\nThe nodes go on until Ctrl-C. See them in a browser, within an hour:\n  {url}")
    with suppress(KeyboardInterrupt):  # that is how it ends
        over.wait()


def short(path: Path) -> str:
    """A path relative to the working folder where that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)
