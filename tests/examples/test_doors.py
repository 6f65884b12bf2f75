"""The examples of other frameworks' models run, and train together."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.engines.train.weights import installed

FOLDER = Path(__file__).parents[2] / "examples" / "doors"
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "own-model.md"


def run(name):
    done = subprocess.run(
        [sys.executable, str(FOLDER / name)], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = re.search(r"together +([\d.]+) %", done.stdout)
    return float(found[1])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["scikit_learn.py", "flower_client.py"])
def test_an_example_trains_together(name):
    assert run(name) > 94


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("xgboost") is None, reason="XGBoost has light wheels for x86-64 Linux alone"
)
def test_xgboosts_linear_booster_trains_together():
    assert run("xgboost_linear.py") > 94


@pytest.mark.slow
def test_the_program_on_the_page_trains_together():
    text = PAGE.read_text(encoding="utf-8")
    program = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    found = {}
    exec(compile(program, str(PAGE), "exec"), found)  # noqa: S102 (our own page, as it stands)
    split = wisconsin_hospitals(1)
    trainers = dict.fromkeys(split.tables, found["make"])
    model = train(recipe("weights.fedavg"), {"rounds": 10}, split.tables, trainers).model
    learner = installed(model, found["make"], split.held_out)
    assert np.mean(learner.model.predict(learner.records.columns) == split.held_out.labels) > 0.9


def test_the_example_for_pytorch_is_python():
    """PyTorch has gigabytes and is no requirement of the tests; its example is compiled and not run."""
    path = FOLDER / "pytorch.py"
    compile(path.read_text(encoding="utf-8"), str(path), "exec")
