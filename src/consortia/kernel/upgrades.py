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
    """This software is too old for a block: `demands` are the versions that it lacks, the earliest first.

    `held` are the versions of the same modules that it has, in the same order: 0 where it lacks the module.
    """

    def __init__(self, demands: Iterable[Demand], versions: Mapping[str, int]) -> None:
        self.demands = tuple(demands)
        self.held = tuple(versions.get(one.module, 0) for one in self.demands)
        named = ", ".join(f"{one.module} {one.version}" for one in self.demands)
        super().__init__(f"a block from {self.demands[0].time} ms on demands {named}")


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
