"""How homes forecast the next hour: a linear model of what their own meters said, by a recipe of the product.

The columns of an hour are known when it begins: the hour of the day, what the meter said 1, 2, 3, 24, 25, 48
and 168 hours before, and the last hour once more for each hour of the day, as a morning rises and an evening
falls. Beside every forecast stands the last hour's reading.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.agree import exponent_for
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.table import Table

RECIPE = "glm.linear"
PARAMETERS: Mapping[str, int] = {"rounds": 1, "ridge_milli": 10_000}
PURPOSE = "energy"
LABEL = "net"
LAGS = (1, 2, 3, 24, 25, 48, 168)
LOOK = max(LAGS)
"""So many hours before it the columns of an hour need."""

DAY_HOURS = 24
PAST = tuple(f"past-{lag}" for lag in LAGS)
AT = tuple(f"past-1-at-{hour}" for hour in range(DAY_HOURS))
HOURS = tuple(f"h{hour:02}" for hour in range(DAY_HOURS))
COLUMNS = ("hour", *PAST, *AT)
HEADER = (*COLUMNS, LABEL)

Numbers = NDArray[np.float64]


def columns(net: Numbers, first_hour: int) -> Numbers:
    """The columns of every hour from the LOOK-th on, and of the one after the last, shape (hours, 32).

    `net` is a meter's readings hour after hour, in kilowatt-hours, from `first_hour` on.
    """
    hours = (first_hour + np.arange(LOOK, len(net) + 1)) % DAY_HOURS
    past = np.stack([net[LOOK - lag : len(net) + 1 - lag] for lag in LAGS], axis=1)
    at = np.where(np.arange(DAY_HOURS) == hours[:, None], past[:, :1], 0.0)
    return np.column_stack([hours, past, at])


def schema_for(largest: float) -> Schema:
    """The schema of meters that say at most so many kilowatt-hours either way."""
    exponent = exponent_for([largest])
    fields = (
        category("hour", HOURS),
        *(number(name, exponent=exponent, unit="kWh") for name in (*PAST, *AT)),
    )
    return Schema(fields, Label(LABEL, (), exponent))


def table_of(name: str, net: Numbers, first_hour: int, schema: Schema) -> Table:
    """A meter's hours to learn from, in kilowatt-hours."""
    return Table(name, schema, columns(net, first_hour)[:-1], net[LOOK:])


def rows_of(net: Numbers, first_hour: int) -> list[list[str]]:
    """A meter's hours to learn from as rows of a data set: HEADER."""
    known = cells_of(columns(net, first_hour)[:-1])
    return [
        [str(row[0]), *(f"{cell:.3f}" for cell in row[1:]), f"{label:.3f}"]
        for row, label in zip(known, net[LOOK:].tolist(), strict=True)
    ]


def cells_of(table: Numbers) -> list[list[str | float]]:
    """Columns of hours as the rows that an estimator answers to."""
    return [[HOURS[int(row[0])], *row[1:]] for row in table.tolist()]
