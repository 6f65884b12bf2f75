"""Whether a thing's own history leads back to a fault: the question of a recall asked the other way round.

`tracing.recall` follows a fault forth, once, through all events. Here each thing is asked by itself, going
back: was it in the faulty container, is it of a faulty lot, was it made of anything that was? The answers for
all things together have to be the recall set: that it lacks none shows that it is complete, that it has no
other that it is minimal. It is slower, and shares nothing with the forward pass but the events that count.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from consortia.solutions.supply.epcis.reading import Recorded
from consortia.solutions.supply.tracing import is_single, lot_of

NEVER = float("inf")


@dataclass(slots=True)
class Stay:
    """That a thing was in a container, from after event `since` to before event `until`."""

    parent: str
    since: int
    until: float = NEVER


@dataclass(slots=True)
class Made:
    """A transformation at event `place`: what went in, in it and in others of one transformation."""

    place: int
    inputs: list[tuple[int, str]] = field(default_factory=list)


class Backwards:
    """Histories of things over `events` (those that count, in the order of their times)."""

    def __init__(self, events: list[Recorded], faulty: set[str], since: int) -> None:
        """Ask about a fault that is in `faulty` from block or event time `since` on."""
        self._faulty = faulty
        self._begin = next((at for at, one in enumerate(events) if one.time >= since), len(events)) - 0.5
        self._stays: dict[str, list[Stay]] = defaultdict(list)
        self._held: dict[str, list[tuple[str, Stay]]] = defaultdict(list)
        self._lots: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._made: dict[str, list[Made]] = defaultdict(list)
        self._known = dict[str, float]()
        groups = dict[str, Made]()
        for at, event in enumerate(events):
            self._move(at, event)
            if event.lot and event.action == "ADD":
                for each in event.things:
                    self._lots[each.thing].append((at, lot_of(each.thing, event.lot)))
            if event.kind == "TransformationEvent":
                self._make(at, event, groups)

    def leads(self, thing: str) -> bool:
        """Whether the thing's history leads back to the fault."""
        return self._first(thing) < NEVER

    def _first(self, thing: str) -> float:
        """After which event the fault is in a thing; NEVER where it is not."""
        if thing not in self._known:
            self._known[thing] = NEVER  # what leads round to itself leads nowhere
            self._known[thing] = min(self._reasons(thing), default=NEVER)
        return self._known[thing]

    def _reasons(self, thing: str) -> list[float]:
        found = [self._begin] if thing in self._faulty else []
        found += self._in_faulty(thing, self._begin, NEVER)
        found += [max(at, self._first(lot)) for at, lot in self._lots[thing] if self._first(lot) < NEVER]
        for made in self._made[thing]:
            hits = [at for at, each in made.inputs if self._is_hit(each, at)]
            if hits:
                found.append(max(made.place, min(hits)))
        return found

    def _in_faulty(self, thing: str, since: float, until: float) -> list[float]:
        """When, between these events, a thing was in a faulty container, however deep."""
        found = []
        for stay in self._stays[thing]:
            start, end = max(stay.since, since), min(stay.until, until)
            if start < end:
                if stay.parent in self._faulty:
                    found.append(start)
                found += self._in_faulty(stay.parent, start, end)
        return found

    def _is_hit(self, thing: str, at: int) -> bool:
        """Whether the fault was, before event `at`, in a thing or in anything that it held then."""
        inside = [each for each, stay in self._held[thing] if stay.since < at < stay.until]
        return self._first(thing) < at or any(self._is_hit(each, at) for each in inside)

    def _make(self, at: int, event: Recorded, groups: dict[str, Made]) -> None:
        inputs = [(at, each.thing) for each in event.inputs]
        made = Made(at, inputs)
        if event.transformation:
            group = groups.setdefault(event.transformation, Made(at))
            group.inputs += inputs
            made = Made(at, group.inputs)  # one list: what comes later in the transformation counts too
        for each in event.outputs:
            self._made[each.thing].append(made)

    def _move(self, at: int, event: Recorded) -> None:
        if event.kind not in ("AggregationEvent", "AssociationEvent") or not event.parent:
            return
        named = [each.thing for each in event.children]
        if event.action == "DELETE":
            gone = named or [each for each, _ in self._held[event.parent]]
            for thing in gone:
                self._end(at, thing, event.parent)
            return
        for thing in named:
            if is_single(thing):
                self._end(at, thing, None)
            stay = Stay(event.parent, at)
            self._stays[thing].append(stay)
            self._held[event.parent].append((thing, stay))

    def _end(self, at: int, thing: str, parent: str | None) -> None:
        """A thing leaves a container, or whichever it is in."""
        for stay in self._stays[thing]:
            if stay.until == NEVER and parent in (None, stay.parent):
                stay.until = at
