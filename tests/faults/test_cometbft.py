"""Four real nodes that order their blocks by CometBFT: killed, brought back, and audited."""

import time

import pytest

from consortia.cli.demo import study
from consortia.node.audit.run import audit_homes
from tests.cometbft import needs_cometbft
from tests.faults.network import HOSPITALS, Load, Network, nothing_is_lost, wait_until

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
