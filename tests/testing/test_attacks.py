"""The attacks do what their names say, and robust rules bound them where a mean does not."""

import numpy as np
import pytest

from consortia.engines.robust import aggregate
from consortia.testing.attacks import ATTACKS, little

CLIP = 1 << 25
HONEST = np.rint(
    np.random.default_rng(1).normal(3.0, 1.0, (10, 400)) * 2**16,
).astype(np.int64)
MEAN = HONEST.mean(axis=0)


def moved(rule, bad, tolerated):
    """How far the outcome stands from the honest mean, in parts of its length."""
    outcome = aggregate(rule, np.vstack([HONEST, bad]), tolerated=tolerated)
    return np.linalg.norm(outcome - MEAN) / np.linalg.norm(MEAN)


@pytest.mark.parametrize("name", ATTACKS)
def test_bad_vectors_are_words_within_the_clip_and_the_same_for_the_same_seed(name):
    for clip in (CLIP, 1 << 10):
        bad = ATTACKS[name](HONEST, 4, clip, 7)
        assert (bad.shape, bad.dtype) == ((4, 400), np.int64)
        assert name == "mimic" or np.abs(bad).max() <= clip
        assert (bad == ATTACKS[name](HONEST, 4, clip, 7)).all()


@pytest.mark.parametrize("name", ["sign flip", "inner product", "gaussian"])
def test_a_mean_is_moved_and_rules_hold(name):
    bad = ATTACKS[name](HONEST, 4, CLIP, 7)
    assert moved("mean", bad, 0) > 0.6
    for rule in ("trimmed_mean", "median", "multi_krum", "nnm+trimmed_mean"):
        assert moved(rule, bad, 4) < 0.25


def test_a_little_hides_among_the_honest():
    """No word is the smallest, and yet all of them lean one way."""
    bad = little(HONEST, 4, CLIP, 7)
    assert (bad >= HONEST.min(axis=0)).mean() > 0.9
    assert (bad < MEAN).all()


def test_a_mimic_says_nothing_false_and_counts_many_times():
    bad = ATTACKS["mimic"](HONEST, 4, CLIP, 7)
    assert (bad == HONEST[0]).all()
    towards = (aggregate("mean", np.vstack([HONEST, bad]), tolerated=0) - MEAN) @ (HONEST[0] - MEAN)
    assert towards > 0
