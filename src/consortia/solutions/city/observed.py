"""Speeds of streets as three departments observe them: from flows of a file, or simulated for the story."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.files import DataError
from consortia.engines.train.table import Table
from consortia.solutions.city import rush, speeds
from consortia.solutions.city.flows import Flow
from consortia.solutions.city.sumo import Ground, Streets

DEPARTMENTS = ("roads", "buses", "police")
SENSORS: Mapping[str, tuple[str, ...]] = {
    "roads": ("west-market", "east-station", "station-east"),
    "buses": ("market-station", "station-market"),
    "police": ("mill-market", "port-market", "park-station", "hill-station"),
}
"""The streets that each department has sensors on, in the net that ships."""

HEADER = (*speeds.COLUMNS, speeds.LABEL)
MORNINGS, STEP_SECONDS = 5, 60
MONDAY = datetime(2026, 6, 1, 7, 0, tzinfo=UTC)
FREE_KMH, TOP_KMH = 50.0, 127.0
SENSORS_MAX, FEWEST_STEPS = 400, 120
AHEAD = 3
"""A forecast is for so many steps ahead."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Speeds by step and sensor, in km/h, and whose each sensor is.

    A day has `day_steps` steps, and the first step is on `weekday`, Monday being 0; `known` of the steps are
    there to learn from. `left_out` entities of the user's file could not be used.
    """

    speeds: NDArray[np.float64]
    sensors: tuple[str, ...]
    owners: Mapping[str, tuple[int, ...]]
    first: datetime
    step: timedelta
    day_steps: int
    known: int
    left_out: int = 0

    @property
    def habit(self) -> NDArray[np.float64]:
        """What is usual at each step and sensor."""
        return speeds.usual(self.speeds, self.known, self.day_steps, self.first.weekday())

    @property
    def learned(self) -> NDArray[np.int64]:
        """The moments to learn from."""
        return np.arange(speeds.PAST - 1, self.known - AHEAD)

    @property
    def tested(self) -> NDArray[np.int64]:
        """The moments that a forecast is judged at."""
        return np.arange(self.known + speeds.PAST - 1, len(self.speeds) - AHEAD)

    def columns(self, moments: NDArray[np.int64], owner: str | None = None) -> NDArray[np.float64]:
        """The columns of moments, of one department's sensors or of all."""
        which = list(range(len(self.sensors)) if owner is None else self.owners[owner])
        return speeds.columns(self.speeds[:, which], self.habit[:, which], moments, AHEAD)

    def truth(self, moments: NDArray[np.int64], owner: str | None = None) -> NDArray[np.float64]:
        """What came after those moments."""
        which = list(range(len(self.sensors)) if owner is None else self.owners[owner])
        return np.asarray(self.speeds[moments + AHEAD][:, which].ravel())

    def now(self, moments: NDArray[np.int64]) -> NDArray[np.float64]:
        """The speeds at those moments: the last value known."""
        return np.asarray(self.speeds[moments].ravel())

    def table(self, owner: str) -> Table:
        """What a department has to learn from."""
        which = list(self.owners[owner])
        return speeds.table_of(owner, self.speeds[:, which], self.habit[:, which], self.learned, AHEAD)

    def rows(self, owner: str) -> list[dict[str, str]]:
        """The same as rows of a data set."""
        table = np.column_stack([self.columns(self.learned, owner), self.truth(self.learned, owner)])
        return [dict(zip(HEADER, (f"{cell:.3f}" for cell in row), strict=True)) for row in table.tolist()]

    def flows(self, owner: str) -> list[Flow]:
        """What a department's sensors observed."""
        return [
            Flow(self.sensors[at], begins, begins + self.step, round(float(row[at]), 3), None, None)
            for at in self.owners[owner]
            for begins, row in zip(self._moments(), self.speeds, strict=True)
        ]

    def forecast(self, answers: NDArray[np.float64]) -> list[Flow]:
        """A forecast for `tested` as flows of the moments that it is for."""
        found = np.clip(answers.reshape(len(self.tested), -1), 0.0, TOP_KMH)
        moments = self._moments()
        return [
            Flow(sensor, moments[at], moments[at] + self.step, round(float(row[number]), 3), None, None)
            for number, sensor in enumerate(self.sensors)
            for at, row in zip((self.tested + AHEAD).tolist(), found, strict=True)
        ]

    def _moments(self) -> list[datetime]:
        """When each step begins; the mornings of a made-up week are a day apart."""
        day = timedelta(days=1)
        return [
            self.first + number // self.day_steps * day + number % self.day_steps * self.step
            for number in range(len(self.speeds))
        ]


def observed_in(
    flows: tuple[Flow, ...],
    name: str,
    left_out: int = 0,
    *,
    owners: Sequence[str] = DEPARTMENTS,
    known_percent: int = 80,
) -> Observed:
    """The speeds that flows hold, sensors dealt to the owners in turn; raises DataError.

    1. All flows last equally long, and a day has a whole number of them.
    2. Every sensor has every step from the first to the last.
    """
    spans = {one.ends - one.begins for one in flows}
    if len(spans) != 1:
        raise DataError(f"{name}: its flows last for {len(spans)} different times; one is wanted")
    step, day = spans.pop(), timedelta(days=1)
    if day % step:
        raise DataError(f"{name}: a day has no whole number of flows of {step}")
    first, last = min(one.begins for one in flows), max(one.begins for one in flows)
    steps, sensors = (last - first) // step + 1, tuple(sorted({one.sensor for one in flows}))
    if not len(owners) <= len(sensors) <= SENSORS_MAX or steps < FEWEST_STEPS:
        raise DataError(
            f"{name}: {steps} steps of {len(sensors)} sensors; {FEWEST_STEPS} steps at least are needed, and "
            f"{len(owners)} to {SENSORS_MAX} sensors"
        )
    table = np.full((steps, len(sensors)), np.nan)
    place = {sensor: at for at, sensor in enumerate(sensors)}
    for one in flows:
        at, over = divmod(one.begins - first, step)
        if over:
            raise DataError(f"{name}: a flow of {one.sensor} begins at {one.begins}, between two steps")
        table[at, place[one.sensor]] = min(one.speed, TOP_KMH)
    if np.isnan(table).any():
        at, which = (int(found[0]) for found in np.nonzero(np.isnan(table)))
        raise DataError(f"{name}: sensor {sensors[which]} has no flow from {first + at * step}")
    dealt = {owner: tuple(range(at, len(sensors), len(owners))) for at, owner in enumerate(owners)}
    return Observed(table, sensors, dealt, first, step, day // step, steps * known_percent // 100, left_out)


def simulated(seed: int) -> NDArray[np.float64]:
    """Minutes of five mornings under the fixed plan, by street; for a fresh process."""
    names = [street for owner in DEPARTMENTS for street in SENSORS[owner]]
    with TemporaryDirectory() as folder:
        routes = Path(folder) / "mornings.rou.xml"
        routes.write_text(rush.travellers(seed, MORNINGS), encoding="utf-8")
        minutes = []
        with Streets(Ground(rush.NET, (routes,), 0, MORNINGS * rush.MORNING, seed)) as streets:
            sums, counts = np.zeros(len(names)), np.zeros(len(names))
            while not streets.over:
                streets.step()
                for at, name in enumerate(names):
                    speed, vehicles = streets.speed(name)
                    sums[at] += speed * vehicles
                    counts[at] += vehicles
                if streets.at % STEP_SECONDS == 0:
                    minutes.append(np.where(counts > 0, 3.6 * sums / np.maximum(counts, 1), FREE_KMH))
                    sums[:] = counts[:] = 0
    return np.array(minutes)


def made_up(minutes: NDArray[np.float64]) -> Observed:
    """The simulated mornings as the departments observe them."""
    names = tuple(street for owner in DEPARTMENTS for street in SENSORS[owner])
    owners = {owner: tuple(names.index(street) for street in SENSORS[owner]) for owner in DEPARTMENTS}
    steps = rush.MORNING // STEP_SECONDS
    step = timedelta(seconds=STEP_SECONDS)
    return Observed(minutes, names, owners, MONDAY, step, steps, (MORNINGS - 1) * steps)
