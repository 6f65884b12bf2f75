"""The promise that needs no figure: every line and branch of base and kernel is run by their own tests."""

import os
import subprocess
import sys

import pytest

from tests.tidy.source import ROOT

ROOMS = ("base", "kernel")


@pytest.mark.slow
def test_every_branch_of_base_and_kernel_is_run_by_their_own_tests(tmp_path):
    """Measured apart from whatever measures this test itself, with the quick programme."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    inside = outside | {"COVERAGE_FILE": str(tmp_path / "data"), "CONSORTIA_TESTS": "quick"}
    run = ("coverage", "run", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0")
    for command in (
        (*run, *(f"tests/{room}" for room in ROOMS)),
        ("coverage", "combine", "--quiet"),
        ("tools.coverage", *ROOMS),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=inside,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
