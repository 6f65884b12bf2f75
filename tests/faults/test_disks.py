"""A running node whose disk is full, or may not be written to: it says so, loses nothing, and comes back."""

import http.client
import json

import pytest

from consortia.sdk.errors import TransactionRefused
from tests.faults.disks import ReadOnly, SmallDisk
from tests.faults.network import HOSPITALS, Network, nothing_is_lost, wait_until

pytestmark = pytest.mark.slow
ORDERER, FOLLOWER, *_ = HOSPITALS
UNTIL_FULL_MAX = 2_000


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A network whose first two members have small disks, what it has acknowledged, and these disks."""
    folder = tmp_path_factory.mktemp("small")
    disks = {name: SmallDisk(folder / name) for name in (ORDERER, FOLLOWER)}
    acknowledged = []
    try:
        with Network(folder, workers=False) as network:
            network.build("disks")
            yield network, acknowledged, disks
    finally:
        for disk in disks.values():
            disk.unmount()


def readiness(network, name):
    """What a member's node says when asked whether it serves: the status, and the problem's code and text."""
    connection = http.client.HTTPConnection("127.0.0.1", int(network.party(name).node.url.rsplit(":", 1)[1]))
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    told = json.loads(body) if answer.status != 200 else {}
    return answer.status, told.get("code", ""), told.get("detail", "")


def hindered(network, name):
    return readiness(network, name)[1] == "node.hindered"


def comes_back(network, name):
    wait_until(lambda: readiness(network, name)[0] == 200, f"sign that {name} serves again")
    said = (network.party(name).home.logs / "stderr.log").read_text()
    assert "the node goes on from block" in said


def fill_up(network, acknowledged):
    """Register things at the orderer until it cannot; gives what it said."""
    for _ in range(UNTIL_FULL_MAX):
        try:
            acknowledged.append(network.register(ORDERER))
        except TransactionRefused as refused:
            return refused
    raise AssertionError("the disk never became full")


def test_an_orderer_whose_disk_is_full_says_so_and_goes_on_when_there_is_room(small):
    network, acknowledged, disks = small
    acknowledged += [network.register(name) for name in network.names]
    pid = network.party(ORDERER).node.pid
    disks[ORDERER].fill(pid)
    refused = fill_up(network, acknowledged)
    assert refused.code == "node.hindered"
    assert "the disk is full" in refused.detail
    assert readiness(network, ORDERER)[:2] == (503, "node.hindered")
    assert "the disk is full" in network.client(ORDERER).status().hindered
    with pytest.raises(TransactionRefused, match=r"node\.hindered"):
        network.register(FOLLOWER)
    for receipt in acknowledged:
        assert network.client(ORDERER).receipt(receipt.transaction) == receipt
    disks[ORDERER].make_room(pid)
    comes_back(network, ORDERER)
    acknowledged += [network.patiently(lambda name=name: network.register(name)) for name in network.names]
    network.agrees()
    assert network.party(ORDERER).node.pid == pid


def test_the_others_go_on_without_a_follower_whose_disk_is_full_and_it_catches_up(small):
    network, acknowledged, disks = small
    pid = network.party(FOLLOWER).node.pid
    disks[FOLLOWER].fill(pid)
    for _ in range(UNTIL_FULL_MAX):
        acknowledged.append(network.register(ORDERER))
        if hindered(network, FOLLOWER):
            break
    receipt = network.register(ORDERER)
    acknowledged.append(receipt)
    network.client(ORDERER).wait_final(receipt.height)
    assert hindered(network, FOLLOWER)
    assert network.client(FOLLOWER).status().height < receipt.height
    disks[FOLLOWER].make_room(pid)
    comes_back(network, FOLLOWER)
    network.agrees()
    assert network.client(FOLLOWER).receipt(receipt.transaction) == receipt
    assert network.party(FOLLOWER).node.pid == pid


def test_a_node_whose_store_may_not_be_written_to_says_so_and_goes_on_when_it_may(small):
    network, acknowledged, _ = small
    name = HOSPITALS[2]
    home = network.party(name).home
    if not ReadOnly.possible(home.path):
        pytest.skip("no privilege to set the immutable flag, without which open files stay writable")
    pid = network.party(name).node.pid
    with ReadOnly(home.ledger, home.witness):
        for _ in range(2):
            acknowledged.append(network.register(ORDERER))
        wait_until(lambda: hindered(network, name), f"word of {name}")
        _, _, detail = readiness(network, name)
        assert str(home.path) in detail
        assert (home.logs / "stderr.log").read_text().count(f"CRITICAL consortia.node: {detail}") == 1
        receipt = network.register(ORDERER)
        acknowledged.append(receipt)
        network.client(ORDERER).wait_final(receipt.height)
    comes_back(network, name)
    network.agrees()
    assert network.party(name).node.pid == pid


def test_in_the_end_every_node_holds_what_was_acknowledged(small):
    network, acknowledged, _ = small
    network.agrees()
    network.stop()
    nothing_is_lost(acknowledged, network.ledgers())
