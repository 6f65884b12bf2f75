"""The battery of detectors: what each kind must pass, for no more than standing in KINDS.

Each check gives a list of findings, empty when all is well. Populations are drawn here from hashes.

    python -m consortia.testing.detectors MODEL ...         # a digest of each model's scores, one a line

What it prints is the same on every machine, under whatever instructions numpy picks there.
"""

import hashlib
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consortia.base.codec import decode, encode
from consortia.engines.detect import load
from consortia.engines.detect.api import DetectError, Kind, Rows
from consortia.engines.detect.detector import Detector, fit_kind, load_kind
from consortia.exact.fixed import Integers

NAMES = ("amount", "hour", "count", "constant")
RECORDS = 300
_FINITE = 1.5


def population(salt: str = "population", records: int = RECORDS) -> Integers:
    """Events of four features: heavy-tailed, uniform, small counts, and one that never varies."""
    amount = (1 << _draw(salt + "power", records, 20)) + _draw(salt + "amount", records, 1000)
    hour = _draw(salt + "hour", records, 24)
    count = _draw(salt + "count", records, 4) * _draw(salt + "again", records, 3)
    return np.column_stack([amount, hour, count, np.full(records, 7)]).astype(np.int64)


def labels(rows: Integers) -> Integers:
    """Which events count as hostile: large amounts in the night."""
    return ((rows[:, 0] > 1 << 12) & (rows[:, 1] < 8)).astype(np.int64)


def fitted(kind: Kind, rows: Rows | None = None) -> bytes:
    """A small model of this kind, fitted on a population of the battery's."""
    chosen = population() if rows is None else rows
    marks = labels(population(records=len(chosen))) if kind.labelled else None
    quick = {each.name: 8 for each in kind.settings if each.name == "trees"}
    return fit_kind(kind, chosen, NAMES, labels=marks, seed=1, settings=quick)


@cache
def model_of(kind: Kind) -> bytes:
    """The model of the battery's own population."""
    return fitted(kind)


def _loaded(kind: Kind, model: bytes | None = None) -> Detector:
    return load_kind(model_of(kind) if model is None else model, {kind.name: kind})


def _draw(salt: str, count: int, below: int) -> NDArray[np.int64]:
    """Integers from 0 to below - 1 out of a hash, so that no library's generator decides."""
    data = hashlib.shake_256(salt.encode()).digest(4 * count)
    return np.frombuffer(data, dtype="<u4").astype(np.int64) % below


def determinism_findings(kind: Kind) -> list[str]:
    """The same population and seed give the same bytes, and the same bytes the same scores."""
    found = []
    model = model_of(kind)
    if fitted(kind) != model:
        found.append("two fits of one population differ")
    events = population("events")
    first, second = _loaded(kind, model), _loaded(kind, model)
    if (first.watch(events)[0] != second.watch(events)[0]).any():
        found.append("two readings of one model score differently")
    if first.watch(events)[0].dtype != np.int64:
        found.append("scores are not int64")
    return found


def bytes_findings(kind: Kind) -> list[str]:
    """A model is canonical; cut, lengthened or with a bit of its body turned it is refused or still exact."""
    model = model_of(kind)
    found = [] if encode(decode(model)) == model else ["the model is not canonical"]
    wrong = (b"", model[:-1], model + b"\x00", encode([]), encode({"format": "consortia/detector"}))
    taken = [each for each in wrong if not _refuses(partial(_loaded, kind, each))]
    return found + [f"{len(each)} bytes that are no model were taken" for each in taken]


def version_findings(kind: Kind) -> list[str]:
    """A model of another version or kind is refused, and the refusal says so."""
    found = []
    for name, value in (("version", kind.version + 1), ("kind", "another"), ("format", "another")):
        said = _refuses(partial(_loaded, kind, _changed(model_of(kind), **{name: value})))
        if str(value) not in said:
            found.append(f"{name} {value!r}: {said or 'was taken'}")
    return found


def rows_findings(kind: Kind) -> list[str]:
    """NaN, infinity, another width or type are refused by name; no rows give no scores."""
    detector = _loaded(kind)
    found = []
    for wrong in (np.nan, np.inf, -np.inf):
        rows = population().astype(np.float64)
        rows[3, 1] = wrong
        said = _refuses(partial(detector.watch, rows))
        if "row 3" not in said or "'hour'" not in said:
            found.append(f"{wrong}: {said or 'was taken'}")
        if not _refuses(partial(fitted, kind, rows)):
            found.append(f"fitted on {wrong}")
    odd: tuple[NDArray[Any], ...] = (
        population()[:, :3],
        population()[0],
        population().astype(np.int32),
        population().astype("U8"),
    )
    taken = [each for each in odd if not _refuses(partial(detector.watch, each))]
    found += [f"rows of shape {each.shape} and type {each.dtype} were taken" for each in taken]
    if not _refuses(partial(detector.watch_words, population().astype(np.float64))):
        found.append("words that are floats were taken")
    if not _refuses(partial(fitted, kind, population(records=0))):
        found.append("fitted on nothing")
    if detector.watch(population(records=0))[0].shape != (0,):
        found.append("no rows gave scores")
    return found


def batch_findings(kind: Kind) -> list[str]:
    """Event by event, the state handed on, gives the scores of a batch, and the state behind it."""
    detector = _loaded(kind)
    events = population("events", 40)
    whole, end = detector.watch(events)
    state, single = b"", []
    for index in range(len(events)):
        scores, state = detector.watch(events[index : index + 1], state)
        single.append(int(scores[0]))
    found = [] if single == whole.tolist() else ["single events score otherwise than a batch"]
    if state != end:
        found.append("the states differ")
    return found


def state_findings(kind: Kind) -> list[str]:
    """A state is small; of another model, cut, or handed to a kind without streams, it is refused."""
    detector, other = _loaded(kind), _loaded(kind, fitted(kind, population("another")))
    _, state = detector.watch(population("events", 40))
    found = [] if len(state) <= 128 + 18 * len(NAMES) else [f"a state of {len(state)} bytes"]
    if detector.streaming == (state == b""):
        found.append("it says of itself that it keeps a stream, and does not, or the other way round")
    wrong = (state + b"\x00", state[:-1] or b"\xa0")
    taken = [each for each in wrong if not _refuses(partial(detector.watch, population(records=1), each))]
    found += [f"{len(each)} bytes that are no state were taken" for each in taken]
    if state and not _refuses(partial(other.watch, population(records=1), state)):
        found.append("the state of another model was taken")
    return found


def constant_findings(kind: Kind) -> list[str]:
    """A population of one event over and over is fitted, and one that differs never scores below it."""
    if kind.labelled:
        return []
    rows = np.tile(population(records=1), (50, 1))
    detector = _loaded(kind, fitted(kind, rows))
    same, other = rows[:1], rows[:1] + 5
    if _score(detector, other) < _score(detector, same):
        return ["another event scores below the only one that was seen"]
    single = _loaded(kind, fitted(kind, population(records=1)))
    return [] if single.watch(same)[0].shape == (1,) else ["a population of one event does not score"]


def extreme_findings(kind: Kind) -> list[str]:
    """The largest numbers of both types score like those just beyond the population."""
    found = []
    edge = np.iinfo(np.int64)
    for rows in (population(), population().astype(np.float64) / 3):
        detector = _loaded(kind, fitted(kind, rows))
        tops: tuple[Rows, ...] = (
            np.full((1, len(NAMES)), edge.max),
            np.full((1, len(NAMES)), edge.min),
            np.full((1, len(NAMES)), np.finfo(np.float64).max),
            np.full((1, len(NAMES)), np.finfo(np.float64).tiny),
        )
        high = [_score(detector, each) for each in tops]
        if high[0] != high[2]:
            found.append(f"{rows.dtype}: the largest integer scores {high[0]}, the largest float {high[2]}")
    return found


def type_findings(kind: Kind) -> list[str]:
    """Integers score alike as int64 and as float64."""
    events = population("events")
    found = []
    for rows in (population(), population().astype(np.float64)):
        detector = _loaded(kind, fitted(kind, rows))
        if (detector.watch(events)[0] != detector.watch(events.astype(np.float64))[0]).any():
            found.append(f"fitted on {rows.dtype}: integers score otherwise as floats")
    return found


def share_findings(kind: Kind) -> list[str]:
    """Shares rise with the scores, from none to all, and are one half on the average over the population."""
    detector = _loaded(kind)
    scores, _ = detector.watch(population())
    edge = np.iinfo(np.int64)
    share = detector.share(np.sort(np.append(scores, [edge.min, edge.max])))
    found = []
    if (share[0], share[-1]) != (0, 1 << 20) or (np.diff(share) < 0).any():
        found.append("shares do not rise from none to all")
    if abs(int(detector.share(scores).sum()) - (len(scores) << 19)) > len(scores):
        found.append("shares of the population do not average one half")
    return found


def setting_findings(kind: Kind) -> list[str]:
    """Unknown settings, values beyond the limits and values that are no integers are refused."""
    wrong: list[dict[str, Any]] = [{"no-such-setting": 1}]
    for each in kind.settings:
        if not each.low <= each.default <= each.high or not each.meaning:
            return [f"the default of {each.name} is outside its limits, or it has no meaning"]
        wrong += [{each.name: value} for value in (each.low - 1, each.high + 1, _FINITE, None)]
    marks = labels(population()) if kind.labelled else None
    return [
        f"taken: {given}"
        for given in wrong
        if not _refuses(partial(fit_kind, kind, population(), NAMES, labels=marks, seed=1, settings=given))
    ]


def label_findings(kind: Kind) -> list[str]:
    """A kind that learns from labels refuses to go without, and all refuse those that do not fit."""
    rows = population()
    marks = labels(rows)
    wrong: list[Any] = [marks[:-1], marks + 1, marks.astype(np.float64), None if kind.labelled else marks]
    if kind.labelled:
        wrong += [marks * 0]
    return [
        f"labels taken: {each!r}"
        for each in wrong
        if not _refuses(partial(fit_kind, kind, rows, NAMES, labels=each, seed=1, settings={}))
    ]


CHECKS: Mapping[str, Callable[[Kind], list[str]]] = {
    "determinism": determinism_findings,
    "bytes": bytes_findings,
    "version": version_findings,
    "rows": rows_findings,
    "batch": batch_findings,
    "state": state_findings,
    "constant": constant_findings,
    "extreme": extreme_findings,
    "types": type_findings,
    "shares": share_findings,
    "settings": setting_findings,
    "labels": label_findings,
}


def _changed(model: bytes, **fields: object) -> bytes:
    value = decode(model)
    if not isinstance(value, Mapping):
        raise TypeError("a model is a map")
    return encode({**value, **fields})


def _score(detector: Detector, rows: Rows) -> int:
    return int(detector.watch(rows)[0][0])


def _refuses(call: Callable[[], object]) -> str:
    """What a call was refused with; empty when it was not."""
    try:
        call()
    except DetectError as error:
        return str(error)
    return ""


def score_digest(model: bytes) -> str:
    """The hash of a model's scores of 2,000 events and of the state behind the last."""
    scores, state = load(model).watch(population("digest", 2000))
    return hashlib.sha256(scores.astype("<i8").tobytes() + state).hexdigest()[:32]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        sys.stdout.write(score_digest(Path(name).read_bytes()) + "\n")
