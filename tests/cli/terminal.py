"""The real command line in real processes, with homes of its own and nothing of this machine's."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from types import SimpleNamespace

COMMAND = [sys.executable, "-m", "consortia.cli"]
STORY_SECONDS_MAX = 400.0
"""A busy machine tells a story slowly: its days are as many seconds longer."""

SECONDS_MAX = 300.0
"""What takes longer hangs: however busy a machine is, no test fails for being slow."""


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONSORTIA_", "XDG_"))}
    return kept | {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "share"), "NO_COLOR": "1"}


class Terminal:
    """A person at a prompt in a folder. What was started is stopped at the end."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.environment = environment(folder)
        self._running = []

    def run(self, *arguments, code=0, **variables):
        """Run a command to its end, with this exit code (None: any) and never with a traceback."""
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert code in {None, done.returncode}, (
            f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def facts(self, *arguments, code=0, **variables):
        """The one JSON object that a command prints, alone on one line of standard output."""
        out = self.run(*arguments, "--json", code=code, **variables).stdout
        assert out.count("\n") == 1, out
        return json.loads(out)

    def error(self, *arguments, code=1, **variables):
        """What a command that fails says, on standard error alone: an error line and at most a remedy."""
        done = self.run(*arguments, code=code, **variables)
        lines = [line for line in done.stderr.splitlines() if line.startswith(("error:", "Error:"))]
        assert len(lines) == 1, done.stderr
        return done.stderr

    def start(self, *arguments):
        """Start a command that goes on."""
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started = Started(process)
        self._running.append(started)
        return started

    def up(self, home, *flags):
        """Start a home's node, and wait for its ready line."""
        node = self.start("up", "--home", home, "--json", *flags)
        node.facts = json.loads(node.line())
        return node

    @contextmanager
    def session(self):
        try:
            yield self
        finally:
            for started in reversed(self._running):
                started.stop()


class Started:
    """A process that goes on, and its lines as they come."""

    def __init__(self, process):
        self.process = process
        self._lines = Queue()
        self.errors = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _read_errors(self):
        self.errors.extend(self.process.stderr)

    def line(self, seconds=SECONDS_MAX):
        """The next line of standard output."""
        try:
            found = self._lines.get(timeout=seconds)
        except Empty:
            found = ""
        assert found, f"no line within {seconds} s: {self.errors}"
        return found

    def says(self, text, seconds=SECONDS_MAX):
        """Wait until standard error has said this."""
        until(lambda: any(text in line for line in self.errors), f"{text!r} in {self.errors}", seconds)

    def wait(self, seconds=SECONDS_MAX):
        """Wait for the end; gives the exit code."""
        return self.process.wait(seconds)

    def stop(self, number=signal.SIGTERM):
        """End it with a signal; gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return code


def told(terminal, name, *flags):
    """A story, told to its end in a folder `home`: its object, what it said, and the terminal beside it."""
    process = terminal.start("demo", name, "--json", "--home", "home", *flags)
    output = process.line(STORY_SECONDS_MAX)
    assert process.wait() == 0, process.errors
    process.stop()
    return SimpleNamespace(terminal=terminal, facts=json.loads(output), told="".join(process.errors))


def until(holds, what, seconds=SECONDS_MAX):
    """Wait until something holds. Whoever asks by a command rests as long as it took, so that what is awaited
    has the machine meanwhile."""
    deadline, asked = time.monotonic() + seconds, time.monotonic()
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(max(0.1, time.monotonic() - asked))
        asked = time.monotonic()


def found_and_join(terminal, members, worker=False, driver="embedded"):
    """A network of these members on this machine, all nodes running; gives the nodes by member."""
    first, keys = members[0], ("--plain-keys", "--worker" if worker else "--no-worker")
    terminal.run("init", "heart", "--org", first, "--home", first, "--driver", driver, *keys)
    nodes = {first: terminal.up(first)}
    for name in members[1:]:
        terminal.run("invite", name, "--home", first)
        joining = terminal.start("join", f"{name}.invite", "--home", name, *keys)
        joining.says("Waiting for")
        terminal.run("member", "admit", name, "--home", first)
        for other in list(nodes)[1:]:
            terminal.run("member", "approve", name, "--home", other)
        assert joining.wait() == 0, joining.errors
        nodes[name] = terminal.up(name)
    for name in members:
        until(
            lambda name=name: terminal.facts("status", "--home", name)["members"] == sorted(members),
            f"{name} knows all members",
        )
    return nodes
