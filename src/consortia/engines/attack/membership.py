"""Membership inference by likelihood ratio: telling the records that a model was trained on from others.

LiRA (Carlini, Chien, Nasr, Song, Terzis and Tramer 2022, "Membership inference attacks from first
principles"), for models with a linear score. The statistic of a record is its margin, the log odds that the
model gives to its true class. Many shadow models are trained, each on a random half of the records; so every
record has models that saw it and models that did not, and two normal laws of its margin. Each model in turn
is then the target, and the others judge it: a record counts as seen when its margin is likelier under the
first law.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consortia.engines.infer.predict import score_numbers
from consortia.engines.train.splits import order
from consortia.engines.train.table import Table
from consortia.exact.linear import WEIGHT_BITS

MODELS_MIN = 8
_SPREAD_MIN = 1e-6

Trainer = Callable[[Table, int], bytes]
"""Trains a model of two classes on a table; the number tells the models apart."""


@dataclass(frozen=True)
class Membership:
    """The attack's guesses over all records and targets.

    `found` of `seen` records that the target was trained on, and `mistaken` of `unseen` ones, were called
    seen; `auroc` is the chance that a seen one has the higher ratio.
    """

    seen: int
    found: int
    unseen: int
    mistaken: int
    auroc: float

    def chance(self, records: int) -> float:
        """The advantage that mere chance reaches once in twenty times, over so many different records."""
        return 2.0 / math.sqrt(records)

    @property
    def advantage(self) -> float:
        """True less false positives, as rates: 0 is chance, 1 is certainty."""
        return self.found / self.seen - self.mistaken / self.unseen

    def sentence(self) -> str:
        """What it means, in plain words."""
        return (
            f"Of {self.seen} records that a model was trained on the attack called {self.found} seen, of "
            f"{self.unseen} others {self.mistaken}: an advantage of {self.advantage:.3f} over chance "
            f"(AUROC {self.auroc:.3f})."
        )


def membership(train: Trainer, table: Table, *, models: int, seed: int) -> Membership:
    """Attack models that `train` makes of halves of a table, each by means of all the others.

    Raises ValueError for fewer than 8 models, 4 records, or a label that is no class.
    """
    if models < MODELS_MIN or table.records < 4 or not table.schema.label.classes:
        raise ValueError(f"{table.name}: the attack wants {MODELS_MIN} models, 4 records and two classes")
    margins = np.empty((models, table.records))
    trained_on = np.zeros((models, table.records), dtype=np.bool_)
    for index in range(models):
        rows = sorted(order(seed, f"membership {index}", table.records)[: table.records // 2])
        trained_on[index, rows] = True
        model = train(table.take(rows), index)
        margins[index] = _margins(model, table)
    return _judged(_ratios(margins, trained_on), trained_on)


def against(model: bytes, seen: Table, unseen: Table) -> Membership:
    """Attack one finished model with records that it was trained on, and others of the same kind.

    A record is called seen where the model's log loss on it is below the mean of those that were: the attack
    of Yeom, Giacomelli, Fredrikson and Jha (2018), which needs no other models. Raises ValueError where
    either table has no records, or the label is no class.
    """
    if not (seen.records and unseen.records and seen.schema.label.classes):
        raise ValueError("the attack wants records of both kinds and two classes")
    losses = np.logaddexp(0.0, -np.concatenate([_margins(model, seen), _margins(model, unseen)]))
    inside = np.arange(len(losses)) < seen.records
    ratios = losses[inside].mean() - losses
    return _judged(ratios.reshape(1, -1), inside.reshape(1, -1))


def _margins(model: bytes, table: Table) -> NDArray[np.float64]:
    """The log odds that a model gives to each record's true class."""
    score = np.ldexp(score_numbers(model, table.numbers).astype(np.float64), -WEIGHT_BITS)
    return (2.0 * table.labels - 1.0) * score


def _ratios(margins: NDArray[np.float64], trained_on: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Log likelihood ratios, shape (models, records): each model's margins by the laws of the others'."""
    return _log_density(margins, trained_on) - _log_density(margins, ~trained_on)


def _log_density(margins: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Log density of each margin under the normal law of the chosen models' margins, itself left out."""
    weight = chosen.astype(np.float64)
    count = weight.sum(axis=0) - weight
    mean = ((margins * weight).sum(axis=0) - margins * weight) / np.maximum(count, 1)
    square = ((margins**2 * weight).sum(axis=0) - margins**2 * weight) / np.maximum(count, 1)
    variance = np.maximum(square - mean**2, _SPREAD_MIN)
    return np.where(count > 1, -((margins - mean) ** 2) / (2 * variance) - np.log(variance) / 2, 0.0)


def _judged(ratios: NDArray[np.float64], trained_on: NDArray[np.bool_]) -> Membership:
    said = ratios > 0
    seen, unseen = int(trained_on.sum()), int((~trained_on).sum())
    _, place = np.unique(ratios.reshape(-1), return_inverse=True)
    positives = np.bincount(place[trained_on.reshape(-1)], minlength=int(place.max()) + 1)
    negatives = np.bincount(place[~trained_on.reshape(-1)], minlength=int(place.max()) + 1)
    below = np.concatenate([[0], np.cumsum(negatives)[:-1]])
    wins = float((positives * (2 * below + negatives)).sum())
    return Membership(
        seen,
        int((said & trained_on).sum()),
        unseen,
        int((said & ~trained_on).sum()),
        wins / (2 * seen * unseen),
    )
