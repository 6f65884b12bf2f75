"""health.survival: stratified Cox on two tumour banks, Rotterdam (Netherlands) and GBSG (Germany).

The figure is how far the federated coefficients are from those that statsmodels fits to all records in one
place, stratified alike, on the same standardised columns. A float referee of our own stands in where
statsmodels is not installed. Beside it, over 20 draws of n patients of GBSG: the concordance on GBSG's other
patients of the model that those n alone give, of the consortium's (the n and Rotterdam), and of the model
that is simply imported from Rotterdam. Read from the folder that CONSORTIA_DATA names.
"""

import json
import statistics

import numpy as np

from bench.health_data import absent, breast, folder
from bench.peers import statsmodels_cox
from consortia.engines.evaluate import concordance
from consortia.engines.train import recipe
from consortia.engines.train.cox import read_model
from consortia.engines.train.design import design
from consortia.engines.train.loop import train
from consortia.engines.train.standardise import standard_design

NAME = "health.survival"
SIZES = (50, 100, 200, 400)
DRAWS = 20
BAR = 1e-6
COX = recipe("cox.stratified")
PARAMETERS = {"ridge_milli": 1_000}


def referee(columns, days, event, stratum):
    """The same fit by a textbook's formulas in floats: Newton's method, Efron's ties, stratum by stratum."""
    weights = np.zeros(columns.shape[1])
    for _ in range(20):
        gradient, hessian = np.zeros(len(weights)), np.zeros((len(weights), len(weights)))
        for site in np.unique(stratum):
            x, t, e = (each[stratum == site] for each in (columns, days, event))
            r = np.exp(x @ weights)
            for time in np.unique(t[e == 1]):
                alive, dead = t >= time, (t == time) & (e == 1)
                count = int(dead.sum())
                for gone in range(count):
                    w = r * alive - r * dead * gone / count
                    means = w @ x / w.sum()
                    gradient += x[dead][gone] - means
                    hessian += (x * w[:, None]).T @ x / w.sum() - np.outer(means, means)
        change = np.linalg.solve(hessian, gradient)
        weights += change
        if np.abs(change).max() < 1e-13:
            break
    return weights


def agreement(rotterdam, gbsg, trained=None):
    """The largest difference of a coefficient, and by whom: federated beside all records in one place.

    `trained` are the tables that the federated fit learns from, where they came another way.
    """
    tables = {"rotterdam": rotterdam, "gbsg": gbsg}
    learned = dict(zip(tables, trained or tables.values(), strict=True))
    model = read_model(train(COX, {"ridge_milli": 0, "rounds": 10}, learned).model)
    columns = np.concatenate(
        [
            standard_design(design(each.schema, each.numbers), model.moments) / 2**16
            for each in tables.values()
        ]
    )
    labels = np.concatenate([each.labels for each in tables.values()])
    stratum = np.repeat([0, 1], [each.records for each in tables.values()])
    given = (columns, np.abs(labels), (labels > 0).astype(int), stratum)
    found = statsmodels_cox(*(each.tolist() for each in given))
    by = "statsmodels" if found is not None else "own referee in floats (statsmodels is not installed)"
    pooled = np.array(found) if found is not None else referee(*given)
    return float(np.abs(np.array(model.weights) / 2**24 - pooled).max()), by


def figures(rotterdam, gbsg):
    """For each n: the mean concordance of the local, the consortium's and the imported model."""
    imported = train(COX, PARAMETERS, {"rotterdam": rotterdam}).model
    found = {}
    for size in SIZES:
        rows = []
        for seed in range(DRAWS):
            order = np.random.default_rng(seed).permutation(gbsg.records)
            own, others = gbsg.take(order[:size]), gbsg.take(order[size:])
            local = train(COX, PARAMETERS, {"gbsg": own}).model
            together = train(COX, PARAMETERS, {"gbsg": own, "rotterdam": rotterdam}).model
            rows.append([concordance(model, others).c for model in (local, together, imported)])
        found[size] = [statistics.mean(column) for column in zip(*rows, strict=True)]
    return found


def run() -> list[dict]:
    bar = f"<= {BAR}"
    unit = "largest difference of a coefficient"
    data = folder("health/rotterdam.csv", "health/gbsg.csv")
    if data is None:
        return absent(NAME, unit, bar, "health/rotterdam.csv and health/gbsg.csv")
    rotterdam, gbsg = breast(data)
    apart, by = agreement(rotterdam, gbsg)
    table = figures(rotterdam, gbsg)
    shown = "; ".join(
        f"n = {size}: {local:.3f} / {together:.3f} / {imported:.3f}"
        for size, (local, together, imported) in table.items()
    )
    return [
        {
            "id": NAME,
            "value": float(f"{apart:.3g}"),
            "unit": unit,
            "peer": f"stratified fit of all records by {by}",
            "peer_value": 0.0,
            "bar": bar,
            "met": apart <= BAR,
            "note": (
                f"Rotterdam ({rotterdam.records} with positive nodes) and GBSG ({gbsg.records}); concordance "
                f"on GBSG's other patients, {DRAWS} draws, local / consortium / imported: {shown}. "
                "Simply importing Rotterdam's model is as good as joining, where somebody hands one over."
            ),
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(json.dumps(row, indent=2))
