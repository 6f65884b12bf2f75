"""Four real nodes that order their blocks by CometBFT: killed, brought back, and audited."""

import os
import shutil
import signal
import time

import pytest
from msgspec.structs import replace

from consortia.cli.demo import study
from consortia.modules.identity.queries import Nothing, ProposalsView, ValidatorsView
from consortia.node.audit.run import audit_homes
from consortia.node.cometbft.peering import free_ports
from consortia.node.config import load, save
from consortia.node.localnet import NodeHandle
from tests.cometbft import OLD, needs_both, needs_cometbft
from tests.faults.network import HOSPITALS, Load, Network, nothing_is_lost, processes, wait_until

pytestmark = [pytest.mark.slow, needs_cometbft]
FIRST, *_, LAST = HOSPITALS


def driver(network, name):
    """What a node says of its CometBFT."""
    return network.patiently(lambda: network.client(name).status()).driver


def test_four_nodes_agree_whoever_is_asked_and_everything_is_final(tmp_path):
    with Network(tmp_path, driver="cometbft") as network:
        network.build("agreeing")
        receipts = [network.register(name) for name in HOSPITALS]
        network.agrees()
        assert [one.code for one in receipts] == ["ok"] * 4
        for name in HOSPITALS:
            wait_until(lambda name=name: driver(network, name)["peers"] == 3, f"three peers of {name}")
            told = driver(network, name)
            assert (told["name"], told["running"], told["votes"], told["power"]) == (
                "cometbft",
                True,
                True,
                1,
            )
        network.stop()
        kept = network.ledgers()
    nothing_is_lost(receipts, kept)


def test_a_study_finishes_while_a_node_is_killed_and_returns_and_all_four_homes_agree(tmp_path):
    with Network(tmp_path, driver="cometbft") as network:
        network.build("killing")
        asked = network.agree()
        with Load(network) as load:
            wait_until(lambda: len(load.acknowledged) > 8, "load")
            network.party(LAST).node.kill()
            before = network.client(FIRST).status().height
            wait_until(
                lambda: network.client(FIRST).status().height > before + 3, "blocks without the fourth"
            )
            network.restart(LAST)
            network.end_of(asked)
            wait_until(lambda: network.client(LAST).status().height > before + 3, "the fourth catches up")
            time.sleep(1.0)
        network.agrees()
        view, rounds = network.end_of(asked), study.rounds_of(network, asked)
        network.stop()
        kept = network.ledgers()
    assert view.progress.status == "finished"
    assert [this.status for this in rounds].count("final") >= 3
    nothing_is_lost(load.acknowledged, kept)
    assert audit_homes(tmp_path).mismatches == 0


def test_cometbft_crashes_at_each_of_its_points_and_comes_back_with_the_same_root(
    tmp_path, programme, monkeypatch
):
    """Its own crash points (FAIL_TEST_INDEX): between every two writes of a block, here and in the driver."""
    points = programme(quick=1, test=3, nightly=10)
    with Network(tmp_path, driver="cometbft", workers=False) as network:
        network.build("crashing")
        receipts, node = [], network.party(LAST).node
        for point in range(points):
            node.stop()
            monkeypatch.setenv("FAIL_TEST_INDEX", str(point))
            network.restart(LAST)
            receipts.append(network.register(FIRST))
            wait_until(lambda: driver(network, LAST)["restarts"] > 0, f"a crash at point {point}")
            node.kill()
            monkeypatch.delenv("FAIL_TEST_INDEX")
            network.restart(LAST)
            receipts.append(network.register(LAST))
            network.agrees()
        network.stop()
        kept = network.ledgers()
        told = (tmp_path / LAST / "logs" / "cometbft.log").read_text()
    assert "panic" not in told
    assert "error on replay" not in told.lower()
    nothing_is_lost(receipts, kept)


def test_a_node_that_stands_still_for_a_while_goes_on(tmp_path):
    with Network(tmp_path, driver="cometbft", workers=False) as network:
        network.build("pausing")
        stopped = processes(tmp_path / LAST)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            receipts = [network.register(name) for name in HOSPITALS[:3]]
            time.sleep(10.0)
            receipts += [network.register(name) for name in HOSPITALS[:3]]
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        network.agrees()
        receipts.append(network.register(LAST))
        network.agrees()
        network.stop()
        kept = network.ledgers()
    nothing_is_lost(receipts, kept)


@needs_both
def test_two_versions_run_beside_one_another_and_are_upgraded_node_by_node(tmp_path, monkeypatch):
    monkeypatch.setenv("CONSORTIA_COMETBFT", str(OLD))
    with Network(tmp_path, driver="cometbft", workers=False) as network:
        network.build("upgrading")
        monkeypatch.delenv("CONSORTIA_COMETBFT")
        receipts = [network.register(FIRST)]
        for count, name in enumerate(HOSPITALS):
            assert driver(network, name)["version"] == "0.38.25"
            network.party(name).node.stop()
            network.restart(name)
            receipts += [network.register(name), network.register(HOSPITALS[count - 1])]
        network.agrees()
        assert {driver(network, name)["version"] for name in HOSPITALS} == {"0.39.4"}
        network.stop()
        kept = network.ledgers()
    nothing_is_lost(receipts, kept)


def test_a_member_that_votes_twice_is_marked_and_its_removal_proposed_while_its_power_stays(tmp_path):
    """It runs its home twice, as a careless restore from a copy would: one consensus key, two minds."""
    with Network(tmp_path, driver="cometbft", workers=False) as network:
        network.build("equivocating")
        node = network.party(LAST).node
        node.stop()
        twin = tmp_path / "twin" / LAST
        shutil.copytree(tmp_path / LAST, twin, ignore=shutil.ignore_patterns("*.sock", "node_key.json"))
        ports = free_ports(2)
        listen = {"listen": f"127.0.0.1:{ports[0]}", "peer_listen": f"127.0.0.1:{ports[1]}"}
        save(replace(load(twin, {}), **listen), twin)
        other = NodeHandle(twin, LAST)
        network.restart(LAST)
        other.start()
        other.wait_ready()
        try:
            receipts, client = [], network.client(FIRST)

            def convicted():
                receipts.append(network.register(FIRST))
                return client.query("identity.validators", Nothing(), ValidatorsView).offences

            wait_until(convicted, "a vote that stands against another")
            seats = client.query("identity.validators", Nothing(), ValidatorsView)
            asked = client.query("identity.proposals", Nothing(), ProposalsView).proposals
        finally:
            other.stop()
        network.agrees()
        network.stop()
        kept = network.ledgers()
    assert {one.member for one in seats.offences} == {LAST}
    assert seats.voting == 4
    assert [(one.kind, one.name, one.proposal.proposer) for one in asked] == [("removal", LAST, None)]
    nothing_is_lost(receipts, kept)
