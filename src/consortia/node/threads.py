"""Threads for what blocks, of which no single peer can take all by never answering."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from consortia.sdk.errors import Unreachable

T = TypeVar("T")


class Threads:
    """At most `most` threads, of which at most `each` wait for one peer."""

    def __init__(self, most: int, each: int) -> None:
        self._pool = ThreadPoolExecutor(most, "peer")
        self._each = each
        self._lock = Lock()
        self._waiting: Counter[str] = Counter()

    async def run(self, work: Callable[[], T], peer: str = "") -> T:
        """Do blocking work in a thread; raises Unreachable where as many wait for that peer as may."""
        with self._lock:
            if peer and self._waiting[peer] >= self._each:
                raise Unreachable(f"{peer} has {self._each} questions to answer before it is asked anything")
            self._waiting[peer] += 1

        def over(_done: Future[T]) -> None:
            with self._lock:
                self._waiting[peer] -= 1

        future = self._pool.submit(work)
        future.add_done_callback(over)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
