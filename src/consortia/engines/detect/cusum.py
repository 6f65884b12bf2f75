"""CUSUM: slow drifts that no single event shows (Page 1954, two-sided, one pair of sums a feature).

Each event's robust deviations move two sums a feature: up by what exceeds the slack on that side, down by
what falls short of it, never below zero. The score is the largest sum. The sums are all the state there is:
two integers a feature, saved between events; one stream (a member, a key, a meter) has one state. Whoever has
dealt with an alert starts that stream anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from consortia.base.codec import Record, decode_record
from consortia.engines.detect.api import MODEL_BYTES_MAX, Setting
from consortia.engines.detect.robust_z import CAP, Z_BITS, ScaleBody, ZScorer, scale, scorer_of
from consortia.exact.fixed import Integers

SLACK = Setting("slack-milli", 500, 0, 8000, "thousandths of a deviation that count for nothing")


class CusumBody(Record, frozen=True):
    """The scale, and the slack in thousandths of a deviation."""

    scale: ScaleBody
    slack_milli: Annotated[int, Meta(ge=0, le=8000)]


@dataclass(frozen=True)
class CusumScorer:
    """A fitted CUSUM; the slack in 2^-16 of a deviation."""

    scale: ZScorer
    slack: int

    @property
    def start(self) -> Integers:
        """No sum has risen: zeros, shape (2 features,)."""
        return np.zeros(2 * len(self.scale.medians), dtype=np.int64)

    def watch(self, words: Integers, sums: Integers) -> tuple[Integers, Integers]:
        """The largest sum after each row in order, in 2^-16 deviations, and all sums after the last.

        max(0, S + z), step by step, is the running total less its least value so far: one pass, the same
        integers as event by event.
        """
        parts = self.scale.parts(words)
        moves = np.concatenate([parts, -parts], axis=1) - self.slack
        total = np.cumsum(np.concatenate([sums[None, :], moves]), axis=0)
        risen = total - np.minimum(np.minimum.accumulate(total, axis=0), 0)
        return risen[1:].max(axis=1, initial=0), risen[-1]


class Cusum:
    """The kind `cusum`."""

    name = "cusum"
    version = 1
    labelled = False
    settings: Sequence[Setting] = (SLACK, CAP)

    def fit(
        self, words: Integers, labels: Integers | None, settings: Mapping[str, int], seed: int
    ) -> CusumBody:
        """The scale of the population and the slack; exact."""
        return CusumBody(scale(words, settings[CAP.name]), settings[SLACK.name])

    def read(self, body: bytes, width: int) -> CusumScorer:
        """The scale and the slack; raises Malformed, or DetectError when it does not fit the features."""
        fitted = decode_record(CusumBody, body, size_max=MODEL_BYTES_MAX)
        return CusumScorer(scorer_of(fitted.scale, width), (fitted.slack_milli << Z_BITS) // 1000)
