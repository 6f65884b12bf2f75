"""How a worker shares its cores: its steps after the node's, its training after everybody's.

Linux knows priorities of threads. A worker's steps run at a niceness of 10, so that a busy node goes first,
and its training in a thread whose policy is SCHED_IDLE (sched(7)): such a thread gives way at once to whoever
else wants the core, its own node and the kernel's threads that write to disk among them. Nobody needs a
privilege to get back from there, since the policy ends with the thread. Elsewhere the niceness is all.

Both count among the threads of one session, or of one control group, alone (`node.workers`).
"""

import os
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Protocol, TypeVar

NICE = 10
_TASKS = Path("/proc/self/task")
T = TypeVar("T")


class Apart(Protocol):
    """Does a piece of work, in a thread or a process of its own perhaps, and gives what it gives."""

    def __call__(self, work: Callable[[], T]) -> T:
        """Do it, and raise what it raises."""


def here(work: Callable[[], T]) -> T:
    """Do a piece of work at once and here."""
    return work()


def when_idle(work: Callable[[], T]) -> T:
    """Do a piece of work in a thread that runs while nobody else wants its core.

    Gives what the work gives, and raises what it raises.
    """
    done: Future[T] = Future()

    def run() -> None:
        _only_when_idle(0)
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 (it is raised again, where it is waited for)
            done.set_exception(error)

    Thread(target=run, name="training", daemon=True).start()
    return done.result()


def be_nice() -> None:
    """Give this process a lower priority than the node's, where the system lets it.

    The threads that it has by now beside this one are those that a numeric library began when it was
    imported: they work for the training, so they run while nobody else wants the core.
    """
    with suppress(OSError):
        os.nice(NICE)
    if _TASKS.is_dir():
        for thread in _TASKS.iterdir():
            if int(thread.name) != os.getpid():
                _only_when_idle(int(thread.name))


def _only_when_idle(thread: int) -> None:
    """Let a thread of this process (0 is the caller) run while nobody else wants its core."""
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
