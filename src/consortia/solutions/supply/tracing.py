"""Where goods came from, where they went, and what a fault in them reaches.

One pass over the events in the order of their times. A **transformation** makes its outputs of its inputs; a
serial that is commissioned with a lot number is one of that lot; a container holds what was put into it until
it is taken out. A fault reaches

1. what it is said to be in, from the moment it is said to be there on;
2. where that is a container, all that is in it then, and all that is put in later;
3. the serials of a lot that it is in;
4. what is made of anything that it is in, or of a container that holds such a thing.

It does not reach what merely travels in one container with something faulty, nor what was made of it before.
`holding` are the containers that hold faulty things at the end: they are to be opened, not recalled.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from consortia.engines.train.files import DataError
from consortia.solutions.supply.epcis.keys import canonical
from consortia.solutions.supply.epcis.reading import Recorded

START = -(1 << 63)
"""Before every event."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trace: the event, and the things of the trace in it."""

    event: Recorded
    things: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """What a fault reaches: each thing, with the time from which on.

    `holding` are the containers that hold any of it now; `places` where each was last seen, empty for a thing
    that no event has placed.
    """

    things: dict[str, int]
    holding: frozenset[str]
    places: dict[str, str]


def effective(events: Iterable[Recorded]) -> list[Recorded]:
    """The events that count, in the order of their times: no repetitions, and none declared in error.

    An event and its declaration of error have one name, since the name leaves out who says so.
    """
    listed = list(events)
    wrong = {event.name for event in listed if event.withdrawn}
    seen = set[str]()
    found = []
    for event in sorted(listed, key=lambda each: (each.time, each.number)):
        if event.name not in wrong and event.name not in seen:
            seen.add(event.name)
            found.append(event)
    return found


@dataclass(slots=True)
class Holds:
    """Which container holds what, as events come in."""

    inside: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    holder: dict[str, str] = field(default_factory=dict)

    def take(self, event: Recorded) -> None:
        """Go on to after an event."""
        if event.kind not in ("AggregationEvent", "AssociationEvent") or not event.parent:
            return
        named = [each.thing for each in event.children]
        if event.action == "DELETE":
            for thing in named or list(self.inside.get(event.parent, ())):
                self._out(event.parent, thing)
        else:
            for thing in named:
                if is_single(thing) and thing in self.holder and self.holder[thing] != event.parent:
                    self._out(self.holder[thing], thing)
                self.inside[event.parent].add(thing)
                self.holder[thing] = event.parent

    def contents(self, thing: str) -> set[str]:
        """All that a thing holds, however deep."""
        found, todo = set[str](), [thing]
        while todo:
            for each in self.inside.get(todo.pop(), ()):
                if each not in found:
                    found.add(each)
                    todo.append(each)
        return found

    def _out(self, parent: str, thing: str) -> None:
        self.inside[parent].discard(thing)
        if self.holder.get(thing) == parent:
            del self.holder[thing]


def lot_of(thing: str, lot: str) -> str:
    """The lot of a serial: its class and the lot number, in the one form; empty where it has no class."""
    head, found, _ = thing.partition("/21/")
    return f"{head}/10/{lot}" if found else ""


def recall(events: Sequence[Recorded], faulty: Iterable[str], since: int = START) -> Recall:
    """What a fault in things reaches, that is there from `since` on. Raises DataError for unknown things."""
    starts = {canonical(each) for each in faulty}
    return _Spread(effective(events), starts, since).recall()


class _Spread:
    """How a fault spreads, event by event."""

    def __init__(self, events: list[Recorded], starts: set[str], since: int) -> None:
        self._events, self._starts, self._since = events, starts, since
        self._holds = Holds()
        self._reached = dict[str, int]()
        self._serials: dict[str, list[str]] = defaultdict(list)
        self._joined: dict[str, tuple[set[str], bool]] = {}
        self._places = dict[str, str]()
        self._known = set[str]()
        self._begun = False

    def recall(self) -> Recall:
        """Go through all events."""
        for event in self._events:
            if not self._begun and event.time >= self._since:
                self._begin(event.time if self._since == START else self._since)
            self._take(event)
        if not self._begun:
            self._begin(self._since)
        unknown = sorted(self._starts - self._known)
        if unknown:
            raise DataError(f"no event names {unknown[0]}.")
        holding = {
            parent for thing in self._reached for parent in self._above(thing) if parent not in self._reached
        }
        places = {thing: self._placed(thing) for thing in self._reached}
        return Recall(self._reached, frozenset(holding), places)

    def _begin(self, time: int) -> None:
        self._begun = True
        for thing in sorted(self._starts):
            self._reach(thing, time)
            for each in sorted(self._holds.contents(thing)):
                self._reach(each, time)

    def _reach(self, thing: str, time: int) -> None:
        if thing not in self._reached:
            self._reached[thing] = time
            for serial in self._serials.get(thing, ()):
                self._reach(serial, time)

    def _take(self, event: Recorded) -> None:
        self._holds.take(event)
        for each in (*event.things, *event.children, *event.inputs, *event.outputs):
            self._known.add(each.thing)
            if event.place:
                self._places[each.thing] = event.place
        if event.parent:
            self._known.add(event.parent)
            if event.place:
                self._places[event.parent] = event.place
        if event.lot and event.action == "ADD":
            self._commission(event)
        if event.kind == "TransformationEvent":
            self._transform(event)
        elif event.action == "ADD" and event.parent and self._is_in_fault(event.parent):
            for child in event.children:
                for thing in (child.thing, *sorted(self._holds.contents(child.thing))):
                    self._reach(thing, event.time)

    def _is_in_fault(self, parent: str) -> bool:
        """Whether a container is one that the fault is said to be in, or stands in such a one."""
        return any(each in self._starts and each in self._reached for each in (parent, *self._above(parent)))

    def _commission(self, event: Recorded) -> None:
        for each in event.things:
            lot = lot_of(each.thing, event.lot)
            if lot:
                self._known.add(lot)
                self._serials[lot].append(each.thing)
                if lot in self._reached:
                    self._reach(each.thing, event.time)

    def _transform(self, event: Recorded) -> None:
        """Outputs are of the inputs of the same event, and of all of one transformation that came before."""
        hit = any(self._is_hit(each.thing) for each in event.inputs)
        outputs = {each.thing for each in event.outputs}
        if event.transformation:
            before, was = self._joined.get(event.transformation, (set(), False))
            outputs, hit = outputs | before, hit or was
            self._joined[event.transformation] = (outputs, hit)
        if hit:
            for thing in sorted(outputs):
                self._reach(thing, event.time)

    def _is_hit(self, thing: str) -> bool:
        return thing in self._reached or any(each in self._reached for each in self._holds.contents(thing))

    def _above(self, thing: str) -> list[str]:
        found: list[str] = []
        while thing in self._holds.holder and self._holds.holder[thing] not in found:
            thing = self._holds.holder[thing]
            found.append(thing)
        return found

    def _placed(self, thing: str) -> str:
        """Where a thing is: where its outermost container was seen last, else where it was itself."""
        above = self._above(thing)
        return next((self._places[each] for each in [*reversed(above), thing] if each in self._places), "")


def upstream(events: Sequence[Recorded], thing: str) -> tuple[Step, ...]:
    """The steps that led to a thing, oldest first: back through what it was made of.

    Raises DataError where no event names it.
    """
    wanted = {canonical(thing)}
    steps: list[Step] = []
    for event in reversed(effective(events)):
        outputs = {each.thing for each in event.outputs} & wanted
        named = {each.thing for each in (*event.things, *event.children)} & wanted
        if event.lot:
            for each in event.things:
                if each.thing in wanted:
                    wanted.add(lot_of(each.thing, event.lot))
        if outputs:
            wanted |= {each.thing for each in event.inputs}
        own = {event.parent} & wanted
        touched = outputs | named | own
        if touched:
            steps.append(Step(event, tuple(sorted(touched))))
    if not steps:
        raise DataError(f"no event names {canonical(thing)}.")
    return tuple(reversed(steps))


def downstream(events: Sequence[Recorded], thing: str) -> tuple[Step, ...]:
    """The steps that a thing, and all that a fault in it reaches, went through, oldest first."""
    reached = recall(events, [thing]).things
    holds, steps = Holds(), list[Step]()
    for event in effective(events):
        holds.take(event)
        named = {each.thing for each in (*event.things, *event.children, *event.inputs, *event.outputs)}
        inside = {each for name in (*named, event.parent) if name for each in holds.contents(name)}
        touched = (named | inside | {event.parent}) & reached.keys()
        if touched:
            steps.append(Step(event, tuple(sorted(touched))))
    return tuple(steps)


def is_single(thing: str) -> bool:
    """Whether there is one of it, so that it is in one place: a serial or a container."""
    return "/21/" in thing or "/00/" in thing or "/8003/" in thing or "/8004/" in thing
