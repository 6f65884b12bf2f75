"""EPCIS 2.0 events from JSON-LD documents, NDJSON, CSV, and stores of captured events.

The reader holds what traces depend on to the standard: type, version, times with their zones, actions, lists,
identifiers, quantities, sensor reports. It names what is wrong by event and field, and is no validator of
extensions.

Source: GS1 EPCIS 2.0, sections 7.3 and 7.4; the rules of GS1's JSON schema for the fields named here.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from consortia.engines.train.files import DataError, place, read_bytes, shown
from consortia.solutions.lines import JSON_BYTES_MAX, NDJSON, form_of, lines
from consortia.solutions.moments import instant
from consortia.solutions.rejects import Rejected, Rejects
from consortia.solutions.supply.epcis.hashing import context_names, event_hash, events_of, written
from consortia.solutions.supply.epcis.keys import canonical
from consortia.solutions.supply.epcis.objects import json_of
from consortia.solutions.supply.epcis.rows import sheet_events
from consortia.solutions.supply.epcis.stored import SUFFIX, stored_events

FILE_BYTES_MAX = 128 << 20
"""A document is in memory as a whole; more than this is NDJSON."""

EVENTS_MAX = 1_000_000
"""So many are in memory at once: most of them take less than a kilobyte."""

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
NO_NAMES: Mapping[str, str] = MappingProxyType({})
TEXT_MAX = 2_048
CONTEXT_CHARS_MAX = 16_384
"""Each event carries its document's context where it is kept by itself."""

THINGS_MAX = 100_000
"""So many identifiers one event holds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ZONE = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)")
_ACTIONS = ("ADD", "DELETE", "OBSERVE")
_ARRAYS = (
    *("epcList", "childEPCs", "inputEPCList", "outputEPCList"),
    *("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"),
    *("bizTransactionList", "sourceList", "destinationList", "sensorElementList"),
)
_NEEDS = {
    "ObjectEvent": (("action",), ("epcList", "quantityList")),
    "AggregationEvent": (("action",), ("childEPCs", "childQuantityList")),
    "AssociationEvent": (("action", "parentID"), ("childEPCs", "childQuantityList")),
    "TransactionEvent": (("action", "bizTransactionList"), ("epcList", "quantityList")),
    "TransformationEvent": ((), ()),
}
"""For each type the fields that it needs, and those of which it needs one (unless it deletes)."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A thing by its one form (a serial, a lot, a class, a container), and how much; None for one of it."""

    thing: str
    quantity: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as traces need it: what went in, what came out, who holds whom, where and when.

    `number` counts the events of all files from 1 on, `where` names file and place. Times are UTC
    milliseconds; `recorded` is None where the document does not say. `things` are those observed, `inputs`
    and `outputs` those of a transformation, `parent` the container of `children`. `lot` is what the event
    says of serials that it commissions. `withdrawn` says that the event declares an earlier one in error.
    `said` is all of it as JSON in UTF-8: objects of Python would take three times the memory. `names` are the
    prefixes that its document gave it, where the event does not say them itself.
    """

    number: int
    where: str
    name: str
    kind: str
    action: str
    time: int
    recorded: int | None
    step: str
    place: str
    things: tuple[Amount, ...]
    inputs: tuple[Amount, ...]
    outputs: tuple[Amount, ...]
    parent: str
    children: tuple[Amount, ...]
    lot: str
    transformation: str
    withdrawn: bool
    said: bytes
    names: Mapping[str, str]

    @property
    def alone(self) -> dict[str, Any]:
        """The whole event as it stands by itself: with what its prefixes mean, so that its name stays."""
        body = self.body
        if self.names:
            own = body.get("@context", CONTEXT)
            body["@context"] = [*(own if isinstance(own, list) else [own]), dict(self.names)]
        return body

    @property
    def body(self) -> dict[str, Any]:
        """The whole event, read from `said` anew."""
        found: dict[str, Any] = json.loads(self.said)
        return found


@dataclass(frozen=True, slots=True)
class Events:
    """The events of some files, in their order, and those that cannot be used."""

    found: tuple[Recorded, ...]
    rejected: tuple[Rejected, ...]


def read(*paths: Path) -> Events:
    """The events of EPCIS files, plain or gzipped; raises DataError for a file that is none.

    An event that breaks a rule is rejected: told by its place and why, in one line.
    """
    found: list[Recorded] = []
    rejects = Rejects()
    for path in paths:
        for where, names, event in _values(path):
            number = len(found) + len(rejects) + 1
            if number > EVENTS_MAX:
                raise DataError(f"{path.name}: more than {EVENTS_MAX:,} events.")
            try:
                found.append(recorded(_usable(event), names, number, where))
            except DataError as error:
                rejects.add(number, f"{where}: {error}")
    return Events(tuple(found), rejects.done())


def _usable(event: Any) -> Any:  # noqa: ANN401 (any JSON)
    """What a place of a file holds; raises DataError where that is no event."""
    if isinstance(event, DataError):
        raise event
    return event


def recorded(event: Any, names: Mapping[str, str], number: int, where: str) -> Recorded:  # noqa: ANN401 (any JSON)
    """One event, held to the rules; raises DataError in one line."""
    if not isinstance(event, Mapping):
        raise DataError("no event: it is no JSON object.")
    kind = _needs(event)
    for field in _ARRAYS:
        if field in event and not isinstance(event[field], list):
            raise DataError(f"{field} is no list.")
    zone = event.get("eventTimeZoneOffset")
    if not isinstance(zone, str) or not _ZONE.fullmatch(zone):
        raise DataError(f"eventTimeZoneOffset {shown(str(zone))!r} is none, such as +01:00.")
    _check_sensors(event)
    lot = _check_master_data(event)
    says = event.get("recordTime")
    things = (*_epcs(event, "epcList"), *_amounts(event, "quantityList"))
    children = (*_epcs(event, "childEPCs"), *_amounts(event, "childQuantityList"))
    parent = _identifier(event["parentID"], "parentID") if "parentID" in event else ""
    return Recorded(
        number=number,
        where=where,
        name=event_hash(event, names),
        kind=sys.intern(kind),
        action=sys.intern(str(event.get("action", ""))),
        time=moment(event.get("eventTime"), "eventTime"),
        recorded=None if says is None else moment(says, "recordTime"),
        step=sys.intern(word(event, "bizStep")),
        place=_place(event),
        things=things,
        inputs=(*_epcs(event, "inputEPCList"), *_amounts(event, "inputQuantityList")),
        outputs=(*_epcs(event, "outputEPCList"), *_amounts(event, "outputQuantityList")),
        parent=parent,
        children=children,
        lot=lot,
        transformation=str(event.get("transformationID", "")),
        withdrawn="errorDeclaration" in event,
        said=written(event),
        names=NO_NAMES if names == context_names(event) else names,
    )


def _needs(event: Mapping[str, Any]) -> str:
    """The event's type, with the fields that it needs there."""
    kind = event.get("type", event.get("isA"))
    if not isinstance(kind, str) or not kind:
        raise DataError("type is missing.")
    if kind not in _NEEDS:
        if ":" in kind:
            return kind
        raise DataError(f"type {shown(kind)!r} is none of EPCIS 2.0.")
    fields, one_of = _NEEDS[kind]
    for field in fields:
        if field not in event:
            raise DataError(f"{field} is missing.")
    action = event.get("action")
    if "action" in fields and action not in _ACTIONS:
        raise DataError(f"action {shown(str(action))!r} is none of ADD, OBSERVE, DELETE.")
    sensed = bool(event.get("sensorElementList"))
    if one_of and action != "DELETE" and not sensed and not any(field in event for field in one_of):
        raise DataError(f"it names nothing: {' and '.join(one_of)} are missing.")
    _check_transformation(kind, event)
    return kind


def _check_transformation(kind: str, event: Mapping[str, Any]) -> None:
    if kind != "TransformationEvent" or "transformationID" in event:
        return
    for side in ("input", "output"):
        if not event.get(f"{side}EPCList") and not event.get(f"{side}QuantityList"):
            raise DataError(f"it has no {side}s and no transformationID.")


def _check_sensors(event: Mapping[str, Any]) -> None:
    for element in event.get("sensorElementList", ()):
        reports = element.get("sensorReport") if isinstance(element, Mapping) else None
        if not isinstance(reports, list) or not reports:
            raise DataError("a sensorElement has no list sensorReport.")
        for report in reports:
            if not isinstance(report, Mapping) or not isinstance(report.get("type"), str):
                raise DataError("type is missing in a sensorReport.")
            for field in ("value", "minValue", "maxValue", "meanValue"):
                if field in report and not _is_number(report[field]):
                    raise DataError(f"{field} of a sensorReport is no number.")


def _check_master_data(event: Mapping[str, Any]) -> str:
    """The lot that the event says its serials are of; empty where it says none."""
    data = event.get("ilmd", {})
    if not isinstance(data, Mapping):
        raise DataError("ilmd is no object.")
    if data and event.get("action") == "OBSERVE":
        raise DataError("ilmd describes what comes into being; it stands with no action OBSERVE.")
    lot = ""
    for name, value in data.items():
        if ":" not in str(name):
            raise DataError(f"{shown(str(name))!r} in ilmd belongs to no vocabulary.")
        if str(name).rpartition(":")[2] == "lotNumber" and isinstance(value, str):
            lot = _clean(value, "lotNumber")
    return lot


def _epcs(event: Mapping[str, Any], field: str) -> tuple[Amount, ...]:
    values = event.get(field, ())
    if len(values) > THINGS_MAX:
        raise DataError(f"{field} has more than {THINGS_MAX:,} entries.")
    return tuple(Amount(thing) for thing in dict.fromkeys(_identifier(value, field) for value in values))


def _amounts(event: Mapping[str, Any], field: str) -> tuple[Amount, ...]:
    found = []
    for element in event.get(field, ()):
        if not isinstance(element, Mapping) or "epcClass" not in element:
            raise DataError(f"epcClass is missing in {field}.")
        quantity, unit = element.get("quantity"), element.get("uom", "")
        if quantity is not None and (not _is_number(quantity) or float(quantity) < 0):
            raise DataError(f"quantity {shown(str(quantity))!r} in {field} is no amount.")
        if not isinstance(unit, str) or (unit and not re.fullmatch(r"[A-Z0-9]{2,3}", unit)):
            raise DataError(f"uom {shown(str(unit))!r} in {field} is no unit of UN/CEFACT.")
        amount = None if quantity is None else float(quantity)
        found.append(Amount(_identifier(element["epcClass"], field), amount, unit))
    return tuple(found)


def _identifier(value: Any, field: str) -> str:  # noqa: ANN401
    """An identifier in its one form."""
    if not isinstance(value, str) or ":" not in value:
        raise DataError(f"{shown(str(value))!r} in {field} is no identifier.")
    return canonical(_clean(value, field))


def _clean(value: str, field: str) -> str:
    if not value or len(value) > TEXT_MAX or not value.isprintable() or value != value.strip():
        raise DataError(f"{field} holds a text that is empty, too long or has signs that nobody sees.")
    return value


def word(event: Mapping[str, Any], field: str) -> str:
    """The bare word of a vocabulary that a field holds; raises DataError where it is no text."""
    value = event.get(field, "")
    if not isinstance(value, str):
        raise DataError(f"{field} is no text.")
    last = re.split(r"[:/]", value)[-1] if value else ""
    return last.removeprefix("BizStep-").removeprefix("Disp-")


def _place(event: Mapping[str, Any]) -> str:
    """The location, else the point of reading, in its one form; empty where the event says neither."""
    for field in ("bizLocation", "readPoint"):
        value = event.get(field)
        if value is None:
            continue
        identity = value.get("id") if isinstance(value, Mapping) else None
        return _identifier(identity, f"{field}.id")
    return ""


def moment(value: Any, field: str) -> int:  # noqa: ANN401
    """A time with its zone as UTC milliseconds; raises DataError."""
    try:
        known = instant(value)
    except DataError as error:
        raise DataError(f"{field} {shown(str(value))!r} {error}: as 2026-01-31T12:00:00+01:00.") from None
    if not 1970 <= known.year <= 9998:
        raise DataError(f"{field} {shown(str(value))!r} is outside the years 1970 to 9998.")
    return (known - _EPOCH) // _MILLISECOND


def _is_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _values(path: Path) -> Iterator[tuple[str, Mapping[str, str], Any]]:
    """The events of a file, each with its place and the prefixes of its document.

    A line of NDJSON or a row of CSV that holds none gives the DataError that says why.
    """
    form = form_of(path)
    if form in NDJSON:
        for number, text in lines(path, JSON_BYTES_MAX):
            where = f"{path.name}, line {number}"
            try:
                if isinstance(text, DataError):
                    raise text
                yield from _document_events(json_of(text, where), where)
            except DataError as error:
                yield where, {}, DataError(str(error).removeprefix(f"{where}: "))
    elif form == ".csv":
        for number, event in sheet_events(path):
            yield place(path.name, number), {}, event
    elif form == SUFFIX:
        for number, event in enumerate(stored_events(path), 1):
            yield f"{path.name}, event {number}", context_names(event), event
    else:
        yield from _document_events(json_of(_text(path), path.name), path.name)


def _document_events(document: Any, where: str) -> Iterator[tuple[str, Mapping[str, str], Any]]:  # noqa: ANN401
    if not isinstance(document, Mapping):
        raise DataError(f"{where}: no EPCIS document: it is no JSON object.")
    if "epcisBody" in document:
        check_head(document, where)
    try:
        events = events_of(document)
    except DataError as error:
        raise DataError(f"{where}: {error}.") from None
    names = context_names(document)
    del document  # so that each event's objects go once it is read
    for at, event in enumerate(events, 1):
        events[at - 1] = None
        own = (
            {**names, **context_names(event)} if isinstance(event, Mapping) and "@context" in event else names
        )
        yield f"{where}, event {at}", own, event


def check_head(document: Mapping[str, Any], where: str) -> None:
    """Raise DataError for a document that does not say that it is one of EPCIS 2."""
    kind, version = document.get("type"), document.get("schemaVersion")
    if kind not in ("EPCISDocument", "EPCISQueryDocument"):
        raise DataError(f"{where}: type {shown(str(kind))!r} is no document of EPCIS.")
    if version is None:
        raise DataError(f"{where}: schemaVersion is missing.")
    if not isinstance(version, str) or not re.fullmatch(r"2\.\d+(?:\.\d+)?", version):
        raise DataError(f"{where}: schemaVersion {shown(repr(version))} is none of EPCIS 2, such as '2.0'.")
    if "@context" not in document:
        raise DataError(f"{where}: @context is missing.")
    if len(json.dumps(document["@context"])) > CONTEXT_CHARS_MAX:
        raise DataError(f"{where}: @context has more than {CONTEXT_CHARS_MAX:,} characters.")
    if "creationDate" not in document:
        raise DataError(f"{where}: creationDate is missing.")
    try:
        moment(document["creationDate"], "creationDate")
    except DataError as error:
        raise DataError(f"{where}: {error}") from None


def _text(path: Path) -> str:
    try:
        return read_bytes(path, FILE_BYTES_MAX).decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path.name}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path.name}: no text in UTF-8.") from None
