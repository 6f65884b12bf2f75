"""How homes forecast the next hour: a linear model of what their own meters said, by a recipe of the product.

The columns of an hour are known when it begins: what the meter said 1, 2, 3, 24, 25, 48 and 168 hours before,
and the mean over a week of what it said at this hour and at the one before. No column names an hour of the
day or a home, so one model fits homes of many habits. Beside every forecast stands the last hour's reading.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.agree import exponent_for
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.table import Table

RECIPE = "glm.linear"
PARAMETERS: Mapping[str, int] = {"rounds": 1, "ridge_milli": 10_000}
PURPOSE = "energy"
LABEL = "net"
DAY_HOURS = 24
LAGS = (1, 2, 3, 24, 25, 48, 168)
WEEK = tuple(DAY_HOURS * day for day in range(1, 8))
LOOK = max(WEEK) + 1
"""So many hours before it the columns of an hour need."""

COLUMNS = (*(f"past-{lag}" for lag in LAGS), "usual", "usual-before")
HEADER = (*COLUMNS, LABEL)

Numbers = NDArray[np.float64]


def columns(net: Numbers) -> Numbers:
    """The columns of every hour from the LOOK-th on, and of the one after the last, shape (hours, 9).

    `net` is a meter's readings hour after hour, in kilowatt-hours.
    """

    def past(lag: int) -> Numbers:
        return net[LOOK - lag : len(net) + 1 - lag]

    usual = [np.mean([past(lag + more) for lag in WEEK], axis=0) for more in (0, 1)]
    return np.stack([*map(past, LAGS), *usual], axis=1)


def schema_for(largest: float) -> Schema:
    """The schema of meters that say at most so many kilowatt-hours either way."""
    exponent = exponent_for([largest])
    fields = tuple(number(name, exponent=exponent, unit="kWh") for name in COLUMNS)
    return Schema(fields, Label(LABEL, (), exponent))


def table_of(name: str, net: Numbers, schema: Schema) -> Table:
    """A meter's hours to learn from, in kilowatt-hours."""
    return Table(name, schema, columns(net)[:-1], net[LOOK:])


def rows_of(net: Numbers) -> list[list[str]]:
    """A meter's hours to learn from as rows of a data set: HEADER."""
    table = np.column_stack([columns(net)[:-1], net[LOOK:]])
    return [[f"{cell:.4f}" for cell in row] for row in table.tolist()]
