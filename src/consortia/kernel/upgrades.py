"""New versions of modules that the members agreed on, and what becomes of software that is too old for them.

Software that knows version n of a module's rules knows all before it as well, and acts by the one that is in
force at a block's time. Software that does not know the one in force works out no block of that time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from consortia.kernel.context import Context


@dataclass(frozen=True, slots=True)
class Demand:
    """A version of a module's rules, in force from a block time on; `software` (32 bytes) brings it."""

    module: str
    version: int
    software: bytes
    time: int


class Upgrades(Protocol):
    """What the members agreed on."""

    def demands(self, ctx: Context) -> tuple[Demand, ...]:
        """All versions that are demanded, those to come included, in the order of the decisions."""
        ...


class Outdated(RuntimeError):
    """This software is too old for a block: `demands` are the versions that it lacks, the earliest first."""

    def __init__(self, demands: Iterable[Demand], versions: Mapping[str, int]) -> None:
        self.demands = tuple(demands)
        named = ", ".join(f"{one.module} {one.version}" for one in self.demands)
        here = ", ".join(f"{one.module} {versions.get(one.module, 0)}" for one in self.demands)
        first = self.demands[0]
        super().__init__(
            f"the members' upgrade of {told(first.time)} demands {named}, and this software has {here}: "
            f"install the software with the digest {first.software.hex()}"
        )


def told(time: int) -> str:
    """A block time as people read it, to the second, in the Gregorian calendar and UTC.

    Years are counted from the first of March, so that a leap day ends one: in 400 of them there are 146,097
    days, and the first of March of the year 0 lies 719,468 days before 1970.
    """
    days, second = divmod(time // 1000, 86_400)
    era, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153  # from March on, five of them have 153 days
    day -= (153 * month + 2) // 5
    date = f"{400 * era + year + month // 10:04}-{(month + 2) % 12 + 1:02}-{day + 1:02}"
    return f"{date} {second // 3_600:02}:{second // 60 % 60:02}:{second % 60:02} UTC"


def lacking(
    demands: Iterable[Demand], versions: Mapping[str, int], time: int | None = None
) -> tuple[Demand, ...]:
    """The demands that software with these versions does not meet, due at `time` or ever; earliest first."""
    found = [
        one
        for one in demands
        if (time is None or one.time <= time) and one.version > versions.get(one.module, 0)
    ]
    return tuple(sorted(found, key=lambda one: (one.time, one.module, one.version)))


def in_force(demands: Iterable[Demand], versions: Mapping[str, int], time: int) -> dict[str, int]:
    """The versions in force at a block time, given those of the genesis; none is ever lowered."""
    found = dict(versions)
    for one in demands:
        if one.time <= time:
            found[one.module] = max(one.version, found.get(one.module, 0))
    return found
