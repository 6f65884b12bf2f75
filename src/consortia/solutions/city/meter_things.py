"""Meters as SensorThings: a thing a home, a data stream each way, an observation an hour."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from consortia.engines.train.files import DataError, shown
from consortia.solutions.city.ngsi_ld import entities_from, values_in
from consortia.solutions.city.readings import (
    UNITS,
    Gathering,
    Reading,
    Readings,
    hour_of,
    meter_of,
    moment_of,
    read_csv,
    watt_hours,
)
from consortia.solutions.city.sensorthings import (
    Stream,
    result_of,
    span_of,
    streams_of,
    things_in,
    things_or_not,
)
from consortia.solutions.lines import NDJSON, form_of
from consortia.solutions.rejects import TooMuch

_JSON = (".json", ".jsonld", *NDJSON)
_SYMBOLS = {"W.h": "Wh", "kW.h": "kWh", "MW.h": "MWh"}
_Hours = dict[int, tuple[int, int]]
"""By hour the number of an observation, and its watt-hours."""

_UNIT = {
    "name": "watt-hour",
    "symbol": "W.h",
    "definition": "http://www.qudt.org/qudt/owl/1.0.0/unit/Instances.html#WattHour",
}
_KIND = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
_WAYS = {"drawn": "Energy drawn from the grid", "fed": "Energy fed into the grid"}


def read_meters(path: Path) -> Readings:
    """Read a file of meters, CSV or JSON as its name says; of JSON things or entities, as its first value is.

    Entities and observations are numbered from 1, rows as a spreadsheet shows them. Raises DataError where
    the file cannot be used as a whole.
    """
    if form_of(path) not in _JSON:
        return read_csv(path)
    things, values = things_or_not(values_in(path))
    return _things_from(path.name, things_in(values)) if things else entities_from(path.name, values)


def _things_from(file: str, values: Iterable[tuple[str, object]]) -> Readings:
    gathering, numbers = Gathering(file), count(1)
    for where, value in values:
        try:
            name, streams = streams_of(where, value, tuple(_WAYS))
            units = {way: _unit(f"{where}, {way}", stream.symbol) for way, stream in streams.items()}
            meter = meter_of(where, name)
        except DataError as error:
            gathering.reject(next(numbers), error)
            continue
        drawn, fed = (
            _hours(gathering, f"{where}, {way}", units[way], stream, numbers)
            for way, stream in streams.items()
        )
        for hour, (number, amount) in sorted(drawn.items()):
            try:
                if hour not in fed:
                    raise DataError(f"{where}: drawn without fed in the hour {_begins(hour)}")
                gathering.take(Reading(meter, hour, amount, fed.pop(hour)[1]), number, where)
            except TooMuch:
                raise
            except DataError as error:
                gathering.reject(number, error)
        for hour, (number, _) in sorted(fed.items()):
            gathering.reject(number, f"{where}: fed without drawn in the hour {_begins(hour)}")
    return gathering.done()


def _unit(where: str, symbol: str) -> Decimal:
    """How many watt-hours a unit is; raises DataError."""
    unit = UNITS.get(_SYMBOLS.get(symbol, symbol))
    if unit is None:
        raise DataError(f"{where}: unit {shown(symbol)!r}; wanted are {', '.join(_SYMBOLS)}")
    return unit


def _hours(gathering: Gathering, where: str, unit: Decimal, stream: Stream, numbers: Iterator[int]) -> _Hours:
    """The hours of a stream; what cannot be used is rejected, also an hour that is there already."""
    found: _Hours = {}
    for observation in stream.observations:
        number = next(numbers)
        at = f"{where}, observation {number}"
        try:
            begin, end = span_of(at, observation)
            hour = hour_of(at, begin)
            if moment_of(at, end) - moment_of(at, begin) != timedelta(hours=1):
                raise DataError(f"{at}: phenomenonTime is no hour")
            amount = watt_hours(at, str(result_of(at, observation)), unit)
            if hour in found:
                raise DataError(f"{at}: the hour {_begins(hour)} is there already, number {found[hour][0]}")
            found[hour] = number, amount
        except DataError as error:
            gathering.reject(number, error)
    return found


def _begins(hour: int) -> str:
    return f"{Reading('', hour, 0, 0).begins:%Y-%m-%dT%H:%MZ}"


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
        for way, what in _WAYS.items()
    ]
    return {"name": meter, "description": "A home with a meter", "Datastreams": streams}


def _observation(reading: Reading, result: int) -> dict[str, Any]:
    end = Reading(reading.meter, reading.hour + 1, 0, 0).begins
    span = f"{reading.begins:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}"
    return {"phenomenonTime": span, "resultTime": f"{end:%Y-%m-%dT%H:%M:%SZ}", "result": result}
