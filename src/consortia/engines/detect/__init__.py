"""Detection: which events are unlike the others, or like those that people have labelled.

    model = detect.fit("ensemble", rows, names)      # bytes, once, from a population of events
    detector = detect.load(model)                    # anyone, anywhere
    scores, _ = detector.watch(events)               # integers, the same bits on every machine

`KINDS` is the one list: `ensemble` (the default), `ensemble-small`, `forest`, `ecod`, `robust-z`, `nearest`,
`boosting` (learns from labels) and `cusum` (keeps a stream). Fitting may use floats and scikit-learn
(`consortia[detect]`); scoring is integer tables and trees alone. What an event is, the engine does not know.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from consortia.engines.detect.api import DetectError, Kind, Rows, Setting
from consortia.engines.detect.boosting import Boosting
from consortia.engines.detect.cusum import Cusum
from consortia.engines.detect.detector import (
    Detector,
    fit_kind,
    load_kind,
    model_digest,
    population_digest,
)
from consortia.engines.detect.ecod import Ecod
from consortia.engines.detect.ensemble import Ensemble
from consortia.engines.detect.forest import Forest
from consortia.engines.detect.nearest import Nearest
from consortia.engines.detect.robust_z import RobustZ
from consortia.exact.fixed import Integers

__all__ = [
    "KINDS",
    "DetectError",
    "Detector",
    "Setting",
    "fit",
    "load",
    "model_digest",
    "population_digest",
]

_ALL: tuple[Kind, ...] = (
    Ensemble("ensemble", (Forest(), Ecod(), RobustZ())),
    Ensemble("ensemble-small", (Forest(), Ecod(), RobustZ(), Nearest())),
    Forest(),
    Ecod(),
    RobustZ(),
    Nearest(),
    Boosting(),
    Cusum(),
)

KINDS = MappingProxyType({each.name: each for each in _ALL})


def fit(
    kind: str,
    rows: Rows,
    names: Sequence[str],
    *,
    labels: Sequence[int] | Integers | None = None,
    seed: int = 0,
    settings: Mapping[str, int] | None = None,
) -> bytes:
    """The bytes of a model of that kind, fitted on a population of events.

    `rows` int64 or float64 (records, features), of which `names` gives the features. `labels`, for a kind
    that learns from them, are 1 for an event that was hostile and 0 for others. `seed` is what random cuts
    are drawn from. Raises DetectError for an unknown kind or setting, rows or labels that do not fit, NaN
    and infinity, and where scikit-learn is wanted and not installed.
    """
    try:
        chosen = KINDS[kind]
    except KeyError:
        raise DetectError(f"no kind of detector {kind!r}; there are {', '.join(sorted(KINDS))}") from None
    return fit_kind(chosen, rows, names, labels=labels, seed=seed, settings=settings or {})


def load(model: bytes) -> Detector:
    """The detector in a model's bytes; raises DetectError for what is none or of another version."""
    return load_kind(model, KINDS)
