"""What does not add up in events: repetitions, serials made twice, dates that lie, more used than made."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from consortia.base.times import HOUR
from consortia.solutions.supply.epcis.reading import Recorded

DELAY = 24 * HOUR
"""What is recorded later than this after it happened is dated back."""

AHEAD = HOUR // 12
"""Clocks of partners differ by five minutes at most."""

Code = Literal["duplicate", "made_twice", "dated_back", "dated_ahead", "used_unmade", "out_of_order"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: its code, the events by number, the thing (or the event's name), and a line."""

    code: Code
    events: tuple[int, ...]
    thing: str
    text: str


def findings(
    events: Iterable[Recorded], *, delay: int = DELAY, recorded: Mapping[int, int] | None = None
) -> tuple[Finding, ...]:
    """All that does not add up, by event number.

    `recorded` gives for events, by number, when they were recorded: block times, for one. Otherwise the
    document's own record times count, which whoever writes it chooses.
    """
    listed = [event for event in events if not event.withdrawn]
    known = recorded or {}
    found = [*_repeated(listed), *_made_twice(listed), *_balance(listed), *_after_the_end(listed)]
    for event in listed:
        when = known.get(event.number, event.recorded)
        if when is not None and when - event.time > delay:
            hours = (when - event.time) // HOUR
            text = f"{event.where}: recorded {hours:,} hours after it is said to have happened"
            found.append(Finding("dated_back", (event.number,), event.name, text))
        if when is not None and event.time - when > AHEAD:
            text = f"{event.where}: recorded before it is said to have happened"
            found.append(Finding("dated_ahead", (event.number,), event.name, text))
    return tuple(sorted(found, key=lambda each: (each.events, each.code, each.thing)))


def _repeated(events: list[Recorded]) -> list[Finding]:
    first = dict[str, Recorded]()
    found = []
    for event in events:
        before = first.setdefault(event.name, event)
        if before is not event:
            text = f"{event.where}: the same event as {before.where}"
            found.append(Finding("duplicate", (before.number, event.number), event.name, text))
    return found


def _made_twice(events: list[Recorded]) -> list[Finding]:
    """Serials that come into being more than once."""
    first = dict[str, Recorded]()
    found = []
    for event in events:
        for thing in sorted(_born(event)):
            before = first.setdefault(thing, event)
            if before.name != event.name:
                text = f"{event.where}: {thing} was made already, at {before.where}"
                found.append(Finding("made_twice", (before.number, event.number), thing, text))
    return found


def _born(event: Recorded) -> set[str]:
    made = event.outputs if event.kind == "TransformationEvent" else ()
    if event.kind == "ObjectEvent" and event.action == "ADD":
        made = event.things
    return {each.thing for each in made if "/21/" in each.thing or "/00/" in each.thing}


def _after_the_end(events: list[Recorded]) -> list[Finding]:
    """Serials that are seen after their end."""
    ended = dict[str, Recorded]()
    found = []
    for event in sorted(events, key=lambda each: (each.time, each.number)):
        named = {each.thing for each in (*event.things, *event.inputs, *event.children)}
        for thing in sorted(named & ended.keys()):
            if event.time > ended[thing].time:
                text = f"{event.where}: {thing} was used up or ended at {ended[thing].where}"
                found.append(Finding("out_of_order", (ended[thing].number, event.number), thing, text))
        over = event.inputs if event.kind == "TransformationEvent" else ()
        if event.kind == "ObjectEvent" and event.action == "DELETE":
            over = event.things
        ended |= {each.thing: event for each in over if "/21/" in each.thing}
    return found


def _balance(events: list[Recorded]) -> list[Finding]:
    """Lots of which more was used than was ever made, by unit; not those whose making nobody tells."""
    made: dict[tuple[str, str], float] = defaultdict(float)
    used: dict[tuple[str, str], float] = defaultdict(float)
    last = dict[tuple[str, str], Recorded]()
    seen = set[str]()
    for event in sorted(events, key=lambda each: (each.time, each.number)):
        if event.name in seen:
            continue
        seen.add(event.name)
        born = event.outputs if event.kind == "TransformationEvent" else ()
        if event.kind == "ObjectEvent" and event.action == "ADD":
            born = event.things
        for each in born:
            if each.quantity is not None:
                made[each.thing, each.unit] += each.quantity
        gone = event.inputs if event.kind == "TransformationEvent" else ()
        if event.kind == "ObjectEvent" and event.action == "DELETE":
            gone = event.things
        for each in gone:
            if each.quantity is not None:
                used[each.thing, each.unit] += each.quantity
                last[each.thing, each.unit] = event
    found = []
    for (thing, unit), amount in sorted(used.items()):
        if (thing, unit) in made and amount > made[thing, unit] * (1 + 1e-9):
            event, whole = last[thing, unit], made[thing, unit]
            text = f"{event.where}: {amount:g} {unit} of {thing} are used, and {whole:g} were made"
            found.append(Finding("used_unmade", (event.number,), thing, text))
    return found
