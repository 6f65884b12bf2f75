"""scikit-learn's trees as integers: every word on the side that the library puts it."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest

from consortia.engines import detect
from consortia.engines.detect.exporter import average_path, check_agreement, threshold_of_single
from consortia.exact.trees import trees
from consortia.testing.detectors import NAMES, labels, population

bound = st.floats(-(2.0**45), 2.0**45, allow_nan=False) | st.integers(-(2**45), 2**45).map(float)


@given(st.lists(bound, min_size=1, max_size=20))
def test_a_threshold_lets_through_what_a_32_bit_comparison_does(bounds):
    thresholds = np.array(bounds)
    found = threshold_of_single(thresholds)
    assert (found.astype(np.float32) <= thresholds).all()
    assert ((found + 1).astype(np.float32) > thresholds).all()


@given(bound, st.integers(-300, 300))
def test_words_near_a_threshold_change_no_side(bound, away):
    single = np.float32(bound)
    word = np.array([int(single) + away])
    threshold = np.array([float(single)])
    let_through = word.astype(np.float32) <= threshold
    assert (word <= threshold_of_single(threshold)).tolist() == let_through.tolist()


def test_an_isolation_forest_ranks_as_the_library_does():
    from scipy.stats import spearmanr

    rows, events = population(records=2000), population("events", 2000)
    detector = detect.load(detect.fit("forest", rows, NAMES, seed=5, settings={"trees": 30}))
    peer = IsolationForest(n_estimators=30, max_samples=256, random_state=5).fit(rows.astype(np.float32))
    ours = detector.watch(events)[0]
    theirs = -peer.score_samples(events.astype(np.float32))
    assert spearmanr(ours, theirs).statistic > 0.99999
    # The sum of paths behind the library's score, up to the grid.
    depths = -np.log2(theirs) * 30 * average_path(256)
    apart = ours / 2**20 + depths
    assert np.ptp(apart) < 30 * 2.0**-19


def test_boosted_trees_give_the_librarys_log_odds():
    rows, events = population(records=2000), population("events", 500)
    detector = detect.load(
        detect.fit("boosting", rows, NAMES, labels=labels(rows), settings={"trees": 20, "depth": 3})
    )
    peer = HistGradientBoostingClassifier(
        max_iter=20, max_depth=3, max_leaf_nodes=None, early_stopping=False, random_state=0
    ).fit(rows.astype(np.float64), labels(rows))
    ours = detector.watch(events)[0] / 2**24
    assert np.abs(ours - peer.decision_function(events.astype(np.float64))).max() < 1e-5


def test_trees_that_answer_otherwise_than_the_library_are_refused():
    one = trees(np.array([-1]), np.array([1 << 24]), np.array([0]))
    rows = np.zeros((3, 2), dtype=np.int64)
    check_agreement(one, rows, lambda given: np.ones(len(given)))
    with pytest.raises(detect.DetectError, match="in another form"):
        check_agreement(one, rows, lambda given: np.zeros(len(given)))


def test_without_scikit_learn_trees_are_not_fitted_and_the_rest_is(monkeypatch):
    model = detect.fit("forest", population(), NAMES, settings={"trees": 3})
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    for kind in ("forest", "ensemble"):
        with pytest.raises(detect.DetectError, match=r"pip install 'consortia\[detect\]'"):
            detect.fit(kind, population(), NAMES)
    detect.load(detect.fit("ecod", population(), NAMES))
    assert detect.load(model).watch(population())[0].size == len(population())


@pytest.mark.parametrize(("events", "path"), [(0, 0.0), (1, 0.0), (2, 1.0), (256, 10.244)])
def test_the_average_path_is_the_papers(events, path):
    assert average_path(events) == pytest.approx(path, abs=0.001)
