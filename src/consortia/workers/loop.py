"""The worker's loop: work, wait until the ledger moves, work again, until told to stop."""

import logging
from collections.abc import Callable
from typing import Protocol

from consortia.base.codec import Milliseconds
from consortia.workers.door import Door, DoorClosed
from consortia.workers.trustee import Trustee
from consortia.workers.worker import Worker

BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
TRUSTEE_MILLISECONDS = 500
_LOG = logging.getLogger("consortia.worker")


class Works(Protocol):
    """What the loop runs."""

    door: Door

    def work(self) -> bool:
        """Do all that is due now, and say whether anything was. Raise DoorClosed when the node is away."""
        ...

    def patience(self) -> float:
        """The seconds to wait for the ledger to move before something may be due all the same."""
        ...


class Together:
    """A member's worker and its trustee, over one door."""

    def __init__(self, worker: Worker, trustee: Trustee) -> None:
        self.worker, self.trustee, self.door = worker, trustee, worker.door
        self._asked: Milliseconds | None = None

    def work(self) -> bool:
        """Do what is due of both, the trustee's first: it is little and has deadlines.

        A round has many turns and an election few, so the trustee asks at most every `TRUSTEE_MILLISECONDS`;
        at each turn while there is something to do.
        """
        now = self.door.now()
        done = False
        if self._asked is None or not self._asked <= now < self._asked + TRUSTEE_MILLISECONDS:
            done = self.trustee.work()
            self._asked = None if done else now
        return self.worker.work() or done

    def patience(self) -> float:
        """The worker's: the trustee asks as often."""
        return self.worker.patience()


def run(worker: Works, stopping: Callable[[], bool], sleep: Callable[[float], object]) -> None:
    """Work until `stopping()`; `sleep(seconds)` may return early, such as `threading.Event.wait`.

    While the node is away the worker tries again, ever later; when it is back the work goes on.
    """
    failures = 0
    while not stopping():
        try:
            worker.work()
            worker.door.wait(worker.patience())
            failures = 0
        except DoorClosed as error:
            _LOG.info("the node is away: %s", error)
            sleep(BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)])
            failures += 1
