"""Real nodes and workers whose settings name a scikit-learn program: they train it together."""

from pathlib import Path

import numpy as np
import pytest

from consortia.cli.demo import study
from consortia.engines.train import recipe
from consortia.engines.train.learner import load_trainer
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.engines.train.weights import installed
from consortia.workers.terms import terms_of
from tests.faults.network import HOSPITALS, Network

DOORS = Path(__file__).parents[2] / "examples" / "doors"
STEP_MILLISECONDS = 60_000
"""A worker imports scikit-learn in its first step, and gives way to whatever else a busy machine does."""


@pytest.mark.slow
def test_four_nodes_train_scikit_learn_together(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(DOORS))
    monkeypatch.syspath_prepend(str(DOORS))
    monkeypatch.setenv("CONSORTIA_TRAINER", "scikit_learn:make")
    split = wisconsin_hospitals(1)
    with Network(tmp_path) as network:
        network.build("Four hospitals")
        shared = study.share(network, {name: split.tables[name] for name in HOSPITALS})
        wanted = study.wanted("weights", "Weights", HOSPITALS, STEP_MILLISECONDS)
        asked, initial = terms_of(recipe("weights.fedavg"), {"rounds": 4}, split.held_out.schema, wanted)
        found = network.end_of(study.agree(network, asked, initial, shared))
        assert found.progress.status == "finished", found.progress.reason
        model = network.client(HOSPITALS[0]).blob(found.progress.state)
    learner = installed(model, load_trainer("scikit_learn:make"), split.held_out)
    assert np.mean(learner.predict() == split.held_out.labels) > 0.9
