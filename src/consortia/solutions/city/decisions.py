"""Decisions of signals as records that anybody who has them can decide again, bit for bit.

A record is what was read when a decision was due and what was decided, in one form of JSON. The records of a
junction are committed as record batches; with the terms that were voted, they are all that `replay` needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct, ValidationError
from msgspec.json import decode, encode

from consortia.engines.train.files import DataError
from consortia.solutions.city.signals import Junction, Lights, Seen, Terms, after, decide, due_from


class Decision(Struct, frozen=True, forbid_unknown_fields=True):
    """What was decided at a second: the phase that is next, or None for none; by the rule, or by hand."""

    at: int
    next: int | None
    by_hand: bool
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that follows from a decision: when, to which phase, and how long the green was that ended."""

    at: int
    phase: int
    green: int
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Replayed:
    """What records come to when they are decided again; `differing` are places of wrong ones."""

    switches: tuple[Switch, ...]
    differing: tuple[int, ...]


def record_of(decision: Decision) -> bytes:
    """A decision as a record."""
    return encode(decision)


def decision_in(record: bytes) -> Decision:
    """The decision of a record; raises DataError."""
    try:
        found = decode(record, type=Decision)
    except (ValidationError, ValueError) as error:
        raise DataError(f"a decision cannot be read: {error}") from None
    if record_of(found) != record:
        raise DataError("a decision is not in its one form")
    return found


@dataclass(slots=True)
class Desk:
    """Who decides at a junction: the lights, and the records of what was decided."""

    junction: Junction
    terms: Terms
    lights: Lights
    records: list[bytes]

    def due(self, at: int) -> bool:
        """Whether there is anything to decide."""
        return at >= due_from(self.terms, self.lights)

    def decide(self, at: int, seen: Sequence[Seen]) -> int | None:
        """Decide, and write it down; whoever follows it says so by `switch`."""
        phase = decide(self.junction, self.terms, self.lights, at, seen)
        self.records.append(record_of(Decision(at, phase, by_hand=False, seen=tuple(seen))))
        return phase

    def write_by_hand(self, at: int, phase: int, seen: Sequence[Seen]) -> None:
        """Write down what people decided; whoever follows it says so by `switch`."""
        self.records.append(record_of(Decision(at, phase, by_hand=True, seen=tuple(seen))))

    def switch(self, at: int, phase: int) -> None:
        """Follow a decision."""
        self.lights = after(self.junction, self.lights, at, phase)


def replay(junction: Junction, terms: Terms, begins: int, records: Sequence[bytes]) -> Replayed:
    """Decide again what records say was read, from the first phase on; raises DataError.

    1. A decision of the rule is the one that the readings lead to.
    2. It was due, and none that was due before it is missing; after one by hand the rule may wait.
    3. One by hand keeps the bounds of a green, and names a phase; none is made while the lights change.
    """
    lights = Lights(0, begins)
    wanted = due_from(terms, lights)
    free = False
    switches: list[Switch] = []
    differing: list[int] = []
    for place, record in enumerate(records):
        one = decision_in(record)
        if len(one.seen) != len(junction.sensors):
            raise DataError(f"decision {place}: {len(one.seen)} readings of {len(junction.sensors)} sensors")
        green, changing = one.at - lights.since, lights.red
        if one.by_hand:  # 3
            known = one.next is not None and 0 <= one.next < len(junction.phases)
            right = known and not changing and terms.least <= green <= terms.most
        else:
            in_time = one.at >= wanted if free else one.at == wanted  # 2
            right = in_time and one.next == decide(junction, terms, lights, one.at, one.seen)  # 1
        if not right:
            differing.append(place)
        if one.next is not None and 0 <= one.next < len(junction.phases):
            if not changing:
                switches.append(Switch(one.at, one.next, green, one.by_hand))
            lights = after(junction, lights, one.at, one.next)
        wanted = max(one.at + 1, due_from(terms, lights))
        free = one.by_hand or (free and changing)
    return Replayed(tuple(switches), tuple(differing))
