"""The battery over every recipe: what each must pass, for no more than standing in RECIPES."""

import os
import subprocess
import sys

import pytest

from consortia.engines.train import RECIPES
from consortia.testing.recipes import CHECKS, digest_of, twin

GOLDEN = {
    "cox.stratified": (1, "6be27d4d1778131220b54db9b0956a94"),
    "glm.linear": (2, "7126fb2f38e5eee1c86f55abd1e71d10"),
    "glm.logistic": (2, "adeaf37c9a3e53da07ac79866119e0ac"),
    "glm.logistic.private": (1, "4ae1c3cc149bd6f3ed23d657af356b9f"),
    "glm.poisson": (2, "23006e894790aab5de82733ab6c60b90"),
    "mlp.fedadam": (1, "7edcbbfc98beca9a0c6af999a4cd2af2"),
    "mlp.fedavg": (1, "d324a142463de5fc49eeed7ded9807cf"),
    "mlp.fedprox": (1, "1b8c8a732877e9edbe9e1fc1f9749343"),
    "mlp.fedyogi": (1, "d22696e3bb69218d1beb703178e4c90c"),
    "mlp.scaffold": (1, "3a34798594d1139e132a27dea9aead16"),
    "statistics": (1, "fee0407115f37b3ee658a3be9c83ebc4"),
    "weights.fedavg": (1, "7df386278a9dac360c584b2e1f13075f"),
}
"""If a digest is another one, the recipe's arithmetic has changed: raise its version, then record it."""


@pytest.mark.parametrize("check", sorted(CHECKS))
@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_passes_the_battery(name, check):
    assert CHECKS[check](RECIPES[name]) == []


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipes_version_means_these_bytes(name):
    assert (RECIPES[name].version, digest_of(RECIPES[name])) == GOLDEN[name]


@pytest.mark.slow
def test_every_process_gives_the_same_states_whatever_its_hash_seed():
    here = twin()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "consortia.testing.recipes"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert done.stdout.split("\n")[:-1] == here
