"""Nodes in processes of their own, and callers of them, for the tests beside this file."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from consortia.node.founding import found
from consortia.node.home import Home
from consortia.node.keys import find_key, open_key
from consortia.sdk.client import Client
from consortia.sdk.transport import Credentials

SECONDS_MAX = 120
"""What takes longer hangs: however busy a machine is, no test fails for being slow."""


class Process:
    """A node on a home."""

    def __init__(self, home: Home, *flags: str, **environment: str) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "consortia.node", "--home", str(home.path), *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.stderr.read().decode())
        self.ready = json.loads(line)
        self.url = self.ready["url"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and give the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(SECONDS_MAX)
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def homes(folder: Path, *members: str, **settings: object) -> list[Home]:
    """Homes of a new network."""
    return found(folder, "test", members, time.time_ns() // 1_000_000, **settings)


def key_of(home: Home, role: str = "admin"):
    """A key of a home, whose files are plain."""
    return open_key(find_key(home.keys, role), lambda: "")


def client(
    home: Home, url: str, role: str = "admin", pins: frozenset[bytes] = frozenset(), member: str = ""
) -> Client:
    """A client with a key of a home, of its own node or that of `member`."""
    config = home.config({})
    whose = member or config.member
    return Client(url, network=config.network_id, member=whose, key=key_of(home, role), pins=pins)


def owner(home: Home, url: str) -> Client:
    """A client with the home's token."""
    return Client(url, network=home.config({}).network_id, credentials=Credentials(token=home.token()))


def raw(port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None):
    """A request as nobody: status, and the problem or JSON in the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        data = answer.read()
        is_json = bool(data) and "json" in answer.getheader("content-type", "")
        return answer.status, json.loads(data) if is_json else data
    finally:
        connection.close()


def until(condition, seconds: float = SECONDS_MAX) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not come to be in time")
        time.sleep(0.02)
