"""traffic.forecast: speeds 5, 10 and 15 minutes ahead at 207 sensors of three owners, by masked sums.

Los-loop (a week of Los Angeles in March 2012, five-minute steps): the first 80 % to train, 12 steps in, the
mean absolute error over steps 1 to 3 and all sensors in the rest. A linear model for each step by the recipe
`glm.linear`, the sums of three owners' rows; bit for bit what masked rounds come to. Beside it the last
value, and each owner's own models on its own sensors. Read from the folder that CONSORTIA_DATA names.
"""

import csv
import gzip
import json

import numpy as np

from bench.health_data import absent, folder
from consortia.engines.infer.estimator import Estimator
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.solutions.city import speeds as of

NAME = "traffic.forecast"
UNIT = "miles an hour, mean absolute error over steps 1 to 3"
BAR = "<= 3.02; last value (3.156) and owners alone beside; no gain from sharing is claimed"
FILE = "city/los_loop/los_speed.csv.gz"
OWNERS = ("north", "centre", "south")
AHEAD = (1, 2, 3)
DAY_STEPS, THURSDAY = 288, 3
RECIPE = recipe(of.RECIPE)


def read(root):
    with gzip.open(root / FILE, "rt", encoding="utf-8", newline="") as file:
        return np.array(list(csv.reader(file))[1:], dtype=np.float64)


def run() -> list[dict]:
    root = folder(FILE)
    if root is None:
        return absent(NAME, UNIT, BAR, FILE)
    found = read(root)
    steps, sensors = found.shape
    cut = steps * 8 // 10
    habit = of.usual(found, cut, DAY_STEPS, THURSDAY)
    last = max(AHEAD)
    learned = np.arange(of.PAST - 1, cut - last)
    tested = np.arange(cut + of.PAST - 1, steps - last - 1)
    parts = dict(zip(OWNERS, np.array_split(np.arange(sensors), len(OWNERS)), strict=True))
    errors: dict[str, list[float]] = {"together": [], "alone": [], "last value": []}
    for ahead in AHEAD:
        tables = {
            name: of.table_of(name, found[:, part], habit[:, part], learned, ahead)
            for name, part in parts.items()
        }
        truth = found[tested + ahead]
        shared = Estimator(train(RECIPE, dict(of.PARAMETERS), tables).model)
        answers = shared.predict(of.columns(found, habit, tested, ahead)).reshape(truth.shape)
        alone = np.concatenate(
            [
                Estimator(train(RECIPE, dict(of.PARAMETERS), {name: tables[name]}).model)
                .predict(of.columns(found[:, part], habit[:, part], tested, ahead))
                .reshape(len(tested), -1)
                for name, part in parts.items()
            ],
            axis=1,
        )
        for name, guess in (("together", answers), ("alone", alone), ("last value", found[tested])):
            errors[name].append(float(np.abs(guess - truth).mean()))
    mean = {name: float(np.mean(values)) for name, values in errors.items()}
    each = "; ".join(
        f"{name} {mean[name]:.3f} ({', '.join(f'{v:.3f}' for v in values)})"
        for name, values in errors.items()
    )
    return [
        {
            "id": NAME,
            "value": round(mean["together"], 4),
            "unit": UNIT,
            "peer": "last value",
            "peer_value": round(mean["last value"], 4),
            "ratio": round(mean["together"] / mean["last value"], 4),
            "bar": BAR,
            "met": bool(mean["together"] <= 3.02),
            "note": f"{sensors} sensors, {len(tested)} moments; {each}: sharing adds nothing here",
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(json.dumps(row, indent=2))
