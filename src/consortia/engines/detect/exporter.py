"""From scikit-learn's trees to integer trees that send every word the same way.

scikit-learn is an optional dependency (`consortia[detect]`), imported when something is fitted and never to
score. Its isolation trees compare features as 32-bit floats, its histogram boosting as 64-bit ones; words are
integers below 2^46. `threshold_of_single` finds the largest word that a 32-bit comparison lets through,
rounding included, so that not one event changes sides.
"""

import importlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consortia.engines.detect.api import DetectError
from consortia.engines.detect.grid import WORD_MAX
from consortia.exact.fixed import Integers, from_integers
from consortia.exact.trees import LEAF, Trees, trees, walk

VALUE_BITS = 24
"""Boosted leaves are log odds on the 2^-24 grid."""
PATH_BITS = 20
"""Paths are counted in 2^-20 of a cut."""

_EULER = 0.5772156649015329
_AGREES_WITHIN = 1e-4


@dataclass(frozen=True)
class Node:
    """A node in preorder: what it asks (-1 for a leaf), its threshold or value, where right begins."""

    feature: int
    word: int
    right: int


def library(module: str) -> Any:  # noqa: ANN401 (a library that ships no types)
    """A module of scikit-learn; raises DetectError with the remedy when it is not installed."""
    try:
        return importlib.import_module(f"sklearn.{module}")
    except ImportError:
        raise DetectError(
            "fitting trees needs scikit-learn, which is not installed: pip install 'consortia[detect]'"
        ) from None


def isolation_trees(words: Integers, *, count: int, sample: int, seed: int) -> Trees:
    """Isolation trees of a population, each grown from so many of its events.

    A leaf's value is how much shorter than the longest its path is, in 2^-20 of a cut; the path is the cuts
    to the leaf and the average path in a tree of the events left there.
    """
    ensemble = library("ensemble")
    grown = ensemble.IsolationForest(
        n_estimators=count, max_samples=min(sample, len(words)), random_state=seed % (1 << 32)
    ).fit(words.astype(np.float32))
    found = []
    for each in grown.estimators_:
        tree = each.tree_
        thresholds = threshold_of_single(tree.threshold)
        paths = _path_lengths(tree.children_left, tree.children_right, tree.n_node_samples)
        leaf = tree.children_left == LEAF
        at = np.where(leaf, paths, thresholds)
        found.append(_preorder(tree.children_left, tree.children_right, tree.feature, at))
    longest = max(node.word for tree in found for node in tree if node.feature == LEAF)
    return stored(
        [[Node(LEAF, longest - n.word, 0) if n.feature == LEAF else n for n in tree] for tree in found]
    )


def boosted_trees(
    words: Integers, labels: Integers, *, count: int, depth: int, rate_milli: int, seed: int
) -> Trees:
    """Boosted trees that tell label 1 from label 0; a leaf's value is log odds on the 2^-24 grid.

    The first tree is one leaf: the odds of the population. Raises DetectError when the trees as exported do
    not give the library's own answers, which means that a later version keeps them otherwise.
    """
    ensemble = library("ensemble")
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 (comes with scikit-learn, an extra)

    plan = ensemble.HistGradientBoostingClassifier(
        max_iter=count,
        max_depth=depth,
        max_leaf_nodes=None,
        learning_rate=rate_milli / 1000,
        early_stopping=False,
        random_state=seed % (1 << 32),
    )
    # On one core: the same trees whatever the machine, and no core waits for another.
    with threadpool_limits(limits=1):
        grown = plan.fit(words.astype(np.float64), labels)
    base = float(np.asarray(grown._baseline_prediction).reshape(-1)[0])  # noqa: SLF001 (held to its answers below)
    found = [[Node(LEAF, round(base * (1 << VALUE_BITS)), 0)]]
    for stage in grown._predictors:  # noqa: SLF001 (the same)
        nodes = stage[0].nodes
        leaf = nodes["is_leaf"].astype(bool)
        left = np.where(leaf, LEAF, nodes["left"].astype(np.int64))
        right = np.where(leaf, LEAF, nodes["right"].astype(np.int64))
        bounds = np.clip(np.floor(np.where(leaf, 0.0, nodes["num_threshold"])), -WORD_MAX, WORD_MAX)
        values = np.rint(np.ldexp(nodes["value"], VALUE_BITS))
        at = np.where(leaf, values, bounds).astype(np.int64)
        found.append(_preorder(left, right, nodes["feature_idx"], at))
    exported = stored(found)
    check_agreement(exported, words, grown.decision_function)
    return exported


def threshold_of_single(thresholds: NDArray[np.float64]) -> Integers:
    """The largest word, for each threshold, whose nearest 32-bit float is at most the threshold."""
    single = thresholds.astype(np.float32)
    single = np.where(single > thresholds, np.nextafter(single, np.float32(-np.inf)), single)
    above = np.nextafter(single, np.float32(np.inf))
    middle = np.floor((single.astype(np.float64) + above.astype(np.float64)) / 2)
    found = np.clip(middle, -2 * WORD_MAX, 2 * WORD_MAX).astype(np.int64)
    return found - (found.astype(np.float32) > thresholds)


def stored(found: Sequence[Sequence[Node]]) -> Trees:
    """Trees of nodes in preorder as they are kept."""
    flat = [node for tree in found for node in tree]
    columns = zip(*((node.feature, node.word, node.right) for node in flat), strict=True)
    return trees(*(from_integers(column) for column in columns))


def average_path(events: int) -> float:
    """The average path, in cuts, of an event in an isolation tree of so many (Liu et al., equation 1)."""
    if events <= 1:
        return 0.0
    if events == 2:
        return 1.0
    return 2.0 * (math.log(events - 1) + _EULER) - 2.0 * (events - 1) / events


def _path_lengths(left: Integers, right: Integers, events: Integers) -> Integers:
    """Each node's cuts from the root and the average path of what is left there, in 2^-20."""
    found = np.zeros(left.size, dtype=np.int64)
    stack = [(0, 0)]
    while stack:
        at, depth = stack.pop()
        found[at] = round((depth + average_path(int(events[at]))) * (1 << PATH_BITS))
        if left[at] != LEAF:
            stack += [(int(left[at]), depth + 1), (int(right[at]), depth + 1)]
    return found


def _preorder(left: Integers, right: Integers, feature: Integers, word: Integers) -> list[Node]:
    """A tree with its nodes in preorder; `word` is a threshold, or a leaf's value."""
    order: list[int] = []
    stack = [0]
    while stack:
        at = stack.pop()
        order.append(at)
        if left[at] != LEAF:
            stack += [int(right[at]), int(left[at])]
    place = {at: index for index, at in enumerate(order)}
    return [
        Node(LEAF, int(word[at]), 0)
        if left[at] == LEAF
        else Node(int(feature[at]), int(word[at]), place[int(right[at])] - place[at])
        for at in order
    ]


def check_agreement(
    exported: Trees, words: Integers, answers: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> None:
    """Raise DetectError unless exported trees answer the first 256 `words` as the library's own do.

    `words` has shape (events, columns); `answers` gives the library's log odds of rows of floats.
    """
    rows = words[:256]
    ours = np.ldexp(walk(exported.planted, rows).astype(np.float64), -VALUE_BITS)
    if float(np.abs(ours - answers(rows.astype(np.float64))).max(initial=0.0)) > _AGREES_WITHIN:
        raise DetectError("this version of scikit-learn keeps its boosted trees in another form")
