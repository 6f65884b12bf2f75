"""What the documentation names is there: commands and options, targets, tests and figures."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bench.__main__ import scripts
from consortia.cli import cli
from tests.docs.blocks import Page
from tests.docs.test_commands import PAGES
from tests.tidy.source import ROOT, Source, python

LANGUAGES = {"bash", "console", "json", "python", "text", "toml"}
"""What a block may hold. The first two are run; no other language of a shell slips by unseen."""

FENCE = re.compile(r"^ *```(\w+)", re.MULTILINE)
QUOTED = re.compile(r"`([^`\n]+)`")
DEMO = "consortia demo health"
"""Run once for all pages that look at what it leaves behind."""

COVERAGE = next(page for page in PAGES if page.path.name == "coverage.md")


def quoted(text: str) -> set[str]:
    """What stands in backticks outside blocks."""
    return set(QUOTED.findall(re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)))


def fault_of(words: list[str]) -> str:
    """What there is not in a command of `consortia`, given by its words; empty when all is there."""
    command: click.Command = cli
    context = click.Context(cli, info_name="consortia")
    for word in words[1:]:
        if isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", word):
            found = command.get_command(context, word)
            if found is None:
                return f"no command {word}"
            command = found
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help"}
    lacking = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    return f"no option {lacking[0]}" if lacking else ""


def faults(page: Page) -> list[str]:
    """What a page names and there is not."""
    text = page.path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    found = [f"a block of {name}" for name in FENCE.findall(text) if name not in LANGUAGES]
    for each in sorted(quoted(text)):
        words = each.split()
        if words[0] == "make" and len(words) > 1 and words[1] not in targets:
            found.append(f"{each}: no such target")
        elif words[0] == "consortia" and "..." not in each and (fault := fault_of(shlex.split(each))):
            found.append(f"{each}: {fault}")
        elif words[:3] == ["python", "-m", "bench"] and len(words) == 5 and not scripts(words[4]):
            found.append(f"{each}: no such figure")
    return found


@pytest.mark.parametrize("page", PAGES, ids=[page.path.relative_to(ROOT).as_posix() for page in PAGES])
def test_what_a_page_names_is_there(page: Page):
    assert faults(page) == []


def rows() -> list[list[str]]:
    """The rows of the coverage page: promise, command, tests, figures, state."""
    lines = [line for line in COVERAGE.path.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_every_command_of_the_coverage_page_is_run():
    run = {command.text for command in COVERAGE.commands} | {DEMO}
    assert [row[1] for row in rows() if not quoted(row[1]) <= run] == []


def test_every_figure_of_the_coverage_page_has_a_script():
    named = sorted(name for row in rows() for name in quoted(row[3]))
    assert [name for name in named if not scripts(name)] == []


def test_every_promise_has_a_test_or_says_that_it_is_not_there_yet():
    assert [row[0] for row in rows() if not quoted(row[2]) and "not there yet" not in row[4]] == []


@pytest.mark.parametrize(
    "said",
    [
        "`make nothing`",
        "`consortia nothing`",
        "`consortia member fly`",
        "`consortia status --loud`",
        "`python -m bench --only no.such`",
        "```sh\nls\n```",
    ],
)
def test_a_page_that_names_what_is_not_there_is_red(tmp_path: Path, said: str):
    path = tmp_path / "page.md"
    path.write_text(f"See {said}.\n" if said[1] != "`" else said)
    assert len(faults(Page(path, [], [], uses_demo=False))) == 1


def commands_in(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """The commands that strings of code begin with, as remedies do; what is filled in is a word."""
    for node in ast.walk(source.tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        text = "".join(
            str(one.value) if isinstance(one, ast.Constant) and isinstance(one.value, str) else "FILLED"
            for one in parts
        )
        if text.startswith("consortia ") and "\n" not in text:
            yield node, re.split("[,;:(`]|FILLED", text)[0]


def test_the_commands_that_code_names_are_there():
    found = [
        source.at(node, f"{text}: {fault}")
        for source in python("src")
        for node, text in commands_in(source)
        if (fault := fault_of(text.split()))
    ]
    assert found == []
