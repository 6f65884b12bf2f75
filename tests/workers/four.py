"""Four members with small data, their workers, and a study of them all, on a bench."""

import numpy as np

from consortia.base.hashing import tagged
from consortia.engines.train import recipe
from consortia.engines.train.loop import train
from consortia.engines.train.schema import Label, Schema, number
from consortia.engines.train.table import Table
from consortia.modules.assets.messages import Register
from consortia.modules.training.messages import Propose, Start
from consortia.testing.local import LocalNet, terms_of, worker_of
from consortia.testing.machine import Bench
from consortia.testing.studies import MEMBERS
from consortia.workers.worker import Worker

SCHEMA = Schema((number("age"), number("dose")), Label("ill", ("no", "yes"), 0))


class Apart(Worker):
    """Commits alone, and opens when it is its turn."""

    def _commits_last(self, task):
        return False

    def _was_last(self, task):
        return False


class Behind(Apart):
    """Learns that it was the last to commit once it has."""

    def _was_last(self, task):
        return Worker._was_last(self, task)


class Hasty(Worker):
    """Believes each time that it is the last to commit."""

    def _commits_last(self, task):
        return True


def small(member: str, seed: int) -> Table:
    """Ten records of two columns, different for every seed."""
    numbers = np.random.default_rng(seed).normal(size=(10, 2))
    return Table(member, SCHEMA, numbers, (numbers.sum(axis=1) > 0).astype(np.float64))


class Consortium:
    """Four members, or others, with their workers, and a study of them all."""

    def __init__(self, folder, tables=None, kinds=None, members=MEMBERS, **parameters) -> None:
        self.members = members
        self.tables = {name: small(name, at) for at, name in enumerate(members)} if tables is None else tables
        schema = next(iter(self.tables.values())).schema
        self.bench = Bench(members)
        self.net = LocalNet(self.bench)
        self.folder = folder
        kinds = kinds or {}
        self.workers = {name: self.worker(name, kinds.get(name, Worker)) for name in members}
        self.parameters = parameters
        terms, _ = terms_of("diagnosis", schema, **parameters)
        self.bench.ok(members[0], "analyst", Propose(terms))
        self.study = self.bench.query("training.find", proposer=members[0], name="diagnosis").study

    def worker(self, name: str, kind=Worker) -> Worker:
        table, tell = self.tables[name], self.net.teller(name)
        return worker_of(self.net, name, table, self.folder, kind=kind, tell=tell)

    def join(self, *names: str) -> "Consortium":
        for name in names or self.members:
            data = dataset_of(self.bench, name, self.tables[name].records)
            self.workers[name].join(self.study, data, 1)
        return self

    def start(self) -> "Consortium":
        self.bench.ok(self.members[0], "analyst", Start(self.study))
        return self

    @property
    def progress(self):
        return self.bench.query("training.study", study=self.study).progress

    def rounds(self, study=None):
        return self.bench.query("training.rounds", study=study or self.study, first=0, limit=100).rounds

    def finish(self) -> "Consortium":
        self.net.drive(self.workers, lambda: self.progress.status in {"finished", "aborted"})
        return self

    def model(self) -> bytes:
        return self.net.blobs[self.progress.state]

    def expected(self, *names: str) -> bytes:
        parameters = {name: value for name, value in self.parameters.items() if type(value) is int}
        return train(recipe("glm.logistic"), parameters, {name: self.tables[name] for name in names}).model


def dataset_of(bench: Bench, member: str, records: int) -> bytes:
    commitment = tagged("consortia/testing", f"rows of {member}".encode())
    message = Register("rows", "dataset", "Rows", "batch", commitment, records, None, None, (), None)
    return bench.ok(member, "operator", message).events[0].body["asset"]
