"""The day of the energy story: which homes there are, and what their meters say in it and said before."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from consortia.engines.train.files import DataError
from consortia.solutions.city.meter_things import read_meters
from consortia.solutions.city.readings import Reading
from consortia.solutions.city.synthetic import street
from consortia.solutions.city.tasks import DAY_HOURS, LOOK, Numbers
from consortia.solutions.rejects import usable, write_rejects
from consortia.solutions.story import Asked

DISTRICTS = ("north", "east", "south", "west")
LEARN_DAYS = 14
WARM_DAYS = -(-LOOK // DAY_HOURS)
AUCTIONS = 16
"""Hours of the day in which the community trades; in the others nobody has power to sell."""

FEWEST_DAYS = WARM_DAYS + 3
HOMES_LEAST, HOMES_MAX = 8, 40
WATT_HOURS_MAX = 50_000
"""The most that a home's meter lets through in an hour."""


@dataclass(frozen=True, slots=True)
class Day:
    """The homes of each district, by name, and what each home's meter said, in watt-hours.

    `net` are whole days of hours from `first_hour` on, the last of which is traded from its hour `opens` on.
    `left_out` rows of the user's file could not be used.
    """

    districts: Mapping[str, tuple[str, ...]]
    net: Mapping[str, tuple[int, ...]]
    first_hour: int
    opens: int
    left_out: int

    @property
    def homes(self) -> tuple[str, ...]:
        """All homes."""
        return tuple(self.net)

    @property
    def begins(self) -> int:
        """Where the first traded hour stands in `net`."""
        return len(self.net[self.homes[0]]) - DAY_HOURS + self.opens

    def traded(self, number: int) -> dict[str, int]:
        """What the meters say in an auction's hour."""
        return {home: values[self.begins + number] for home, values in self.net.items()}

    def power(self, home: str) -> Numbers:
        """A home's hours in kilowatt-hours."""
        return np.array(self.net[home], dtype=np.float64) / 1_000

    def before(self, home: str) -> Numbers:
        """A home's hours before the day, in kilowatt-hours: what there is to learn from."""
        return self.power(home)[:-DAY_HOURS]


def prepare(asked: Asked) -> Day:
    """The readings that `--data` names, else made-up ones of the seed; raises DataError."""
    if asked.label is not None:
        raise DataError("the energy story takes no --label: it forecasts what the meters say")
    if asked.data is None:
        return day_of(street(asked.seed, WARM_DAYS + LEARN_DAYS + 1), "the made-up street", 0)
    read = read_meters(asked.data)
    if asked.rejects is not None:
        write_rejects(asked.rejects, read.rejected)
    usable((), read.rejected, skip=asked.skip_bad_rows)
    return day_of(read.found, asked.data.name, len(read.rejected))


def day_of(readings: tuple[Reading, ...], name: str, left_out: int) -> Day:
    """The last day that all homes have, and the days before it; raises DataError for too few."""
    homes: dict[str, dict[int, int]] = {}
    for one in readings:
        homes.setdefault(one.meter, {})[one.hour] = one.net
    if not HOMES_LEAST <= len(homes) <= HOMES_MAX:
        raise DataError(f"{name}: {len(homes)} meters; from {HOMES_LEAST} to {HOMES_MAX} are needed")
    first, last = max(min(hours) for hours in homes.values()), min(max(hours) for hours in homes.values())
    days = min((last + 1 - first) // DAY_HOURS, WARM_DAYS + LEARN_DAYS + 1)
    if days < FEWEST_DAYS:
        raise DataError(
            f"{name}: {max(0, days)} days that all meters have; {FEWEST_DAYS} at least are needed"
        )
    first = last + 1 - days * DAY_HOURS
    net = {}
    for home, hours in sorted(homes.items(), key=lambda each: (len(each[0]), each[0])):
        for hour in range(first, last + 1):
            if hour not in hours:
                when = Reading(home, hour, 0, 0).begins
                raise DataError(f"{name}: meter {home} has no reading of {when:%Y-%m-%dT%H:%MZ}")
            if abs(hours[hour]) > WATT_HOURS_MAX:
                raise DataError(f"{name}: meter {home} says {hours[hour]:,} Wh in an hour; no home does")
        net[home] = tuple(hours[hour] for hour in range(first, last + 1))
    fed = [sum(max(0, -values[at - DAY_HOURS]) for values in net.values()) for at in range(DAY_HOURS)]
    opens = max(range(DAY_HOURS - AUCTIONS + 1), key=lambda at: sum(fed[at : at + AUCTIONS]))
    if not any(fed):
        raise DataError(f"{name}: nobody feeds power in on the last day: there is nothing to trade")
    names = tuple(net)
    districts = {name: names[at :: len(DISTRICTS)] for at, name in enumerate(DISTRICTS)}
    return Day(districts, net, first, opens, left_out)
