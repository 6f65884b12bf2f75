"""An end for answers that drip: a socket's timeout begins anew with every byte, this one does not.

One thread ends all of a program's exchanges that last too long, by shutting their sockets down.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from socket import SHUT_RDWR
from threading import Condition, Thread

_IDLE_SECONDS = 60.0


class Deadline:
    """When an exchange is to be over, on which connection it is now, and whether it was ended."""

    def __init__(self, seconds: float) -> None:
        """Over in so many seconds from now."""
        self.seconds = seconds
        self.at = time.monotonic() + seconds
        self.connection: HTTPConnection | None = None
        self.passed = False

    def end(self) -> None:
        """Shut the connection down: whoever reads from it finds its end."""
        self.passed = True
        if self.connection is not None:
            with suppress(OSError, AttributeError):
                self.connection.sock.shutdown(SHUT_RDWR)


class Deadlines:
    """The exchanges under way, and the thread that ends those that last too long."""

    def __init__(self) -> None:
        """The thread starts with the first exchange."""
        self._open: set[Deadline] = set()
        self._changed = Condition()
        self._wakes = float("inf")
        self._started = False

    @contextmanager
    def within(self, seconds: float) -> Iterator[Deadline]:
        """End what happens on the deadline's connection, unless this is left before so many seconds."""
        deadline = Deadline(seconds)
        with self._changed:
            self._open.add(deadline)
            if not self._started:
                self._started = True
                Thread(target=self._watch, name="deadlines", daemon=True).start()
            elif deadline.at < self._wakes:
                self._changed.notify()
        try:
            yield deadline
        finally:
            with self._changed:
                self._open.discard(deadline)

    def _watch(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for one in [each for each in self._open if each.at <= now]:
                    one.end()
                    self._open.discard(one)
                self._wakes = min((one.at for one in self._open), default=now + _IDLE_SECONDS)
                self._changed.wait(max(0.0, self._wakes - now))


DEADLINES = Deadlines()
"""Those of this program."""
