"""Meters in NGSI-LD: entities of the type ACMeasurement, as the Smart Data Models describe them.

`totalActiveEnergyImport` and `totalActiveEnergyExport` count since `dateEnergyMeteringStarted`; a reading is
what they rose by in an hour up to `dateObserved`. `refDevice` names the meter, else the entity's id does; of
both counts what stands behind the last colon. Read are normalized and key-value entities: a list of them,
one, or one a line (.ndjson). Written are normalized ones. ETSI GS CIM 009 (NGSI-LD), 4.5 and 5.2.4.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from consortia.engines.train.files import DataError, place, read_bytes, shown
from consortia.solutions.city.readings import (
    HOUR_SECONDS,
    Gathering,
    Reading,
    Readings,
    meter_of,
    moment_of,
    watt_hours,
)
from consortia.solutions.json_objects import said_once
from consortia.solutions.lines import JSON_BYTES_MAX, NDJSON, form_of, lines
from consortia.solutions.rejects import TooMuch

KIND = "ACMeasurement"
CONTEXTS = (
    "https://raw.githubusercontent.com/smart-data-models/dataModel.Energy/master/context.jsonld",
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
)
CODES = {"WHR": Decimal(1), "KWH": Decimal(1_000), "MWH": Decimal(1_000_000)}
"""UN/CEFACT codes of units; kilowatt-hours where an entity says none, as the data model has it."""

FILE_BYTES_MAX = 128 << 20
_COUNTERS = ("totalActiveEnergyImport", "totalActiveEnergyExport")
_KINDS = ("Property", "Relationship")


@dataclass(frozen=True, slots=True)
class Measured:
    """An entity: its meter, when its counters began and were read, and what they say, in watt-hours."""

    number: int
    where: str
    meter: str
    started: datetime
    observed: datetime
    drawn: int
    fed: int


def entities_from(file: str, values: Iterable[tuple[int, str, object]]) -> Readings:
    """The readings of a file's entities, numbered from 1; raises DataError where there is too much."""
    gathering = Gathering(file)
    measured: dict[str, list[Measured]] = {}
    for number, where, value in values:
        try:
            if isinstance(value, DataError):
                raise value
            one = measured_of(number, where, value)
        except DataError as error:
            gathering.reject(number, error)
            continue
        measured.setdefault(one.meter, []).append(one)
    for of_meter in measured.values():
        _differences(gathering, sorted(of_meter, key=lambda one: (one.observed, one.number)))
    return gathering.done()


def measured_of(number: int, where: str, entity: object) -> Measured:
    """An entity of the type ACMeasurement; raises DataError for what it lacks."""
    entity = entity_in(where, entity, KIND)
    device, _ = attribute(entity, where, "refDevice" if "refDevice" in entity else "id")
    counters = []
    for name in _COUNTERS:
        value, code = attribute(entity, where, name)
        if code not in CODES:
            raise DataError(f"{where}, {name}: unit {shown(code)!r}; wanted are {', '.join(CODES)}")
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise DataError(f"{where}, {name}: {shown(str(value))!r}; a number is wanted")
        counters.append(watt_hours(f"{where}, {name}", str(value), CODES[code]))
    started, observed = (
        moment_of(f"{where}, {name}", str(attribute(entity, where, name)[0]))
        for name in ("dateEnergyMeteringStarted", "dateObserved")
    )
    meter = meter_of(where, str(device).rpartition(":")[2])
    return Measured(number, where, meter, started, observed, *counters)


def entity_in(where: str, value: object, kind: str) -> dict[str, Any]:
    """An entity of NGSI-LD of this type; raises DataError for anything else."""
    if not isinstance(value, dict):
        raise DataError(f"{where}: this is no entity")
    if "@context" not in value:
        raise DataError(f"{where}: no @context; entities of NGSI-LD are read, none of NGSI v2")
    if value.get("type") != kind:
        raise DataError(f"{where}: type {shown(str(value.get('type')))!r}; {kind} is wanted")
    return value


def entity_of(reading: Reading) -> dict[str, Any]:
    """A reading as an entity, its counters begun with its hour."""
    begin, end = reading.begins, Reading(reading.meter, reading.hour + 1, 0, 0).begins
    observed = f"{end:%Y-%m-%dT%H:%M:%SZ}"

    def counter(watts: int) -> dict[str, Any]:
        return {"type": "Property", "value": watts, "unitCode": "WHR", "observedAt": observed}

    def date(moment: str) -> dict[str, Any]:
        return {"type": "Property", "value": {"@type": "DateTime", "@value": moment}}

    return {
        "id": f"urn:ngsi-ld:{KIND}:{reading.meter}:{begin:%Y%m%dT%H%MZ}",
        "type": KIND,
        "refDevice": {"type": "Relationship", "object": f"urn:ngsi-ld:Device:{reading.meter}"},
        "dateEnergyMeteringStarted": date(f"{begin:%Y-%m-%dT%H:%M:%SZ}"),
        "dateObserved": date(observed),
        _COUNTERS[0]: counter(reading.drawn),
        _COUNTERS[1]: counter(reading.fed),
        "@context": list(CONTEXTS),
    }


def as_entities(readings: Iterable[Reading]) -> str:
    """Readings as a list of entities that `read_meters` reads."""
    return json.dumps([entity_of(one) for one in readings], indent=1) + "\n"


def attribute(entity: Mapping[str, Any], where: str, name: str, usual: str = "KWH") -> tuple[Any, str]:
    """An attribute's value, normalized or not, and its unit's code; raises DataError where it is missing.

    `usual` is the code where the entity says none, as its data model has it.
    """
    found, code = entity.get(name), usual
    if isinstance(found, dict) and found.get("type") in _KINDS:
        code = str(found.get("unitCode", code))
        found = found.get("value", found.get("object"))
    if isinstance(found, dict) and "@value" in found:
        found = found["@value"]
    if found is None or isinstance(found, dict | list) or found == "":
        raise DataError(f"{where}: {name} is missing")
    return found, code


def _differences(gathering: Gathering, measured: list[Measured]) -> None:
    """The readings of one meter, from its counters in the order of time."""
    before: Measured | None = None
    for one in measured:
        same = before is not None and before.started == one.started
        last = before if same else None
        try:
            if last is not None and last.observed == one.observed:
                raise DataError(
                    f"{one.where}: meter {one.meter} was read at {one.observed:%Y-%m-%dT%H:%MZ} already, "
                    f"number {last.number}"
                )
            reading = _between(last, one)
            before = one
            gathering.take(reading, one.number, one.where)
        except TooMuch:
            raise
        except DataError as error:
            gathering.reject(one.number, error)


def _between(last: Measured | None, one: Measured) -> Reading:
    """What was measured since the last one or the counters' begin; raises DataError if that is no hour."""
    begin, drawn, fed = (one.started, 0, 0) if last is None else (last.observed, last.drawn, last.fed)
    hour, rest = divmod(begin.timestamp(), HOUR_SECONDS)
    if rest or (one.observed - begin).total_seconds() != HOUR_SECONDS:
        span = f"from {begin:%Y-%m-%dT%H:%MZ} to {one.observed:%Y-%m-%dT%H:%MZ}"
        raise DataError(f"{one.where}: {span} is no full hour in UTC")
    if one.drawn < drawn or one.fed < fed:
        raise DataError(f"{one.where}: a counter of meter {one.meter} runs backwards")
    return Reading(one.meter, int(hour), one.drawn - drawn, one.fed - fed)


def values_in(path: Path) -> Iterator[tuple[int, str, object]]:
    """Each entity's number, place and value; a line that is no JSON is a DataError in its place."""
    if form_of(path) in NDJSON:
        for number, text in lines(path, JSON_BYTES_MAX):
            where = place(path.name, number)
            value: object
            try:
                value = DataError(f"{where}: {text}") if isinstance(text, DataError) else _parsed(text, where)
            except DataError as error:
                value = error
            yield number, where, value
        return
    try:
        data = read_bytes(path, FILE_BYTES_MAX)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    whole = _parsed(data, path.name)
    for number, value in enumerate(whole if isinstance(whole, list) else [whole], start=1):
        yield number, f"{path.name}, entity {number}", value


def _parsed(data: bytes | str, where: str) -> object:
    """JSON of UTF-8, its numbers exact; raises DataError."""
    try:
        return json.loads(
            data if isinstance(data, str) else data.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=said_once,
        )
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise DataError(f"{where}: no JSON in UTF-8: {shown(str(error))}") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
