"""Meters as SensorThings (OGC 18-088): a thing a home, a data stream each way, an observation an hour.

Read are things with their streams and observations inside: a list, an answer's `value`, or one a line
(.ndjson). The name of a stream's ObservedProperty says which way it is, its unitOfMeasurement the unit, an
observation's phenomenonTime the hour, from its begin to its end.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import chain, count
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
    watt_hours,
)
from consortia.solutions.rejects import TooMuch

_SYMBOLS = {"W.h": "Wh", "kW.h": "kWh", "MW.h": "MWh"}
_Hours = dict[int, tuple[int, int]]
"""By hour the number of an observation, and its watt-hours."""

_UNIT = {
    "name": "watt-hour",
    "symbol": "W.h",
    "definition": "http://www.qudt.org/qudt/owl/1.0.0/unit/Instances.html#WattHour",
}
_KIND = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
_WAYS = (("drawn", "Energy drawn from the grid"), ("fed", "Energy fed into the grid"))


def read_json(path: Path) -> Readings:
    """Read a JSON file of meters: things, or entities of NGSI-LD, as its first value is.

    Raises DataError where the file cannot be used as a whole. Observations are numbered from 1.
    """
    values = values_in(path)
    first = next(values, None)
    if first is None:
        return Readings((), ())
    whole = chain([first], values)
    if isinstance(first[2], dict) and ("Datastreams" in first[2] or isinstance(first[2].get("value"), list)):
        return _things_from(path.name, _unwrapped(whole))
    return entities_from(path.name, whole)


def _unwrapped(values: Iterable[tuple[int, str, object]]) -> Iterator[tuple[str, object]]:
    """Things by themselves, also out of an answer to a query."""
    for _, where, value in values:
        answer = value.get("value") if isinstance(value, dict) else None
        if isinstance(answer, list):
            yield from ((f"{where}, thing {at}", each) for at, each in enumerate(answer, start=1))
        else:
            yield where, value


def _things_from(file: str, values: Iterable[tuple[str, object]]) -> Readings:
    gathering, numbers = Gathering(file), count(1)
    for where, value in values:
        try:
            if isinstance(value, DataError):
                raise value
            meter, streams = _streams(where, value)
        except DataError as error:
            gathering.reject(next(numbers), error)
            continue
        drawn, fed = (
            _hours(gathering, f"{where}, {way}", unit, observations, numbers)
            for way, (unit, observations) in streams.items()
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


def _streams(where: str, thing: object) -> tuple[str, dict[str, tuple[Decimal, list[Any]]]]:
    """A thing's meter, and of each way unit and observations; raises DataError."""
    if not isinstance(thing, Mapping) or not isinstance(thing.get("Datastreams"), list):
        raise DataError(f"{where}: no thing with Datastreams inside")
    found = {}
    for way, _ in _WAYS:
        streams = [each for each in thing["Datastreams"] if _named(each, "ObservedProperty", "name") == way]
        if len(streams) != 1:
            raise DataError(f"{where}: {len(streams)} Datastreams of {way}; one is wanted")
        symbol = str(_named(streams[0], "unitOfMeasurement", "symbol"))
        unit = UNITS.get(_SYMBOLS.get(symbol, symbol))
        if unit is None:
            raise DataError(f"{where}, {way}: unit {shown(symbol)!r}; wanted are {', '.join(_SYMBOLS)}")
        observations = streams[0].get("Observations")
        if not isinstance(observations, list):
            raise DataError(f"{where}, {way}: Observations is no list")
        found[way] = unit, observations
    return meter_of(where, str(thing.get("name"))), found


def _named(value: object, field: str, name: str) -> object:
    inner = value.get(field) if isinstance(value, Mapping) else None
    return inner.get(name) if isinstance(inner, Mapping) else None


def _hours(
    gathering: Gathering, where: str, unit: Decimal, observations: list[Any], numbers: Iterator[int]
) -> _Hours:
    """The hours of a stream; what cannot be used is rejected, also an hour that is there already."""
    found: _Hours = {}
    for observation in observations:
        number = next(numbers)
        at = f"{where}, observation {number}"
        try:
            if not isinstance(observation, Mapping):
                raise DataError(f"{at}: this is no observation")
            begin, slash, end = str(observation.get("phenomenonTime")).partition("/")
            if not slash:
                raise DataError(f"{at}: phenomenonTime {shown(begin)!r} is no time from and to")
            hour = hour_of(at, begin)
            if moment_of(at, end) - moment_of(at, begin) != timedelta(hours=1):
                raise DataError(f"{at}: phenomenonTime is no hour")
            result = observation.get("result")
            if isinstance(result, bool) or not isinstance(result, int | Decimal):
                raise DataError(f"{at}: result {shown(str(result))!r}; a number is wanted")
            amount = watt_hours(at, str(result), unit)
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
        for way, what in _WAYS
    ]
    return {"name": meter, "description": "A home with a meter", "Datastreams": streams}


def _observation(reading: Reading, result: int) -> dict[str, Any]:
    end = Reading(reading.meter, reading.hour + 1, 0, 0).begins
    span = f"{reading.begins:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}"
    return {"phenomenonTime": span, "resultTime": f"{end:%Y-%m-%dT%H:%M:%SZ}", "result": result}
