"""Streets simulated by SUMO, through `libsumo`, with sensors and lights as `signals` has them.

SUMO (Eclipse, EPL-2.0) is an extra: `pip install 'consortia[traffic]'`. A process holds one simulation, and
should have held none before it: a used process does not always repeat to the bit what a fresh one does. A
vehicle that stood for 300 seconds is moved on, as is SUMO's default; `Outcome.stuck` says how often.
"""

import heapq
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from consortia.engines.train.files import DataError
from consortia.solutions.city.decisions import Desk
from consortia.solutions.city.signals import Junction, Lights, Seen, Terms, shown

REMEDY = "pip install 'consortia[traffic]'"
RANGE_M = 75.0
"""So far from its stop line a sensor sees, through a junction without signals where the street is shorter."""

STANDING = 0.1
"""Metres a second below which a vehicle waits."""

CLEAR_SECONDS = 5
"""So long walkers have red before vehicles do, where a junction has crossings."""

ALL_RED_SECONDS = 1
"""So long everybody whose green ends has red before another's begins."""

STARTED = 2.0
"""Metres a second below which who is inside a junction has not got going."""

QUIET = ("--tripinfo-output", os.devnull, "--no-step-log", "--no-warnings")
"""Time lost is counted where trips are told of; nothing is printed."""

STRENGTH = {"G": 2, "g": 1}
BUS, INSIDE = "bus", ":"


@dataclass(frozen=True, slots=True)
class Ground:
    """What is simulated: a net, who travels on it, from which second to which, and the seed of chance.

    With `patience` it goes on after its end until everybody has arrived, for so many seconds at most.
    """

    net: Path
    routes: tuple[Path, ...]
    begins: int
    ends: int
    seed: int
    patience: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a simulation went: vehicles that arrived, seconds each lost (mean), vehicles that were moved on.

    `in_time` are those that arrived before the end, `outside` the seconds (mean) for which a street was too
    full to enter it, and `ended` the second at which the simulation was over.
    """

    finished: int
    lost: float
    stuck: int
    in_time: int
    outside: float
    ended: int


def needed() -> None:
    """Raise DataError where SUMO is not installed, with the command that installs it."""
    if importlib.util.find_spec("libsumo") is None:
        raise DataError(f"streets are simulated by SUMO, which is not installed: {REMEDY}")


def load() -> Any:  # noqa: ANN401 (a module without types)
    """SUMO; raises DataError where it is not installed."""
    needed()
    import libsumo  # noqa: PLC0415 (an extra: only who simulates streets needs it)

    return libsumo


@dataclass(slots=True)
class Streets:
    """A simulation that runs, second by second, and is ended with its context; raises DataError."""

    ground: Ground
    at: int = 0
    junctions: dict[str, Junction] = field(default_factory=dict)
    finished: int = 0
    in_time: int = 0
    stuck: int = 0
    _sumo: Any = None
    _changes: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    _behind: dict[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)
    _kerbs: dict[str, list[float]] = field(default_factory=dict)
    _within: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Start it."""
        sumo, ground = load(), self.ground
        missing = [path for path in (ground.net, *ground.routes) if not path.is_file()]
        if missing:
            raise DataError(f"{missing[0]}: there is no such file")
        files = ["-n", str(ground.net), "-r", ",".join(map(str, ground.routes))]
        ends = ground.ends + ground.patience
        span = ["-b", str(ground.begins), "-e", str(ends), "--seed", str(ground.seed)]
        try:
            sumo.start(["sumo", *files, *span, *QUIET])
        except (sumo.TraCIException, sumo.FatalTraCIError) as error:
            raise DataError(f"{ground.net.name}: SUMO cannot start: {error}") from None
        self._sumo, self.at = sumo, ground.begins
        self.junctions = {name: junction_of(sumo, name) for name in sorted(sumo.trafficlight.getIDList())}
        self._behind = lanes_behind(sumo)
        self._within = {INSIDE + name: lanes_within(sumo, name) for name in self.junctions}
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._sumo.close()

    @property
    def over(self) -> bool:
        """Whether the time is over: at its end, or once nobody is on the way or patience is."""
        late = self.at - self.ground.ends
        if late < 0:
            return False
        return late >= self.ground.patience or not self._sumo.simulation.getMinExpectedNumber()

    def show(self, name: str, letters: str) -> None:
        """Have the lights of a junction show a letter for each link, from now on."""
        self._sumo.trafficlight.setRedYellowGreenState(name, letters)

    def switch(self, desk: Desk, phase: int) -> None:
        """Follow a decision that was made now, through all that the lights show till its green."""
        steps = shown(desk.junction, desk.lights, phase)
        self._changes[desk.junction.name] = [(self.at + after, letters) for after, letters in steps]
        desk.switch(self.at, phase)

    def step(self) -> None:
        """Let a second pass."""
        for name, steps in self._changes.items():
            while steps and steps[0][0] <= self.at:
                self.show(name, steps.pop(0)[1])
        simulation = self._sumo.simulation
        self._sumo.simulationStep()
        self.at = round(simulation.getTime())
        self.finished += simulation.getArrivedNumber()
        if self.at <= self.ground.ends:
            self.in_time = self.finished
        self.stuck += simulation.getStartingTeleportNumber()
        self._kerbs.clear()

    def look(self, junction: Junction) -> tuple[Seen, ...]:
        """What the sensors of a junction say now."""
        return tuple(self._sensor(name) for name in junction.sensors)

    def speed(self, street: str) -> tuple[float, int]:
        """How fast vehicles are on a street now, in metres a second, and how many they are."""
        edge = self._sumo.edge
        return float(edge.getLastStepMeanSpeed(street)), int(edge.getLastStepVehicleNumber(street))

    def outcome(self) -> Outcome:
        """How it went up to now."""
        told = self._sumo.simulation.getParameter
        lost, outside = (float(told("", f"device.tripinfo.{name}")) for name in ("timeLoss", "departDelay"))
        return Outcome(self.finished, lost, self.stuck, self.in_time, outside, self.at)

    def _sensor(self, name: str) -> Seen:
        if name in self._within:
            return self._inside(self._within[name])
        return self._kerb(name) if name.startswith(INSIDE) else self._lane(name)

    def _inside(self, lanes: tuple[str, ...]) -> Seen:
        lane, vehicle = self._sumo.lane, self._sumo.vehicle
        speeds = [vehicle.getSpeed(each) for name in lanes for each in lane.getLastStepVehicleIDs(name)]
        return Seen(len(speeds), sum(speed < STARTED for speed in speeds), 0, 0, 0)

    def _lane(self, name: str) -> Seen:
        lane, vehicle = self._sumo.lane, self._sumo.vehicle
        near = [
            each
            for part, begins in self._behind[name]
            for each in lane.getLastStepVehicleIDs(part)
            if begins - vehicle.getLanePosition(each) <= RANGE_M
        ]
        buses = sum(vehicle.getVehicleClass(each) == BUS for each in near)
        waited = [vehicle.getWaitingTime(each) for each in near if vehicle.getSpeed(each) < STANDING]
        return Seen(len(near), len(waited), buses, 0, int(max(waited, default=0.0)))

    def _kerb(self, crossing: str) -> Seen:
        if not self._kerbs:
            self._kerbs = {"": []}
            person = self._sumo.person
            for each in person.getIDList():
                waited = person.getWaitingTime(each)
                if waited > 0:
                    self._kerbs.setdefault(person.getNextEdge(each), []).append(waited)
        found = self._kerbs.get(crossing, [])
        return Seen(0, 0, 0, len(found), int(max(found, default=0.0)))


def junction_of(sumo: Any, name: str) -> Junction:  # noqa: ANN401 (a module without types)
    """The junction of a signal: the phases of its fixed plan in which nothing changes, and its sensors."""
    plan = sumo.trafficlight.getAllProgramLogics(name)[0].phases
    links = [link[0][:2] if link else ("", "") for link in sumo.trafficlight.getControlledLinks(name)]
    walks = tuple(number for number, (begin, _) in enumerate(links) if begin.startswith(INSIDE))
    sources = [
        end.rpartition("_")[0] if number in walks else begin for number, (begin, end) in enumerate(links)
    ]
    sensors = (*sorted({source for source in sources if source}), INSIDE + name)
    phases: list[str] = []
    for each in plan:
        held = phases and all(
            a == b or (number in walks and b == "r")
            for number, (a, b) in enumerate(zip(phases[-1], each.state, strict=True))
        )
        if "y" not in each.state and "G" in each.state and not held:
            phases.append(each.state)
    yellow = max([round(each.duration) for each in plan if "y" in each.state], default=3)
    clear = CLEAR_SECONDS if walks else 0
    shares = tuple(_shares(state, sources, sensors) for state in phases)
    inside = (len(sensors) - 1,)
    return Junction(name, sensors, tuple(phases), shares, walks, clear, yellow, ALL_RED_SECONDS, inside)


def lanes_within(sumo: Any, name: str) -> tuple[str, ...]:  # noqa: ANN401 (a module without types)
    """The lanes of vehicles inside the junction of a signal."""
    links = [link[0] for link in sumo.trafficlight.getControlledLinks(name) if link]
    ahead = [within for begin, _, within in links if within and not begin.startswith(INSIDE)]
    found: set[str] = set()
    while ahead:
        lane = ahead.pop()
        if lane not in found:
            found.add(lane)
            nexts = [(link[0], link[4]) for link in sumo.lane.getLinks(lane)]
            ahead += [each for pair in nexts for each in pair if each.startswith(INSIDE)]
    return tuple(sorted(found))


def lanes_behind(sumo: Any) -> dict[str, tuple[tuple[str, float], ...]]:  # noqa: ANN401 (a module without types)
    """For each lane of a signal what its sensor sees: lanes, and how far each begins from the stop line."""
    names = sumo.trafficlight.getIDList()
    links = [link[0] for name in names for link in sumo.trafficlight.getControlledLinks(name) if link]
    stops = {begin for begin, _, _ in links if not begin.startswith(INSIDE)}
    before: dict[str, list[str]] = {}
    for lane in sumo.lane.getIDList():
        if lane not in stops:  # who waits at another signal is that one's
            for link in sumo.lane.getLinks(lane):
                before.setdefault(link[4] or link[0], []).append(lane)
    return {stop: _seen_from(sumo, stop, before) for stop in stops}


def _seen_from(sumo: Any, stop: str, before: Mapping[str, list[str]]) -> tuple[tuple[str, float], ...]:  # noqa: ANN401
    """The lanes within RANGE_M of a stop line, against the traffic."""
    found: dict[str, float] = {}
    ahead = [(0.0, stop)]
    while ahead:
        ends, lane = heapq.heappop(ahead)
        if ends < RANGE_M and lane not in found:
            found[lane] = ends + sumo.lane.getLength(lane)
            for each in before.get(lane, ()):
                heapq.heappush(ahead, (found[lane], each))
    return tuple(found.items())


def _shares(state: str, sources: list[str], sensors: tuple[str, ...]) -> tuple[int, ...]:
    """How much of what each sensor sees can go, in thousandths: a link that yields counts half."""
    found = []
    for sensor in sensors:
        letters = [letter for letter, source in zip(state, sources, strict=True) if source == sensor]
        found.append(sum(STRENGTH.get(letter, 0) for letter in letters) * 1_000 // (2 * len(letters) or 1))
    return tuple(found)


def desks_of(streets: Streets, terms: Terms) -> dict[str, Desk]:
    """A desk for each junction, whose first phase has green from now on."""
    desks = {}
    for name, junction in streets.junctions.items():
        streets.show(name, junction.phases[0])
        desks[name] = Desk(junction, terms, Lights(0, streets.at), [])
    return desks


def follow(streets: Streets, desks: Mapping[str, Desk]) -> None:
    """Decide at every desk where a decision is due, and follow it at once."""
    for desk in desks.values():
        if desk.due(streets.at):
            phase = desk.decide(streets.at, streets.look(desk.junction))
            if phase is not None:
                streets.switch(desk, phase)


def run(ground: Ground, terms: Terms | None) -> tuple[Outcome, dict[str, Desk]]:
    """Simulate from begin to end under terms, or under the net's fixed plan: no desks then."""
    with Streets(ground) as streets:
        desks = {} if terms is None else desks_of(streets, terms)
        while not streets.over:
            follow(streets, desks)
            streets.step()
        return streets.outcome(), desks
