"""What may be seen in a row of prices, in integers: how far they moved, and how much they swing.

A signal has a name, so that a schema, a rule or a program can ask for it: `past-60` is the change over the
last 60 prices, `swing-20` the root of the mean square of the last 20 changes from price to price. Both are in
parts per million, rounded down.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from math import isqrt

PPM = 1_000_000

LOOK_MAX = 1_000
"""A signal looks at most so many prices back."""

_NAME = re.compile(r"(past|swing)-([1-9][0-9]{0,3})")


class SignalError(ValueError):
    """A signal that there is none of, or prices too few for it."""


class View:
    """The prices that a trader sees: those of each stock, oldest first, equally many, all above zero."""

    def __init__(self, prices: Sequence[Sequence[int]]) -> None:
        """Nothing is copied; signals are computed once each."""
        self.prices = prices
        self._known: dict[str, tuple[int, ...]] = {}

    @property
    def stocks(self) -> int:
        """How many stocks there are."""
        return len(self.prices)

    def signal(self, name: str) -> tuple[int, ...]:
        """A signal of every stock; raises SignalError."""
        if name not in self._known:
            kind, look = parsed(name)
            if any(len(row) <= look for row in self.prices):
                raise SignalError(f"{name} looks back over {look + 1} prices, and there are fewer")
            of = past if kind == "past" else swing
            self._known[name] = tuple(of(row, look) for row in self.prices)
        return self._known[name]


def parsed(name: str) -> tuple[str, int]:
    """The kind of a signal and how many changes it looks back; raises SignalError."""
    found = _NAME.fullmatch(name)
    if found is None or int(found[2]) > LOOK_MAX:
        raise SignalError(f"{name} is no signal: past-N and swing-N are, N at most {LOOK_MAX}")
    return found[1], int(found[2])


def past(prices: Sequence[int], look: int) -> int:
    """The change over the last `look` prices, parts per million."""
    return prices[-1] * PPM // prices[-1 - look] - PPM


def swing(prices: Sequence[int], look: int) -> int:
    """The root of the mean square of the last `look` changes, parts per million."""
    last = prices[-1 - look :]
    changes = [now * PPM // before - PPM for before, now in pairwise(last)]
    return isqrt(sum(change * change for change in changes) // look)
