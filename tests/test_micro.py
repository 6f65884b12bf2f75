"""The page-long example gives the same roots and sums as the product: each is an oracle of the other."""

import random
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from consortia.base import merkle, setcommit
from consortia.base.hashing import tagged
from consortia.kernel.tree import hashed
from consortia.testing.machine import Bench

FILE = Path(__file__).parents[1] / "examples" / "micro.py"
micro = SimpleNamespace(**runpy.run_path(str(FILE)))


def test_it_fits_on_a_page():
    assert len(FILE.read_text().splitlines()) < 200


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 33])
def test_the_logs_have_one_root_and_one_path(size):
    leaves = [f"leaf {at}".encode() for at in range(size)]
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    root = merkle.root(hashes)
    assert micro.log_root(leaves) == root
    for index, leaf in enumerate(leaves):
        path = micro.prove(leaves, index)
        assert path == merkle.inclusion_path(hashes, index)
        assert micro.root_from(leaf, index, size, path) == root


@pytest.mark.parametrize("size", [0, 1, 16, 17, 500])
def test_the_sets_have_one_root(size):
    entries = {tagged("consortia/testing", bytes([at % 256, at // 256])): bytes(32) for at in range(size)}
    assert micro.set_root(entries) == setcommit.root(entries)
    assert micro.H("consortia/testing", b"x") == tagged("consortia/testing", b"x")


def test_a_real_networks_state_has_the_root_of_its_header():
    bench = Bench(4)
    bench.admit_member("harbour")
    assert micro.state_root(bench.state.entries()) == bench.tip.state
    assert micro.log_root(bench.leaves) == bench.tip.root
    assert setcommit.root(hashed(bench.state.entries())) == bench.tip.state


def test_the_sums_are_equal_in_any_order():
    rng = random.Random(3)
    updates = [[rng.randrange(-(1 << 62), 1 << 62) for _ in range(50)] for _ in range(9)]
    total = micro.federated_sum(updates)
    assert micro.federated_sum(updates[::-1]) == total
    arrays = np.array(updates, dtype=np.int64)
    assert np.add.reduce(arrays.view(np.uint64)).view(np.int64).tolist() == total


def test_its_story_ends_well(capsys):
    micro.main()
    told = capsys.readouterr().out
    assert "final: True" in told
    assert "proved: True" in told
    assert "forged: False" in told
