"""Integer trees: the walk of the plain version, and what is no tree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.codec import encode
from consortia.engines.detect import reference
from consortia.exact import trees as law
from consortia.exact.trees import LEAF, Trees, TreesError, trees, walk

leaf = st.integers(-(2**48), 2**48)
tree = st.recursive(
    leaf, lambda below: st.tuples(st.integers(0, 2), st.integers(-5, 5), below, below), max_leaves=12
)


def nodes_of(tree):
    """A nested tree in preorder: feature, word, right."""
    if isinstance(tree, int):
        return [(LEAF, tree, 0)]
    feature, threshold, left, right = tree
    first, second = nodes_of(left), nodes_of(right)
    return [(feature, threshold, len(first) + 1), *first, *second]


def stored(forest):
    nodes = [node for tree in forest for node in nodes_of(tree)]
    return trees(*(np.array(column, dtype=np.int64) for column in zip(*nodes, strict=True)))


def value_of(tree, row):
    while not isinstance(tree, int):
        feature, threshold, left, right = tree
        tree = left if row[feature] <= threshold else right
    return tree


rows = st.lists(st.lists(st.integers(-6, 6), min_size=3, max_size=3), min_size=1, max_size=9)


@given(st.lists(tree, min_size=1, max_size=5), rows)
def test_a_row_is_given_the_sum_of_the_leaves_that_it_reaches(forest, asked):
    planted = stored(forest).planted
    expected = [sum(value_of(tree, row) for tree in forest) for row in asked]
    assert walk(planted, np.array(asked)).tolist() == expected
    body = {"trees": stored(forest)}
    assert reference.scores_of("forest", encode(body), asked) == expected
    assert planted.roots.size == len(forest)


def test_blocks_do_not_show(monkeypatch):
    planted = stored([(0, 0, 1, 2), (1, 3, (2, 1, 5, 6), 7)]).planted
    asked = np.random.default_rng(1).integers(-6, 6, (50, 3))
    whole = walk(planted, asked)
    monkeypatch.setattr(law, "_PLACES", 6)
    assert (walk(planted, asked) == whole).all()
    assert (walk(planted, asked[:, ::-1][:, ::-1]) == whole).all()


def test_no_trees_sum_to_nothing_and_no_rows_to_no_sums():
    assert walk(Trees(b"", b"", b"").planted, np.zeros((2, 3), dtype=np.int64)).tolist() == [0, 0]
    assert walk(stored([5]).planted, np.zeros((0, 3), dtype=np.int64)).shape == (0,)


def test_rows_with_too_few_features_are_refused():
    with pytest.raises(TreesError, match="ask for 3"):
        walk(stored([(2, 0, 1, 2)]).planted, np.zeros((1, 2), dtype=np.int64))


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([(0, 1, 2), (LEAF, 1, 0)], "cut"),
        ([(0, 1, 2)], "cut"),
        ([(0, 1, 1), (LEAF, 1, 0), (LEAF, 2, 0)], "leaves a branch"),
        ([(0, 1, 3), (LEAF, 1, 0), (LEAF, 2, 0)], "leaves a branch"),
        ([(0, 1, -1), (LEAF, 1, 0), (LEAF, 2, 0)], "leaves a branch"),
        ([(LEAF, 1, 2)], "node 0 is neither"),
        ([(0, 1, 0), (LEAF, 1, 0), (LEAF, 2, 0)], "node 0 is neither"),
        ([(-2, 1, 0)], "node 0 is neither"),
        ([(LEAF, 2**48 + 1, 0)], "node 0 is neither"),
        ([(4096, 1, 2), (LEAF, 1, 0), (LEAF, 2, 0)], "node 0 is neither"),
    ],
)
def test_nodes_that_are_no_trees_are_refused(nodes, said):
    with pytest.raises(TreesError, match=said):
        trees(*(np.array(column) for column in zip(*nodes, strict=True)))


def test_columns_of_unlike_lengths_are_refused():
    whole = stored([1])
    for wrong in (
        Trees(whole.features + b"\x00", whole.words, whole.rights),
        Trees(whole.features, whole.words, b""),
        Trees(whole.features, whole.words[:-1], whole.rights),
    ):
        with pytest.raises(TreesError, match="one length"):
            _ = wrong.planted


def test_a_tree_that_is_too_deep_is_refused():
    deep = 1
    for _ in range(33):
        deep = (0, 0, 1, deep)
    with pytest.raises(TreesError, match="of depth 33"):
        stored([deep])
