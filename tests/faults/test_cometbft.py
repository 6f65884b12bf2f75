"""Four real nodes that order their blocks by CometBFT, hurt in every way one after another, and audited.

One network lives through all of it, each member in a network namespace of its own where the system lets us.
How long a member took to come back is told at the end of the run, and judged by nobody.
"""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from msgspec.structs import replace

from consortia.cli.demo import study
from consortia.kernel.block import Block
from consortia.modules.identity.queries import Nothing, ProposalsView, ValidatorsView
from consortia.node.audit.run import audit_homes
from consortia.node.cometbft.peering import free_ports
from consortia.node.config import load, save
from consortia.node.localnet import NodeHandle
from consortia.sdk.errors import TransactionRefused
from tests.cometbft import OLD, needs_both, needs_cometbft
from tests.faults import liar
from tests.faults.disks import SmallDisk
from tests.faults.network import HOSPITALS, Load, Network, nothing_is_lost, processes, thing, wait_until
from tests.faults.wires import Wires
from tests.loud import tell

pytestmark = [pytest.mark.slow, needs_cometbft]
FIRST, SECOND, SMALL, LAST = HOSPITALS
AWAY_SECONDS = 10.0
SILENCE_SECONDS = 8.0
WAKE_MS = 5_000
CRASH_POINTS = (6, 9, 4, 1, 0, 2, 3, 5, 7, 8)
"""CometBFT's own, FAIL_TEST_INDEX: between every two writes of a block; 9 is the first of the next block."""

SHOWING = (("status",), ("member", "list"))
LIES = 4
REJECTED = "state machine rejected a proposed block"
"""What an honest node's CometBFT says of a proposal that its application refuses."""


class Hurt(Network):
    """A network that is hurt again and again, and all that it acknowledged."""

    def __init__(self, folder, wires):
        super().__init__(folder, driver="cometbft", wires=wires)
        self.acknowledged = []

    def register(self, name):
        receipt = super().register(name)
        self.acknowledged.append(receipt)
        return receipt

    def engine(self, name):
        """What a node says of its CometBFT."""
        return self.patiently(lambda: self.client(name).status()).driver

    def height(self, name):
        return self.patiently(lambda: self.client(name).status()).height

    def goes_on(self, name, blocks=3):
        """Wait for blocks at a node, under load."""
        before = self.height(name)
        wait_until(lambda: self.height(name) > before + blocks, f"blocks at {name}")

    def returns(self, name, after):
        """Wait until a member that was away has all blocks of another, and takes part; tells how long."""
        began, wanted = time.monotonic(), self.register(FIRST)
        wait_until(lambda: self.height(name) >= wanted.height, f"return of {name}")
        tell(f"{name} was back {time.monotonic() - began:.1f} s after {after} (bar of the design: 20 s)")
        self.register(name)

    def catches_up(self, name, after):
        """Wait for a member's return and then, as nobody submits anything, for agreement of all."""
        self.returns(name, after)
        self.agrees()

    def said(self, name, *words):
        """What a command says at a member's machine, on its home."""
        command = [*self.wires.within(name), sys.executable, "-m", "consortia.cli", *words, "--home"]
        done = subprocess.run(
            [*command, self.party(name).home.path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def logged(self, name):
        """What a node's CometBFT has said."""
        return (self.party(name).home.logs / "cometbft.log").read_text()


@pytest.fixture(scope="module")
def hurt(tmp_path_factory):
    """The network; in the end all four hold all that was acknowledged, and an audit of each home agrees."""
    folder = tmp_path_factory.mktemp("hurt")
    wires, disk = Wires(HOSPITALS), SmallDisk(folder / SMALL)
    try:
        with Hurt(folder, wires) as network:
            network.disk = disk
            network.build("hurting")
            yield network
            network.agrees()
            network.stop()
            nothing_is_lost(network.acknowledged, network.ledgers())
            for name in HOSPITALS:
                assert "error on replay" not in network.logged(name).lower()
            assert audit_homes(folder).mismatches == 0
    finally:
        wires.remove()
        disk.unmount()


def milliseconds():
    return time.time_ns() // 1_000_000


def test_four_nodes_agree_whoever_is_asked_and_everything_is_final(hurt):
    assert [hurt.register(name).code for name in HOSPITALS] == ["ok"] * 4
    hurt.agrees()
    for name in HOSPITALS:
        wait_until(lambda name=name: hurt.engine(name)["peers"] == 3, f"three peers of {name}")
        told = hurt.engine(name)
        assert (told["name"], told["running"], told["votes"], told["power"]) == ("cometbft", True, True, 1)


def test_an_idle_network_makes_no_blocks_and_the_first_submission_is_stamped_with_its_own_time(hurt):
    hurt.register(FIRST)
    hurt.agrees()
    quiet = {}

    def still():
        before, quiet["height"] = quiet.get("height"), [hurt.engine(name)["height"] for name in HOSPITALS]
        time.sleep(2.0)
        return before == quiet["height"]

    wait_until(still, "silence")
    time.sleep(SILENCE_SECONDS)
    assert [hurt.engine(name)["height"] for name in HOSPITALS] == quiet["height"]
    newest, asked = hurt.client(SECOND).status().time, milliseconds()
    assert newest < asked - SILENCE_SECONDS * 1_000
    with pytest.raises(TransactionRefused, match=r"kernel\.expired"):
        hurt.client(SECOND).submit(thing("too-late"), expires=asked - 1_000)
    receipt = hurt.register(SECOND)
    stamped = hurt.client(SECOND).record(f"/v1/blocks/{receipt.height}", Block).time
    assert asked - WAKE_MS <= stamped <= milliseconds()
    hurt.agrees()


def test_a_study_finishes_while_a_node_is_killed_and_returns(hurt):
    asked = hurt.agree()
    with Load(hurt) as load:
        wait_until(lambda: len(load.acknowledged) > 8, "load")
        hurt.party(LAST).node.kill()
        hurt.goes_on(FIRST)
        hurt.restart(LAST)
        hurt.returns(LAST, "a kill of its node")
        os.kill(processes("cometbft", "start", hurt.party(SECOND).home.path)[0], signal.SIGKILL)
        hurt.goes_on(FIRST)
        hurt.returns(SECOND, "a kill of its CometBFT")
    view = hurt.end_of(asked)
    hurt.acknowledged += load.acknowledged
    hurt.agrees()
    assert view.progress.status == "finished"
    assert [this.status for this in study.rounds_of(hurt, asked)].count("final") >= 3
    assert hurt.engine(SECOND)["restarts"] > 0


def test_a_node_that_stands_still_for_a_while_goes_on(hurt):
    stopped = processes(hurt.party(LAST).home.path)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(3):
            hurt.register(FIRST)
        time.sleep(AWAY_SECONDS)
        for name in HOSPITALS[:3]:
            hurt.register(name)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    hurt.catches_up(LAST, "it stood still")


def test_a_node_whose_wire_is_cut_for_a_while_comes_back(hurt):
    """Where no wire can be cut, its CometBFT alone stands still, and so hears and says nothing."""
    engine = processes("cometbft", "start", hurt.party(LAST).home.path)[0]
    if hurt.wires.laid:
        hurt.wires.cut(LAST)
    else:
        os.kill(engine, signal.SIGSTOP)
    try:
        began = time.monotonic()
        while time.monotonic() < began + AWAY_SECONDS:
            for name in HOSPITALS[:3]:
                hurt.register(name)
    finally:
        if hurt.wires.laid:
            hurt.wires.mend(LAST)
        else:
            os.kill(engine, signal.SIGCONT)
    hurt.catches_up(LAST, "its wire was cut")


def test_the_others_go_on_without_a_node_whose_disk_is_full_and_it_catches_up(hurt):
    pid = hurt.party(SMALL).node.pid
    hurt.disk.fill(pid)
    try:
        wait_until(
            lambda: hurt.register(FIRST) and hurt.client(SMALL).status().hindered, f"sign of {SMALL}'s disk"
        )
        with pytest.raises(TransactionRefused, match=r"node\.hindered.*full"):
            hurt.register(SMALL)
        for name in (FIRST, SECOND, LAST):
            hurt.register(name)
    finally:
        hurt.disk.make_room(pid)
    wait_until(lambda: hurt.client(SMALL).status().hindered is None, "the way back")
    hurt.catches_up(SMALL, "its disk was full")
    assert hurt.party(SMALL).node.pid == pid


def test_cometbft_crashes_at_each_of_its_points_and_comes_back_with_the_same_root(
    hurt, programme, monkeypatch
):
    node = hurt.party(LAST).node
    for point in CRASH_POINTS[: programme(quick=1, test=2, nightly=10)]:
        node.kill()
        monkeypatch.setenv("FAIL_TEST_INDEX", str(point))
        hurt.restart(LAST)
        hurt.register(FIRST)
        wait_until(lambda: hurt.engine(LAST)["restarts"] > 0, f"a crash at point {point}")
        node.kill()
        monkeypatch.delenv("FAIL_TEST_INDEX")
        assert f"*** fail-test {point} ***" in hurt.logged(LAST)
        hurt.restart(LAST)
        hurt.register(LAST)
        hurt.agrees()


def test_a_node_that_proposes_garbage_and_floods_the_others_holds_up_nothing(hurt):
    node = hurt.party(LAST).node
    told = node.home / "logs" / "stderr.log"
    node.stop()
    hurt.restart(LAST, program=liar.__name__)
    try:
        wait_until(
            lambda: (
                all(hurt.register(name) for name in HOSPITALS[:3])
                and told.read_text().count(liar.TOLD) >= LIES
            ),
            "lies",
        )
        for name in HOSPITALS[:3]:
            assert REJECTED in hurt.logged(name)
            assert hurt.client(name).status().stopped is None
    finally:
        node.stop()
        hurt.restart(LAST)
    hurt.catches_up(LAST, "it lied")


def test_a_member_that_votes_twice_is_marked_and_its_removal_proposed_while_its_power_stays(hurt):
    """It runs its home twice, as a careless restore from a copy would: one consensus key, two minds."""
    node = hurt.party(LAST).node
    node.stop()
    twin = hurt.folder.parent / f"twin-of-{hurt.folder.name}" / LAST
    shutil.copytree(node.home, twin, ignore=shutil.ignore_patterns("*.sock", "node_key.json"))
    at = hurt.wires.address(LAST)
    listen = {"listen": f"{at}:0", "peer_listen": f"{at}:{free_ports(1)[0]}"}
    save(replace(load(twin, {}), **listen), twin)
    other = NodeHandle(twin, LAST)
    other.under = node.under
    hurt.restart(LAST)
    other.start()
    other.wait_ready()
    try:
        client = hurt.client(FIRST)

        def convicted():
            hurt.register(FIRST)
            return client.query("identity.validators", Nothing(), ValidatorsView).offences

        wait_until(convicted, "a vote that stands against another")
        seats = client.query("identity.validators", Nothing(), ValidatorsView)
        asked = client.query("identity.proposals", Nothing(), ProposalsView).proposals
        shown = [hurt.said(FIRST, *words) for words in SHOWING]
    finally:
        other.stop()
    hurt.catches_up(LAST, "it ran twice")
    for text in shown:
        assert f"{LAST} was convicted: its consensus key voted twice at CometBFT's block" in text
        assert f"removal of {LAST}" in text
    assert {one.member for one in seats.offences} == {LAST}
    assert seats.voting == 4
    assert [(one.kind, one.name, one.proposal.proposer) for one in asked] == [("removal", LAST, None)]


@needs_both
def test_two_versions_run_beside_one_another_and_are_upgraded_node_by_node(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSORTIA_COMETBFT", str(OLD))
    with Network(tmp_path, driver="cometbft", workers=False) as network:
        network.build("upgrading")
        monkeypatch.delenv("CONSORTIA_COMETBFT")

        def version(name):
            return network.patiently(lambda: network.client(name).status()).driver["version"]

        receipts = [network.register(FIRST)]
        for count, name in enumerate(HOSPITALS):
            assert version(name) == "0.38.25"
            network.party(name).node.stop()
            network.restart(name)
            receipts += [network.register(name), network.register(HOSPITALS[count - 1])]
        network.agrees()
        assert {version(name) for name in HOSPITALS} == {"0.39.4"}
        network.stop()
        kept = network.ledgers()
    nothing_is_lost(receipts, kept)
