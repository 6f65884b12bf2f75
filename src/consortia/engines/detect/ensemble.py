"""Rank averages: several detectors' shares of the population, added up.

Each member says what part of its population scores below the event; the sum of these is the score, so that no
member's unit weighs more than another's. `ensemble` is isolation forest, ECOD and robust z, fitted together;
`ensemble-small`, for populations of some thousands at most, has `nearest` besides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from consortia.base.codec import Record, decode_record, encode_record
from consortia.engines.detect.api import MODEL_BYTES_MAX, DetectError, Kind, Scorer, Setting
from consortia.exact.fixed import Integers
from consortia.exact.steps import Steps, look_up, shares

MEMBERS_MAX = 16


class Part(Record, frozen=True):
    """A member: its kind and version, its body, and its shares of the population."""

    kind: str
    version: int
    body: bytes
    shares: Steps


class EnsembleBody(Record, frozen=True):
    """The members in order."""

    parts: Annotated[tuple[Part, ...], Meta(min_length=1, max_length=MEMBERS_MAX)]


@dataclass(frozen=True)
class EnsembleScorer:
    """The members' scorers, each with its shares."""

    members: tuple[tuple[Scorer, Steps], ...]

    def scores(self, words: Integers) -> Integers:
        """The sum of the members' shares, each of 2^20."""
        total = np.zeros(len(words), dtype=np.int64)
        for member, share in self.members:
            total += look_up(share, member.scores(words))
        return total


@dataclass(frozen=True)
class Ensemble:
    """The kinds `ensemble` and `ensemble-small`: these members, each with its default settings."""

    name: str
    members: tuple[Kind, ...]
    version: int = 1
    labelled: bool = False
    settings: Sequence[Setting] = ()

    def fit(
        self, words: Integers, labels: Integers | None, settings: Mapping[str, int], seed: int
    ) -> EnsembleBody:
        """Each member fitted on the same population; raises DetectError as they do."""
        parts = []
        for kind in self.members:
            defaults = {each.name: each.default for each in kind.settings}
            body = encode_record(kind.fit(words, labels, defaults, seed))
            scores = _scorer(kind, body, words.shape[1]).scores(words)
            parts.append(Part(kind.name, kind.version, body, shares(scores)))
        return EnsembleBody(tuple(parts))

    def read(self, body: bytes, width: int) -> EnsembleScorer:
        """The members; raises DetectError, naming the one of another kind or version."""
        found = []
        kinds = {kind.name: kind for kind in self.members}
        for part in decode_record(EnsembleBody, body, size_max=MODEL_BYTES_MAX).parts:
            kind = kinds.get(part.kind)
            if kind is None or part.version != kind.version:
                known = "none" if kind is None else f"version {kind.version}"
                raise DetectError(
                    f"a member of kind {part.kind}, version {part.version}; this program has {known}"
                )
            _ = part.shares.arrays
            found.append((_scorer(kind, part.body, width), part.shares))
        return EnsembleScorer(tuple(found))


def _scorer(kind: Kind, body: bytes, width: int) -> Scorer:
    scorer = kind.read(body, width)
    if not isinstance(scorer, Scorer):
        raise DetectError(f"{kind.name} keeps a stream, which an average cannot")
    return scorer
