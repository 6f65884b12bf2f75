"""A fitted detector: fit, keep, load, watch.

`fit` turns a population into a model's bytes, `load` reads them, and `Detector.watch` scores events; a kind
whose score depends on what came before takes and gives the state of a stream, all others an empty one.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta

from consortia.base.codec import (
    Digest,
    Malformed,
    Record,
    decode,
    decode_record,
    encode_record,
    from_value,
)
from consortia.base.hashing import tagged
from consortia.engines.detect import grid
from consortia.engines.detect.api import (
    FORMAT,
    MODEL_BYTES_MAX,
    RECORDS_MAX,
    DetectError,
    Fitted,
    Kind,
    Rows,
    Scorer,
    Setting,
)
from consortia.exact.fixed import Integers, from_integers
from consortia.exact.steps import StepsError, look_up, shares
from consortia.exact.trees import TreesError

SUM_MAX = 1 << 62
STATE_BYTES_MAX = 1 << 16


class StreamState(Record, frozen=True):
    """What a streaming detector keeps of one stream: whose it is, the events so far, the sums behind them."""

    format: str
    model: Digest
    events: Annotated[int, Meta(ge=0, le=1 << 40)]
    sums: tuple[Annotated[int, Meta(ge=-SUM_MAX, le=SUM_MAX)], ...]


class Detector:
    """One fitted model, ready to score. It holds nothing that changes."""

    def __init__(self, model: bytes, kind: Kind, fitted: Fitted) -> None:
        """`model` and what `load` read from it; raises what `Kind.read` raises."""
        self.model = model
        self.digest = model_digest(model)
        self.kind = kind.name
        self.version = kind.version
        self.names = fitted.names
        self.population = fitted.population
        self.records = fitted.records
        self._scale_bits = fitted.scale_bits
        self._shares = fitted.shares
        self._reads = kind.read(fitted.body, len(fitted.names))

    @property
    def streaming(self) -> bool:
        """Whether an event's score depends on the events before it."""
        return not hasattr(self._reads, "scores")

    def words(self, rows: Rows) -> Integers:
        """Events on the model's grid: what an alert keeps of its event, so that anyone scores it again.

        Raises DetectError for rows of another shape or type, and for NaN and infinity, naming the feature.
        """
        return grid.words(rows, self._scale_bits, self.names)

    def watch(self, rows: Rows, state: bytes = b"") -> tuple[Integers, bytes]:
        """The scores of events in order, int64 (records,), and the state of their stream behind the last.

        `state` is what the last call gave; empty for a new stream, and always empty where a score depends on
        its event alone. Raises DetectError as `words` does, and for a state of another model or version.
        """
        return self.watch_words(self.words(rows), state)

    def watch_words(self, words: Integers, state: bytes = b"") -> tuple[Integers, bytes]:
        """`watch` for events that are on the grid already."""
        if words.ndim != 2 or words.dtype != np.int64 or words.shape[1] != len(self.names):
            raise DetectError(f"words of shape {words.shape}, the detector has {len(self.names)} features")
        reads = self._reads
        if isinstance(reads, Scorer):
            if state:
                raise DetectError(f"a detector of kind {self.kind} keeps no state of a stream")
            return reads.scores(words), b""
        events, sums = self._sums(state, reads.start)
        scores, behind = reads.watch(words, sums)
        kept = StreamState(FORMAT, self.digest, events + len(words), tuple(behind.tolist()))
        return scores, encode_record(kept)

    def share(self, scores: Integers) -> Integers:
        """The part of the population that scores below each score, of 2^20; ties count half."""
        return look_up(self._shares, scores)

    def _sums(self, state: bytes, start: Integers) -> tuple[int, Integers]:
        if not state:
            return 0, start
        try:
            found = decode_record(StreamState, state, size_max=STATE_BYTES_MAX)
        except Malformed as error:
            raise DetectError(f"no state of a stream: {error}") from None
        if found.model != self.digest or found.format != FORMAT or len(found.sums) != start.size:
            raise DetectError("the state is of another model; a new model starts its streams anew")
        return found.events, from_integers(found.sums)


def model_digest(model: bytes) -> bytes:
    """The 32-byte content hash of a model's bytes."""
    return tagged("consortia/detector", model)


def population_digest(words: Integers) -> bytes:
    """The 32-byte hash of a population: its words on the model's grid, row by row."""
    return tagged("consortia/detect-population", words.astype("<i8").tobytes())


def fit_kind(
    kind: Kind,
    rows: Rows,
    names: Sequence[str],
    *,
    labels: Sequence[int] | Integers | None,
    seed: int,
    settings: Mapping[str, int],
) -> bytes:
    """The bytes of a model of this kind, fitted on a population; raises DetectError."""
    if len(set(names)) != len(names) or not names:
        raise DetectError("a detector has at least one feature, each with a name of its own")
    if not 0 < len(rows) <= RECORDS_MAX:
        raise DetectError(f"a population of {len(rows)} events; 1 to {RECORDS_MAX} can be fitted")
    chosen = _settings(kind, settings)
    marks = _labels(kind, labels, len(rows))
    scale_bits = grid.scales(rows, names)
    words = grid.words(rows, scale_bits, names)
    body = encode_record(kind.fit(words, marks, chosen, seed))
    if len(body) > MODEL_BYTES_MAX // 2:
        raise DetectError(
            f"a model of {len(body)} bytes; at most {MODEL_BYTES_MAX // 2} are kept: fewer features or knots"
        )
    reads = kind.read(body, len(names))
    scores = reads.scores(words) if isinstance(reads, Scorer) else reads.watch(words, reads.start)[0]
    return encode_record(
        Fitted(
            FORMAT,
            kind.name,
            kind.version,
            tuple(names),
            scale_bits,
            population_digest(words),
            len(words),
            body,
            shares(scores),
        )
    )


def load_kind(model: bytes, kinds: Mapping[str, Kind]) -> Detector:
    """The detector in these bytes.

    1. they are canonical; 2. the format and the kind are known; 3. the version is the one that this program
    has; 4. names and grid belong together; 5. the body reads. Raises DetectError, naming what is wrong.
    """
    try:
        value = decode(model, size_max=MODEL_BYTES_MAX)
        head = value if isinstance(value, Mapping) else {}
        if head.get("format") != FORMAT or head.get("kind") not in kinds:
            raise DetectError(
                f"no detector: format {head.get('format')!r}, kind {head.get('kind')!r}; "
                f"there are {', '.join(sorted(kinds))}"
            )
        kind = kinds[str(head["kind"])]
        if head.get("version") != kind.version:
            raise DetectError(
                f"a detector of kind {kind.name}, version {head.get('version')!r}; "
                f"this program has version {kind.version}"
            )
        fitted = from_value(Fitted, value)
        if encode_record(fitted) != model or len(fitted.scale_bits) != len(fitted.names):
            raise DetectError("not the one encoding of a detector")
        _ = fitted.shares.arrays
        return Detector(model, kind, fitted)
    except (Malformed, StepsError, TreesError) as error:
        raise DetectError(f"no detector: {error}") from None


def _settings(kind: Kind, given: Mapping[str, int]) -> dict[str, int]:
    known: dict[str, Setting] = {each.name: each for each in kind.settings}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise DetectError(
            f"{kind.name} has no setting {', '.join(unknown)}; there are {', '.join(known) or 'none'}"
        )
    found = {}
    for name, setting in known.items():
        value = given.get(name, setting.default)
        if type(value) is not int or not setting.low <= value <= setting.high:
            raise DetectError(
                f"the setting {name} is {value!r}: an integer from {setting.low} to {setting.high} is wanted"
            )
        found[name] = value
    return found


def _labels(kind: Kind, labels: Sequence[int] | Integers | None, records: int) -> Integers | None:
    if not kind.labelled:
        if labels is not None:
            raise DetectError(f"{kind.name} learns without labels")
        return None
    if labels is None:
        raise DetectError(f"{kind.name} learns from labels: 1 for an event that was hostile, 0 for others")
    marks = np.asarray(labels)
    if marks.shape != (records,) or marks.dtype.kind not in "iub" or not set(np.unique(marks)) <= {0, 1}:
        raise DetectError(f"labels are {records} integers, each 0 or 1")
    return marks.astype(np.int64)
