"""Isolation forest (Liu, Ting and Zhou 2008): scikit-learn grows it, integers score it.

An event is odd when random cuts part it from the others early: when its path is short. A leaf's value is how
much shorter its path is than in a tree that isolates nothing, path and the average path of what is left at
the leaf taken together, in 2^-20 of a cut and summed over the trees: the order of scikit-learn's own scores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from consortia.base.codec import Record, decode_record
from consortia.engines.detect.api import MODEL_BYTES_MAX, DetectError, Setting
from consortia.engines.detect.exporter import isolation_trees
from consortia.exact.fixed import Integers
from consortia.exact.trees import Planted, Trees, walk

TREES = Setting("trees", 100, 1, 1000, "how many trees")
SAMPLE = Setting("sample", 256, 2, 4096, "the events that each tree is grown from")


class TreesBody(Record, frozen=True):
    """Integer trees over the grid words."""

    trees: Trees


@dataclass(frozen=True)
class TreesScorer:
    """Trees ready to be walked."""

    planted: Planted

    def scores(self, words: Integers) -> Integers:
        """The sum of the leaves' values."""
        return walk(self.planted, words)


class Forest:
    """The kind `forest`."""

    name = "forest"
    version = 1
    labelled = False
    settings: Sequence[Setting] = (TREES, SAMPLE)

    def fit(
        self, words: Integers, labels: Integers | None, settings: Mapping[str, int], seed: int
    ) -> TreesBody:
        """Grown by scikit-learn, an optional dependency; raises DetectError without it."""
        count, sample = settings[TREES.name], settings[SAMPLE.name]
        return TreesBody(isolation_trees(words, count=count, sample=sample, seed=seed))

    def read(self, body: bytes, width: int) -> TreesScorer:
        """The trees; raises Malformed, TreesError, or DetectError when they ask for more features."""
        return read_trees(body, width)


def read_trees(body: bytes, width: int) -> TreesScorer:
    """The trees of a body; raises Malformed, TreesError, or DetectError when they ask for more features."""
    planted = decode_record(TreesBody, body, size_max=MODEL_BYTES_MAX).trees.planted
    if planted.width > width:
        raise DetectError(f"trees that ask for {planted.width} features of {width}")
    return TreesScorer(planted)
