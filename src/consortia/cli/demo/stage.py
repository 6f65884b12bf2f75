"""The stage of a story: members on this machine, and a voice; `solutions.story` says what each part means."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from consortia.cli.demo.consortium import Consortium, Party
from consortia.cli.demo.telling import Teller
from consortia.cli.governing import charter_in
from consortia.node import joining
from consortia.node.localnet import PROGRAM
from consortia.sdk.client import Client
from consortia.sdk.ledger import Ledger
from consortia.solutions.story import Asked, StoryFailed

COMMAND = (sys.executable, "-m", "consortia.cli")
COMMAND_SECONDS_MAX = 300.0
STOP_SECONDS = 5.0
LOG = "programs.log"


class Beside:
    """A program beside a member's node, whose words go to a log in the member's home."""

    def __init__(self, party: Party, arguments: tuple[str, ...]) -> None:
        """Start it."""
        with (party.home.logs / LOG).open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND, *arguments, "--home", str(party.home.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Played:
    """A stage whose members are real: homes, keys, nodes, workers and commands."""

    def __init__(self, asked: Asked, consortium: Consortium, teller: Teller) -> None:
        """Nothing runs until `build`."""
        self.asked, self.consortium, self.teller = asked, consortium, teller
        self.folder, self.names = consortium.folder, consortium.names
        self._programs: list[Beside] = []

    @property
    def network(self) -> bytes:
        """The network's name, once it is founded."""
        return self.consortium.network

    def close(self) -> None:
        """Stop the programs beside the nodes; the nodes are the consortium's."""
        for program in self._programs:
            program.stop()

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self.teller.chapter(title)

    def line(self, text: str) -> None:
        """Say what was done, with the time."""
        self.teller.line(text)

    def moving(self, text: str) -> None:
        """Show what goes on, on a line that the next one overwrites."""
        self.teller.moving(text)

    def catch(self, what: str, by: str, check: str, word: str = "caught") -> None:
        """Say what was tried, who noticed and by which check."""
        self.teller.catch(what, by, check, word)

    def doing(self, text: str) -> AbstractContextManager[None]:
        """Show `text` while something is done, and say it once it is."""
        return self.teller.doing(text)

    def build(self, title: str, charter: Path | None = None) -> None:
        """Found the network, start a node and a worker for each member, and admit all."""
        self.consortium.build(title, None if charter is None else charter_in(charter))

    def ledger(self, name: str, role: str = "admin") -> Ledger:
        """The ledger as a member's program sees it."""
        party = self.consortium.party(name)
        return Ledger(self.client(name, role), name, party.vault, closing=_nothing)

    def client(self, name: str, role: str = "admin") -> Client:
        """A client of a member's node."""
        return self.consortium.client(name, role)

    def home(self, name: str) -> Path:
        """A member's home."""
        return self.consortium.party(name).home.path

    def url(self, name: str) -> str:
        """The address of a member's node."""
        return self.consortium.party(name).node.url

    def settle(self) -> int:
        """Wait until every node has all blocks and all of them are final."""
        return self.consortium.settle()

    def stop(self, name: str) -> None:
        """Stop a member's node cleanly."""
        self.consortium.party(name).node.stop()

    def kill(self, name: str) -> None:
        """End a member's node and worker at once."""
        self.consortium.party(name).node.kill()

    def start(self, name: str, *flags: str) -> None:
        """Start a member's node again."""
        self._start(name, *flags, program=PROGRAM)

    def _start(self, name: str, *flags: str, program: str) -> None:
        node = self.consortium.party(name).node
        node.start(*flags, program=program)
        node.wait_ready()

    def run(self, name: str, *arguments: str) -> dict[str, Any]:
        """Type one command in a member's home, and give its JSON object."""
        return _object(self._command(name, arguments), f"{name}: consortia {' '.join(arguments)}")

    def refused(self, name: str, *arguments: str) -> str:
        """Type one command that must be refused; gives what it said."""
        done = self._command(name, arguments)
        if not done.returncode:
            raise StoryFailed(f"{name}: consortia {' '.join(arguments)} was done, and should be refused")
        return done.stderr.strip()

    def _command(self, name: str, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return _typed(*arguments, "--home", str(self.home(name)), "--json")

    def program(self, name: str, *arguments: str) -> Beside:
        """Start a command that lasts beside a member's node."""
        beside = Beside(self.consortium.party(name), arguments)
        self._programs.append(beside)
        return beside

    def outside(self, proof: Path) -> dict[str, Any]:
        """Check a proof as somebody outside does."""
        done = _typed("verify", str(proof), "--network", self.network.hex(), "--json")
        if not done.stdout:
            raise StoryFailed(f"the proof could not be read: {_last(done.stderr)}")
        verdict: dict[str, Any] = json.loads(done.stdout)
        return verdict

    def apart(self, *arguments: str) -> dict[str, Any]:
        """Type one command as somebody outside does."""
        return _object(_typed(*arguments, "--json"), f"consortia {' '.join(arguments)}")

    @contextmanager
    def dishonest(self, name: str, module: str) -> Iterator[None]:
        """Let another program be a member's node for a while."""
        self.stop(name)
        self._start(name, program=module)
        try:
            yield
        finally:
            self.stop(name)
            self.start(name)
            joining.arrive(self.client(name))


def _nothing() -> None:
    """Close nothing: the clients are the consortium's."""


def _typed(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [*COMMAND, *arguments],
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"NO_COLOR": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StoryFailed(f"consortia {' '.join(arguments[:2])} took too long") from None


def _object(done: subprocess.CompletedProcess[str], what: str) -> dict[str, Any]:
    """The object that a command ended with; raises StoryFailed, naming `what` was typed."""
    if done.returncode:
        raise StoryFailed(f"{what}: {_last(done.stderr)}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _last(text: str) -> str:
    """The error's line, without its remedy."""
    lines = [line for line in text.strip().splitlines() if line.startswith("error:")]
    return lines[-1].removeprefix("error: ") if lines else text.strip()[-200:]
