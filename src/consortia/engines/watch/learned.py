"""Learned ranking beside the rules: how odd an event is for its kind, and how like known attacks.

For each kind of event two models: `odd`, fitted without labels on the ledger's own first days, and `sure`,
boosted trees that learned from labelled events elsewhere. A kind with habits (`features.HABITS`) has one more
of the first sort for each of them, since what is far out in one entry of fifteen drowns in their sum. `sure`
sees, beside the vector, how odd the event is, how far out in its habits and how grave the rules find it, so
that its log odds are the ranking of all of these together. One more of its models, `ANY`, sees those alone,
and events of every kind: it is what an attack is ranked by that nobody has labelled the like of. All score by
integers (`engines.detect`): whoever has the models and the vector computes the same score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from consortia.engines import detect
from consortia.engines.watch.features import HABITS, columns
from consortia.engines.watch.rules import RULES, Rule, hits, severity
from consortia.exact.fixed import Integers

EXTRA = ("oddness", "habit", "gravity", "met")
"""What `sure` sees beside the vector.

The share of the population that is less odd in all, and in whichever habit sets it most apart; the rules'
gravity and number.
"""
ANY = "any"
"""The name, among the models of `sure`, of the one for every kind."""
NAT = 1 << 24
"""What log odds are counted in."""
DOUBT = 2 * NAT
"""How far `ANY` ranks below its log odds where the kind has trees of its own, and above where it has none.

Chosen on ledgers that no figure is reported on (`bench/guard_choice.py`).
"""
FAR, TRUST = (1 << 20) * 99 // 100, 3 * NAT
"""An event farther out in a habit than 99 in 100 of its kind ranks so far above the log odds of `ANY`.

Trees of the kind know nothing of a habit that no labelled attack had; a desk sees one in a hundred at most.
"""
UNKNOWN = -4 * NAT
"""The log odds of an event of which nothing is known: about one in fifty is hostile."""
POPULATION_MIN = 50
"""A kind with fewer events than this has no model of what is usual."""


def fit_odd(rows: Mapping[str, Integers], seed: int = 0) -> dict[str, bytes]:
    """For each kind with events enough, and each habit of it, a model of what is usual.

    `rows` are vectors by kind; a habit's model stands under "kind habit".
    """
    models: dict[str, bytes] = {}
    for kind, each in rows.items():
        if len(each) < POPULATION_MIN:
            continue
        models[kind] = detect.fit("ensemble", each, columns(kind), seed=seed)
        for name in HABITS.get(kind, ()):
            one = each[:, [columns(kind).index(name)]]
            models[f"{kind} {name}"] = detect.fit("ecod", one, (name,), seed=seed)
    return models


def fit_sure(rows: Mapping[str, Integers], labels: Mapping[str, Integers], seed: int = 0) -> dict[str, bytes]:
    """All of `sure` from `widened` vectors (labels: 1 hostile, 0 not): `fit_kinds` and `fit_any`."""
    return fit_kinds(rows, labels, seed) | fit_any(rows, labels, seed)


def fit_kinds(
    rows: Mapping[str, Integers], labels: Mapping[str, Integers], seed: int = 0
) -> dict[str, bytes]:
    """For each kind with both labels, trees over `widened` vectors."""
    settings = {"trees": 120, "depth": 4, "rate-milli": 80}
    return {
        kind: detect.fit(
            "boosting", each, (*columns(kind), *EXTRA), labels=labels[kind], seed=seed, settings=settings
        )
        for kind, each in rows.items()
        if _both(labels[kind])
    }


def fit_any(rows: Mapping[str, Integers], labels: Mapping[str, Integers], seed: int = 0) -> dict[str, bytes]:
    """Trees over what all kinds have alike, `EXTRA`, as `ANY`; nothing where a label is missing."""
    alike = np.concatenate([each[:, -len(EXTRA) :] for each in rows.values()])
    told = np.concatenate([labels[kind] for kind in rows])
    if not _both(told):
        return {}
    settings = {"trees": 60, "depth": 3, "rate-milli": 100}
    return {ANY: detect.fit("boosting", alike, EXTRA, labels=told, seed=seed, settings=settings)}


def _both(labels: Integers) -> bool:
    return 0 < int(labels.sum()) < len(labels)


def odds(sure: Mapping[str, detect.Detector], kind: str, widened: Integers, doubt: int = DOUBT) -> Integers:
    """How suspicious events are, by `widened` vectors: log odds of being hostile on the 2^-24 grid.

    Where the kind has trees of its own these count, and `ANY` less `doubt` where that is more, since trees
    rank an attack low that is unlike all they learned from; `ANY` and `TRUST` for what is `FAR` out in a
    habit. A kind without ranks by `ANY` and `doubt`. Where there is no `ANY` either, what rules find ranks by
    its gravity (16 are a nat), and the rest by oddness or habit.
    """
    own, general = sure.get(kind), sure.get(ANY)
    alike = widened[:, -len(EXTRA) :]
    if general is not None:
        anywhere = general.watch(alike)[0]
        if own is None:
            return anywhere + doubt
        trusted: Integers = np.where(alike[:, 1] > FAR, anywhere + TRUST, anywhere - doubt)
        ranked: Integers = np.maximum(own.watch(widened)[0], trusted)
        return ranked
    if own is not None:
        return own.watch(widened)[0]
    oddest: Integers = np.maximum(alike[:, 0], alike[:, 1])
    return UNKNOWN + oddest + (alike[:, 2] << 20)


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

    def habit(self, kind: str, rows: Integers) -> Integers:
        """The share of the population that lies less far out in a habit, of 2^20, where it is most; or 0."""
        most = np.zeros(len(rows), dtype=np.int64)
        for name in HABITS.get(kind, ()):
            detector = self.odd.get(f"{kind} {name}")
            if detector is not None:
                one = rows[:, [columns(kind).index(name)]]
                most = np.maximum(most, detector.share(detector.watch(one)[0]))
        return most

    def widened(self, kind: str, rows: Integers) -> Integers:
        """The vectors with `EXTRA` behind."""
        met = [hits(self.rules, kind, [int(value) for value in row]) for row in rows]
        extra = np.array([[severity(each), len(each)] for each in met], dtype=np.int64).reshape(-1, 2)
        return np.column_stack([rows, self.oddness(kind, rows), self.habit(kind, rows), extra])

    def rank(self, kind: str, rows: Integers) -> Integers:
        """How suspicious events are, by their vectors; see `odds`."""
        return odds(self.sure, kind, self.widened(kind, rows))
