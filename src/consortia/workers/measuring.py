"""Measuring how the model of a state does on the member's own records, for `curves`."""

import numpy as np

from consortia.engines.commit.chunks import blob_id
from consortia.engines.evaluate import measures
from consortia.engines.train.api import ShowsSoFar
from consortia.engines.train.table import Table
from consortia.workers.arithmetic import Plans
from consortia.workers.curves import Curves, Point

RECORDS_MAX = 10_000
"""A larger table is measured by so many of its records, spread evenly: a picture holds up no round."""


def measure(curves: Curves, known: Plans, study: bytes, table: Table, *, index: int, state: bytes) -> None:
    """Measure the model of the state that round `index` starts from, or ends with after the last.

    Nothing is done for a state that was measured, or that has no model. Raises as `measures` does.
    """
    if not isinstance(known.recipe, ShowsSoFar):
        return
    model = state if index == known.rounds else known.recipe.so_far(state)
    name = blob_id(state).hex()
    if model is None or name in curves.read(study):
        return
    if table.records > RECORDS_MAX:
        table = table.take(np.linspace(0, table.records - 1, RECORDS_MAX).astype(np.int64))
    curves.add(study, Point(name, table.records, measures(model, table)))
