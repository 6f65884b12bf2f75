"""Traffic as SensorThings, or NGSI-LD: a thing a sensor, a data stream each for what it observes.

The ObservedProperty of a stream is named as the attribute of NGSI-LD is: `averageVehicleSpeed`, which every
thing has, `intensity` (vehicles) and `occupancy` (of the time). Observations of one time are one flow.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path

from consortia.engines.train.files import DataError, shown
from consortia.solutions.city.flows import MOST, Flow, Flows, Gathering, amount_of, flows_from, sensor_of
from consortia.solutions.city.ngsi_ld import values_in
from consortia.solutions.city.readings import moment_of
from consortia.solutions.city.sensorthings import (
    Stream,
    result_of,
    span_of,
    streams_of,
    things_in,
    things_or_not,
)

SYMBOLS: Mapping[str, Mapping[str, float]] = {
    "averageVehicleSpeed": {"km/h": 1.0, "m/s": 3.6, "[mi_i]/h": 1.609344},
    "intensity": {"1": 1.0, "{vehicles}": 1.0},
    "occupancy": {"1": 1.0, "%": 0.01},
}
"""What a unit is worth, by what is observed and the unit's UCUM symbol."""

_SPEED, *_OTHER = SYMBOLS
_Span = tuple[datetime, datetime]
_Amounts = dict[_Span, tuple[int, float]]
"""By time the number of an observation, and how much it is."""


def read_flows(path: Path) -> Flows:
    """Read a JSON file of flows: things, or entities of NGSI-LD, as its first value is.

    Raises DataError where the file cannot be used as a whole. Observations are numbered from 1.
    """
    things, values = things_or_not(values_in(path))
    return _things_from(things_in(values)) if things else flows_from(values)


def _things_from(values: Iterable[tuple[str, object]]) -> Flows:
    gathering, numbers = Gathering(), count(1)
    for where, value in values:
        try:
            name, streams = streams_of(where, value, (_SPEED,), _OTHER)
            _check_units(where, streams)
            sensor = sensor_of(where, name)
        except DataError as error:
            gathering.rejects.add(next(numbers), error)
            continue
        seen = {what: _amounts(gathering, where, what, stream, numbers) for what, stream in streams.items()}
        for (begins, ends), (number, speed) in sorted(seen.pop(_SPEED).items()):
            other = (seen.get(what, {}).pop((begins, ends), (0, None))[1] for what in _OTHER)
            gathering.take(Flow(sensor, begins, ends, speed, *other), number, where)
        for what, left in seen.items():
            for (begins, _), (number, _) in sorted(left.items()):
                gathering.rejects.add(
                    number, f"{where}: {what} without {_SPEED} from {begins:%Y-%m-%dT%H:%MZ}"
                )
    return gathering.done()


def _check_units(where: str, streams: Mapping[str, Stream]) -> None:
    for what, stream in streams.items():
        if stream.symbol not in SYMBOLS[what]:
            raise DataError(
                f"{where}, {what}: unit {shown(stream.symbol)!r}; wanted are {', '.join(SYMBOLS[what])}"
            )


def _amounts(gathering: Gathering, where: str, what: str, stream: Stream, numbers: Iterator[int]) -> _Amounts:
    """What a stream observed; what cannot be used is rejected, also a time that is there already."""
    unit = SYMBOLS[what][stream.symbol]
    found: _Amounts = {}
    for observation in stream.observations:
        number = next(numbers)
        at = f"{where}, {what}, observation {number}"
        try:
            begins, ends = (moment_of(at, text) for text in span_of(at, observation))
            if ends <= begins:
                raise DataError(f"{at}: it ends before it begins")
            amount = amount_of(at, result_of(at, observation), MOST[what] / unit) * unit
            if (begins, ends) in found:
                first = found[begins, ends][0]
                raise DataError(
                    f"{at}: the time from {begins:%Y-%m-%dT%H:%MZ} is there already, number {first}"
                )
            found[begins, ends] = number, amount
        except DataError as error:
            gathering.rejects.add(number, error)
    return found
