"""Running CometBFT: started with what it needs, started anew when it ends, stopped cleanly, its log kept.

Each life is: the application listens, the files are written, CometBFT starts and connects. When either ends,
the other is ended too, and both start again after a pause that grows while lives are short.
"""

import asyncio
import ctypes
import logging
import logging.handlers
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from consortia.node.cometbft.binary import Binary
from consortia.node.cometbft.files import Files, Sockets

PAUSE_SECONDS = 0.2
PAUSE_SECONDS_MAX = 10.0
LONG_LIFE_SECONDS = 30.0
STOP_SECONDS = 10.0
LOG_BYTES_MAX = 8 << 20
LINE_BYTES_MAX = 1 << 20
"""A line of its log has at most so many bytes: with a failure goes all of its stack."""

SOCKET_PATH_MAX = 100
"""A unix socket's path has at most 107 bytes (unix(7), Linux; fewer elsewhere)."""

FAILED = "CONSENSUS FAILURE!!!"
"""CometBFT's whole message when its consensus stands still; its process goes on.

No other message counts that holds these words: anybody who reaches its port writes into its errors, as with
evidence that is none, of a chain whose name is what it likes.
"""

FULL = ("no space left on device", "disk quota exceeded", "read-only file system")
"""What it says of a disk that takes nothing; whether that is so, the node finds out for itself."""

FULL_SECONDS = 1.0
"""So seldom does it find out: it writes to the disk for that."""

_PR_SET_PDEATHSIG = 1
_LOG = logging.getLogger("consortia.node")

Serve = Callable[[Path, Callable[[], None]], Coroutine[Any, Any, None]]
"""Serves ABCI on a socket until it is cancelled or CometBFT goes away, and tells once when it listens."""


class Supervisor:
    """One CometBFT over one home. `prepare` writes its files; it is called before each start.

    `halted` is told when CometBFT says that it cannot go on, which does not end it, or cannot write; it gives
    whether nothing can be written here.
    """

    def __init__(
        self,
        binary: Binary,
        files: Files,
        *,
        serve: Serve,
        prepare: Callable[[Sockets], None],
        environment: Mapping[str, str],
        halted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.binary, self.files = binary, files
        self.sockets = sockets(files.folder)
        self.pid: int | None = None
        self.starts = 0
        self._serve, self._prepare, self._halted = serve, prepare, halted
        self._environment = {name: text for name, text in environment.items() if "CONSORTIA" not in name}
        self._restart, self._halt = asyncio.Event(), asyncio.Event()
        self._asked_full = -FULL_SECONDS
        self._log = logging.getLogger("consortia.cometbft")
        self._handler = _log_to(files.home / "logs" / "cometbft.log")
        self._log.addHandler(self._handler)
        self._log.propagate = False
        self._log.setLevel(logging.INFO)

    def restart(self) -> None:
        """End this life cleanly and begin another: with another key, say."""
        self._restart.set()

    def halt(self) -> None:
        """End a life that stands still, as if it had ended by itself."""
        self._halt.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Live until `stopping`, again and again."""
        pause = PAUSE_SECONDS
        try:
            while not stopping.is_set():
                began = asyncio.get_running_loop().time()
                reason = await self._live(stopping)
                if stopping.is_set():
                    break
                lived = asyncio.get_running_loop().time() - began
                pause = PAUSE_SECONDS if lived > LONG_LIFE_SECONDS or self._restart.is_set() else 2 * pause
                self._restart.clear()
                self._halt.clear()
                _LOG.warning("CometBFT ended after %.0f s: %s", lived, reason)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), min(pause, PAUSE_SECONDS_MAX))
        finally:
            self._log.removeHandler(self._handler)
            self._handler.close()
            if self.sockets.app.parent != self.files.folder:
                shutil.rmtree(self.sockets.app.parent, ignore_errors=True)

    async def _live(self, stopping: asyncio.Event) -> str:
        """One life; gives what ended it."""
        listening = asyncio.Event()
        for path in (self.sockets.app, self.sockets.rpc):
            path.unlink(missing_ok=True)
        serving = asyncio.ensure_future(self._serve(self.sockets.app, listening.set))
        listens = asyncio.ensure_future(listening.wait())
        asked = [asyncio.ensure_future(one.wait()) for one in (stopping, self._restart, self._halt)]
        tasks: list[asyncio.Future[Any]] = [serving, listens, *asked]
        process = None
        try:
            await asyncio.wait([serving, listens], return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                return f"the application does not listen: {serving.exception()}"
            self._prepare(self.sockets)
            process = await self._start()
            ended = asyncio.ensure_future(process.wait())
            tasks += [ended, asyncio.ensure_future(self._read_log(process))]
            tasks.append(asyncio.ensure_future(self._forget_key()))
            await asyncio.wait([serving, ended, *asked], return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                return str(serving.exception())
            if ended.done():
                return f"exit code {ended.result()}: see logs/cometbft.log"
            return "it stood still: see logs/cometbft.log" if self._halt.is_set() else "it was asked to"
        finally:
            if process is not None:
                await _end(process)
            self.pid = None
            self.files.started()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            self.binary.path,
            "start",
            "--home",
            self.files.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_BYTES_MAX,
            env=self._environment,
            preexec_fn=_die_with_parent,
        )
        self.pid, self.starts = process.pid, self.starts + 1
        _LOG.info("CometBFT %s runs as process %d: %s", self.binary.version, process.pid, self.binary.path)
        return process

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        """Keep what CometBFT prints."""
        stream = process.stdout
        while stream is not None:
            try:
                line = await stream.readline()
            except ValueError:  # a line longer than the reader takes: its rest follows
                continue
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip()
            self._log.info("%s", text)
            if _failed(line):
                self._halted()
                self.halt()
            elif any(sign in text for sign in FULL) and self._is_full():
                self.halt()

    def _is_full(self) -> bool:
        """Whether nothing can be written here, if that was not found out just now."""
        now = asyncio.get_running_loop().time()
        if now - self._asked_full < FULL_SECONDS:
            return False
        self._asked_full = now
        return self._halted()

    async def _forget_key(self) -> None:
        """Take the consensus key's file away once CometBFT answers requests, having read it."""
        while not self.sockets.rpc.exists():  # noqa: ASYNC110 (another process makes it)
            await asyncio.sleep(0.05)
        self.files.started()


class _Line(msgspec.Struct):
    """A line of CometBFT's log."""

    message: str = msgspec.field(default="", name="_msg")


def _failed(line: bytes) -> bool:
    """Whether a line of the log says, in so many words and no others, that consensus stands still."""
    try:
        return msgspec.json.decode(line, type=_Line).message == FAILED
    except ValueError:
        return False  # what is no JSON is not its logger's


def sockets(folder: Path) -> Sockets:
    """The sockets of a home: in it, or in a folder of their own where its path is too long for one."""
    if len(os.fsencode(folder / "app.sock")) > SOCKET_PATH_MAX:
        folder = Path(tempfile.mkdtemp(prefix="consortia-"))
    return Sockets(folder / "app.sock", folder / "rpc.sock")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, and wait; kill it when it does not."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


class _LogFile(logging.handlers.RotatingFileHandler):
    """A log that goes on without the lines for which its disk has no room."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the library's name)
        """A line is lost."""


def _log_to(path: Path) -> logging.Handler:
    handler = _LogFile(path, maxBytes=LOG_BYTES_MAX, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def _die_with_parent() -> None:
    """Have the kernel end CometBFT when its node ends, however that happens (prctl(2), Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
