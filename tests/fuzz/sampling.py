"""How many guards are taken away in a run: one hunt takes seconds, and there are hundreds."""

from collections.abc import Callable, Iterable

import pytest

from consortia.testing.auditors.guards import Guard

EVERY = 8
"""Every eighth guard in each run, all of them in the long one (`make soak`)."""


SLOW = {"network_full"}
"""Only the long run takes these away: each world in which they are missed has more than a hundred members."""


def some(guards: Iterable[Guard], name: Callable[[Guard], str] = lambda guard: guard.name) -> list[object]:
    """The guards as parameters of a test, those that only the long run takes away marked so."""
    return [
        pytest.param(guard, marks=() if short else pytest.mark.soak, id=name(guard))
        for number, guard in enumerate(guards)
        for short in [number % EVERY == 0 and guard.what not in SLOW]
    ]
