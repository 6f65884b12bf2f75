"""A new room passes its battery, the linter and the type checker at once."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.source import ROOT

pytestmark = pytest.mark.slow
TOOLS = Path(sys.executable).parent
BATTERY = """
from pathlib import Path
from consortia.app import application
from consortia.testing import battery
from consortia.testing.samples import kinds_of, unlimited

module = next(one for one in application().modules if one.name == "notes")
readme = Path("src/consortia/modules/notes/README.md").read_text()
found = battery.answers_as_written("notes") + battery.refusals_write_nothing("notes")
found += battery.everything_is_reached(module) + battery.half_must_fail("notes")
found += battery.refusals_stand_in_order(module) + battery.everything_is_documented(module, readme)
found += [finding for kind in kinds_of(module) for finding in unlimited(kind)]
assert not found, found
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A working copy with one new room of each kind."""
    folder = tmp_path_factory.mktemp("copy")
    skipped = shutil.ignore_patterns("__pycache__")
    for name in ("src", "stubs", "tests/tidy"):
        shutil.copytree(ROOT / name, folder / name, ignore=skipped)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for kind, name in (("module", "notes"), ("recipe", "average"), ("solution", "garden")):
        done = consortia(folder, "new", kind, name, "--dir", folder)
        assert done.returncode == 0, done.stderr
    return folder


def run(folder, *command):
    kept = os.environ | {"PYTHONPATH": str(folder / "src"), "MYPYPATH": str(folder / "stubs")}
    return subprocess.run(
        [str(part) for part in command], cwd=folder, env=kept, capture_output=True, text=True, check=False
    )


def consortia(folder, *arguments):
    return run(folder, sys.executable, "-m", "consortia.cli", *arguments)


def made(folder):
    names = [
        "src/consortia/app.py",
        "src/consortia/cli/demo/__init__.py",
        "src/consortia/modules/notes",
        "src/consortia/testing/scenarios/notes.py",
        "src/consortia/engines/train/__init__.py",
        "src/consortia/engines/train/average.py",
        "src/consortia/solutions/garden",
        "tests/engines/test_average.py",
        "tests/solutions/test_garden.py",
    ]
    assert [name for name in names if not (folder / name).exists()] == []
    return names


def test_new_rooms_keep_the_house_style(copy):
    for command in (["check"], ["format", "--check"]):
        done = run(copy, TOOLS / "ruff", *command, "--no-cache", *made(copy))
        assert done.returncode == 0, done.stdout


def test_new_rooms_are_typed(copy):
    own = [copy / name for name in made(copy) if name.startswith("src") and name != "src/consortia/app.py"]
    done = run(copy, TOOLS / "mypy", "--strict", "--cache-dir", copy / "cache", *own)
    assert done.returncode == 0, done.stdout


def test_a_new_module_passes_the_battery(copy):
    done = run(copy, sys.executable, "-c", BATTERY)
    assert done.returncode == 0, done.stderr


def test_a_new_recipe_and_a_new_solution_pass_their_tests(copy):
    done = run(
        copy,
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/engines",
        "tests/solutions",
    )
    assert done.returncode == 0, done.stdout


def test_a_new_solution_tells_its_story(copy):
    done = consortia(copy, "demo", "garden", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["metrics"][0]["ours"] > said["metrics"][0]["baselines"]["always the usual"]
    assert said["audit"]["rounds_recomputed"] > said["audit"]["mismatches"] == 0
    assert consortia(copy, "verify", said["proof"], "--network", said["network"]).returncode == 0


def test_a_room_that_is_there_is_never_overwritten(copy):
    done = consortia(copy, "new", "module", "notes", "--dir", copy)
    assert done.returncode == 1
    assert "exists" in done.stderr


@pytest.mark.parametrize("name", ["Notes", "a", "class", "two words", "x" * 40])
def test_a_name_that_is_none_is_refused(terminal, name):
    assert "a room's name" in terminal.error("new", "module", name, code=2)


def test_a_folder_that_is_no_working_copy_is_refused(terminal):
    assert "no working copy" in terminal.error("new", "module", "notes")
