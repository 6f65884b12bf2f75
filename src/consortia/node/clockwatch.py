"""Whether an orderer's clock can be believed after a leap: by the time that passed, and by others' clocks.

Block times never go back, so one block made by a clock that is an hour ahead keeps the ledger there for an
hour: no witness cosigns it before its time, and every transaction that people sign has expired. So an orderer
whose wall clock leaps against its steady one makes no block until it has leapt back, or until the clocks of
as many members as make a block final show the same time. They show it with each request of their nodes.
"""

from collections.abc import Callable

from consortia.exact.tally import quorum

LEAP_MILLISECONDS = 5_000
"""So far may a clock lie from another, as far as a block's time may from that of a witness."""


class ClockWatch:
    """Watches one node's wall clock. Times in milliseconds; `steady` never leaps."""

    def __init__(self, wall: Callable[[], int], steady: Callable[[], int]) -> None:
        """Believe the clock as it is now."""
        self._wall, self._steady = wall, steady
        self._offset = wall() - steady()
        self._heard: dict[str, int] = {}
        self.leapt = 0

    def now(self) -> int:
        """The wall clock, looked at; `leapt` then says by how much it is off, 0 while it is believed."""
        now = self._wall()
        off = now - self._steady() - self._offset
        if abs(off) <= LEAP_MILLISECONDS:
            self._offset += off
            self.leapt = 0
        elif abs(off - self.leapt) > LEAP_MILLISECONDS:
            self._heard.clear()
            self.leapt = off
        return now

    def heard(self, member: str, ahead: int) -> None:
        """A member's node showed a clock that is so much ahead of this one."""
        self._heard[member] = ahead

    def settle(self, others: int) -> bool:
        """Whether the clock is believed: it has leapt back, or enough of the `others` show its time."""
        now = self.now()
        if self.leapt:
            agreeing = sum(abs(ahead) <= LEAP_MILLISECONDS for ahead in self._heard.values())
            if agreeing + 1 >= quorum(others + 1):
                self._offset, self.leapt = now - self._steady(), 0
        return not self.leapt
