"""What the kernel and other modules may ask of governance, and the clocks that pauses stop."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from consortia.base.refusals import Refused
from consortia.kernel.context import Context
from consortia.kernel.upgrades import Demand
from consortia.modules.governance import refusals as codes
from consortia.modules.governance.state import (
    PARAMETERS,
    PAUSES,
    PROGRESS,
    PROPOSALS,
    RELEASES,
    STOPS,
    UPGRADES,
)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Governance's front door, and what stops methods for the kernel (`kernel.ports.Stops`)."""

    def check(self, ctx: Context, method: str) -> None:
        """Raise Refused where the method with this full name is paused now."""
        if self.is_paused(ctx, method):
            raise Refused(codes.PAUSED, method)

    def is_paused(self, ctx: Context, method: str) -> bool:
        """Whether the method is paused at this block's time."""
        pause = PAUSES.get(ctx, method)
        return pause is not None and pause.until is not None and ctx.time < pause.until

    def stopped(self, ctx: Context, methods: Iterable[str], since: int, at: int) -> int:
        """For how many milliseconds one of the methods stood still from `since` to `at`, the longest.

        This is the one rule of clocks: a time that began at `since` and would end at E is over at the first
        block time `at` with at >= E + stopped(since, at). What stands still later brings back nothing.
        """
        longest = 0
        for method in methods:
            whole = 0
            for _, stop in STOPS.scan(ctx, method):
                whole += max(0, min(stop.until, at) - max(stop.since, since))
            longest = max(longest, whole)
        return longest

    def released(self, ctx: Context, model: bytes) -> bytes | None:
        """The content (32 bytes) with which the members released a model, or None."""
        found = RELEASES.get(ctx, model)
        return None if found is None else found.content

    def demands(self, ctx: Context) -> tuple[Demand, ...]:
        """The versions of modules that the members agreed on (`kernel.upgrades.Upgrades`)."""
        found: list[Demand] = []
        for number in count():
            upgrade = UPGRADES.get(ctx, number)
            if upgrade is None:
                break
            found += [Demand(m.name, m.version, upgrade.software, upgrade.time) for m in upgrade.modules]
        return tuple(found)

    def decision(self, ctx: Context, proposal: bytes) -> tuple[int | None, bool, tuple[str, ...]] | None:
        """When a proposal was carried out, whether it never will be, and its methods; None for none."""
        one, progress = PROPOSALS.get(ctx, proposal), PROGRESS.get(ctx, proposal)
        if one is None or progress is None:
            return None
        lost = progress.status not in ("voting", "passed", "executed")
        return progress.executed, lost, tuple(sorted({action.method for action in one.actions}))

    def parameter(self, ctx: Context, name: str) -> int | None:
        """The value that the members agreed on for a parameter, or None."""
        found = PARAMETERS.get(ctx, name)
        return None if found is None else found.value
