"""A shared model beside what one member could make of its own records, and what noise cost it.

Everything here is computed from the shared model and one member's own records, which stay with it. A model
is judged on records that it has not seen where that can be had: the member's own by folds. What noise cost
can only be guessed from one member's records; `noise_cost` does so by letting them stand for everybody's.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from consortia.base.codec import encode
from consortia.engines.evaluate import concordance, evaluate
from consortia.engines.infer.models import kind_of, load
from consortia.engines.infer.predict import score_numbers
from consortia.engines.privacy.study import train_private
from consortia.engines.train.api import Parameters, Recipe, RecipeError
from consortia.engines.train.loop import train
from consortia.engines.train.splits import order
from consortia.engines.train.table import Table
from consortia.exact.budget import Noise
from consortia.exact.linear import WEIGHT_BITS

FOLDS = 5
DRAWS = 5
STANDS_FOR_MAX = 20_000
"""So many records stand for everybody's at most when the cost of noise is guessed."""


@dataclass(frozen=True)
class NoiseCost:
    """The first measure without noise and, over `draws` of noise, on average and at worst."""

    measure: str
    quiet: float
    noisy: float
    worst: float
    draws: int

    @property
    def lost(self) -> float:
        """What the noise cost on average, in the measure's own unit; below 0 where it helped by luck."""
        return self.quiet - self.noisy


def measures(model: bytes, table: Table) -> dict[str, float]:
    """How good a model is on a table, by name: the first is the one to look at.

    Two classes: accuracy and AUROC; a risk: Harrell's C; a number: R squared. Raises ValueError for a table
    without records, RecipeError for a model that only its framework can read.
    """
    if not table.records:
        raise ValueError(f"{table.name}: no records to judge by")
    kind = kind_of(load(model))
    if kind == "risk":
        return {"concordance": concordance(model, table).c}
    if kind == "chance":
        found = evaluate(model, table)
        return {"accuracy": found.accuracy, "AUROC": found.auroc}
    exponent = table.schema.label.exponent - WEIGHT_BITS
    said = np.ldexp(score_numbers(model, table.numbers).astype(np.float64), exponent)
    spread = float(((table.labels - table.labels.mean()) ** 2).sum())
    return {"R squared": 1.0 - float(((table.labels - said) ** 2).sum()) / spread if spread else 0.0}


def unseen(
    recipe: Recipe, parameters: Parameters, table: Table, *, folds: int = FOLDS, seed: int = 1
) -> dict[str, float]:
    """The measures of models of a member's own records alone, each on the fold that it has not seen.

    Averages over the folds, weighted by their records. Raises RecipeError where too few records are left, or
    the recipe cannot learn from a part of them.
    """
    folds = min(folds, table.records)
    if folds < 2:
        raise RecipeError(f"{table.name}: {table.records} records are too few to keep some unseen")
    ordered = order(seed, "folds", table.records)
    total: dict[str, float] = {}
    for fold in range(folds):
        kept = sorted(ordered[fold::folds])
        rest = sorted(set(ordered) - set(kept))
        model = train(recipe, parameters, {"own": table.take(rest)}).model
        for name, value in measures(model, table.take(kept)).items():
            total[name] = total.get(name, 0.0) + value * len(kept) / table.records
    return total


def noise_cost(
    recipe: Recipe,
    parameters: Parameters,
    table: Table,
    noises: Sequence[Noise],
    records: Mapping[str, int],
    *,
    quorum: int,
    seed: int = 1,
) -> NoiseCost:
    """What a study's noise costs if everybody's records were like a member's own.

    `records` says how many each member joined with; the own ones stand for them, over and over. The same
    recipe is trained on these with the noise of a study of this `quorum` and without, and judged on the own
    records. Raises RecipeError.
    """
    if sum(records.values()) > STANDS_FOR_MAX:
        raise RecipeError(
            f"{sum(records.values()):,} records joined, the guess is for at most {STANDS_FOR_MAX:,}"
        )
    tables, begin = {}, 0
    for name, count in sorted(records.items()):
        tables[name] = table.take([at % table.records for at in range(begin, begin + count)])
        begin += count
    quiet = measures(train(recipe, parameters, tables).model, table)
    measure = next(iter(quiet))
    noisy = []
    for draw in range(DRAWS):
        secrets = {name: hashlib.sha256(encode(["noise cost", seed, draw, name])).digest() for name in tables}
        model = train_private(recipe, parameters, tables, noises, secrets, quorum=quorum).model
        noisy.append(measures(model, table)[measure])
    return NoiseCost(measure, quiet[measure], sum(noisy) / DRAWS, min(noisy), DRAWS)
