"""Gradient-boosted trees over labelled events: scikit-learn grows them, integers score them.

What a case desk has labelled trains it. It knows the threats that it was shown and ranks them well; of one
that it never saw it may know nothing, which is why it stands beside detectors without labels.
"""

from collections.abc import Mapping, Sequence

from consortia.engines.detect.api import DetectError, Setting
from consortia.engines.detect.exporter import boosted_trees
from consortia.engines.detect.forest import TreesBody, TreesScorer, read_trees
from consortia.exact.fixed import Integers

TREES = Setting("trees", 100, 1, 1000, "how many trees")
DEPTH = Setting("depth", 5, 1, 10, "the most questions on the way to a leaf")
RATE = Setting("rate-milli", 100, 1, 1000, "thousandths of each tree that are added")


class Boosting:
    """The kind `boosting`."""

    name = "boosting"
    version = 1
    labelled = True
    settings: Sequence[Setting] = (TREES, DEPTH, RATE)

    def fit(
        self, words: Integers, labels: Integers | None, settings: Mapping[str, int], seed: int
    ) -> TreesBody:
        """Grown by scikit-learn, an optional dependency; raises DetectError without it or without labels."""
        if labels is None or int(labels.min()) == int(labels.max()):
            raise DetectError("boosting learns from events of both labels, 0 and 1")
        return TreesBody(
            boosted_trees(
                words,
                labels,
                count=settings[TREES.name],
                depth=settings[DEPTH.name],
                rate_milli=settings[RATE.name],
                seed=seed,
            )
        )

    def read(self, body: bytes, width: int) -> TreesScorer:
        """The trees; scores are log odds on the 2^-24 grid."""
        return read_trees(body, width)
