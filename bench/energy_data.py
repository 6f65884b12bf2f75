"""Seventeen homes' hours of a year, from the folder that CONSORTIA_DATA names; they are not shipped.

`city/citylearn2022`: zero-net-energy homes in Fontana, California (CityLearn challenge 2022, MIT): load in
kWh, solar generation in W a kW installed, each hour's tariff, and each home's installed power in schema.json.
The set's own forecasts of the weather equal what came (correlation 1.0), so none of them is used.
"""

import csv
import gzip
import json

import numpy as np

from bench.health_data import folder

HOMES = tuple(f"house-{number}" for number in range(1, 18))
WHERE = "city/citylearn2022"
FILES = (*(f"{WHERE}/Building_{number}.csv.gz" for number in range(1, 18)), f"{WHERE}/pricing.csv.gz")


def _rows(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def year():
    """Each home's load and generation in Wh an hour, and the tariff of each hour in cents a kWh; or None."""
    root = folder(*FILES, f"{WHERE}/schema.json")
    if root is None:
        return None
    schema = json.loads((root / WHERE / "schema.json").read_text(encoding="utf-8"))["buildings"]
    load, made = {}, {}
    for number, home in enumerate(HOMES, start=1):
        rows = _rows(root / WHERE / f"Building_{number}.csv.gz")
        installed = schema[f"Building_{number}"]["pv"]["attributes"]["nominal_power"]
        used = np.array([float(row["non_shiftable_load"]) for row in rows]) * 1_000
        load[home] = np.rint(used).astype(np.int64)
        # The net is rounded once, so that a home's own use of its own power costs no rounding.
        sun = np.array([float(row["solar_generation"]) for row in rows]) * installed
        made[home] = load[home] - np.rint(used - sun).astype(np.int64)
    tariff = [float(row["electricity_pricing"]) for row in _rows(root / WHERE / "pricing.csv.gz")]
    return load, made, np.rint(np.array(tariff) * 100).astype(np.int64)
