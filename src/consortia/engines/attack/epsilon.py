"""Is the claimed epsilon true? A lower bound on the real one, with confidence, from many runs.

Whoever looks at what a mechanism publishes and says "the record is there" is right and wrong at rates that a
true (epsilon, delta) ties together: right <= e^epsilon * wrong + delta. So measured rates bound epsilon from
below (Jagielski, Ullman and Oprea 2020; Nasr et al. 2023). A bound above the claim shows that the claim is
false; one below it shows only that this look did not refute it.

A member runs this on its own noise, inside its walls: seeds are never given away to be checked.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from consortia.base.codec import encode
from consortia.engines.privacy.account import epsilon
from consortia.engines.privacy.terms import contribute
from consortia.engines.train.api import Stage, Vector
from consortia.exact.budget import Noise, Unit
from consortia.exact.ring import add_all

_STEPS = 60


@dataclass(frozen=True)
class Audit:
    """Rates over `runs` runs of each of the two worlds, and what follows.

    `right` and `wrong`: how often the best look said what was so in one world, and the same falsely in the
    other. `lower`: with `confidence`, the true epsilon at `delta` is at least this. `unit`: of what.
    """

    claimed: float
    delta: float
    runs: int
    right: int
    wrong: int
    lower: float
    confidence: float
    unit: Unit = "record"

    @property
    def refuted(self) -> bool:
        """Whether the claim is false, with that confidence."""
        return self.lower > self.claimed

    def sentence(self) -> str:
        """What it means, in plain words."""
        verdict = "the claim is false" if self.refuted else "the claim stands"
        return (
            f"In {self.runs} runs with the {self.unit} and as many without, the best look was right "
            f"{self.right} and wrong {self.wrong} times: epsilon is at least {self.lower:.3f} at delta "
            f"{self.delta:g} (confidence {self.confidence:.0%}), claimed is {self.claimed:.3f}: {verdict}."
        )


def audit(
    score: Callable[[bool, int], float],
    runs: int,
    *,
    claimed: float,
    delta: float,
    confidence: float = 0.95,
    unit: Unit = "record",
) -> Audit:
    """Bound epsilon from below by `2 * runs` runs of each world.

    `score(present, run)` runs the mechanism on one of two neighbouring data sets, with fresh noise for each
    run, and gives a number that is larger where the record is. The first half of the runs chooses a threshold
    and a direction, the second measures them, so that choosing does not flatter the bound.
    """
    worlds = [np.array([score(present, run) for run in range(2 * runs)]) for present in (True, False)]
    tuning, measured = [world[:runs] for world in worlds], [world[runs:] for world in worlds]
    alpha = (1 - confidence) / 2

    def rates(scores: Sequence[NDArray[np.float64]], threshold: float, *, turn: bool) -> tuple[int, int]:
        if turn:  # The other error: "it is not there", right where it is not.
            return int((scores[1] < threshold).sum()), int((scores[0] < threshold).sum())
        return int((scores[0] >= threshold).sum()), int((scores[1] >= threshold).sum())

    thresholds = np.quantile(np.concatenate(tuning), np.linspace(0.01, 0.99, 99))
    options = [(float(t), turn) for t in thresholds for turn in (False, True)]

    def promise(option: tuple[float, bool]) -> float:
        right, wrong = rates(tuning, option[0], turn=option[1])
        return (right - 2 * math.sqrt(right) - delta * runs) / (wrong + 2 * math.sqrt(wrong) + 4)

    threshold, turn = max(options, key=promise)
    right, wrong = rates(measured, threshold, turn=turn)
    lower = _lower(right, wrong, runs, delta, alpha)
    return Audit(claimed, delta, runs, right, wrong, lower, confidence, unit)


class Contribute(Protocol):
    """`privacy.terms.contribute`, or what an audit is to catch in its place."""

    def __call__(
        self, stage: Stage, noise: Noise, vector: Vector, *, quorum: int, secret: bytes, charge: bytes
    ) -> NDArray[Any]:
        """A member's noisy vector."""


def audit_noise(
    stage: Stage,
    noise: Noise,
    *,
    quorum: int,
    runs: int,
    delta: float,
    seed: int,
    by: Contribute = contribute,
    own: tuple[Vector, Vector] | None = None,
) -> Audit:
    """Audit the noise of one sum: the honest of the smallest cohort, with and without one record, or member.

    `own` are one member's clean vectors with and without a record of its own; where a member is the unit, its
    vector and nothing. Where it is None, the record is the worst that there may be: it adds as much as the
    sensitivity allows, equally to all words. The score looks along what the record adds. `by` is the
    implementation under audit; secrets here are made from `seed`, for the audit alone.
    """
    nothing = np.zeros(stage.length, dtype=np.int64)
    each = math.isqrt(noise.sensitivity**2 // stage.length)
    worlds = (np.full(stage.length, each, dtype=np.int64), nothing) if own is None else own
    adds = worlds[0].astype(np.float64) - worlds[1].astype(np.float64)
    along = adds / max(1.0, float(np.abs(adds).max()))

    def score(present: bool, run: int) -> float:  # noqa: FBT001 (which of two worlds)
        vectors = []
        for member in range(quorum - noise.colluders):
            secret = hashlib.sha256(encode(["audit", seed, present, run, member])).digest()
            vector = worlds[not present] if member == 0 else nothing
            vectors.append(by(stage, noise, vector, quorum=quorum, secret=secret, charge=b"audit"))
        return float((add_all(vectors).astype(np.float64) * along).sum())

    claimed = epsilon(noise.cost(stage.length, quorum), delta)
    return audit(score, runs, claimed=claimed, delta=delta, unit=noise.unit)


def _lower(right: int, wrong: int, runs: int, delta: float, alpha: float) -> float:
    least = rate_bounds(right, runs, alpha)[0] - delta
    most = rate_bounds(wrong, runs, alpha)[1]
    return max(0.0, math.log(least / most)) if least > 0 else 0.0


def rate_bounds(hits: int, runs: int, alpha: float) -> tuple[float, float]:
    """The Clopper-Pearson bounds of a rate: each is missed with probability at most `alpha`."""
    low = 0.0 if hits == 0 else _solve(lambda rate: _at_least(hits, runs, rate), alpha)
    high = (
        1.0 if hits == runs else _solve(lambda rate: 1.0 - _at_least(hits + 1, runs, rate), alpha, falls=True)
    )
    return low, high


def _solve(tail: Callable[[float], float], alpha: float, *, falls: bool = False) -> float:
    """The rate at which a tail that rises (or falls) with it is `alpha`, by bisection, rounded outward."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if (tail(middle) > alpha) != falls:
            high = middle
        else:
            low = middle
    return high if falls else low


def _at_least(hits: int, runs: int, rate: float) -> float:
    """The chance of `hits` or more in `runs` tries of chance `rate` in (0, 1)."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, runs + 1, dtype=np.float64)))])
    counts = np.arange(hits, runs + 1)
    choose = logs[runs] - logs[counts] - logs[runs - counts]
    terms = choose + counts * math.log(rate) + (runs - counts) * math.log1p(-rate)
    return float(min(1.0, np.exp(terms).sum()))
