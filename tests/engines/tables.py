"""Small tables for the engines' tests, made from seeds."""

import numpy as np

from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.table import Table

SCHEMA = Schema(
    (
        number("age", exponent=6, unit="years"),
        category("type", ("a", "b", "c")),
        number("dose", exponent=-3, missing_flag=True),
    ),
    Label("ill", ("no", "yes"), 0),
)


def make(seed, records, schema=SCHEMA, *, missing=0.2, name="site"):
    """A table whose label follows its columns; numbers of three decimals, some cells missing."""
    generator = np.random.default_rng(seed)
    age = np.round(generator.normal(55, 12, records), 3)
    kind = generator.integers(0, 3, records).astype(float)
    dose = np.round(generator.gamma(2.0, 0.05, records), 3)
    lean = 0.08 * (age - 55) + np.array([-1.0, 0.0, 1.2])[kind.astype(int)] + 9 * (dose - 0.1)
    labels = (lean + generator.logistic(size=records) > 0).astype(float)
    numbers = np.column_stack([age, kind, dose])
    numbers[generator.random(numbers.shape) < missing] = np.nan
    labels[:2] = [0.0, 1.0]
    return Table(name, schema, numbers, labels)


def numeric_tables():
    """Two tables of two columns with a number to predict: three times the first, less the second, and two."""
    schema = Schema((number("a", exponent=2), number("b", exponent=0)), Label("cost", (), 3))
    generator = np.random.default_rng(8)
    tables = {}
    for name, count in (("p", 50), ("q", 30)):
        x = generator.normal(size=(count, 2))
        y = 3 * x[:, 0] - x[:, 1] + 2 + generator.normal(scale=0.1, size=count)
        tables[name] = Table(name, schema, x, y)
    return tables


def write(folder, **files):
    """Writes CSV files, one per keyword, from text with `|` as row separator."""
    for stem, text in files.items():
        (folder / f"{stem}.csv").write_text(text.replace("|", "\n") + "\n", encoding="utf-8")
    return folder
