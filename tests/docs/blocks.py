"""The commands of a documentation page, read so that a test can run them.

Blocks fenced as `console` or `bash` are run, page by page, in the order they stand, in one shell and one
empty folder. In a `console` block a line that begins with `$ ` is a command (a line that ends in a backslash
goes on), and the lines below it are what the reader is to see: each must turn up in the output, in order;
`...` stands for anything, alone on a line or inside one. A `bash` block is commands only.

A command that is to fail says so at its end: `# exits 1`. A block that cannot be run says why just before:

    <!-- not run: it sets up the machine that runs this test -->

A page whose commands look at a finished demo says so once, anywhere: `<!-- uses: demo -->`; its folder then
holds `demo-health`, the home of one, and NETWORK holds that network's hash. One whose commands need CometBFT
says `<!-- needs: cometbft -->`, one that needs SUMO `<!-- needs: sumo -->`; it is skipped, loudly, where it
is missing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)")
_NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->")
_EXITS = re.compile(r"\s+# exits (?P<code>\d+)$")
_USES_DEMO = "<!-- uses: demo -->"
_NEEDS_COMETBFT, _NEEDS_SUMO = "<!-- needs: cometbft -->", "<!-- needs: sumo -->"
REASON_CHARACTERS_MIN = 15


class BadPage(ValueError):
    """A page whose blocks cannot be read: the text names file, line and fault."""


@dataclass
class Command:
    """One command, where it stands, the exit code it is to have and the lines it is to show."""

    place: str
    text: str
    code: int = 0
    expected: list[str] = field(default_factory=list)


@dataclass
class Page:
    """A page's commands in order, the blocks left out with their reasons, and what else it needs."""

    path: Path
    commands: list[Command]
    left_out: list[tuple[str, str]]
    uses_demo: bool
    needs_cometbft: bool = False
    needs_sumo: bool = False


def read_page(path: Path, name: str) -> Page:
    text = path.read_text(encoding="utf-8")
    page = Page(path, [], [], _USES_DEMO in text, _NEEDS_COMETBFT in text, _NEEDS_SUMO in text)
    for language, first, lines, before in _blocks(text, name):
        if language not in {"console", "bash"}:
            continue
        reason = _NOT_RUN.search(before)
        if reason:
            if len(reason["reason"]) < REASON_CHARACTERS_MIN:
                raise BadPage(f"{name}:{first}: the reason for not running says too little")
            page.left_out.append((f"{name}:{first}", reason["reason"]))
            continue
        page.commands += _console(lines, name, first) if language == "console" else _bash(lines, name, first)
    return page


def _blocks(text: str, name: str) -> Iterator[tuple[str, int, list[str], str]]:
    """Language, number of the first line, lines, and the last non-empty line before the fence."""
    inside: re.Match[str] | None = None
    first, collected, before = 0, [], ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if inside is None:
            if fence:
                inside, first, collected = fence, number + 1, []
            elif line.strip():
                before = line
        elif line.strip() == "```":
            yield inside["language"], first, collected, before
            inside, before = None, ""
        else:
            collected.append(line.removeprefix(inside["indent"]))
    if inside is not None:
        raise BadPage(f"{name}:{first}: the block has no end")


def _command(place: str, text: str) -> Command:
    exits = _EXITS.search(text)
    return Command(place, text[: exits.start()] if exits else text, int(exits["code"]) if exits else 0)


def _console(lines: list[str], name: str, first: int) -> Iterator[Command]:
    current: Command | None = None
    number = 0
    while number < len(lines):
        line = lines[number]
        if line.startswith("$ "):
            if current is not None:
                yield current
            text, place = line[2:], f"{name}:{first + number}"
            while text.endswith("\\") and number + 1 < len(lines):
                number += 1
                text += "\n" + lines[number].removeprefix("> ")
            current = _command(place, text)
        elif line.strip() and current is None:
            raise BadPage(f"{name}:{first + number}: a console block begins with a `$ ` line")
        elif line.strip() and current is not None:
            current.expected.append(line.strip())
        number += 1
    if current is not None:
        yield current


def _bash(lines: list[str], name: str, first: int) -> Iterator[Command]:
    text = "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    if text:
        yield _command(f"{name}:{first}", text)


def missing(expected: list[str], output: str) -> str | None:
    """The first piece of the expected lines that the output does not show in its place, or None."""
    at = 0
    flat = " ".join(output.split())
    for line in expected:
        for piece in line.split("..."):
            wanted = " ".join(piece.split())
            found = flat.find(wanted, at)
            if found < 0:
                return wanted
            at = found + len(wanted)
    return None
