"""What meters of homes say, an hour a reading, in whole watt-hours: read from CSV, and written.

A CSV file has the columns `meter`, `time`, `drawn` and `fed`; the unit stands in the heading of the last two:
`drawn [kWh]`. `time` is when the hour begins, with its zone: without one nobody knows which hour is meant.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from sys import intern

from consortia.engines.train.files import DataError, place, shown
from consortia.solutions.lines import header_of, rows
from consortia.solutions.moments import instant
from consortia.solutions.rejects import Rejected, Rejects, TooMuch

HOUR_SECONDS = 3_600
WATT_HOURS_MAX = 1_000_000_000
"""No meter of an hour says more: a gigawatt-hour."""

READINGS_MAX = 10_000_000
UNITS = {"Wh": Decimal(1), "kWh": Decimal(1_000), "MWh": Decimal(1_000_000)}
COLUMNS = ("meter", "time", "drawn", "fed")
_HEADING = re.compile(r"(.*\S)\s*\[([^\[\]]*)\]")
_METER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """What a meter measured in an hour, the one that begins `hour` hours after 1970 in UTC, in watt-hours.

    `drawn` came from the grid, `fed` went into it; what a home makes and uses itself its meter never sees.
    """

    meter: str
    hour: int
    drawn: int
    fed: int

    @property
    def net(self) -> int:
        """Drawn less fed in."""
        return self.drawn - self.fed

    @property
    def begins(self) -> datetime:
        """When its hour begins."""
        return datetime.fromtimestamp(self.hour * HOUR_SECONDS, UTC)


@dataclass(frozen=True, slots=True)
class Readings:
    """The readings of a file, by meter and hour, and the rows or entries that cannot be used."""

    found: tuple[Reading, ...]
    rejected: tuple[Rejected, ...]


@dataclass(slots=True)
class Gathering:
    """Readings as they are read: no two of one meter and hour, and not too many that cannot be used."""

    file: str
    found: dict[tuple[str, int], Reading] = field(default_factory=dict)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    rejects: Rejects = field(default_factory=Rejects)

    def take(self, reading: Reading, number: int, where: str) -> None:
        """Take a reading in; raises DataError for an hour that is there already, or too many readings."""
        key = (reading.meter, reading.hour)
        if key in self.found:
            raise DataError(
                f"{where}: meter {reading.meter} has a reading of {reading.begins:%Y-%m-%dT%H:%MZ} already, "
                f"number {self.numbers[key]}"
            )
        if len(self.found) == READINGS_MAX:
            raise TooMuch(f"{self.file}: more than {READINGS_MAX:,} readings. Split the file.")
        self.found[key], self.numbers[key] = reading, number

    def reject(self, number: int, why: object) -> None:
        """Keep apart what cannot be used; raises DataError where that is too much of a file."""
        self.rejects.add(number, why)

    def done(self) -> Readings:
        """All of it, in the order of meters and hours."""
        return Readings(tuple(self.found[key] for key in sorted(self.found)), self.rejects.done())


def read_csv(path: Path) -> Readings:
    """Read a CSV file, also one that gzip made smaller; raises DataError where it cannot be used as a whole.

    Rows are numbered as a spreadsheet shows them.
    """
    gathering, lines = Gathering(path.name), rows(path)
    at, units = _columns(path.name, header_of(path, lines))
    for number, cells in lines:
        where = place(path.name, number)
        try:
            if isinstance(cells, DataError):
                raise DataError(f"{where}: {cells}")
            if len(cells) <= max(at):
                raise DataError(f"{where}: {len(cells)} cells; a column is missing")
            reading = _reading(path.name, number, [cells[column] for column in at], units)
            gathering.take(reading, number, where)
        except TooMuch:
            raise
        except DataError as error:
            gathering.reject(number, error)
    return gathering.done()


def as_csv(readings: Iterable[Reading]) -> str:
    """Readings as a CSV file that `read_csv` reads."""
    lines = ["meter,time,drawn [Wh],fed [Wh]"]
    lines += [f"{one.meter},{one.begins:%Y-%m-%dT%H:%M:%SZ},{one.drawn},{one.fed}" for one in readings]
    return "\n".join(lines) + "\n"


def meter_of(where: str, text: str) -> str:
    """The name of a meter: what an account in a market may be labelled with. Raises DataError."""
    if not _METER.fullmatch(text):
        raise DataError(f"{where}: meter {shown(text)!r}; 1 to 64 of a-z, 0-9 and - are wanted")
    return intern(text)  # once in memory, however many hours it has


def moment_of(where: str, text: str) -> datetime:
    """A time with its zone, in UTC; raises DataError."""
    try:
        moment = instant(text)
    except DataError as error:
        raise DataError(f"{where}: time {shown(text)!r} {error}; write 2026-01-31T12:00:00Z") from None
    if not 1970 <= moment.year < 3000:
        raise DataError(f"{where}: time {shown(text)!r} is of another age")
    return moment


def hour_of(where: str, text: str) -> int:
    """The hour that begins at a time, counted from 1970 in UTC; raises DataError for one between hours."""
    hour, rest = divmod(moment_of(where, text).timestamp(), HOUR_SECONDS)
    if rest:
        raise DataError(f"{where}: time {shown(text)!r} is no full hour in UTC")
    return int(hour)


def watt_hours(where: str, text: str, unit: Decimal) -> int:
    """An amount of energy in whole watt-hours, of text in a unit of so many; raises DataError."""
    try:
        value = Decimal(text) * unit if text.isascii() and "_" not in text else Decimal("nan")
        if not value.is_finite() or not 0 <= value <= WATT_HOURS_MAX:
            raise InvalidOperation
    except InvalidOperation:
        raise DataError(f"{where}: {shown(text)!r}; an amount of energy from 0 on is wanted") from None
    return int(value.to_integral_value())


def _columns(file: str, header: Sequence[str]) -> tuple[list[int], list[Decimal]]:
    """Where each of COLUMNS stands, and the units of the last two."""
    named: dict[str, tuple[int, str]] = {}
    for at, text in enumerate(header):
        match = _HEADING.fullmatch(text.strip())
        name, unit = (match[1], match[2].strip()) if match else (text.strip(), "")
        if name in named:
            raise DataError(f"{place(file, 1, name)}: the name stands twice")
        named[name] = at, unit
    for name in COLUMNS:
        if name not in named:
            raise DataError(f"{place(file, 1)}: no column {name!r}; wanted are meter, time, drawn, fed")
    for name in COLUMNS[2:]:
        if named[name][1] not in UNITS:
            said = f"unit {shown(named[name][1])!r}" if named[name][1] else "no unit"
            raise DataError(f"{place(file, 1, name)}: {said}; write [kWh], [Wh] or [MWh] behind the name")
    return [named[name][0] for name in COLUMNS], [UNITS[named[name][1]] for name in COLUMNS[2:]]


def _reading(file: str, number: int, cells: Sequence[str], units: Sequence[Decimal]) -> Reading:
    """A row's reading; raises DataError."""
    meter, time, *amounts = (cell.strip() for cell in cells)
    drawn, fed = (
        watt_hours(place(file, number, name), text, unit)
        for name, text, unit in zip(COLUMNS[2:], amounts, units, strict=True)
    )
    return Reading(
        meter_of(place(file, number, "meter"), meter), hour_of(place(file, number, "time"), time), drawn, fed
    )
