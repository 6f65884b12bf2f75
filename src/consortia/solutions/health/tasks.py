"""What hospitals learn together, and its baselines: how long patients stay free of a recurrence."""

from collections.abc import Mapping, Sequence

from consortia.engines.evaluate import concordance, site_models
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.table import Table

RECIPE = "cox.stratified"
ROUNDS = 6
PARAMETERS = {"rounds": ROUNDS, "ridge_milli": 1_000}
STUDY = "recurrence"


def ranked(model: bytes, held: Sequence[Table]) -> float:
    """Concordance within each hospital's held-out patients, weighed by the pairs: strata are not compared."""
    each = [concordance(model, one) for one in held]
    return sum(one.c * one.pairs for one in each) / sum(one.pairs for one in each)


def baselines(tables: Mapping[str, Table], held: Sequence[Table], first: str) -> dict[str, float]:
    """How well other models rank: of all records in one place, of each hospital; `first` is imported."""
    cox = recipe(RECIPE)
    found = {"all records, stratified": ranked(train(cox, PARAMETERS, tables).model, held)}
    for name, own in site_models(cox, PARAMETERS, tables).items():
        told = ", imported by all" if name == first else ""
        found[f"{name} alone{told}"] = ranked(own, held)
    return found
