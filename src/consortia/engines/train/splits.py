"""Seeded splits that give the same rows on every machine: held-out records, and hospitals that differ.

Every choice is the order of SHA-256 digests of (seed, name, row); no library's random numbers are used.
"""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.agree import infer_schema
from consortia.engines.train.files import DataError, RawTable
from consortia.engines.train.table import Table, concatenate, make_table

HOSPITALS = (("northgate", 45), ("riverside", 28), ("lakeview", 17), ("hillcrest", 10))
"""The demo's hospitals and their shares of the training records in per cent."""

SORTING_FEATURE = "mean radius"
HELD_OUT_PERCENT = 33

_CLASS_MIN = 4


class Split(NamedTuple):
    """Members' training tables, the common held-out table, and how they came about in one sentence."""

    tables: dict[str, Table]
    held_out: Table
    describe: str


def order(seed: int, name: str, count: int) -> list[int]:
    """The rows 0..count-1 in an order that depends on seed and name only."""
    return sorted(range(count), key=lambda row: _draw(seed, name, row))


def hold_out(tables: Mapping[str, Table], seed: int, percent: int = HELD_OUT_PERCENT) -> Split:
    """Takes `percent` of each member's records, class by class, into a common held-out table.

    Of a class with two or more records at a member at least one is held out and one stays. Members and
    rows keep their order. Raises DataError when nothing could be held out.
    """
    train: dict[str, Table] = {}
    kept: list[Table] = []
    for member in sorted(tables):
        table = tables[member]
        out: set[int] = set()
        for value in np.unique(table.labels) if table.schema.label.classes else (None,):
            rows = np.arange(table.records) if value is None else np.flatnonzero(table.labels == value)
            # One record of a class stays in training; from two on, one at least is held out.
            kept_out = max(len(rows) * percent // 100, min(1, len(rows) - 1))
            chosen = order(seed, f"hold-out/{member}/{value}", len(rows))[:kept_out]
            out.update(int(rows[index]) for index in chosen)
        kept.append(table.take(sorted(out)))
        train[member] = table.take([row for row in range(table.records) if row not in out])
    held_out = concatenate("held-out", kept)
    if not held_out.records:
        raise DataError(f"{kept[0].name}: too few records to hold any out. Add records of each class.")
    text = (
        f"{percent} % of every member's records, class by class, are held out in common "
        f"({held_out.records} records)."
    )
    return Split(train, held_out, text)


def wisconsin() -> Table:
    """The Wisconsin diagnostic breast-cancer data, shipped in `consortia.data`: 569 records, 30 numbers."""
    text = files("consortia.data").joinpath("wisconsin.csv").read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))
    header = tuple(rows[0])
    raw = RawTable("wisconsin.csv", header, ("",) * len(header), rows[1:], list(range(2, len(rows) + 1)))
    return make_table(raw, infer_schema([raw], "diagnosis"))


def wisconsin_hospitals(seed: int = 1, *, hospitals: Sequence[tuple[str, int]] = HOSPITALS) -> Split:
    """The Wisconsin data over hospitals that differ in size and in patients, and a common held-out set.

    A third of the records, class by class, is held out. The others are sorted by the tumour's mean radius,
    blurred by seeded noise as wide as the data, and dealt out in one run per hospital, the largest taking the
    largest tumours: sizes are the hospitals' shares (per cent), and each sees other patients and another
    share of malignant ones. Every hospital has at least four records of each class.
    """
    whole = wisconsin()
    split = hold_out({"wisconsin": whole}, seed)
    rest = split.tables["wisconsin"]
    column = rest.schema.names.index(SORTING_FEATURE)
    ranks = np.argsort(np.argsort(rest.numbers[:, column], kind="stable"), kind="stable")
    blur = 50
    while True:
        tables = _deal(rest, ranks, seed, blur, hospitals)
        if min(_smallest_class(table) for table in tables.values()) >= _CLASS_MIN:
            break
        blur += 25
    shares = ", ".join(
        f"{name} {table.records} records of which {int(table.labels.sum())} {whole.schema.label.classes[1]}"
        for name, table in tables.items()
    )
    text = (
        f"Real data, split by us: {whole.records} Wisconsin records over {len(hospitals)} hospitals, "
        f"unevenly and not alike (sorted by tumour size with noise; seed {seed}): {shares}; "
        f"{split.held_out.records} records are held out in common."
    )
    return Split(tables, split.held_out, text)


def _deal(
    rest: Table, ranks: NDArray[np.int64], seed: int, blur: int, hospitals: Sequence[tuple[str, int]]
) -> dict[str, Table]:
    """Rows in order of rank plus noise (`blur` per cent of the row count), largest first, cut by shares."""
    count = rest.records
    width = max(1, count * blur // 100)
    noise = [
        int.from_bytes(_draw(seed, "noise", row)[:8], "big") % (2 * width) - width for row in range(count)
    ]
    ordered = sorted(range(count), key=lambda row: (-(int(ranks[row]) + noise[row]), row))
    tables: dict[str, Table] = {}
    begin = share = 0
    for name, percent in hospitals:
        share += percent
        end = count * share // 100
        part = rest.take(sorted(ordered[begin:end]))
        tables[name] = Table(name, part.schema, part.numbers, part.labels)
        begin = end
    return tables


def _smallest_class(table: Table) -> int:
    positive = int(table.labels.sum())
    return min(positive, table.records - positive)


def _draw(seed: int, name: str, row: int) -> bytes:
    return hashlib.sha256(f"consortia/split {seed} {name} {row}".encode()).digest()
