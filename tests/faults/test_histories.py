"""Nodes that come back with less than they had, or with other bytes: none forks, none cosigns a falsehood."""

import shutil

import pytest

from consortia.modules.assets.messages import Withdraw
from consortia.node.audit.run import audit_homes
from consortia.node.localnet import NodeDown
from consortia.node.memory import FolderMemory
from tests.faults.network import HOSPITALS, Network, nothing_is_lost, read, wait_until

pytestmark = pytest.mark.slow
ORDERER, FOLLOWER, OTHER, _ = HOSPITALS


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A network with something on its ledger, and what it has acknowledged."""
    acknowledged = []
    with Network(tmp_path_factory.mktemp("grown"), workers=False) as network:
        network.build("histories")
        yield network, acknowledged


def grow(network, acknowledged, count=3):
    for _ in range(count):
        acknowledged += [
            network.patiently(lambda name=name: network.register(name)) for name in network.names
        ]


def sound(network, name):
    status = network.client(name).status()
    return (status.stopped, status.hindered, [one for one in status.alerts if one["kind"] != "late"])


@pytest.mark.parametrize("kept", ["ledger", "ledger and witness"])
def test_an_orderer_restored_from_an_older_copy_adopts_the_longer_history_and_does_not_fork(grown, kept):
    network, acknowledged = grown
    grow(network, acknowledged)
    network.agrees()
    home, node = network.party(ORDERER).home, network.party(ORDERER).node
    folders = [home.path / name for name in kept.split(" and ")]
    node.stop()
    for folder in folders:
        shutil.copytree(folder, folder.with_suffix(".old"))
    network.restart(ORDERER)
    grow(network, acknowledged)
    node.kill()
    for folder in folders:
        shutil.rmtree(folder)
        folder.with_suffix(".old").rename(folder)
    known = read(home.ledger).receipts
    assert [one for one in acknowledged if one.transaction not in known], "the copy lacks nothing"
    network.restart(ORDERER)
    grow(network, acknowledged)
    network.agrees()
    assert {name: sound(network, name) for name in network.names} == dict.fromkeys(
        network.names, (None, None, [])
    )
    for receipt in acknowledged:
        assert network.client(ORDERER).receipt(receipt.transaction) == receipt


def test_a_follower_whose_ledger_is_gone_rebuilds_it_from_its_peers(grown):
    network, acknowledged = grown
    grow(network, acknowledged)
    home, node = network.party(FOLLOWER).home, network.party(FOLLOWER).node
    node.kill()
    shutil.rmtree(home.ledger)
    home.index_file.unlink()
    grow_elsewhere = [name for name in network.names if name != FOLLOWER]
    acknowledged += [network.register(name) for name in grow_elsewhere]
    network.restart(FOLLOWER)
    network.agrees()
    grow(network, acknowledged)
    network.agrees()
    assert sound(network, FOLLOWER) == (None, None, [])
    assert network.client(FOLLOWER).receipt(acknowledged[0].transaction) == acknowledged[0]
    network.party(OTHER).node.stop()
    last = network.register(FOLLOWER)
    acknowledged.append(last)
    network.client(FOLLOWER).wait_final(last.height)  # which takes its cosignature, as another is away
    network.restart(OTHER)


def damage(home, value):
    """Change a byte of a value wherever it stands in a ledger's file."""
    path = home.ledger / "data.mdb"
    data, at = path.read_bytes(), -1
    with path.open("r+b") as file:
        while (at := data.find(value, at + 1)) >= 0:
            file.seek(at)
            file.write(bytes([value[0] ^ 1]))


def last_words(home):
    return (home.logs / "stderr.log").read_text().splitlines()[-1]


def rebuilds(network, name):
    """Do what the node's last words say, and see that it helps."""
    home = network.party(name).home
    assert "the ledger here is damaged" in last_words(home)
    assert f"{home.ledger}:" in last_words(home)
    assert "remove its folder, and the node fetches it anew" in last_words(home)
    shutil.rmtree(home.ledger)
    network.restart(name)
    network.agrees()
    assert sound(network, name) == (None, None, [])


def test_a_node_does_not_start_from_a_damaged_page_and_says_what_to_do(grown):
    network, acknowledged = grown
    grow(network, acknowledged)
    network.agrees()
    for name in (FOLLOWER, ORDERER):
        network.party(name).node.stop()
        damage(network.party(name).home, title(acknowledged[-1]))
        with pytest.raises(NodeDown, match="the ledger here is damaged"):
            network.restart(name)
        rebuilds(network, name)
    grow(network, acknowledged)


def test_a_node_whose_page_is_damaged_under_its_feet_blames_itself_and_not_the_orderer(grown):
    network, acknowledged = grown
    thing = network.patiently(lambda: network.register(ORDERER))
    acknowledged.append(thing)
    network.agrees()
    home, node = network.party(FOLLOWER).home, network.party(FOLLOWER).node
    damage(home, title(thing))
    acknowledged.append(network.client(ORDERER).submit(Withdraw(thing.events[0].body["asset"])))
    wait_until(lambda: node.pid is None, f"end of {FOLLOWER}")
    assert not FolderMemory(home.witness).load("stopped")
    rebuilds(network, FOLLOWER)


def title(receipt):
    """The title of a thing as its record in the state has it; with another first letter it is one as well."""
    return f"The thing {receipt.events[0].body['name']}".encode()


def test_in_the_end_every_node_holds_what_was_acknowledged(grown):
    network, acknowledged = grown
    network.agrees()
    network.stop()
    nothing_is_lost(acknowledged, network.ledgers())
    assert audit_homes(network.folder).mismatches == 0
