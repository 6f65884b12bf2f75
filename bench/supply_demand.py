"""supply.demand: the next 48 hours of 414 hourly series (M4), each forecast from its own past.

For each series four rules are tried on the last three times 48 hours of its training data: the day before,
the week before, and ridge autoregressions over lags of a day and of a week; the best of them there forecasts
the 48 hours that nobody has seen. The error is MASE with a season of 24. Beside it: each rule for all series;
and one autoregression that five owners of the series fit together by the recipe glm.linear, whose sums are
the same under masks. It gains nothing here, and we say so. Read from the folder that CONSORTIA_DATA names.
"""

import csv
import gzip

import numpy as np

from bench.health_data import absent, folder
from consortia.engines.infer.predict import score_numbers
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.table import Table

NAME, UNIT, BAR = "supply.demand", "MASE (season 24), mean of 414 series", "<= .85"
FILES = ("supply/m4/Hourly-train.csv.gz", "supply/m4/Hourly-test.csv.gz")
SEASON, WEEK, AHEAD = 24, 168, 48
DAILY = (1, 2, 3, 23, 24, 25, 48)
WEEKLY = (*DAILY, 72, 96, 120, 144, 167, 168, 169)
RIDGE = 1.0
OWNERS = 5
ORIGINS = (1, 2, 3)
SHARED_EVERY = 5
"""The shared model learns from every fifth hour: more change nothing in it."""


def series(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [np.array([float(cell) for cell in row[1:] if cell]) for row in rows]


def windows(values, lags):
    """The rows of an autoregression: for each hour those before it, by lag."""
    first = max(lags)
    return np.stack([values[first - lag : len(values) - lag] for lag in lags], axis=1), values[first:]


def continued(values, lags, step):
    """The next 48 hours, each from those before it, forecast ones too."""
    known = list(values)
    for _ in range(AHEAD):
        known.append(step(np.array([known[-lag] for lag in lags])))
    return np.array(known[-AHEAD:])


def autoregression(values, lags):
    """A ridge fit of the scaled series, and its forecast."""
    middle, scale = values.mean(), values.std() or 1.0
    scaled = (values - middle) / scale
    rows, target = windows(scaled, lags)
    weights = np.linalg.solve(rows.T @ rows + RIDGE * np.eye(len(lags)), rows.T @ target)
    bound = np.abs(scaled).max() * 2
    found = continued(scaled, lags, lambda row: float(np.clip(row @ weights, -bound, bound)))
    return found * scale + middle


def repeated(values, season):
    return np.tile(values[-season:], -(-AHEAD // season))[:AHEAD]


RULES = {
    "the day before": lambda values: repeated(values, SEASON),
    "the week before": lambda values: repeated(values, WEEK),
    "autoregression over a day": lambda values: autoregression(values, DAILY),
    "autoregression over a week": lambda values: autoregression(values, WEEKLY),
}


def mase(known, truth, forecast):
    """The mean absolute error over that of the day before in the training data (Hyndman, Koehler 2006)."""
    return np.abs(truth - forecast).mean() / np.abs(known[SEASON:] - known[:-SEASON]).mean()


def picked(values):
    """The forecast by the rule that was best on the last three times 48 hours of the training data."""

    def missed(name):
        parts = [(values[: -AHEAD * back], values[len(values) - AHEAD * back :][:AHEAD]) for back in ORIGINS]
        return sum(np.abs(RULES[name](before) - held).mean() for before, held in parts)

    return RULES[min(RULES, key=missed)](values)


def together(trained):
    """One autoregression of all series that five owners fit together: a function from a row to a value."""
    schema = Schema(tuple(number(f"lag {lag}") for lag in WEEKLY), Label("next", (), 0))
    tables = {}
    for owner in range(OWNERS):
        parts = []
        for values in trained[owner::OWNERS]:
            rows, target = windows((values - values.mean()) / (values.std() or 1.0), WEEKLY)
            parts.append((rows[::SHARED_EVERY], target[::SHARED_EVERY]))
        rows, target = (np.concatenate([part[at] for part in parts]) for at in (0, 1))
        tables[f"owner-{owner}"] = Table(f"owner-{owner}", schema, rows, target)
    model = train(recipe("glm.linear"), {}, tables).model
    corners = np.vstack([np.zeros(len(WEEKLY)), np.eye(len(WEEKLY))])
    scores = score_numbers(model, corners) / 2**24
    return scores[0], scores[1:] - scores[0]


def shared_forecast(values, intercept, weights):
    middle, scale = values.mean(), values.std() or 1.0
    return (
        continued((values - middle) / scale, WEEKLY, lambda row: intercept + row @ weights) * scale + middle
    )


def run() -> list[dict]:
    data = folder(*FILES)
    if data is None:
        return absent(NAME, UNIT, BAR, FILES[0])
    trained, tested = (series(data / name) for name in FILES)
    pairs = list(zip(trained, tested, strict=True))
    ours = float(np.mean([mase(values, truth, picked(values)) for values, truth in pairs]))
    alone = {
        name: float(np.mean([mase(values, truth, rule(values)) for values, truth in pairs]))
        for name, rule in RULES.items()
    }
    intercept, weights = together(trained)
    shared = float(
        np.mean([mase(values, truth, shared_forecast(values, intercept, weights)) for values, truth in pairs])
    )
    naive = alone["the day before"]
    beside = "; ".join(f"{name} {value:.3f}" for name, value in alone.items())
    return [
        {
            "id": NAME,
            "value": round(ours, 3),
            "unit": UNIT,
            "peer": "the day before (seasonal naive)",
            "peer_value": round(naive, 3),
            "ratio": round(naive / ours, 2),
            "bar": BAR,
            "met": ours <= 0.85,
            "note": f"alone, one rule for all series: {beside}; one shared autoregression of five owners by "
            f"masked sums {shared:.3f}: sharing gains nothing here",
        }
    ]


if __name__ == "__main__":
    print(run())
