"""ECOD: how far out in the population's tails an event lies, feature by feature (Li et al. 2022).

For each feature the larger of two tails, minus the logarithm to base 2 of the share of the population at or
below the event and of the share at or above; their sum over the features. (The other way round, the larger of
the two sums, finds much less.) An event beyond all of the population counts as half a record. There is
nothing to tune and nothing random; fitting, too, is in integers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from consortia.base.codec import Record, decode_record
from consortia.engines.detect.api import MODEL_BYTES_MAX, DetectError, Setting
from consortia.exact.fixed import Integers
from consortia.exact.steps import Steps, count, logarithm_two, look_up, steps

KNOTS = Setting("knots", 1024, 16, 4096, "the most words of a feature that are told apart")


class EcodBody(Record, frozen=True):
    """For each feature the larger tail at every place, in 2^-16 bits."""

    tails: tuple[Steps, ...]


@dataclass(frozen=True)
class EcodScorer:
    """The tables of a fitted ECOD."""

    tails: tuple[Steps, ...]

    def scores(self, words: Integers) -> Integers:
        """The sum of the larger tails, in 2^-16 bits."""
        total = np.zeros(len(words), dtype=np.int64)
        for part in self.parts(words):
            total += part
        return total

    def parts(self, words: Integers) -> list[Integers]:
        """What each feature adds."""
        return [look_up(tail, words[:, index]) for index, tail in enumerate(self.tails)]


class Ecod:
    """The kind `ecod`."""

    name = "ecod"
    version = 1
    labelled = False
    settings: Sequence[Setting] = (KNOTS,)

    def fit(
        self, words: Integers, labels: Integers | None, settings: Mapping[str, int], seed: int
    ) -> EcodBody:
        """A table of tails for each feature."""
        return EcodBody(
            tuple(_tail(words[:, index], settings[KNOTS.name]) for index in range(words.shape[1]))
        )

    def read(self, body: bytes, width: int) -> EcodScorer:
        """The tables; raises Malformed, StepsError, or DetectError when they are not one a feature."""
        tails = decode_record(EcodBody, body, size_max=MODEL_BYTES_MAX).tails
        if len(tails) != width:
            raise DetectError(f"{len(tails)} tables of tails for {width} features")
        for tail in tails:
            _ = tail.arrays
        return EcodScorer(tails)


def _tail(column: Integers, knots: int) -> Steps:
    """Both tails at every place of a feature's table, the larger one each time."""
    counted = count(column, knots_max=knots, ends=knots // 4)
    whole = logarithm_two(np.array([2 * counted.records]))
    left = whole - logarithm_two(np.maximum(2 * counted.upto, 1))
    right = whole - logarithm_two(np.maximum(2 * counted.from_, 1))
    return steps(counted.knots, np.maximum(left, right))
