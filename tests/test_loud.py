"""What a missing program takes from a run is said once, loudly, at its end, however many processes run it."""

import subprocess
import sys

import pytest

from tests.tidy.source import ROOT

CASE = """
import pytest
from tests.loud import loudly

loudly("NOT RUN, all tests that need a kettle")

@pytest.mark.parametrize("cup", range(4))
@pytest.mark.skip(reason="no kettle")
def test_tea(cup): ...
"""


@pytest.mark.slow
@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=["one process", "two processes"])
def test_what_was_not_run_is_said_once_and_last(tmp_path, processes):
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_case.py").write_text(CASE)
    command = [sys.executable, "-m", "pytest", "-q", *processes, "--confcutdir", str(tmp_path)]
    asked = [*command, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    said = done.stdout.strip().splitlines()
    assert done.stdout.count("*** NOT RUN, all tests that need a kettle ***") == 1, done.stdout + done.stderr
    assert "4 skipped" in said[-1]
    assert said[-2] == "*** NOT RUN, all tests that need a kettle ***"
