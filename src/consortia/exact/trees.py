"""Trees of decisions in integers: the same leaf and the same sum on every machine.

A tree is its nodes in preorder. A node asks whether a feature's word is at most a threshold; if so the next
node follows, if not the one at `right`. A leaf has a value. What a row is given is the sum, over all trees,
of the value of the leaf that it reaches.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from consortia.base.codec import Record
from consortia.exact.fixed import Integers

NODES_MAX = 1 << 18
TREES_MAX = 1 << 12
DEPTH_MAX = 32
FEATURES_MAX = 1 << 12
VALUE_MAX = 1 << 48
LEAF = -1

_PLACES = 1 << 14  # so many rows' places in trees stay in the processor's cache

_WORD, _HALF = np.dtype("<i8"), np.dtype("<i4")

Half = Annotated[bytes, Meta(max_length=4 * NODES_MAX)]
Whole = Annotated[bytes, Meta(max_length=8 * NODES_MAX)]


class TreesError(ValueError):
    """Nodes that are no trees; the text says which node and why."""


class Trees(Record, frozen=True, dict=True):
    """Trees as they are kept, one behind the other, each node by four little-endian words.

    `features`: 32 bits, -1 for a leaf. `words`: 64 bits, a threshold, or a leaf's value. `rights`: 32 bits,
    how many nodes on the right branch begins; 0 for a leaf.
    """

    features: Half
    words: Whole
    rights: Half

    @cached_property
    def planted(self) -> "Planted":
        """The trees ready to be walked; raises TreesError when they are none."""
        return _planted(self)


@dataclass(frozen=True)
class Planted:
    """Trees as they are walked: a leaf leads to itself.

    `roots` (trees,); `feature`, `threshold`, `value` (nodes,); `child` (2 nodes,): where a row goes on, at
    most the threshold first. `depth`: after so many steps every row is at a leaf.
    """

    roots: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: Integers
    child: NDArray[np.intp]
    value: Integers
    depth: int

    @property
    def width(self) -> int:
        """The features that are asked for: one more than the largest index."""
        return int(self.feature.max(initial=-1)) + 1


def trees(features: Integers, words: Integers, rights: Integers) -> Trees:
    """The trees of these nodes, each of shape (nodes,); raises TreesError."""
    found = Trees(
        features.astype(_HALF).tobytes(), words.astype(_WORD).tobytes(), rights.astype(_HALF).tobytes()
    )
    _ = found.planted
    return found


def walk(planted: Planted, rows: Integers) -> Integers:
    """The sum of the leaves' values for each row; `rows` int64 (records, features), the result (records,)."""
    records, width = rows.shape
    if width < planted.width:
        raise TreesError(f"rows of {width} features, the trees ask for {planted.width}")
    total = np.empty(records, dtype=np.int64)
    step = max(1, _PLACES // max(1, planted.roots.size))
    for begin in range(0, records, step):
        block = np.ascontiguousarray(rows[begin : begin + step])
        flat = block.reshape(-1)
        start = np.repeat(np.arange(len(block), dtype=np.intp) * width, planted.roots.size)
        at = np.tile(planted.roots, len(block))
        for _ in range(planted.depth):
            beyond = flat[start + planted.feature[at]] > planted.threshold[at]
            at = planted.child[2 * at + beyond]
        total[begin : begin + step] = planted.value[at].reshape(len(block), -1).sum(axis=1)
    return total


def _planted(stored: Trees) -> Planted:
    """Reads trees in one pass: each node's place, depth and that every branch ends inside its tree."""
    if len(stored.features) % 4 or len(stored.rights) != len(stored.features):
        raise TreesError("the columns of the nodes are not of one length")
    if len(stored.words) != 2 * len(stored.features):
        raise TreesError("the columns of the nodes are not of one length")
    feature = np.frombuffer(stored.features, dtype=_HALF).astype(np.intp)
    words = np.frombuffer(stored.words, dtype=_WORD).astype(np.int64)
    right = np.frombuffer(stored.rights, dtype=_HALF).astype(np.intp)
    _check_words(feature, words, right)
    roots, depth = _shape(feature.tolist(), right.tolist())
    leaf = feature == LEAF
    nodes = np.arange(feature.size, dtype=np.intp)
    child = np.empty(2 * feature.size, dtype=np.intp)
    child[0::2] = np.where(leaf, nodes, nodes + 1)
    child[1::2] = nodes + right
    threshold, value = np.where(leaf, 0, words), np.where(leaf, words, 0)
    return Planted(np.array(roots, dtype=np.intp), np.where(leaf, 0, feature), threshold, child, value, depth)


def _check_words(feature: NDArray[np.intp], words: Integers, right: NDArray[np.intp]) -> None:
    leaf = feature == LEAF
    wrong = (feature < LEAF) | (feature >= FEATURES_MAX) | (leaf & (np.abs(words) > VALUE_MAX))
    wrong |= leaf != (right == 0)
    if bool(wrong.any()):
        raise TreesError(f"node {int(np.flatnonzero(wrong)[0])} is neither a question nor a leaf")


def _shape(feature: list[int], right: list[int]) -> tuple[list[int], int]:
    """The roots and the largest depth; raises TreesError where the nodes are not trees in preorder."""
    roots: list[int] = []
    branches: list[tuple[int, int]] = []  # where a right branch must begin, and its depth
    depth = deepest = owed = 0  # owed: how many branches of the tree are still to come
    for at, each in enumerate(feature):
        if not owed:
            roots.append(at)
            depth, owed = 0, 1
        deepest = max(deepest, depth)
        if each != LEAF:
            depth += 1
            owed += 1
            branches.append((at + right[at], depth))
            continue
        owed -= 1
        if owed:
            begin, depth = branches.pop()
            if begin != at + 1:
                raise TreesError(f"the node before {at + 1} leaves a branch that begins at {begin}")
    if owed:
        raise TreesError("the last tree is cut")
    if deepest > DEPTH_MAX or len(roots) > TREES_MAX:
        raise TreesError(f"{len(roots)} trees of depth {deepest}: {TREES_MAX} of {DEPTH_MAX} are allowed")
    return roots, deepest
