"""Flower's clients, unchanged: by the names of their methods, and in the environment that has Flower."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from consortia.bridges.flower import client_app, numpy_client
from consortia.engines.train import recipe
from consortia.engines.train.api import RecipeError
from consortia.engines.train.loop import train
from consortia.engines.train.weights import read_model, records_of, weights_of
from consortia.testing.recipes import tables
from tests.engines.learners import Logistic

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "build" / "peers" / "bin" / "python"
SITES = tables("classes")
PARAMETERS = {"rounds": 2}


class Client:
    """A client by its methods' names; how it learns is the learner's of the tests."""

    def __init__(self, records, off=0):
        self.learner, self.off = Logistic(records), off

    def get_parameters(self, config):
        return self.learner.weights_out()

    def fit(self, parameters, config):
        self.learner.weights_in(parameters, train=config.get("train", True))
        return self.learner.weights_out(), len(self.learner.records.labels) + self.off, {"loss": 0.1}


def trained(make):
    return train(recipe("weights.fedavg"), PARAMETERS, SITES, dict.fromkeys(SITES, make)).model


def test_a_client_trains_as_its_own_code_does():
    assert trained(numpy_client(Client)) == trained(Logistic)


def test_its_configuration_reaches_it():
    model = trained(numpy_client(Client, {"train": False}))
    assert np.abs(weights_of(model)).max() == 0


def test_a_client_on_other_records_than_its_member_joined_with_is_refused():
    with pytest.raises(RecipeError, match=r"trained on 61 examples, its member joined with 60 records"):
        trained(numpy_client(lambda records: Client(records, off=1)))


def test_taking_weights_in_without_training_asks_nothing_of_the_client():
    records = records_of(SITES["west"], recipe_moments())
    learner = numpy_client(Client)(records)
    learner.weights_in([np.ones((7, 1)), np.ones(1)], train=False)
    assert [part.sum() for part in learner.weights_out()] == [7, 1]


def recipe_moments():
    return read_model(trained(Logistic)).head.moments


@pytest.mark.slow
@pytest.mark.skipif(
    not PEERS.exists(), reason="Flower lives in an environment of its own, which tools/peers makes"
)
def test_flowers_own_classes_train_as_the_plain_code_does():
    """Its pins disagree with ours: it runs there, our code and what that needs behind it on the path."""
    behind = os.pathsep.join([str(ROOT / "src"), str(ROOT), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [str(PEERS), str(Path(__file__).with_name("flower_apps.py"))],
        env={**os.environ, "PYTHONPATH": "", "BEHIND": behind, "FLWR_TELEMETRY_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    plain = weights_of(trained(Logistic))
    assert np.array(found["client"]) == pytest.approx(plain, abs=1e-5)
    assert np.array(found["app"]) == pytest.approx(plain, abs=1e-5)
    assert "trained on 0 examples" in found["wrong"]


@pytest.mark.skipif("flwr" in sys.modules, reason="Flower is in this environment")
def test_an_app_wants_flower_installed():
    make = client_app(lambda message, context: message, lambda: [np.zeros(3)])
    with pytest.raises(ImportError, match="flwr"):
        make(records_of(SITES["west"], recipe_moments()))
