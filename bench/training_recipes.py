"""training.recipes: every recipe beside each site's own model, an imported one and the pooled one.

Classes: the shipped Wisconsin records over four unlike hospitals. Numbers, counts and times: four sites made
here from seeds, with effects in common, unlike sizes and unlike usual values. The figure is the worst
difference, in points of the measure, between a federated model and the pooled one of the same recipe, among
the recipes that promise the pooled model; the table that is printed has them all. Imported is the largest
site's own model, which the others could simply be given. `python -m bench.training_recipes` prints the table.
"""

from statistics import mean

import numpy as np

from consortia.engines.evaluate import concordance, evaluate, pooled_model, site_models
from consortia.engines.infer import Estimator
from consortia.engines.train import RECIPES
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.engines.train.table import Table

SEEDS = (1, 2, 3)
SIZES = {"ash": 400, "birch": 120, "cedar": 60, "elm": 30}
HELD_OUT = 500
BAR = -0.1
ELSEWHERE = ("statistics", "rates", "ease", "weights.fedavg")
"""They predict no label of a record: `fraud_handbook`, `personal_ndcg` and `trainers` judge them."""
FIELDS = (number("age", exponent=6), number("load", exponent=2), number("dose", exponent=0))


def made(kind: str, seed: int) -> tuple[dict[str, Table], Table]:
    """Four sites and held-out records of all of them alike, with a number, counts or times to predict."""
    draw = np.random.default_rng(seed)
    exponent = {"number": 6, "counts": 2, "times": 8}[kind]
    schema = Schema(FIELDS, Label("label", (), exponent))

    def table(name: str, records: int, shift: float) -> Table:
        age, load, dose = draw.normal(55, 10, records), draw.normal(2, 1, records), draw.random(records)
        lean = 0.04 * (age - 55) + 0.5 * (load - 2) - 0.8 * (dose - 0.5) + shift
        if kind == "number":
            label = 40 + 8 * lean + draw.normal(0, 6, records)
        elif kind == "counts":
            label = draw.poisson(np.exp(np.clip(lean + 0.7, -4, 4))).astype(np.float64)
        else:
            days = 1 + np.floor(200 * np.exp(-lean) * draw.exponential(size=records))
            label = np.where(draw.random(records) < 0.3, -days, days)
        return Table(name, schema, np.column_stack([age, load, dose]), label)

    sites = {name: table(name, records, 0.3 * at - 0.45) for at, (name, records) in enumerate(SIZES.items())}
    return sites, table("held-out", HELD_OUT, 0.0)


def data(name: str, seed: int) -> tuple[str, dict[str, Table], Table]:
    """What a recipe is judged on, and by which measure."""
    label = RECIPES[name].about.label
    if label in ("classes", "either"):
        split = wisconsin_hospitals(seed)
        return "accuracy", split.tables, split.held_out
    if label == "times":
        return "concordance", *made("times", seed)
    return "R squared", *made("counts" if name == "glm.poisson" else "number", seed)


def judged(measure: str, model: bytes, held_out: Table) -> float:
    if measure == "accuracy":
        return evaluate(model, held_out).accuracy
    if measure == "concordance":
        return concordance(model, held_out).c
    return Estimator(model).score(held_out.numbers, held_out.labels)


def figures(name: str) -> tuple[str, dict[str, float]]:
    """The measure, and its means over the seeds: federated, pooled, imported, worst and best site alone."""
    rows = []
    for seed in SEEDS:
        measure, sites, held_out = data(name, seed)
        rule = RECIPES[name]
        own = {site: judged(measure, model, held_out) for site, model in site_models(rule, {}, sites).items()}
        largest = max(sorted(sites), key=lambda site: sites[site].records)
        rows.append(
            {
                "federated": judged(measure, train(rule, {}, sites).model, held_out),
                "pooled": judged(measure, pooled_model(rule, {}, sites), held_out),
                "imported": own[largest],
                "worst alone": min(own.values()),
                "best alone": max(own.values()),
            }
        )
    return measure, {column: mean(row[column] for row in rows) for column in rows[0]}


def told(table: dict[str, tuple[str, dict[str, float]]]) -> list[str]:
    """The table, as Markdown."""
    lines = [
        "| recipe | measure | federated | pooled | imported | worst alone | best alone |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for name, (measure, found) in table.items():
        lines.append(
            f"| `{name}` | {measure} | " + " | ".join(f"{value:.3f}" for value in found.values()) + " |"
        )
    return lines


def tabled() -> dict[str, tuple[str, dict[str, float]]]:
    return {name: figures(name) for name in RECIPES if name not in ELSEWHERE}


def run() -> list[dict]:
    table = tabled()
    apart = {
        name: 100 * (found["federated"] - found["pooled"])
        for name, (_, found) in table.items()
        if RECIPES[name].about.pooled
    }
    worst = min(apart, key=lambda name: apart[name])
    return [
        {
            "id": "training.recipes",
            "value": round(apart[worst], 4),
            "unit": "points beside the pooled model, the worst recipe that promises it",
            "peer": f"pooled model of {worst}",
            "peer_value": round(100 * table[worst][1]["pooled"], 3),
            "bar": f">= {BAR}",
            "met": apart[worst] >= BAR,
            "note": "; ".join(
                f"{name} ({measure}) federated {found['federated']:.3f}, pooled {found['pooled']:.3f}, "
                f"imported {found['imported']:.3f}, worst site alone {found['worst alone']:.3f}"
                for name, (measure, found) in table.items()
            ),
        }
    ]


if __name__ == "__main__":
    print("\n".join(told(tabled())))
