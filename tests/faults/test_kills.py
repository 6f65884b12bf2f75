"""Real processes, killed: nothing acknowledged is lost; every study ends, with its missing named."""

import random
import threading
import time
from collections import Counter

import pytest

from consortia.cli.demo import study
from consortia.kernel.block import Receipt, parse_leaf
from consortia.modules.training.rounds import APART
from consortia.node.audit.run import audit_homes
from consortia.node.localnet import NodeDown
from consortia.sdk.errors import LedgerError
from tests.faults.network import Load, Network, nothing_is_lost

pytestmark = pytest.mark.slow
SEED = 20


class Killer:
    """Kills a node or a worker again and again, at random moments, and lets it come back."""

    def __init__(self, network, kills, seed):
        self.network, self.kills = network, kills
        self.random = random.Random(seed)
        self.done = []
        self.failure = None
        self.busy = True
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        try:
            while len(self.done) < self.kills and not self._over.is_set():
                time.sleep(self.random.uniform(0.3, 2.0))
                self._kill()
        except (LedgerError, NodeDown, OSError) as error:  # the test tells it, in its own thread
            self.failure = error
        self.busy = False
        self._over.wait()  # the nodes that a thread started end with it

    def _kill(self):
        what = ("orderer", "follower", "worker")[len(self.done) % 3]
        name = self.network.names[0] if what == "orderer" else self.random.choice(self.network.names[1:])
        if what == "worker":
            name = self.random.choice(self.network.names)
            if not self.network.kill_worker(name):
                return
        else:
            self.network.party(name).node.kill()
            time.sleep(self.random.uniform(0.0, 1.0))
            self.network.restart(name)
        self.done.append((what, name))


def test_nothing_acknowledged_is_lost_and_studies_end(tmp_path, programme):
    kills = programme(quick=3, test=20, nightly=5_000)
    with Network(tmp_path) as network:
        network.build("kills")
        studies = [network.agree()]
        with Killer(network, kills, SEED) as killer:
            with Load(network) as load:
                network.end_of(studies[-1])
                while killer.busy:
                    studies.append(network.patiently(network.agree))
                    network.end_of(studies[-1])
            assert killer.failure is None, f"seed {SEED}: {killer.failure!r} after {killer.done}"
            assert len(killer.done) == kills
            network.patiently(network.settle)
            ended = [(network.end_of(one), study.rounds_of(network, one)) for one in studies]
            network.stop()
        kept = network.ledgers()
    assert len(load.acknowledged) > len(killer.done), "the load was hardly felt"
    nothing_is_lost(load.acknowledged, kept, f"after {killer.done}")
    _nobody_submits_twice(kept[network.names[0]].leaves)
    for view, rounds in ended:
        _finished_or_names_the_missing(view, rounds)
    assert audit_homes(tmp_path).mismatches == 0


def _nobody_submits_twice(leaves):
    submitted = Counter()
    for receipt in map(parse_leaf, leaves):
        if isinstance(receipt, Receipt):
            for event in receipt.events:
                if event.name == "training.update_submitted":
                    submitted[event.body["round"], event.body["member"]] += 1
    assert submitted, "no worker submitted anything"
    assert max(submitted.values()) == 1, "a worker submitted two updates for one round"


def _finished_or_names_the_missing(view, rounds):
    assert view.progress.status in {"finished", "aborted"}
    for this in rounds:
        assert this.status != "open"
        absent = set(this.members) - set(this.cohort)
        place = f"round {this.index}.{this.attempt}"
        if this.status == "final":
            assert absent <= set(this.missing), f"{place} does not name {absent}"
        else:  # it was given up for those who missed a step, be it before or after the cohort was fixed
            # or because its sum would set too few apart from an earlier one, be it of another study
            apart = this.step in ("shares", "submit")
            assert this.missing or this.differing or apart, f"{place} names nobody"
    if view.progress.status == "aborted":
        last = rounds[-1]
        assert last.missing or last.differing or APART in view.progress.reason
