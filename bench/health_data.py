"""Real health records for the figures, from the folder that CONSORTIA_DATA names; they are not shipped.

- `heart/processed.{cleveland,hungarian,switzerland,va}.data`: UCI Heart Disease (Janosi, Steinbrunn,
  Pfisterer, Detrano 1988), 14 columns a line.
- `health/rotterdam.csv`, `health/gbsg.csv`: breast cancer in the Netherlands and Germany, as R's package
  survival has them.
"""

import csv
import os
from pathlib import Path

import numpy as np

from consortia.engines.train.agree import exponent_for
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.table import Table

HOSPITALS = ("cleveland", "hungarian", "switzerland", "va")
HEART = ("age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak")
HEART_LEVELS = {"cp": ("1", "2", "3", "4"), "restecg": ("0", "1", "2")}
BREAST = ("age", "meno", "size", "grade", "nodes", "pgr", "er", "hormon")
MISSING = "CONSORTIA_DATA names no folder with {}"


def folder(*needed: str) -> Path | None:
    """The data's folder when it holds all these files; None otherwise."""
    named = os.environ.get("CONSORTIA_DATA", "")
    return Path(named) if named and all((Path(named) / each).is_file() for each in needed) else None


def absent(name: str, unit: str, bar: str, what: str) -> list[dict]:
    """The row that says that the data are not there."""
    note = f"not run: {MISSING.format(what)}"
    return [{"id": name, "value": None, "unit": unit, "bar": bar, "met": False, "note": note}]


def heart(folder: Path) -> dict[str, Table]:
    """Four hospitals' records of ten columns, complete in those ten, and whether there is disease."""
    fields = tuple(
        category(name, HEART_LEVELS[name])
        if name in HEART_LEVELS
        else number(name, exponent=_HEART_POWER[name])
        for name in HEART
    )
    schema = Schema(fields, Label("disease", ("0", "1"), 0))
    found = {}
    for hospital in HOSPITALS:
        lines = (folder / "heart" / f"processed.{hospital}.data").read_text(encoding="utf-8").split()
        rows = [line.split(",") for line in lines]
        whole = [row for row in rows if "?" not in row[:10]]
        numbers = np.array(
            [[_heart_cell(name, cell) for name, cell in zip(HEART, row, strict=False)] for row in whole]
        )
        labels = np.array([float(float(row[13]) > 0) for row in whole])
        found[hospital] = Table(hospital, schema, numbers, labels)
    return found


_HEART_POWER = {
    "age": 6, "sex": 0, "trestbps": 8, "chol": 8, "fbs": 0, "thalach": 8, "exang": 0, "oldpeak": 1,
}  # fmt: skip


def _heart_cell(name: str, cell: str) -> float:
    value = float(cell)
    return float(HEART_LEVELS[name].index(str(int(value)))) if name in HEART_LEVELS else value


def breast(folder: Path) -> tuple[Table, Table]:
    """Rotterdam's patients with positive nodes, and GBSG's: days until recurrence or death, signed.

    Nodes as e^(-0.12 nodes) and receptors as log(1 + x), after Royston and Altman (2013); tumour size in
    three classes, as Rotterdam recorded it.
    """
    rotterdam = [row for row in _rows(folder / "health" / "rotterdam.csv") if int(row["nodes"]) > 0]
    tables = []
    sets = [
        ("rotterdam", rotterdam, _rotterdam_days, lambda row: ("<=20", "20-50", ">50").index(row["size"])),
        (
            "gbsg",
            _rows(folder / "health" / "gbsg.csv"),
            _gbsg_days,
            lambda row: _size_class(float(row["size"])),
        ),
    ]
    for name, rows, days, size in sets:
        numbers = np.array([_breast_cells(row, size(row)) for row in rows])
        tables.append((name, numbers, np.array([days(row) for row in rows])))
    both = np.abs(np.concatenate([numbers for _, numbers, _ in tables]))
    fields = tuple(number(name, exponent=exponent_for(both[:, at])) for at, name in enumerate(BREAST))
    label = Label("days", (), exponent_for(np.abs(np.concatenate([days for _, _, days in tables]))))
    first, second = (Table(name, Schema(fields, label), numbers, days) for name, numbers, days in tables)
    return first, second


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _rotterdam_days(row: dict[str, str]) -> float:
    if row["recur"] == "1":
        return float(row["rtime"])
    return float(row["dtime"]) if row["death"] == "1" else -float(row["dtime"])


def _gbsg_days(row: dict[str, str]) -> float:
    return float(row["rfstime"]) if row["status"] == "1" else -float(row["rfstime"])


def _size_class(millimetres: float) -> int:
    return int(millimetres > 20) + int(millimetres > 50)


def _breast_cells(row: dict[str, str], size: int) -> list[float]:
    return [
        float(row["age"]),
        float(row["meno"]),
        float(size),
        float(row["grade"]),
        float(np.exp(-0.12 * float(row["nodes"]))),
        float(np.log1p(float(row["pgr"]))),
        float(np.log1p(float(row["er"]))),
        float(row["hormon"]),
    ]
