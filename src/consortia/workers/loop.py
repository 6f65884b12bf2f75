"""The worker's loop: work, wait until the ledger moves, work again, until told to stop."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from consortia.workers.door import DoorClosed
from consortia.workers.worker import Worker

NICE = 10
AUTOGROUP = Path("/proc/self/autogroup")
BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
_LOG = logging.getLogger("consortia.worker")


def run(worker: Worker, stopping: Callable[[], bool], sleep: Callable[[float], object]) -> None:
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


def be_nice() -> None:
    """Give this process a lower priority than any node's, where the system lets it.

    Linux may first share a core evenly among sessions, and heed priorities only within one (sched(7), "The
    autogroup feature"): then training would hold up the nodes of other sessions, and its own. A process that
    leads a session, as a node's worker does, lowers the priority of the whole session.
    """
    with suppress(OSError):
        os.nice(NICE)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            _lower_session()


def _lower_session() -> None:
    """Lower the session's priority; others may be doing so, and the system takes ten of these a second."""
    for _ in range(50):
        try:
            AUTOGROUP.write_text(str(NICE))
        except BlockingIOError:
            time.sleep(0.1)
        else:
            return
