"""Deliveries that our generator makes for each party: made, not observed; the same for a seed.

Each party sees few deliveries, of its own lanes. Whether one is late depends on its way, the season, how full
the carrier is and more: alike for all parties, so that they learn it sooner together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from consortia.solutions.supply.tasks import LABEL

FIELDS = ("distance_km", "load_percent", "lead_days", "border", "rain_mm", "winter", "stops", "night")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery: what is known when it is ordered, and whether it was late."""

    known: tuple[float, ...]
    late: bool

    def row(self) -> dict[str, str]:
        """It as a row of a data set."""
        named = zip(FIELDS, self.known, strict=True)
        return {name: f"{value:g}" for name, value in named} | {LABEL: str(int(self.late))}


def deliveries(seed: int, party: int, count: int) -> list[Delivery]:
    """A party's deliveries; parties differ in the length of their ways and in nothing else."""
    draw = Random(f"deliveries/{seed}/{party}")  # noqa: S311 (made data, no secret)
    return [_delivery(draw, party) for _ in range(count)]


def _delivery(draw: Random, party: int) -> Delivery:
    known = (
        round(draw.uniform(20, 300 + 150 * party)),
        round(draw.uniform(30, 110)),
        draw.randint(1, 14),
        int(draw.random() < 0.25),
        round(draw.expovariate(1 / 3), 1),
        int(draw.random() < 0.3),
        draw.randint(0, 6),
        int(draw.random() < 0.2),
    )
    distance, load, lead, border, rain, winter, stops, night = known
    risk = -3.6 + 0.0022 * distance + 0.022 * (load - 60) - 0.09 * lead + 0.8 * border
    risk += 0.07 * rain + 0.5 * winter + 0.14 * stops - 0.3 * night
    return Delivery(known, draw.random() < 1 / (1 + float(np.exp(-risk))))


def numbers(found: Iterable[Delivery]) -> NDArray[np.float64]:
    """What is known of deliveries, a row each, in the order of `FIELDS`."""
    return np.array([each.known for each in found], dtype=np.float64)


def lateness(found: Iterable[Delivery]) -> NDArray[np.bool_]:
    """Which were late."""
    return np.array([each.late for each in found], dtype=np.bool_)
