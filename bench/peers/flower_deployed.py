"""Rounds of Flower as it is deployed: a SuperLink and SuperNodes, each its own process, on loopback.

Without masks and without TLS. Settings and app lie in a folder of their own, so nothing of the user's is
read or written, and everything that was started is ended.
"""

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "deployed"
version = "1.0.0"
description = "Rounds, timed"
license = "Apache-2.0"
dependencies = []

[tool.flwr.app]
publisher = "bench"

[tool.flwr.app.components]
serverapp = "deployed.app:server"
clientapp = "deployed.app:client"

[tool.flwr.app.config]
members = {members}
parameters = {parameters}
rounds = {rounds}
seconds = "{seconds}"
"""
SETTINGS = """
[superlink]
default = "bench"

[superlink.bench]
address = "127.0.0.1:{port}"
insecure = true
"""
START_SECONDS, RUN_SECONDS = 60.0, 300.0


def median_round(programs: Path, members: int, parameters: int, rounds: int) -> float | None:
    """Seconds of a round, the median without the first; None when Flower does not run here.

    `programs` is the folder of Flower's commands.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        home, app, done = Path(folder) / "home", Path(folder) / "app", Path(folder) / "seconds.json"
        link, *nodes = free_ports(1 + members)
        _write_app(app, members=members, parameters=parameters, rounds=rounds, seconds=done)
        home.mkdir()
        (home / "config.toml").write_text(SETTINGS.format(port=link))
        environment = {
            **os.environ,
            "FLWR_HOME": str(home),
            "FLWR_TELEMETRY_ENABLED": "0",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        }
        start = ["--insecure", "--disable-runtime-dependency-installation", "--port", str(link)]
        running.enter_context(_process([str(programs / "flower-superlink"), *start], environment))
        if not _answers(link):
            return None
        for number, port in enumerate(nodes):
            joined = ["--insecure", "--superlink", f"127.0.0.1:{link}", "--port", str(port)]
            own = ["--node-config", f"partition-id={number}"]
            running.enter_context(_process([str(programs / "flower-supernode"), *joined, *own], environment))
        subprocess.run(
            [str(programs / "flwr"), "run", str(app), "bench"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=RUN_SECONDS,
            check=False,
        )
        deadline = time.monotonic() + RUN_SECONDS
        while not done.exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        return statistics.median(json.loads(done.read_text())[1:]) if done.exists() else None


def free_ports(count: int) -> list[int]:
    """So many ports of this machine that nobody listens on."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _write_app(app: Path, **wanted: object) -> None:
    (app / "deployed").mkdir(parents=True)
    (app / "pyproject.toml").write_text(PROJECT.format(**wanted))
    (app / "deployed" / "__init__.py").touch()
    shutil.copy(Path(__file__).with_name("flower_app.py"), app / "deployed" / "app.py")


@contextmanager
def _process(command, environment):
    """A process and all that it starts, ended at the end."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its own group: what it started, and no other
        process.wait()


def _answers(port: int) -> bool:
    """Whether the SuperLink answers on its port before long, with whatever."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2)
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.2)
        else:
            return True
    return False
