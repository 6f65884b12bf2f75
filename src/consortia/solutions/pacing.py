"""Keeping time with a ledger: its clock is that of its newest block, a little behind this machine's."""

import time
from collections.abc import Callable
from typing import TypeVar

from consortia.sdk.errors import TransactionRefused
from consortia.sdk.moments import utc_milliseconds

EARLY_TRIES = 500
LATE_MS, PAUSE = 40, 0.02
PACE_MAX = 6.0
PACE_ROUNDS = 4_000_000

T = TypeVar("T")


def due(action: Callable[[], T]) -> T:
    """What an action gives, tried again while the ledger's clock is behind this machine's."""
    for _ in range(EARLY_TRIES):
        try:
            return action()
        except TransactionRefused as refused:
            if refused.code != "market.too_early":
                raise
            time.sleep(PAUSE)
    return action()


def until(milliseconds: int) -> None:
    """Wait for a moment of the clock, and a little more: clocks of blocks lag behind."""
    while utc_milliseconds() < milliseconds + LATE_MS:
        time.sleep(PAUSE)


def pace_here() -> float:
    """How much longer than on an idle machine work takes here now: the clock's time over the processor's."""
    wall, own = time.monotonic(), time.process_time()
    total = 0
    for number in range(PACE_ROUNDS):
        total += number & 3
    spent = max(time.process_time() - own, 1e-3)
    return min(max((time.monotonic() - wall) / spent, 1.0), PACE_MAX)


def pace_of_workers() -> float:
    """The same for the members' workers, which are nice and so get what other processes leave."""
    return min(pace_here() ** 2, PACE_MAX)
