"""Meters as SensorThings (OGC 18-088): a thing a home, a data stream each way, an observation an hour."""

import json
from collections.abc import Iterable
from typing import Any

from consortia.solutions.city.readings import Reading

_UNIT = {
    "name": "watt-hour",
    "symbol": "W.h",
    "definition": "http://www.qudt.org/qudt/owl/1.0.0/unit/Instances.html#WattHour",
}
_KIND = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
_WAYS = (("drawn", "Energy drawn from the grid"), ("fed", "Energy fed into the grid"))


def things_of(readings: Iterable[Reading]) -> list[dict[str, Any]]:
    """Readings as things with their streams and observations inside (deep inserts, 10.2.1.1), in order."""
    by_meter: dict[str, list[Reading]] = {}
    for one in readings:
        by_meter.setdefault(one.meter, []).append(one)
    return [_thing(meter, of_meter) for meter, of_meter in sorted(by_meter.items())]


def as_things(readings: Iterable[Reading]) -> str:
    """Readings as a JSON list of things."""
    return json.dumps(things_of(readings), indent=1) + "\n"


def _thing(meter: str, readings: list[Reading]) -> dict[str, Any]:
    streams = [
        {
            "name": f"{meter} {way}",
            "description": f"{what}, an hour an observation",
            "observationType": _KIND,
            "unitOfMeasurement": _UNIT,
            "ObservedProperty": {"name": way, "description": what, "definition": _UNIT["definition"]},
            "Sensor": {
                "name": f"meter of {meter}",
                "description": "A meter at the home's door",
                "encodingType": "text/html",
                "metadata": "",
            },
            "Observations": [_observation(one, getattr(one, way)) for one in readings],
        }
        for way, what in _WAYS
    ]
    return {"name": meter, "description": "A home with a meter", "Datastreams": streams}


def _observation(reading: Reading, result: int) -> dict[str, Any]:
    end = Reading(reading.meter, reading.hour + 1, 0, 0).begins
    span = f"{reading.begins:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}"
    return {"phenomenonTime": span, "resultTime": f"{end:%Y-%m-%dT%H:%M:%SZ}", "result": result}
