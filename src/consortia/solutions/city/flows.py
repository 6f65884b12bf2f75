"""Traffic in NGSI-LD: entities of the type TrafficFlowObserved, as the Smart Data Models describe them.

What is read of one: the sensor (`refDevice`, else the id, behind the last colon), when it observed
(`dateObservedFrom`, `dateObservedTo`), `averageVehicleSpeed` in km/h (KMH; HM are miles an hour), and where
they are there `intensity` (vehicles) and `occupancy` (a share of the time). Files are as `ngsi_ld` has them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from sys import intern
from typing import Any

from consortia.engines.train.files import DataError, shown
from consortia.solutions.city.ngsi_ld import attribute, entity_in
from consortia.solutions.city.readings import moment_of
from consortia.solutions.rejects import Rejected, Rejects

KIND = "TrafficFlowObserved"
CONTEXTS = (
    "https://raw.githubusercontent.com/smart-data-models/dataModel.Transportation/master/context.jsonld",
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
)
SPEEDS = {"KMH": 1.0, "HM": 1.609344}
"""Kilometres an hour to a unit, by UN/CEFACT code."""

MOST: Mapping[str, float] = {"averageVehicleSpeed": 500.0, "intensity": 1e6, "occupancy": 1.0}
"""The most that is believed, in km/h, vehicles, and as a share."""

_SENSOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, order=True)
class Flow:
    """What a sensor observed in a while: mean speed in km/h, vehicles, share of the time it was taken."""

    sensor: str
    begins: datetime
    ends: datetime
    speed: float
    intensity: float | None
    occupancy: float | None


@dataclass(frozen=True, slots=True)
class Flows:
    """The flows of a file, by sensor and time, and the entities that cannot be used."""

    found: tuple[Flow, ...]
    rejected: tuple[Rejected, ...]


@dataclass(slots=True)
class Gathering:
    """Flows as they are found, one a sensor and time, and what cannot be used."""

    found: dict[tuple[str, datetime], Flow] = field(default_factory=dict)
    rejects: Rejects = field(default_factory=Rejects)

    def take(self, flow: Flow, number: int, where: str) -> None:
        """Take a flow in; one that is there already is rejected."""
        if (flow.sensor, flow.begins) in self.found:
            begins = f"{flow.begins:%Y-%m-%dT%H:%MZ}"
            self.rejects.add(number, f"{where}: sensor {flow.sensor} has a flow from {begins} already")
        else:
            self.found[flow.sensor, flow.begins] = flow

    def done(self) -> Flows:
        """All of it, in the order of sensors and times."""
        return Flows(tuple(self.found[key] for key in sorted(self.found)), self.rejects.done())


def flows_from(values: Iterable[tuple[int, str, object]]) -> Flows:
    """The flows of a file's entities; raises DataError where too many cannot be used."""
    gathering = Gathering()
    for number, where, value in values:
        try:
            if isinstance(value, DataError):
                raise value
            flow = flow_of(where, value)
        except DataError as error:
            gathering.rejects.add(number, error)
        else:
            gathering.take(flow, number, where)
    return gathering.done()


def flow_of(where: str, value: object) -> Flow:
    """An entity's flow; raises DataError for what it lacks."""
    entity = entity_in(where, value, KIND)
    device, _ = attribute(entity, where, "refDevice" if "refDevice" in entity else "id")
    sensor = sensor_of(where, str(device).rpartition(":")[2])
    begins, ends = (
        moment_of(f"{where}, {name}", str(attribute(entity, where, name)[0]))
        for name in ("dateObservedFrom", "dateObservedTo")
    )
    if ends <= begins:
        raise DataError(f"{where}: it ends before it begins")
    name = "averageVehicleSpeed"
    said, code = attribute(entity, where, name, "KMH")
    if code not in SPEEDS:
        raise DataError(f"{where}, {name}: unit {shown(code)!r}; wanted are {', '.join(SPEEDS)}")
    speed = amount_of(f"{where}, {name}", said, MOST[name]) * SPEEDS[code]
    intensity, occupancy = (_optional(entity, where, each) for each in ("intensity", "occupancy"))
    return Flow(sensor, begins, ends, speed, intensity, occupancy)


def sensor_of(where: str, text: str) -> str:
    """The name of a sensor; raises DataError."""
    if not _SENSOR.fullmatch(text):
        raise DataError(f"{where}: sensor {shown(text)!r}; 1 to 128 of letters, digits, '.', '_', '-'")
    return intern(text)  # once in memory, however many flows it has


def entity_of(flow: Flow) -> dict[str, Any]:
    """A flow as an entity."""
    begins, ends = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (flow.begins, flow.ends))

    def date(moment: str) -> dict[str, Any]:
        return {"type": "Property", "value": {"@type": "DateTime", "@value": moment}}

    numbers = {"intensity": flow.intensity, "occupancy": flow.occupancy}
    return {
        "id": f"urn:ngsi-ld:{KIND}:{flow.sensor}:{flow.begins:%Y%m%dT%H%M%SZ}",
        "type": KIND,
        "refDevice": {"type": "Relationship", "object": f"urn:ngsi-ld:Device:{flow.sensor}"},
        "dateObservedFrom": date(begins),
        "dateObservedTo": date(ends),
        "averageVehicleSpeed": {"type": "Property", "value": flow.speed, "unitCode": "KMH"},
        **{
            name: {"type": "Property", "value": known} for name, known in numbers.items() if known is not None
        },
        "@context": list(CONTEXTS),
    }


def as_entities(flows: Iterable[Flow]) -> str:
    """Flows as a list of entities that `flow_things.read_flows` reads."""
    return json.dumps([entity_of(one) for one in flows], indent=1) + "\n"


def amount_of(where: str, value: object, most: float) -> float:
    """A number from 0 to the most; raises DataError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= most:
        raise DataError(f"{where}: {shown(str(value))!r}; a number from 0 to {most:g} is wanted")
    return float(value)


def _optional(entity: Mapping[str, Any], where: str, name: str) -> float | None:
    """An attribute's number, None where it is not there; raises DataError."""
    if name not in entity:
        return None
    return amount_of(f"{where}, {name}", attribute(entity, where, name)[0], MOST[name])
