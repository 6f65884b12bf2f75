"""Under every seed of bad luck the network keeps its promises, and comes to rest when the bad luck ends.

A failing seed is named in the failure, and `python -m consortia.testing.storm SEED` replays it.
`CONSORTIA_SEEDS=first:after` runs others than the default.
"""

import os

import pytest

from consortia.testing.storm import run_seed


@pytest.mark.slow
def test_no_seed_breaks_a_promise(programme):
    first, after = 0, programme(quick=10, test=200, nightly=5000)
    if "CONSORTIA_SEEDS" in os.environ:
        first, after = (int(part) for part in os.environ["CONSORTIA_SEEDS"].split(":"))
    for seed in range(first, after):
        run_seed(seed)


def test_a_seed_replays_exactly():
    first, again = run_seed(3), run_seed(3)
    assert first.node("amber").ledger.tip == again.node("amber").ledger.tip
    assert first.judge.acknowledged == again.judge.acknowledged
    assert first.now == again.now
