"""The module's rules: pure functions of records and times."""

from itertools import pairwise

from consortia.modules.operations.messages import Act
from consortia.modules.operations.types import AHEAD_MILLISECONDS_MAX, DUE_MILLISECONDS_MAX, Bound, Control

PROGRAMS = frozenset({"agent", "worker"})
OFFICERS = frozenset({"admin", "operator"})


def allowed(bounds: tuple[Bound, ...], act: Act) -> bool:
    """Whether an act gives each field a value within its bounds."""
    return len(act.values) == len(bounds) and all(
        bound.least <= value <= bound.most for bound, value in zip(bounds, act.values, strict=True)
    )


def in_time(control: Control, acts: tuple[Act, ...]) -> bool:
    """Whether each act comes at least a gap after the one before, and later in any case."""
    times = [control.last] if control.acts else []
    times += [act.at for act in acts]
    return all(late - early >= max(control.gap, 1) for early, late in pairwise(times))


def in_reach(acts: tuple[Act, ...], time: int) -> bool:
    """Whether acts may stand in a block of this time: no event time lies further ahead than is allowed."""
    return acts[-1].at <= time + AHEAD_MILLISECONDS_MAX


def counted_from(last: int, time: int) -> int:
    """The event time that acts are counted from once officers step in: none that is still to come."""
    return min(last, time)


def is_due(due: int, time: int) -> bool:
    """Whether an answer that is asked for now may be due then."""
    return time < due <= time + DUE_MILLISECONDS_MAX
