"""Learned ranking beside the rules: how odd an event is for its kind, and how like known attacks.

For each kind of event two models: `odd`, fitted without labels on the ledger's own first days, and `sure`,
boosted trees that learned from labelled events elsewhere. `sure` sees, beside the vector, how odd the event
is and how grave the rules find it, so that its log odds are the ranking of all three together. Both score
by integers (`engines.detect`): whoever has the models and the vector computes the same score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consortia.engines import detect
from consortia.engines.watch.features import columns
from consortia.engines.watch.rules import RULES, Rule, hits, severity

Integers = NDArray[np.int64]

EXTRA = ("oddness", "gravity", "met")
"""What `sure` sees beside the vector: the share of the population less odd, the rules' gravity and number."""
POPULATION_MIN = 50
"""A kind with fewer events than this has no model of what is usual."""


def fit_odd(rows: Mapping[str, Integers], seed: int = 0) -> dict[str, bytes]:
    """For each kind with events enough, a model of what is usual; `rows` are vectors by kind."""
    return {
        kind: detect.fit("ensemble", each, columns(kind), seed=seed)
        for kind, each in rows.items()
        if len(each) >= POPULATION_MIN
    }


def fit_sure(rows: Mapping[str, Integers], labels: Mapping[str, Integers], seed: int = 0) -> dict[str, bytes]:
    """For each kind with both labels, trees over `widened` vectors (labels: 1 hostile, 0 not)."""
    settings = {"trees": 120, "depth": 4, "rate-milli": 80}
    return {
        kind: detect.fit(
            "boosting", each, (*columns(kind), *EXTRA), labels=labels[kind], seed=seed, settings=settings
        )
        for kind, each in rows.items()
        if len(each) and 0 < int(labels[kind].sum()) < len(each)
    }


@dataclass(frozen=True)
class Learned:
    """The fitted models by kind of event, and the rules they stand beside."""

    odd: Mapping[str, detect.Detector]
    sure: Mapping[str, detect.Detector]
    rules: Sequence[Rule] = RULES

    @classmethod
    def load(cls, odd: Mapping[str, bytes], sure: Mapping[str, bytes]) -> "Learned":
        """The models in these bytes; raises detect.DetectError."""
        return cls(
            {kind: detect.load(each) for kind, each in odd.items()},
            {kind: detect.load(each) for kind, each in sure.items()},
        )

    def oddness(self, kind: str, rows: Integers) -> Integers:
        """The share of the population that is less odd, of 2^20; half where there is no model."""
        detector = self.odd.get(kind)
        if detector is None:
            return np.full(len(rows), 1 << 19, dtype=np.int64)
        return detector.share(detector.watch(rows)[0])

    def widened(self, kind: str, rows: Integers) -> Integers:
        """The vectors with `EXTRA` behind."""
        met = [hits(self.rules, kind, [int(value) for value in row]) for row in rows]
        extra = np.array([[severity(each), len(each)] for each in met], dtype=np.int64).reshape(-1, 2)
        return np.column_stack([rows, self.oddness(kind, rows), extra])

    def rank(self, kind: str, rows: Integers) -> Integers:
        """Log odds of being hostile on the 2^-24 grid, higher is more suspicious; without `sure`, oddness."""
        detector = self.sure.get(kind)
        if detector is None:
            return self.oddness(kind, rows) - (1 << 27)
        return detector.watch(self.widened(kind, rows))[0]
