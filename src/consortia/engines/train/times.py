"""Times until an event, as one label column: t for an event at t, -t for a record without one until t.

The sign is XGBoost's convention for survival data; it needs no second column, so a schema's label, a table
and a prediction stay what they are. A time of zero has no sign and is refused.
"""

from consortia.engines.train.api import RecipeError
from consortia.engines.train.files import DataError, RawTable, canonical, cell_number, place, shown
from consortia.engines.train.statistics import label_integers
from consortia.engines.train.table import Table
from consortia.exact.fixed import Integers


def signed_times(raw: RawTable, time: str, event: str, *, name: str, happened: str = "1") -> RawTable:
    """The file with the columns `time` and `event` put together as the signed column `name`, at the end.

    `happened` is what `event` holds where the event took place. Raises DataError, naming row and column, for
    a missing column or a time that is not a number above zero.
    """
    for column in (time, event):
        if column not in raw.header:
            raise DataError(f"{place(raw.name, 1, column)}: no such column. The label is made from it.")
    at_time, at_event = raw.header.index(time), raw.header.index(event)
    kept = [index for index in range(len(raw.header)) if index not in (at_time, at_event)]
    rows = []
    for number, row in zip(raw.numbers, raw.rows, strict=True):
        value = cell_number(row[at_time])
        if value is None or value <= 0:
            where = place(raw.name, number, time)
            raise DataError(f'{where}: "{shown(row[at_time])}" is no time above zero. Correct it.')
        sign = "" if canonical(row[at_event]) == canonical(happened) else "-"
        rows.append([*(row[index] for index in kept), sign + row[at_time]])
    return RawTable(
        raw.name,
        (*(raw.header[index] for index in kept), name),
        (*(raw.units[index] for index in kept), ""),
        rows,
        raw.numbers,
    )


def times_of(table: Table) -> Integers:
    """The signed times on the grid 2^-20 over 2^exponent; raises RecipeError for one that is zero there."""
    labels = label_integers(table)
    if labels.size and not labels.all():
        raise RecipeError(f"{table.name}: a time is zero, or too near it; an event and a record need a time")
    return labels
