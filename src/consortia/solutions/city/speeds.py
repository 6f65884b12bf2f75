"""How departments forecast the speed on their roads some minutes ahead: a linear model a step, by a recipe.

The columns of a moment are known at it: the last hour of the sensor, and what is usual there now and at the
moment that is forecast, on other weekdays. Every department knows what is usual at its own sensors, and
shows it to nobody; only the sums of the study leave it. Beside every forecast stands the last value.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.table import Table

RECIPE = "glm.linear"
PARAMETERS: Mapping[str, int] = {"rounds": 1, "ridge_milli": 10_000}
LABEL = "speed"
PAST = 12
"""So many steps a forecast looks back."""

SMOOTH = 6
"""What is usual is the mean over so many steps either way."""

COLUMNS = (*(f"past-{step}" for step in range(PAST)), "usual-then", "usual-now")
EXPONENT = 7
"""Speeds are below 128."""

Numbers = NDArray[np.float64]


def schema() -> Schema:
    """The schema of speeds, in the sensors' unit."""
    fields = tuple(number(name, exponent=EXPONENT) for name in COLUMNS)
    return Schema(fields, Label(LABEL, (), EXPONENT))


def usual(speeds: Numbers, known: int, day_steps: int, weekday: int) -> Numbers:
    """What is usual at each moment and sensor, shape as `speeds` (steps, sensors): the weekdays' mean.

    Only the first `known` steps are used, and of a day never that day itself, so that what is learned from
    does not hold its own answer. `weekday` is that of the first step, Monday being 0.
    """
    days = -(-len(speeds) // day_steps)
    whole = [day for day in range(-(-known // day_steps)) if (weekday + day) % 7 < 5]
    sums, counts = np.zeros((days, day_steps, speeds.shape[1])), np.zeros((days, day_steps, 1))
    for day in whole:
        part = speeds[day * day_steps : min((day + 1) * day_steps, known)]
        sums[day, : len(part)] += part
        counts[day, : len(part)] += 1
    others = (sums.sum(0) - sums) / np.maximum(counts.sum(0) - counts, 1)
    wrapped = np.concatenate([others[:, -SMOOTH:], others, others[:, :SMOOTH]], axis=1)
    total = np.cumsum(np.pad(wrapped, ((0, 0), (1, 0), (0, 0))), axis=1)
    mean = (total[:, 2 * SMOOTH + 1 :] - total[:, : -2 * SMOOTH - 1]) / (2 * SMOOTH + 1)
    return np.asarray(mean.reshape(-1, speeds.shape[1])[: len(speeds)])


def columns(speeds: Numbers, habit: Numbers, moments: NDArray[np.int64], ahead: int) -> Numbers:
    """The columns of moments and sensors, shape (moments * sensors, 14), for so many steps ahead."""
    past = [speeds[moments - step] for step in range(PAST)]
    return np.stack([one.ravel() for one in (*past, habit[moments + ahead], habit[moments])], axis=1)


def table_of(name: str, speeds: Numbers, habit: Numbers, moments: NDArray[np.int64], ahead: int) -> Table:
    """What an owner has to learn from: its sensors' moments, and the speed so many steps later."""
    return Table(name, schema(), columns(speeds, habit, moments, ahead), speeds[moments + ahead].ravel())
