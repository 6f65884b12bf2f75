"""Made-up homes: weeks of meters' hours from a seed, and nothing more.

Every home has a habit (a base, a morning, an evening) and days that differ from it; most have panels, over
which one sky goes with clouds that last for hours. The same seed gives the same homes with the same release
of numpy. They are of nobody, and their habits are simpler than anybody's.
"""

import numpy as np
from numpy.typing import NDArray

from consortia.solutions.city.readings import Reading

HOMES = 17
DAY_HOURS = 24
FIRST_HOUR = 494_520
"""1 June 2026, midnight UTC, which is local time here."""

WITHOUT_PANELS = 3
"""Every so manieth home of the last ones has none."""

Numbers = NDArray[np.float64]


def street(seed: int, days: int, homes: int = HOMES) -> tuple[Reading, ...]:
    """So many days of the homes' meters, hour by hour."""
    rng = np.random.default_rng(seed)
    hours = np.arange(days * DAY_HOURS)
    sun = _sky(rng, hours)
    made: list[Reading] = []
    for number in range(1, homes + 1):
        used = _used(rng, hours)
        panels = 0.0 if number % 6 == WITHOUT_PANELS else rng.uniform(3.0, 5.5)
        net = np.rint(1_000 * (used - panels * sun * rng.uniform(0.92, 1.0, len(hours)))).astype(np.int64)
        made += [
            Reading(f"house-{number}", FIRST_HOUR + int(hour), max(0, int(units)), max(0, -int(units)))
            for hour, units in zip(hours, net, strict=True)
        ]
    return tuple(made)


def _sky(rng: np.random.Generator, hours: NDArray[np.int64]) -> Numbers:
    """What a kilowatt of panels makes in each hour, in kilowatt-hours."""
    clear = np.maximum(0.0, np.sin(np.pi * (hours % DAY_HOURS - 5.0) / 15.0)) ** 1.3 * 0.8
    cloud = np.empty(len(hours))
    state = 0.0
    for at, push in enumerate(rng.normal(0.0, 0.45, len(hours))):
        state = 0.85 * state + push
        cloud[at] = state
    return np.asarray(clear * np.clip(1.0 / (1.0 + np.exp(cloud - 0.8)), 0.15, 0.95))


def _used(rng: np.random.Generator, hours: NDArray[np.int64]) -> Numbers:
    """What a home uses in each hour, in kilowatt-hours."""
    hour = hours % DAY_HOURS
    base, morning, evening = rng.uniform(0.2, 0.5), rng.uniform(0.3, 1.4), rng.uniform(0.8, 2.6)
    rises, dines = rng.normal(7.0, 1.0), rng.normal(19.0, 1.2)
    noon = rng.choice([0.1, 0.4, 1.3], p=[0.4, 0.35, 0.25])
    habit = base + noon * np.exp(-(((hour - 13.0) / 2.5) ** 2))
    habit += morning * np.exp(-(((hour - rises) / 1.3) ** 2)) + evening * np.exp(
        -(((hour - dines) / 2.0) ** 2)
    )
    return np.asarray(habit * rng.lognormal(0.0, 0.3, len(hours)))
