"""Signals of a junction: which phase has green, decided every second from what its sensors say, in integers.

A phase is worth whom it serves a second: the weights, as they were voted, of the vehicles, buses and walkers
at the lanes that it serves, over the time that it takes. Another phase's time begins with the change, when
nobody drives, and has the least green at least. The green phase counts only who moves: who still stands once
the least green is over is not helped by it, be it a turner without a gap or a street ahead that is full.
Another phase is next once it is worth over `ratio` hundredths of the green one. Who waited for `wait` seconds
is served next; no green lasts longer than the most. Red is held while somebody stands inside the junction:
turners who wait there for one another, and for those whom a new green sends in, stop a quarter of a town.
Nothing but these terms, the lights and the readings decides, so anybody who has them decides the same.

The index is from S. Laemmer and D. Helbing, Self-control of traffic lights and vehicle flows in urban road
networks, J. Stat. Mech. (2008) P04019. What it counts on the lanes of a phase is what max-pressure counts
(P. Varaiya, Transportation Research C 36 (2013) 177), without what waits downstream.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from consortia.sdk.operations import Bound

VEHICLE = 1_000
"""What a vehicle weighs."""

SECOND = 1_000
"""Milliseconds."""

SHARE = 1_000
"""All of what a sensor sees, as a share."""

SERVED = 500
"""The share from which on a phase serves whom waited too long, in thousandths."""


class Seen(NamedTuple):
    """What a sensor says: vehicles, how many stand, how many are buses, people at a kerb, longest wait.

    Inside a junction, whoever has not got going stands.
    """

    vehicles: int
    standing: int
    buses: int
    walkers: int
    waited: int
    """In seconds: whoever stands or waits at a kerb the longest."""


@dataclass(frozen=True, slots=True)
class Junction:
    """A junction: its sensors by name, and its phases, as what a light shows for each link.

    `shares` says for each phase and sensor how much of what the sensor sees can go, in thousandths. A change
    from one phase to another takes `clear` seconds in which only walkers get red, `yellow` seconds, and `red`
    seconds at least in which whoever is inside leaves. `inside` are the places of the sensors that see them.
    """

    name: str
    sensors: tuple[str, ...]
    phases: tuple[str, ...]
    shares: tuple[tuple[int, ...], ...]
    walks: tuple[int, ...]
    clear: int
    yellow: int
    red: int
    inside: tuple[int, ...] = ()

    @property
    def change(self) -> int:
        """How long a change takes where nobody stands inside."""
        return self.clear + self.yellow + self.red


@dataclass(frozen=True, slots=True)
class Terms:
    """What the members vote on: bounds of a green, in seconds, and the parameters of the rule."""

    least: int = 10
    most: int = 40
    bus: int = 4_000
    headway: int = 2_000
    ratio: int = 110
    wait: int = 120
    walk: int = 500
    hold: int = 8

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
    """Which phase has green, and since which second.

    While the lights change to it they are `red`, and its green begins at that second or, held, later.
    """

    phase: int
    since: int
    red: bool = False


class Work(NamedTuple):
    """What a phase would serve, in millionths of a vehicle, and the milliseconds that it takes."""

    served: int
    milliseconds: int

    def beats(self, other: "Work", ratio: int) -> bool:
        """Whether it is worth more than `ratio` hundredths of the other."""
        return self.served * other.milliseconds * 100 > other.served * self.milliseconds * ratio


def due_from(terms: Terms, lights: Lights) -> int:
    """The second from which on there is something to decide: the change, or the least green, is over."""
    return lights.since + (0 if lights.red else terms.least)


def decide(junction: Junction, terms: Terms, lights: Lights, at: int, seen: Sequence[Seen]) -> int | None:
    """The phase that has green next; None while all stays. The same phase again begins a new green.

    After a change its green begins once nobody stands inside, or red was held for `hold` seconds. Later:

    1. Who waited too long is next.
    2. So is the phase of the most worth, where it is worth so much more than the green one.
    3. No green is longer than the most.
    """
    if lights.red:
        held = any(seen[place].standing for place in junction.inside) and at - lights.since < terms.hold
        return None if held else lights.phase
    works = [_work(junction, terms, phase, lights.phase, seen) for phase in range(len(junction.phases))]
    others = [phase for phase in range(len(junction.phases)) if phase != lights.phase]
    waited = {phase: _waited(junction.shares[phase], seen) for phase in others}
    longest = max(others, key=lambda phase: (waited[phase], -phase))
    if waited[longest] >= terms.wait:  # 1
        return longest
    best = others[0]
    for phase in others[1:]:
        if works[phase].beats(works[best], 100):
            best = phase
    if works[best].beats(works[lights.phase], terms.ratio):  # 2
        return best
    if at - lights.since >= terms.most:  # 3
        return best if works[best].served else lights.phase
    return None


def after(junction: Junction, lights: Lights, at: int, phase: int) -> Lights:
    """The lights once a decision is followed."""
    if phase == lights.phase:
        return Lights(phase, at)
    return Lights(phase, at + junction.change, red=True)


def act(terms: Terms, lights: Lights, at: int, phase: int) -> Mapping[str, int]:
    """A decision as the values of a command: how long the green was that ends, and which phase is next."""
    return {"green": at - lights.since, "phase": phase, **terms.parameters}


def shown(junction: Junction, lights: Lights, phase: int) -> tuple[tuple[int, str], ...]:
    """What the lights show from a decision on: seconds since it, and a letter for each link.

    A change ends in red; the green that it is for is a decision of its own.
    """
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
    return ((0, cleared), (junction.clear, yellow), (all_red, red))


def _work(junction: Junction, terms: Terms, phase: int, green: int, seen: Sequence[Seen]) -> Work:
    """Whom a phase would serve, and how long that takes."""
    served = longest = 0
    for share, one in zip(junction.shares[phase], seen, strict=True):
        going = max(one.vehicles - one.standing, 0) if phase == green else one.vehicles
        buses = one.buses * terms.bus * going // max(one.vehicles, 1)
        served += share * (going * VEHICLE + buses + one.walkers * terms.walk)
        longest = max(longest, share * going)
    clears = longest * terms.headway // SHARE
    if phase == green:
        return Work(served, clears + terms.headway)
    return Work(served, max(clears, terms.least * SECOND) + junction.change * SECOND)


def _waited(shares: Sequence[int], seen: Sequence[Seen]) -> int:
    """How long the first one waited whom a phase would serve."""
    return max((one.waited for share, one in zip(shares, seen, strict=True) if share >= SERVED), default=0)
