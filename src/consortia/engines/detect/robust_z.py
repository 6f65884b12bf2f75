"""Robust z: how many robust deviations each feature lies from its median, and their sum.

The deviation is 1.4826 times the median absolute one; where more than half of the population has one value
it is 1.2533 times the mean absolute one, and where all have one, any other counts in full. Each feature adds
at most 8 deviations, so that one wild column does not drown the others (Rousseeuw and Croux 1993; Iglewicz
and Hoaglin 1993).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from consortia.base.codec import Record, decode_record
from consortia.engines.detect.api import MODEL_BYTES_MAX, DetectError, Setting
from consortia.engines.detect.grid import WORD_MAX
from consortia.exact.fixed import Integers, divide, from_integers

Z_BITS = 16
CAP = Setting("cap", 8, 1, 64, "the most deviations that a feature counts")

_MEDIAN_TO_DEVIATION = (14826, 10000)
_MEAN_TO_DEVIATION = (12533, 10000)

Word = Annotated[int, Meta(ge=-WORD_MAX, le=WORD_MAX)]
Deviation = Annotated[int, Meta(ge=0, le=2 * WORD_MAX)]


class ScaleBody(Record, frozen=True):
    """Each feature's median and robust deviation in grid words (0 where all are one), and the cap."""

    medians: tuple[Word, ...]
    deviations: tuple[Deviation, ...]
    cap: Annotated[int, Meta(ge=1, le=64)]


@dataclass(frozen=True)
class ZScorer:
    """A fitted robust z."""

    medians: Integers
    deviations: Integers
    cap: int

    def scores(self, words: Integers) -> Integers:
        """The sum of the features' deviations, in 2^-16 of one."""
        total: Integers = np.abs(self.parts(words)).sum(axis=1)
        return total

    def parts(self, words: Integers) -> Integers:
        """Each feature's signed deviations in 2^-16, rounded toward the median and capped; same shape."""
        away = words - self.medians
        size = np.abs(away)
        capped = size >= self.cap * self.deviations
        near = np.where(capped, 0, size) << Z_BITS
        found = np.where(capped, self.cap << Z_BITS, near // np.maximum(self.deviations, 1))
        return np.where(away < 0, -found, found)


class RobustZ:
    """The kind `robust-z`."""

    name = "robust-z"
    version = 1
    labelled = False
    settings: Sequence[Setting] = (CAP,)

    def fit(
        self, words: Integers, labels: Integers | None, settings: Mapping[str, int], seed: int
    ) -> ScaleBody:
        """Medians and deviations; exact."""
        return scale(words, settings[CAP.name])

    def read(self, body: bytes, width: int) -> ZScorer:
        """Medians and deviations as arrays; raises Malformed, or DetectError when not one a feature."""
        return scorer_of(decode_record(ScaleBody, body, size_max=MODEL_BYTES_MAX), width)


def scale(words: Integers, cap: int) -> ScaleBody:
    """The medians and robust deviations of a population of grid words."""
    columns = [words[:, index] for index in range(words.shape[1])]
    medians = [_median(column) for column in columns]
    spreads = [_spread(column, median) for column, median in zip(columns, medians, strict=True)]
    return ScaleBody(tuple(medians), tuple(spreads), cap)


def scorer_of(body: ScaleBody, width: int) -> ZScorer:
    """The scorer of a scale; raises DetectError when it is not of `width` features."""
    if not len(body.medians) == len(body.deviations) == width:
        raise DetectError(f"{len(body.medians)} medians for {width} features")
    return ZScorer(from_integers(body.medians), from_integers(body.deviations), body.cap)


def _median(column: Integers) -> int:
    """The middle word, or the mean of the two in the middle, half to even."""
    low, high = (column.size - 1) // 2, column.size // 2
    ordered = np.partition(column, (low, high))
    return divide(int(ordered[low]) + int(ordered[high]), 2)


def _spread(column: Integers, median: int) -> int:
    away = np.abs(column - median)
    middle = _median(away)
    if middle:
        times, over = _MEDIAN_TO_DEVIATION
        return divide(middle * times, over)
    times, over = _MEAN_TO_DEVIATION
    # At most 2^46 a word and 2^24 words: summed in two halves, so that no sum leaves 64 bits.
    total = (int((away >> 20).sum()) << 20) + int((away & ((1 << 20) - 1)).sum())
    return max(1, divide(total * times, over * column.size)) if total else 0
