"""Signals of a junction: which phase has green, decided every second from what its sensors say, in integers.

Max-pressure with hysteresis. A phase weighs what waits or comes on the lanes that it serves: vehicles, buses
and walkers by the weights that were voted. Once its least green is over, a phase goes on until another weighs
`ratio` hundredths of it and `keep` thousandths of a vehicle more: every change costs the seconds in which
nobody drives. Who waited for longer than `wait` seconds is served next; no green lasts longer than the most.
Nothing but these terms, the lights and the readings decides, so anybody who has them decides the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from consortia.sdk.operations import Bound

VEHICLE = 1_000
"""What a vehicle weighs."""

SERVED = 500
"""The share from which on a phase serves whom waited too long, in thousandths."""


class Seen(NamedTuple):
    """What a sensor says: vehicles (buses too), buses, people at a kerb, and seconds the first one waited."""

    vehicles: int
    buses: int
    walkers: int
    waited: int


@dataclass(frozen=True, slots=True)
class Junction:
    """A junction: its sensors by name, and its phases, as what a light shows for each link.

    `shares` says for each phase and sensor how much of what the sensor sees can go, in thousandths. A change
    from one phase to another takes `clear` seconds in which only walkers get red, `yellow` seconds, and `red`
    seconds in which whoever is inside leaves.
    """

    name: str
    sensors: tuple[str, ...]
    phases: tuple[str, ...]
    shares: tuple[tuple[int, ...], ...]
    walks: tuple[int, ...]
    clear: int
    yellow: int
    red: int

    @property
    def change(self) -> int:
        """How long a change takes."""
        return self.clear + self.yellow + self.red


@dataclass(frozen=True, slots=True)
class Terms:
    """What the members vote on: bounds of a green, in seconds, and the parameters of the rule."""

    least: int = 10
    most: int = 40
    bus: int = 4_000
    keep: int = 1_000
    ratio: int = 200
    wait: int = 120
    walk: int = 500

    def bounds(self, phases: int) -> dict[str, tuple[int, int]]:
        """As bounds of a control: a parameter is a field that every act repeats."""
        rest = {name: (value, value) for name, value in self.parameters.items()}
        return {"green": (self.least, self.most), "phase": (0, phases - 1), **rest}

    @property
    def parameters(self) -> dict[str, int]:
        """The parameters of the rule, by field."""
        return {name: value for name, value in asdict(self).items() if name not in {"least", "most"}}

    @classmethod
    def voted(cls, bounds: Iterable[Bound]) -> "Terms":
        """The terms that a control's bounds hold. Raises KeyError where they hold none."""
        found = {each.field: (each.least, each.most) for each in bounds}
        least, most = found["green"]
        return cls(least, most, **{name: found[name][0] for name in cls().parameters})


@dataclass(frozen=True, slots=True)
class Lights:
    """Which phase has green, and since which second; that lies ahead while the lights change."""

    phase: int
    since: int


def due(terms: Terms, lights: Lights, at: int) -> bool:
    """Whether there is anything to decide: not before the least green is over."""
    return at - lights.since >= terms.least


def decide(junction: Junction, terms: Terms, lights: Lights, at: int, seen: Sequence[Seen]) -> int | None:
    """The phase that has green next; None while all stays. The same phase again begins a new green."""
    weights = _weights(junction, terms, seen)
    others = [phase for phase in range(len(junction.phases)) if phase != lights.phase]
    waited = {phase: _waited(junction.shares[phase], seen) for phase in others}
    longest = max(others, key=lambda phase: (waited[phase], -phase))
    if waited[longest] >= terms.wait:
        return longest
    best = max(others, key=lambda phase: (weights[phase], -phase))
    if weights[best] * 100 > weights[lights.phase] * terms.ratio + terms.keep * 100_000:
        return best
    if at - lights.since >= terms.most:
        return best if weights[best] else lights.phase
    return None


def after(junction: Junction, lights: Lights, at: int, phase: int) -> Lights:
    """The lights once a decision is followed."""
    return Lights(phase, at if phase == lights.phase else at + junction.change)


def act(terms: Terms, lights: Lights, at: int, phase: int) -> Mapping[str, int]:
    """A decision as the values of a command: how long the green was that ends, and which phase is next."""
    return {"green": at - lights.since, "phase": phase, **terms.parameters}


def shown(junction: Junction, lights: Lights, phase: int) -> tuple[tuple[int, str], ...]:
    """What the lights show from a decision on: seconds since it, and a letter for each link."""
    ends, begins = junction.phases[lights.phase], junction.phases[phase]
    if phase == lights.phase:
        return ((0, begins),)
    walks = set(junction.walks)
    cleared = "".join("r" if link in walks else letter for link, letter in enumerate(ends))
    ending = [letter in "Gg" and then not in "Gg" for letter, then in zip(cleared, begins, strict=True)]
    yellow, red = (
        "".join(mark if ends_now else letter for ends_now, letter in zip(ending, cleared, strict=True))
        for mark in "yr"
    )
    all_red = junction.clear + junction.yellow
    return ((0, cleared), (junction.clear, yellow), (all_red, red), (junction.change, begins))


def _weights(junction: Junction, terms: Terms, seen: Sequence[Seen]) -> list[int]:
    """What each phase weighs, in millionths of a vehicle."""
    each = [one.vehicles * VEHICLE + one.buses * terms.bus + one.walkers * terms.walk for one in seen]
    return [sum(a * b for a, b in zip(shares, each, strict=True)) for shares in junction.shares]


def _waited(shares: Sequence[int], seen: Sequence[Seen]) -> int:
    """How long the first one waited whom a phase would serve."""
    return max((one.waited for share, one in zip(shares, seen, strict=True) if share >= SERVED), default=0)
