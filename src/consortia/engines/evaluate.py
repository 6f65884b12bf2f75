"""How good a model is, and beside what: every site's own model, the pooled one, the federated one.

Accuracy, AUROC and concordance come from integers (counts and exact scores, ties counting half), so that the
same models and records give the same figures anywhere.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from consortia.engines.infer.models import kind_of, load
from consortia.engines.infer.predict import probabilities, score_numbers
from consortia.engines.train.api import Parameters, Recipe, RecipeError
from consortia.engines.train.loop import train
from consortia.engines.train.table import Table, concatenate
from consortia.engines.train.times import times_of
from consortia.exact.fixed import Integers
from consortia.exact.linear import WEIGHT_BITS, classify


@dataclass(frozen=True)
class Evaluation:
    """Counts from which the figures follow.

    `correct` of `records` at probability one half; AUROC = `wins` / (2 * positives * negatives), where
    `wins` counts each ordered pair twice and each tie once.
    """

    records: int
    correct: int
    positives: int
    wins: int

    @property
    def accuracy(self) -> float:
        """The share of correct records."""
        return self.correct / self.records

    @property
    def auroc(self) -> float:
        """The chance that a positive scores above a negative, ties half; one half when a class is absent."""
        pairs = 2 * self.positives * (self.records - self.positives)
        return self.wins / pairs if pairs else 0.5


@dataclass(frozen=True)
class Concordance:
    """Counts from which Harrell's C follows (1982): C = `wins` / (2 * `pairs`).

    A pair is an event and a record of the same table that outlived it; it wins twice where the event's risk
    is the higher, once where they tie. Events at one time make no pair; a record last seen at an event's time
    outlived it.
    """

    records: int
    pairs: int
    wins: int

    @property
    def c(self) -> float:
        """The chance that of two records the one at higher risk has its event first; half without pairs."""
        return self.wins / (2 * self.pairs) if self.pairs else 0.5


@dataclass(frozen=True)
class Comparison:
    """The figures on one held-out table; `sites` from the worst accuracy to the best."""

    sites: dict[str, Evaluation]
    federated: Evaluation
    pooled: Evaluation
    largest: str

    @property
    def largest_gains(self) -> bool:
        """Whether the federated model beats the largest site's own in accuracy."""
        return self.federated.correct > self.sites[self.largest].correct

    def sentence(self) -> str:
        """What the comparison says, in plain words, also when it says that somebody gains nothing."""
        own = self.sites[self.largest].accuracy
        together = self.federated.accuracy
        worst = next(iter(self.sites))
        alone = ", ".join(f"{name} {100 * site.accuracy:.1f} %" for name, site in self.sites.items())
        text = (
            f"Alone, the sites reach {alone}; together {100 * together:.1f} %; "
            f"pooled (a referee) {100 * self.pooled.accuracy:.1f} %. "
        )
        if self.largest_gains:
            return text + f"The largest site, {self.largest}, gains {100 * (together - own):.1f} points."
        equal = self.federated.correct == self.sites[self.largest].correct
        gain = together - self.sites[worst].accuracy
        return text + (
            f"The largest site, {self.largest}, {'gains nothing' if equal else 'loses accuracy'}: "
            f"its own model reaches {100 * own:.1f} %; "
            + (f"the worst site, {worst}, gains {100 * gain:.1f} points." if gain > 0 else "no site gains.")
        )


def evaluate(model: bytes, table: Table) -> Evaluation:
    """The model's figures on a table of two classes; raises ValueError for an empty or a classless one."""
    if not table.records or not table.schema.label.classes:
        raise ValueError(f"{table.name}: no records with two classes to judge by")
    score = score_numbers(model, table.numbers)
    truth = table.labels == 1.0
    said = classify(probabilities(score))
    return Evaluation(table.records, int((said == truth).sum()), int(truth.sum()), _wins(score, truth))


def concordance(model: bytes, table: Table) -> Concordance:
    """How well a model of risks ranks a table's records; raises RecipeError for a time of zero."""
    times = times_of(table)
    risks = score_numbers(model, table.numbers).tolist()
    ages = np.abs(times)
    # From the longest time back: whoever stands in `outlived` outlived the events that come next.
    order = np.lexsort((times > 0, -ages)).tolist()
    outlived: list[int] = []
    pairs = wins = position = 0
    while position < len(order):
        end = position
        while end < len(order) and times[order[end]] == times[order[position]]:
            end += 1
        together = [risks[record] for record in order[position:end]]
        if times[order[position]] > 0:
            pairs += len(together) * len(outlived)
            wins += sum(bisect_left(outlived, risk) + bisect_right(outlived, risk) for risk in together)
        for risk in together:
            insort(outlived, risk)
        position = end
    return Concordance(table.records, pairs, wins)


def measures(model: bytes, table: Table) -> dict[str, float]:
    """What people look at while a model is trained, by name, each beside what needs no model.

    Of two classes: accuracy, AUROC, log loss in nats a record, and the accuracy of always saying the commoner
    class. Of a number, in its unit: root mean square error, and that of always saying the mean. Of times:
    concordance. Raises ValueError for an empty table, and as `score_numbers` does.
    """
    if not table.records:
        raise ValueError(f"{table.name}: no records to judge by")
    if table.schema.label.classes:
        found, share = evaluate(model, table), float(table.labels.mean())
        odds = np.ldexp(score_numbers(model, table.numbers).astype(np.float64), -WEIGHT_BITS)
        loss = np.logaddexp(0, np.where(table.labels == 1.0, -odds, odds))
        return {
            "accuracy": found.accuracy,
            "AUROC": found.auroc,
            "always the commoner class": max(share, 1 - share),
            "log loss": float(loss.mean()),
        }
    known = load(model)
    if kind_of(known) == "risk":
        return {"concordance": concordance(model, table).c}
    said = np.ldexp(
        score_numbers(known, table.numbers).astype(np.float64), table.schema.label.exponent - WEIGHT_BITS
    )
    error = float(np.sqrt(np.mean((said - table.labels) ** 2)))
    return {"root mean square error": error, "always the mean": float(table.labels.std())}


def site_models(recipe: Recipe, parameters: Parameters, tables: Mapping[str, Table]) -> dict[str, bytes]:
    """Every member's own model: the same recipe on its records alone."""
    return {member: train(recipe, parameters, {member: tables[member]}).model for member in sorted(tables)}


def pooled_model(recipe: Recipe, parameters: Parameters, tables: Mapping[str, Table]) -> bytes:
    """The model of all records in one place, as a referee outside the network would make it."""
    whole = concatenate("pooled", [tables[member] for member in sorted(tables)])
    return train(recipe, parameters, {"pooled": whole}).model


def compare(
    recipe: Recipe,
    parameters: Parameters,
    tables: Mapping[str, Table],
    held_out: Table,
    federated: bytes | None = None,
) -> Comparison:
    """All the figures; the federated model is trained here when none is given (as from a ledger).

    Raises RecipeError when a recipe cannot be trained on some site alone.
    """
    if not tables:
        raise RecipeError("no tables to compare")
    if federated is None:
        federated = train(recipe, parameters, tables).model
    own = {
        member: evaluate(model, held_out) for member, model in site_models(recipe, parameters, tables).items()
    }
    ranked = dict(sorted(own.items(), key=lambda item: (item[1].correct, item[0])))
    largest = max(sorted(tables), key=lambda member: tables[member].records)
    pooled = evaluate(pooled_model(recipe, parameters, tables), held_out)
    return Comparison(ranked, evaluate(federated, held_out), pooled, largest)


def _wins(score: Integers, truth: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    """Pairs (positive, negative) with the positive above count 2, ties 1; from sorted counts."""
    values, place = np.unique(score, return_inverse=True)
    positives = np.bincount(place[truth], minlength=len(values))
    negatives = np.bincount(place[~truth], minlength=len(values))
    below = np.concatenate([[0], np.cumsum(negatives)[:-1]])
    return int((positives * (2 * below + negatives)).sum())
