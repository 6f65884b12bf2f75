"""Events asked for as EPCIS 2.0 queries do, and the document that answers.

The parameters are those of the simple event query that traces and inspections use. Source: GS1 EPCIS 2.0,
section 8.2.7.1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consortia.solutions.supply.epcis.keys import canonical
from consortia.solutions.supply.epcis.reading import CONTEXT, Recorded


@dataclass(frozen=True, slots=True)
class Query:
    """A simple event query: all that is named has to hold; what is empty is not asked.

    `any_epc` is MATCH_anyEPC (of things, children, parents, inputs and outputs), `kinds` eventType, `steps`
    EQ_bizStep, `actions` EQ_action, `places` EQ_bizLocation or EQ_readPoint; `since` (GE_eventTime) and
    `until` (LT_eventTime) are UTC milliseconds.
    """

    any_epc: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None


def matching(events: Iterable[Recorded], query: Query) -> list[Recorded]:
    """The events that a query asks for, in the order of their times."""
    wanted = {canonical(each) for each in query.any_epc}
    places = {canonical(each) for each in query.places}
    found = [event for event in events if _fits(event, query, wanted, places)]
    return sorted(found, key=lambda event: (event.time, event.number))


def _fits(event: Recorded, query: Query, wanted: set[str], places: set[str]) -> bool:
    groups = (event.things, event.children, event.inputs, event.outputs)
    named = {each.thing for group in groups for each in group} | {event.parent}
    return (
        (not wanted or not wanted.isdisjoint(named))
        and (not query.kinds or event.kind in query.kinds)
        and (not query.steps or event.step in query.steps)
        and (not query.actions or event.action in query.actions)
        and (not places or event.place in places)
        and (query.since is None or event.time >= query.since)
        and (query.until is None or event.time < query.until)
    )


def document(events: Sequence[Recorded], created: str) -> dict[str, Any]:
    """A capture document of these events; `created` is its creationDate, a time with its zone."""
    return document_of([event.alone for event in events], created)


def document_of(bodies: Sequence[Mapping[str, Any]], created: str) -> dict[str, Any]:
    """The capture document of events as JSON has them."""
    return {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": created,
        "epcisBody": {"eventList": [dict(each) for each in bodies]},
    }


def answer(events: Sequence[Recorded], created: str) -> dict[str, Any]:
    """The query document of these events."""
    return answer_of([event.alone for event in events], created)


def answer_of(bodies: Sequence[Mapping[str, Any]], created: str) -> dict[str, Any]:
    """The query document of events as JSON has them."""
    found = {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": [dict(each) for each in bodies]}}
    return {
        "@context": [CONTEXT],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": created,
        "epcisBody": {"queryResults": found},
    }
