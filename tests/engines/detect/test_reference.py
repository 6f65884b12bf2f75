"""Every kind gives the plain version's integers, from its bytes alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consortia.engines import detect
from consortia.engines.detect import KINDS, reference
from consortia.engines.detect.grid import WORD_MAX
from consortia.testing.detectors import NAMES, model_of, population

word = st.integers(-WORD_MAX, WORD_MAX) | st.integers(-40, 40)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_scores_are_those_of_the_plain_version(name):
    model = model_of(KINDS[name])
    edge = np.full((1, len(NAMES)), WORD_MAX)
    rows = np.concatenate([population("events", 20), edge, -edge, population(records=3)])
    detector = detect.load(model)
    assert detector.watch_words(rows)[0].tolist() == reference.scores(model, rows.tolist())


@given(st.lists(st.tuples(word, word), min_size=1, max_size=40), st.lists(st.tuples(word, word), max_size=9))
@settings(max_examples=60)
def test_whatever_the_population_is(drawn, asked):
    rows, events = np.array(drawn, dtype=np.int64), np.array(asked, dtype=np.int64).reshape(-1, 2)
    for kind in ("ecod", "robust-z", "nearest", "cusum"):
        model = detect.fit(kind, rows, ("a", "b"))
        detector = detect.load(model)
        on_grid = detector.words(events)
        assert detector.watch(events)[0].tolist() == reference.scores(model, on_grid.tolist())


@given(st.lists(word, min_size=1, max_size=60), word)
@settings(max_examples=60)
def test_ecod_is_the_larger_tail_of_the_population_itself(column, asked):
    rows = np.array(column, dtype=np.int64)[:, None]
    detector = detect.load(detect.fit("ecod", rows, ("a",)))
    on_grid = detector.words(rows)[:, 0].tolist()
    event = detector.words(np.array([[asked]], dtype=np.int64))
    assert detector.watch_words(event)[0].tolist() == [reference.tail(on_grid, int(event[0, 0]))]


def test_shares_are_those_of_the_population():
    detector = detect.load(model_of(KINDS["robust-z"]))
    scores = detector.watch(population())[0]
    expected = [reference.share(scores.tolist(), int(score)) for score in scores]
    assert detector.share(scores).tolist() == expected
