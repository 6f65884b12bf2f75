"""Four members' real nodes and workers on loopback, for the benchmarks of deployed rounds.

Nothing here is timed by a clock of its own: when a step was done is the time of the block that has it (UTC
milliseconds, written by the orderer), and what a process spent is what the system says of it.
"""

import os
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from consortia.cli.demo import study
from consortia.cli.demo.consortium import Consortium
from consortia.cli.demo.telling import Teller
from consortia.engines.train import recipe
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.table import Table
from consortia.modules.training import types as law
from consortia.node.homes import Wishes
from consortia.workers.terms import Wanted, terms_of

ROOT = Path(__file__).resolve().parent.parent
MEMBERS = ("city", "east", "north", "west")
SCHEMA = Schema((number("age"), number("dose")), Label("ill", ("no", "yes"), 0))
RECORDS = 100
STEP_MILLISECONDS = 120_000
TICKS = os.sysconf("SC_CLK_TCK")


class Trainers(Consortium):
    """A consortium whose workers train with a program of the benchmarks."""

    def __init__(self, folder, trainer):
        super().__init__(folder, MEMBERS, Teller(to_error=True))
        self.trainer = trainer
        self.shared = {}

    def _wishes(self, name):
        more = {"worker": True, "trainer": self.trainer}
        return Wishes(self.folder / name, name, name.title(), None, more=more)


@contextmanager
def deployed(folder, trainer):
    """Four nodes with their workers; `bench` is where the workers find the trainer."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT) if before is None else f"{ROOT}{os.pathsep}{before}"
    try:
        with Trainers(Path(folder), trainer) as consortium:
            consortium.build("bench")
            yield consortium
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def begin(consortium, name, weights, rounds, summing):
    """A study of so many weights and averaging rounds, proposed, joined and started; gives its id."""
    if not consortium.shared:
        tables = {member: table(member, seed) for seed, member in enumerate(MEMBERS)}
        consortium.shared = study.share(consortium, tables)
    deadlines = law.Deadlines(STEP_MILLISECONDS, STEP_MILLISECONDS, STEP_MILLISECONDS)
    wanted = Wanted(name, "A study", study.PURPOSE, deadlines, invited=MEMBERS, summing=summing)
    asked, initial = terms_of(
        recipe("weights.fedavg"), {"weights": weights, "rounds": rounds}, SCHEMA, wanted
    )
    return study.agree(consortium, asked, initial, consortium.shared)


def table(member, seed):
    numbers = np.random.default_rng(seed).normal(size=(RECORDS, 2))
    return Table(member, SCHEMA, numbers, (numbers.sum(axis=1) > 0).astype(np.float64))


@dataclass(frozen=True)
class Seen:
    """An event of a study: its name, and the time of its block in seconds."""

    name: str
    at: float


class Watch:
    """Follows the rounds of a study, block by block."""

    def __init__(self, consortium):
        self.client = consortium.client(MEMBERS[0])
        self.events: list[Seen] = []
        self._blocks = self.client.blocks(self.client.status().height, "training.")

    def until_final(self, rounds, seconds=300.0):
        """Follow until so many more rounds are final; raises RuntimeError for a round that was given up."""
        left, deadline = rounds, time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            block = next(self._blocks)
            at = block["header"]["time"] / 1000
            for receipt in block["receipts"]:
                if receipt["code"] != "ok":
                    self.events.append(Seen(receipt["code"], at))
                for event in receipt["events"]:
                    self.events.append(Seen(event["name"], at))
                    left -= event["name"] == "training.round_final"
                    if event["name"] in {"training.round_aborted", "training.study_aborted"}:
                        raise RuntimeError(f"{event['name']}: {event['body']}")
        if left:
            raise RuntimeError(f"{left} of {rounds} rounds were not final within {seconds} s")

    def rounds(self):
        """The seconds of each round, from one final result to the next."""
        ends = [seen.at for seen in self.events if seen.name == "training.round_final"]
        return [after - before for before, after in pairwise(ends)]

    def steps(self):
        """Of each whole round: the seconds from its beginning to the last event of each name."""
        found, begin, last = [], None, {}
        for seen in self.events:
            last[seen.name] = seen.at
            if seen.name == "training.round_final":
                if begin is not None:
                    found.append({name: at - begin for name, at in last.items()})
                begin, last = seen.at, {}
        return found

    def refused(self):
        """How often each refusal code turned up."""
        return Counter(seen.name for seen in self.events if not seen.name.startswith("training.round"))


def processes(consortium):
    """The process ids of every node and of every worker: (nodes, workers)."""
    nodes = [party.node.pid for party in consortium.parties.values()]
    return nodes, [child for node in nodes for child in _children(node) if _is_worker(child)]


def cpu_seconds(pids):
    """The CPU that processes have used, with their threads, user and system together."""
    return sum(_used(pid) for pid in pids)


def _used(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _children(pid):
    found = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def _is_worker(pid):
    return b"consortia.node.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
