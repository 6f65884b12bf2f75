"""Made-up deliveries, and how a ranking of them is judged."""

import numpy as np
import pytest

from consortia.solutions.supply.deliveries import FIELDS, deliveries, lateness, numbers
from consortia.solutions.supply.tasks import area_under_curve


def test_the_area_is_the_share_of_pairs_in_order():
    draw = np.random.default_rng(1)
    for _ in range(50):
        scores, late = draw.integers(0, 6, 20), draw.random(20) < 0.4
        pairs = [(one > other) + (one == other) / 2 for one in scores[late] for other in scores[~late]]
        assert area_under_curve(scores, late) == pytest.approx(np.mean(pairs) if pairs else 0.5)
    assert area_under_curve(np.ones(4), np.array([True] * 4)) == 0.5


def test_deliveries_are_those_of_their_seed_and_party():
    found = deliveries(1, 2, 300)
    assert found == deliveries(1, 2, 300)
    assert found != deliveries(2, 2, 300)
    assert numbers(found).shape == (300, len(FIELDS))
    assert 0.05 < lateness(found).mean() < 0.6
    assert set(found[0].row()) == {*FIELDS, "late"}
