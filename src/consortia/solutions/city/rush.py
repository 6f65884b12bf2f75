"""Made-up travellers of the two junctions that the product ships, from a seed: cars, buses, people on foot.

A morning of an hour: cars come from the six ends of the streets, more and more to its middle and fewer after
it, buses go along the main street every two minutes, and people cross at both junctions. Nobody's habits.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

NET = Path(__file__).parent / "net" / "streets.net.xml"
MORNING = 3_600
AT = {
    "west": "market",
    "mill": "market",
    "port": "market",
    "east": "station",
    "park": "station",
    "hill": "station",
}
"""The junction that each end of a street leads to."""

FLOWS = {("west", "east"): 420, ("east", "west"): 360, ("mill", "port"): 160, ("port", "mill"): 130}
FLOWS |= {("park", "hill"): 150, ("hill", "park"): 170, ("mill", "east"): 70, ("port", "east"): 50}
FLOWS |= {("hill", "west"): 60, ("park", "west"): 50, ("west", "port"): 50, ("east", "mill"): 40}
"""Cars an hour at the middle of a morning."""

QUIET = 0.35
"""The share of them at its ends."""

WALKS = (("mill-market", "market-port"), ("west-market", "market-station"), ("station-hill", "station-east"))
WALKS_AN_HOUR, BUS_SECONDS, STOP_SECONDS = 60, 120, 15
BUSES = (("west", "east"), ("east", "west"))
TYPES = (
    '<vType id="car" vClass="passenger" speedDev="0.1"/>',
    '<vType id="bus" vClass="bus" length="12" maxSpeed="13.9"/>',
)


def streets_of(begin: str, end: str) -> tuple[str, ...]:
    """The streets from one end to another."""
    first, last = AT[begin], AT[end]
    between = () if first == last else (f"{first}-{last}",)
    return (f"{begin}-{first}", *between, f"{last}-{end}")


def travellers(seed: int, mornings: int = 1) -> str:
    """The routes of so many mornings, one after the other, as a file of SUMO's."""
    rng = np.random.default_rng(seed)
    made = [each for morning in range(mornings) for each in _morning(rng, morning)]
    lines = [text for _, _, text in sorted(made)]
    return "\n".join(["<routes>", *TYPES, *lines, "</routes>", ""])


def _morning(rng: np.random.Generator, morning: int) -> Iterator[tuple[float, str, str]]:
    busy = rng.normal(1.0, 0.06)
    for begin, end in FLOWS:
        rate = FLOWS[begin, end] / 3_600
        for number, at in enumerate(_moments(rng, rate * busy, morning)):
            yield _vehicle("car", f"{morning}-{begin}-{end}-{number}", at, streets_of(begin, end))
    for begin, end in BUSES:
        for at in range(morning * MORNING + 20, (morning + 1) * MORNING, BUS_SECONDS):
            yield _vehicle("bus", f"bus-{begin}-{at}", float(at), streets_of(begin, end))
    for begin, end in WALKS:
        for number, at in enumerate(_moments(rng, WALKS_AN_HOUR / 3_600, morning)):
            name = f"{morning}-{begin}-on-foot-{number}"
            text = f'<person id="{name}" depart="{at:.2f}"><walk from="{begin}" to="{end}"/></person>'
            yield at, name, text


def _moments(rng: np.random.Generator, most: float, morning: int) -> list[float]:
    """When somebody comes, by thinning: `most` a second at the middle of the morning."""
    tried = np.sort(rng.uniform(0, MORNING, rng.poisson(most * MORNING)))
    share = QUIET + (1 - QUIET) * np.sin(np.pi * tried / MORNING) ** 2
    return [float(at) + morning * MORNING for at in tried[rng.random(len(tried)) < share]]


def _vehicle(kind: str, name: str, at: float, streets: tuple[str, ...]) -> tuple[float, str, str]:
    stop = ""
    if kind == "bus":
        stop = f'<stop lane="{streets[1]}_1" startPos="100" endPos="130" duration="{STOP_SECONDS}"/>'
    lane = 'departLane="best" departSpeed="max"'
    route = f'<route edges="{" ".join(streets)}"/>'
    return at, name, f'<vehicle id="{name}" type="{kind}" depart="{at:.2f}" {lane}>{route}{stop}</vehicle>'
