"""Alarms of sensors: goods that were too warm, too cold, or that a device itself reports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from consortia.engines.train.files import DataError
from consortia.solutions.supply.epcis.reading import Recorded

_KELVIN = 273.15
_TEMPERATURES = {
    "CEL": lambda value: value,
    "KEL": lambda value: value - _KELVIN,
    "FAH": lambda value: (value - 32) * 5 / 9,
}
"""Units of UN/CEFACT Recommendation 20, as degrees Celsius."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A reading beyond its bounds, in degrees Celsius, or the exception that a device reports."""

    event: Recorded
    celsius: float | None
    exception: str

    @property
    def things(self) -> tuple[str, ...]:
        """What was there."""
        named = (*self.event.things, *self.event.children, *self.event.inputs, *self.event.outputs)
        parent = (self.event.parent,) if self.event.parent else ()
        return (*parent, *(each.thing for each in named))


def alarms(events: Iterable[Recorded], least: float, most: float) -> tuple[Alarm, ...]:
    """The events with a temperature outside `least` to `most` degrees Celsius, or with an alarm of a device.

    Raises DataError for a temperature in a unit that is none.
    """
    found = []
    for event in events:
        worst, exception = None, ""
        for report in _reports(event.body):
            exception = exception or str(report.get("exception", "")).rpartition(":")[2]
            for value in _temperatures(report, event.where):
                beyond = max(least - value, value - most)
                if beyond > 0 and (worst is None or beyond > max(least - worst, worst - most)):
                    worst = value
        if worst is not None or exception == "ALARM_CONDITION":
            found.append(Alarm(event, worst, exception))
    return tuple(found)


def _reports(body: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for element in body.get("sensorElementList", ()):
        yield from element["sensorReport"]


def _temperatures(report: Mapping[str, Any], where: str) -> list[float]:
    if str(report["type"]).rpartition(":")[2].rpartition("/")[2] != "Temperature":
        return []
    unit = report.get("uom", "CEL")
    if unit not in _TEMPERATURES:
        raise DataError(f"{where}: {unit!r} is no unit of temperature (CEL, FAH, KEL).")
    values = [report[field] for field in ("value", "minValue", "maxValue") if field in report]
    return [float(_TEMPERATURES[unit](value)) for value in values]
