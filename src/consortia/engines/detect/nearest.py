"""Nearest: the distance to the k-th nearest of a sample of the population (Ramaswamy et al. 2000).

For small populations: where a whole cluster is hostile its events are one another's neighbours, and it
finds nothing (see `docs/explanation/detectors.md`). Features are brought to robust deviations first, on the
2^-8 grid and capped, so that squared distances are exact. The sample is every m-th record of the population.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from consortia.base.codec import Record, decode_record
from consortia.engines.detect.api import MODEL_BYTES_MAX, DetectError, Setting
from consortia.engines.detect.robust_z import Z_BITS, ScaleBody, ZScorer, scale, scorer_of
from consortia.exact.fixed import Integers

NEIGHBOURS = Setting("neighbours", 10, 1, 64, "the distance is to the so many-th nearest record")
SAMPLE = Setting("sample", 1024, 64, 8192, "the most records of the population that are kept")

_GRID_BITS = 8
_CAP = 64
_BLOCK = 64
_HALF = np.dtype("<i4")


class NearestBody(Record, frozen=True):
    """The scale, the neighbour that counts, and the sample: deviations in 2^-8, row by row, 32-bit words."""

    scale: ScaleBody
    neighbours: Annotated[int, Meta(ge=1, le=64)]
    sample: Annotated[bytes, Meta(max_length=MODEL_BYTES_MAX)]


@dataclass(frozen=True)
class NearestScorer:
    """A fitted nearest: the scale, the sample (records, features), and which neighbour counts, from 0."""

    scale: ZScorer
    sample: Integers
    neighbour: int

    def scores(self, words: Integers) -> Integers:
        """The squared distance to the neighbour, in 2^-16 of a squared deviation."""
        points = _points(self.scale, words)
        found = np.empty(len(points), dtype=np.int64)
        for begin in range(0, len(points), _BLOCK):
            block = points[begin : begin + _BLOCK]
            squares = np.zeros((len(block), len(self.sample)), dtype=np.int64)
            for index in range(points.shape[1]):
                away = block[:, index, None] - self.sample[None, :, index]
                squares += away * away
            found[begin : begin + _BLOCK] = np.partition(squares, self.neighbour, axis=1)[:, self.neighbour]
        return found


class Nearest:
    """The kind `nearest`."""

    name = "nearest"
    version = 1
    labelled = False
    settings: Sequence[Setting] = (NEIGHBOURS, SAMPLE)

    def fit(
        self, words: Integers, labels: Integers | None, settings: Mapping[str, int], seed: int
    ) -> NearestBody:
        """The scale and the sample; exact."""
        body = scale(words, _CAP)
        step = -(-len(words) // settings[SAMPLE.name])
        sample = _points(scorer_of(body, words.shape[1]), words[::step])
        return NearestBody(body, settings[NEIGHBOURS.name], sample.astype(_HALF).tobytes())

    def read(self, body: bytes, width: int) -> NearestScorer:
        """Scale and sample; raises Malformed, or DetectError when the sample does not fit or is empty."""
        fitted = decode_record(NearestBody, body, size_max=MODEL_BYTES_MAX)
        points = np.frombuffer(fitted.sample[: len(fitted.sample) // 4 * 4], dtype=_HALF).astype(np.int64)
        if not points.size or len(fitted.sample) % (4 * width):
            raise DetectError(f"a sample of {len(fitted.sample)} bytes is of no rows of {width} features")
        if int(np.abs(points).max()) > _CAP << _GRID_BITS:
            raise DetectError("a record of the sample lies beyond the cap")
        rows = points.reshape(-1, width)
        return NearestScorer(scorer_of(fitted.scale, width), rows, min(fitted.neighbours, len(rows)) - 1)


def _points(by: ZScorer, words: Integers) -> Integers:
    return by.parts(words) >> (Z_BITS - _GRID_BITS)
