"""Scores beside the truth: average precision as scikit-learn has it, and the top of the list."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from consortia.solutions.finance.fraud.ranking import average_precision, precision_at, saved_at


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=60))
def test_average_precision_is_scikit_learn_s_ties_and_all(rows):
    scores, truth = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    if truth.any():
        assert average_precision(scores, truth) == pytest.approx(average_precision_score(truth, scores))
    else:
        assert average_precision(scores, truth) == 0.0


def test_the_top_of_the_list_is_what_is_looked_at():
    scores, truth = np.array([5, 9, 1, 7]), np.array([True, False, True, True])
    assert precision_at(scores, truth, 2) == 0.5
    assert saved_at(scores, truth, np.array([10.0, 20.0, 40.0, 80.0]), 2) == 80.0
    assert precision_at(scores[:0], truth[:0], 2) == 0.0
