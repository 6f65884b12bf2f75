"""Members' nodes on one machine, each a process of its own: what demos, tests and `localnet` start.

A node is told to end when its starter ends, however that happens, so nothing is left behind.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue

import msgspec

from consortia.node.home import Running

READY_SECONDS = 120.0
STOP_SECONDS = 10.0
PROGRAM = "consortia.node"
_PR_SET_PDEATHSIG = 1


class NodeDown(RuntimeError):
    """A node that did not come up, or ended; the text says which, and what it said last."""


class NodeHandle:
    """One member's node process, over a home that exists.

    `under` is the command that it runs under, such as `ip netns exec NAME`; usually none.
    """

    def __init__(self, home: Path, member: str) -> None:
        """Nothing runs until `start`."""
        self.home, self.member = home, member
        self.under: tuple[str, ...] = ()
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while the node runs."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def start(self, *flags: str, program: str = PROGRAM) -> None:
        """Start the node without waiting; `flags` are those of `python -m consortia.node`.

        Another `program`, a module that takes the same flags, may stand in its place.

        On Linux the node ends with the thread that calls this, so call it from one that outlives the node.
        """
        self._close()
        errors = self.home / "logs" / "stderr.log"
        with errors.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.under, sys.executable, "-m", program, "--home", str(self.home), *flags],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                process_group=0,  # and the starter's session: see `workers`
                preexec_fn=_die_with_parent,  # noqa: PLW1509 (the starter has no locks that matter here)
            )

    def wait_ready(self, seconds: float = READY_SECONDS) -> Running:
        """Wait for the ready line; raises NodeDown."""
        process = self._process
        if process is None or process.stdout is None:
            raise NodeDown(f"the node of {self.member} was not started")
        line = _first_line(process, seconds)
        if not line:
            raise NodeDown(f"the node of {self.member} did not come up: {self._last_words()}")
        running = msgspec.json.decode(line, type=Running)
        self.url = running.url
        return running

    def kill(self) -> None:
        """End the node and its worker at once, as a crash or a power cut would."""
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        self._close()

    def stop(self) -> None:
        """Ask the node to end cleanly; kill it when it does not."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._close()

    def _close(self) -> None:
        """Close the pipe of a process that has ended."""
        if self.pid is None and self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    def _last_words(self) -> str:
        with suppress(OSError):
            lines = (self.home / "logs" / "stderr.log").read_text("utf-8", "replace").strip().splitlines()
            if lines:
                return lines[-1]
        return "it said nothing"


def stop_all(nodes: Iterable[NodeHandle]) -> None:
    """Stop nodes side by side."""
    threads = [threading.Thread(target=node.stop) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _first_line(process: subprocess.Popen[bytes], seconds: float) -> bytes:
    """The first line that a process prints, or nothing when it ends or stays silent."""
    lines: Queue[bytes] = Queue()
    stream = process.stdout
    if stream is None:
        return b""
    threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
    try:
        return lines.get(timeout=seconds)
    except Empty:
        return b""


def _die_with_parent() -> None:
    """Have the kernel send SIGTERM when the starter ends (prctl(2), Linux; elsewhere it does nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:
            os._exit(1)
