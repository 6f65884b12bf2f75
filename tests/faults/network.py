"""A real network on this machine: every member a node process with its worker beside it; ways to hurt it."""

import dataclasses
import os
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from consortia.app import application
from consortia.cli.demo import study
from consortia.cli.demo.consortium import Consortium
from consortia.cli.demo.telling import Teller
from consortia.engines.train import recipe
from consortia.engines.train.splits import wisconsin_hospitals
from consortia.kernel.block import Receipt, parse_leaf
from consortia.kernel.ledger import Ledger
from consortia.modules.assets.messages import Register
from consortia.modules.training import queries
from consortia.node import joining
from consortia.node.localnet import PROGRAM
from consortia.node.tls import make_certificate, tls_files
from consortia.sdk.errors import LedgerError
from consortia.solutions.pacing import pace_of_workers
from consortia.store.lmdb import LmdbStore
from consortia.workers.terms import terms_of

HOSPITALS = ("northgate", "riverside", "lakeview", "hillcrest")
RECIPE, PARAMETERS = "glm.logistic", {"rounds": 3, "ridge_milli": 1_000}
PORT, PEER_PORT = 7600, 7601
PATIENCE_SECONDS = 300.0
"""What takes longer hangs: however busy a machine is, no test fails for being slow."""


class Network(Consortium):
    """Members whose nodes keep their addresses over a restart, as those of organisations do."""

    def __init__(self, folder, names=HOSPITALS, *, workers=True, driver="embedded", wires=None):
        super().__init__(folder, names, Teller(to_error=True), lasting=True, driver=driver)
        self.workers, self.wires = workers, wires
        self.shared = {}
        self._studies = self._things = 0

    def _places(self):
        if self.wires is None or not self.wires.laid:
            return super()._places()
        each = {name: self.wires.address(name) for name in self.names}
        return {
            name: {"listen": f"{at}:{PORT}", "peer_listen": f"{at}:{PEER_PORT}", "tls": True}
            for name, at in each.items()
        }

    def _party(self, name):
        found = super()._party(name)
        if self.wires is not None:
            found.node.under = tuple(self.wires.within(name))
        if found.home.config({}).tls and not tls_files(found.home.keys).key.exists():
            make_certificate(found.home.keys, name, [self.wires.address(name)], datetime.now(UTC))
        return found

    def register(self, name):
        """Register a thing at a member's node; gives the receipt that it acknowledges."""
        self._things += 1
        return self.client(name).submit(thing(f"of-{name}-{self._things}"))

    def agrees(self, seconds=PATIENCE_SECONDS):
        """Wait until every node has the same log, all of it final."""

        def same():
            found = [self.patiently(lambda name=name: self.client(name).status()) for name in self.names]
            return len({one.root for one in found}) == 1 and all(one.final_size == one.size for one in found)

        wait_until(same, "agreement of all nodes", seconds)

    def restart(self, name, program=PROGRAM):
        node = self.party(name).node
        node.start(program=program)
        node.wait_ready()

    def kill_worker(self, name):
        """Kill a member's worker, which its node starts again; gives whether there was one to kill."""
        found = processes("consortia.node.worker", self.party(name).home.path)
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return bool(found)

    def patiently(self, ask, seconds=PATIENCE_SECONDS):
        """Ask until there is an answer: the node that is asked may be down just now."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return ask()
            except LedgerError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def agree(self):
        """Agree a study over everybody's records; gives its id."""
        split = wisconsin_hospitals(1)
        if not self.shared:
            self.shared = study.share(self, {name: split.tables[name] for name in self.names})
        self._studies += 1
        rule, schema = recipe(RECIPE), split.held_out.schema
        step = int(study.STEP_MILLISECONDS * pace_of_workers())
        wanted = study.wanted(f"study-{self._studies}", "Diagnosis", self.names, step)
        return study.agree(self, *terms_of(rule, PARAMETERS, schema, wanted), self.shared)

    def awaited(self, name):
        """What a study waits for."""
        client = self.client(self.names[0])
        return client.query("training.awaited", queries.ById(name), queries.Awaited)

    def end_of(self, name, seconds=PATIENCE_SECONDS):
        """Wait until a study has ended, however; gives what it came to."""
        wait_until(
            lambda: self.patiently(lambda: self.awaited(name)).status in {"finished", "aborted"},
            f"end of study {name.hex()}",
            seconds,
        )
        client = self.client(self.names[0])
        return client.query("training.study", queries.ById(name), queries.StudyView)

    def ledgers(self):
        """Every member's ledger, read from its home while its node is stopped."""
        return {name: read(self.party(name).home.ledger) for name in self.names}


@dataclasses.dataclass
class Kept:
    """What a stopped node keeps: the leaves of its log, its root, and all receipts by id."""

    leaves: list[bytes]
    root: bytes
    receipts: dict[bytes, Receipt]


def read(folder):
    """What a store holds."""
    store = LmdbStore(folder, read_only=True)
    try:
        ledger = Ledger.open(store, application())
        size = ledger.tip.size
        leaves = [ledger.leaf(index) for index in range(size)]
        found = (parse_leaf(leaf) for leaf in leaves)
        receipts = {one.transaction: one for one in found if isinstance(one, Receipt)}
        return Kept(leaves, ledger.root(size), receipts)
    finally:
        store.close()


def wait_until(holds, what, seconds=PATIENCE_SECONDS):
    """Ask again and again until something holds."""
    joining.wait_until(holds, what, seconds)


def thing(name):
    """The message that registers something of this name."""
    return Register(
        name=name,
        kind="dataset",
        title=f"The thing {name}",
        form="set",
        commitment=os.urandom(32),
        count=1,
        subjects=1,
        schema=bytes(32),
        parents=(),
        rights=None,
    )


def nothing_is_lost(acknowledged, kept, told=""):
    """Every member holds every receipt that was given, and all hold the same log."""
    shortest = min(len(one.leaves) for one in kept.values())
    first, *others = (one.leaves[:shortest] for one in kept.values())
    assert all(other == first for other in others), f"two nodes have other leaves {told}"
    for member, one in kept.items():
        for receipt in acknowledged:
            assert one.receipts.get(receipt.transaction) == receipt, f"{member} lost {receipt} {told}"
    assert len({(len(one.leaves), one.root) for one in kept.values()}) == 1


class Load:
    """People at every member who register things all the time, and keep the receipts that they were given."""

    def __init__(self, network):
        self.network = network
        self.acknowledged = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._register, args=(name,), daemon=True) for name in network.names
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _register(self, name):
        party, number, client = self.network.party(name), 0, None
        while not self._stop.wait(0.3):
            number += 1
            try:
                if client is None:
                    client = party.connect(self.network.network)
                self.acknowledged.append(client.submit(thing(f"thing-{number}"), lane=1))
            except LedgerError:
                client = _closed(client)
        _closed(client)


def _closed(client):
    if client is not None:
        client.close()


def processes(*words):
    """The ids of processes that have each of these words in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            said = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if all(any(str(word) in part for part in said) for word in words):
            found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]
