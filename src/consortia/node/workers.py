"""The member's worker beside its node: a process of its own, niced, with its own key.

It is started once the ledger has a study or an election, which all its work is of, or at once where the
member has a trainer of its own; and again when it ends by itself, later each time it fails soon. It ends with
the node. It stays in the node's session: Linux shares cores among sessions first (`sched_autogroup_enabled`,
sched(7)), and only within one does a niceness say who goes first.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from consortia.base.codec import Record
from consortia.kernel.context import Context
from consortia.kernel.ledger import Ledger
from consortia.modules.ballots.state import ELECTIONS
from consortia.modules.training.state import STUDIES
from consortia.node.home import Home
from consortia.node.keys import KeyFileError, find_key, open_key, passphrase_from
from consortia.node.service import Service

BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
SOUND_SECONDS = 30.0
"""A worker that ran this long is started again at once."""

STOP_SECONDS = 5.0
NEWS_SECONDS = 5.0

MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(256 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
"""Vectors come and go in a worker: so glibc keeps up to 256 MiB at hand, and hands no pages back to clear.

Elsewhere these do nothing; the owner's own settings go over them.
"""

_LOG = logging.getLogger("consortia.worker")


class WorkerProcess:
    """The worker of one home."""

    def __init__(self, home: Home, trainer: str = "") -> None:
        self.home = home
        self.trainer = trainer
        self.starts = 0
        self.process: asyncio.subprocess.Process | None = None
        self.task: asyncio.Task[None] | None = None

    async def run(self, url: str, stopping: asyncio.Event, service: Service) -> None:
        """Keep the worker running beside the node at `url`, once it is due, until `stopping` is set."""
        self.task = asyncio.current_task()
        failures = 0
        try:
            await asyncio.to_thread(self._look_at_key)
            while not self._due(service.ledger) and not stopping.is_set():
                await service.waiting.news(NEWS_SECONDS)
            while not stopping.is_set():
                began = time.monotonic()
                ended = await self._live(url, stopping)
                if stopping.is_set():
                    return
                failures = 0 if time.monotonic() - began > SOUND_SECONDS else failures + 1
                pause = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)]
                _LOG.warning("the worker ended with %s; again in %s s", ended, pause)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), pause)
        finally:
            await self._end()

    async def _live(self, url: str, stopping: asyncio.Event) -> object:
        """One life of the worker; gives what ended it: its exit code, or why it could not be started."""
        try:
            self.process = await self._start(url)
        except OSError as error:  # no room for its log, or no process to be had: later there may be
            return error
        await _first(self.process.wait(), stopping.wait())
        return self.process.returncode

    def _due(self, ledger: Ledger) -> bool:
        """Whether there may be something to do. An own trainer is tried at once: it may not load."""
        return bool(self.trainer) or ledger.ask(_work) is not None

    def _look_at_key(self) -> None:
        """Tell the log at the node's start, not months later, of a key that the worker could not open."""
        try:
            open_key(find_key(self.home.keys, "worker"), lambda: passphrase_from(os.environ, ask=False))
        except KeyFileError as error:
            _LOG.warning("the worker will not start: %s", error)

    async def _start(self, url: str) -> asyncio.subprocess.Process:
        self.starts += 1
        log = (self.home.logs / "worker.log").open("ab")
        with log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "consortia.node.worker", "--home", str(self.home.path)),
                *("--url", url, "--parent", str(os.getpid()), "--trainer", self.trainer),
                env={**MEMORY, **os.environ},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def _end(self) -> None:
        process = self.process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _work(ctx: Context) -> Record | None:
    """A study or an election, which all a worker's work is of."""
    return next((found for table in (STUDIES, ELECTIONS) for _, found in table.scan(ctx)), None)


async def _first(*waits: Coroutine[Any, Any, Any]) -> None:
    """Wait for the first of several, and let the others go."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
