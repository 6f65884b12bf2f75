"""Inputs that follow every new branch break no promise of what reads foreign bytes."""

import os
import re
import subprocess
import sys

import pytest

from tests.tidy.source import ROOT

pytest.importorskip("atheris", reason="atheris has no wheel for this Python or machine")
from tests.fuzz.guided import TARGETS, seeds

pytestmark = pytest.mark.slow
SEED = 1


def run(target, folder, runs):
    """Run the fuzzer on a target; its exit code and what it said."""
    corpus, found = folder / "corpus", folder / "found"
    for each in (corpus, found):
        each.mkdir()
    for number, data in enumerate(seeds(target)):
        (corpus / str(number)).write_bytes(data)
    options = [f"-runs={runs}", f"-seed={SEED}", f"-artifact_prefix={found}/", "-max_len=16384"]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", target, str(corpus), *options],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_no_guided_input_breaks_a_promise(programme, tmp_path, target):
    runs = programme(quick=500, test=10_000, nightly=10_000_000)
    code, said = run(target, tmp_path, runs)
    assert code == 0, said[-4000:]
    assert int(re.search(r"Done (\d+) runs", said)[1]) >= runs
