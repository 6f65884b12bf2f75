"""The battery over every recipe: what each must pass, for no more than standing in RECIPES."""

import os
import subprocess
import sys

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.engines.train import RECIPES
from consortia.engines.train.api import Parameter, Plan, Quantisation
from consortia.engines.train.glm import Glm
from consortia.testing.recipes import CHECKS, digest_of, twin

GOLDEN = {
    "boosting.logistic": (1, "a8b5d7487be202c057139c717083cbd4"),
    "cox.stratified": (1, "6be27d4d1778131220b54db9b0956a94"),
    "ease": (1, "4018802663a0a6860288ec6b11dd7680"),
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
    "rates": (1, "7c96b06ee11b8450bc2f19e644c02f35"),
    "weights.fedavg": (2, "3f5d638143f7a8af323395a59b50d5f0"),
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


class Broken:
    """A recipe with one fault; all else is statistics'."""

    def __init__(self, **faults):
        self._good, self._faults, self._plans = RECIPES["statistics"], faults, 0

    def __getattr__(self, name):
        return self._faults.get(name, getattr(self._good, name))


def clipped(parameters, schema):
    plan = RECIPES["statistics"].plan(parameters, schema)
    stage = replace(plan.stages[0], quantisation=Quantisation(32, 0, 1 << 26))
    return Plan((stage,), plan.initial)


def twice(parameters, schema):
    plan = RECIPES["statistics"].plan(parameters, schema)
    return Plan((plan.stages[0], plan.stages[0]), plan.initial)


def odd(parameters, schema):
    odd.calls = getattr(odd, "calls", 0) + 1
    plan = RECIPES["statistics"].plan(parameters, schema)
    return Plan((replace(plan.stages[0], name=f"round-{odd.calls}"),), plan.initial)


def off(state, table):
    vector = RECIPES["statistics"].local(state, table)
    vector[1] += len(table) ** 2
    return vector


def beyond(state, table):
    return np.full_like(RECIPES["statistics"].local(state, table), 1 << 60)


def narrow(state, table):
    return np.zeros_like(RECIPES["statistics"].local(state, table), dtype=np.int32)


def lenient(state, total, cohort):
    try:
        return RECIPES["statistics"].step(state, total, cohort)
    except ValueError:
        return b"\x00\x00"


def anything(*_):
    return b"\xa0"


ABOUT = RECIPES["statistics"].about


@pytest.mark.parametrize(
    ("check", "faults", "said"),
    [
        ("plan", {"plan": odd}, "two plans"),
        ("plan", {"plan": clipped}, "could wrap the ring"),
        ("plan", {"plan": twice}, "one name"),
        ("vectors", {"local": beyond, "step": lenient}, "beyond"),
        ("vectors", {"local": narrow}, "a vector of int32"),
        ("pooled", {"local": off}, "off the pooled"),
        ("states", {"step": lenient, "finish": anything}, "that is none was taken"),
        ("states", {"finish": lambda state: b"\x18\x01"}, "state 2 is not canonical"),
        ("ends", {"step": lenient, "finish": anything}, "a step after the last round"),
        ("ends", {"finish": anything}, "a model before"),
        ("parameters", {"plan": lambda parameters, schema: None}, "taken: {'no_such_parameter': 1}"),
        (
            "parameters",
            {"about": replace(ABOUT, parameters=(Parameter("a", 9, 1, 2, ""),))},
            "the default of a",
        ),
        ("label", {"name": "other"}, "taken: a label of number"),
    ],
)
def test_the_battery_bites(check, faults, said):
    found = CHECKS[check](Broken(**faults))
    assert any(said in each for each in found), found


class Eager(Glm):
    """Shows a model before it has one."""

    def so_far(self, state):
        return b"model"


class Another(Glm):
    """Shows another model than the one that it finishes with."""

    def finish(self, state):
        return b"model"


@pytest.mark.parametrize(
    ("kind", "said"), [(Eager, "before anything is learned"), (Another, "another one than the finished one")]
)
def test_the_battery_bites_a_recipe_that_shows_a_wrong_model(kind, said):
    [found] = CHECKS["so far"](kind("logistic"))
    assert said in found
