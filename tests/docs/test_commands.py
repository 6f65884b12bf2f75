"""Every command of the documentation is run, and shows what the page says it shows."""

import fcntl
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cometbft import needs_cometbft
from tests.docs.blocks import BadPage, missing, read_page
from tests.docs.shell import SECONDS_MAX, environment, run_page
from tests.sumo import needs_sumo
from tests.tidy.source import ROOT

PAGES = [
    read_page(path, path.relative_to(ROOT).as_posix())
    for path in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    ]
]
RUN = [page for page in PAGES if page.commands]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The home and network hash of one finished demo, which the pages that need one get a copy of.

    Whichever process of the test run asks first makes it for all.
    """
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "demo"
    folder.mkdir(exist_ok=True)
    home, told = folder / "demo-health", folder / "told.json"
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            told.write_text(_made(folder, home), encoding="utf-8")
    return home, json.loads(told.read_text(encoding="utf-8"))["network"]


def _made(folder: Path, home: Path) -> str:
    """Run the demo; gives the object that it prints."""
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "consortia"),
            *("demo", "health", "--json", "--home", str(home)),
        ],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            id=page.path.relative_to(ROOT).as_posix(),
            marks=[needs_cometbft] * page.needs_cometbft + [needs_sumo] * page.needs_sumo,
        )
        for page in RUN
    ],
)
def test_the_commands_of_a_page_do_what_it_says(page, tmp_path: Path, request: pytest.FixtureRequest):
    demo = request.getfixturevalue("demo") if page.uses_demo else None
    assert run_page(page, tmp_path, demo) == []


def test_a_block_that_is_not_run_says_why():
    assert all(reason for page in PAGES for _, reason in page.left_out)


_OPENING = re.compile(r"^ *```(\w*)")


def unnamed_fences(text: str) -> list[int]:
    """The lines on which a block opens without a language: what it holds would be looked at by nobody."""
    found, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        fence = _OPENING.match(line)
        if fence and not inside and not fence[1]:
            found.append(number)
        inside = inside != bool(fence)
    return found


def test_every_block_names_its_language():
    assert {str(page.path): unnamed_fences(page.path.read_text(encoding="utf-8")) for page in PAGES} == {
        str(page.path): [] for page in PAGES
    }
    assert unnamed_fences("```\nmake demo\n```\n```python\n```\n") == [1]


def page_of(tmp_path: Path, text: str):
    path = tmp_path / "page.md"
    path.write_text(text)
    return read_page(path, "page.md")


def test_a_session_keeps_its_variables_and_shows_its_output(tmp_path: Path):
    text = "```console\n$ NAME=ada\n$ echo hello \\\n> $NAME\nhello ... ada\n$ false  # exits 1\n```\n"
    assert run_page(page_of(tmp_path, text), tmp_path / "run", None) == []


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ false\n```\n",
        "```console\n$ true  # exits 3\n```\n",
        "```console\n$ echo one\ntwo\n```\n",
        "```console\n$ echo one; echo two\ntwo\none\n```\n",
        "```bash\nno-such-command\n```\n",
        "```console\n$ exit 0\n$ true\n```\n",
    ],
)
def test_a_page_that_says_otherwise_than_happens_is_red(tmp_path: Path, text: str):
    assert run_page(page_of(tmp_path, text), tmp_path / "run", None) != []


@pytest.mark.parametrize(
    "text", ["```console\n$ true\n", "```console\ntrue\n```\n", "<!-- not run: no -->\n```bash\ntrue\n```\n"]
)
def test_a_page_that_cannot_be_read_is_red(tmp_path: Path, text: str):
    with pytest.raises(BadPage):
        page_of(tmp_path, text)


def test_a_reason_stands_just_before_the_block_it_excuses(tmp_path: Path):
    excuse = "<!-- not run: it takes a machine of its own -->\n"
    page = page_of(tmp_path, f"{excuse}```bash\nfalse\n```\n\n{excuse}\nBut:\n```bash\ntrue\n```\n")
    assert [command.text for command in page.commands] == ["true"]


def test_expected_lines_are_pieces_in_order():
    assert missing(["height 12 ...", "... root ab"], "height 12, all well\nand   root ab12") is None
    assert missing(["b", "a"], "a b") == "a"
