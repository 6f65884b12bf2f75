"""Ordering handed over by the command, on real nodes: with the old orderer gone, and with it there."""

import shutil

import pytest

from tests.cli.terminal import Terminal
from tests.faults.network import HOSPITALS, Network, nothing_is_lost, wait_until

pytestmark = pytest.mark.slow
OLD, NEW, THIRD, FOURTH = HOSPITALS


@pytest.fixture(scope="module")
def handed(tmp_path_factory):
    """A network whose nodes keep their addresses, a terminal beside it, and what it has acknowledged."""
    folder = tmp_path_factory.mktemp("handed")
    acknowledged = []
    with Network(folder / "homes", workers=False) as network:
        network.build("handing")
        acknowledged += [network.register(name) for name in network.names]
        wait_until(lambda: all(knows_all(network, name) for name in network.names), "where the nodes are")
        network.agrees()
        yield network, Terminal(folder), acknowledged


def knows_all(network, name):
    return set(network.client(name).status().peers) == set(network.names)


def hand_over(handed, at, to):
    network, terminal, _ = handed
    return terminal.facts("network", "hand-over", to, "--yes", "--home", network.party(at).home.path)


def grow(handed, names):
    network, _, acknowledged = handed
    for name in names:
        acknowledged.append(network.patiently(lambda name=name: network.register(name)))


def orderers(network, names):
    return {network.client(name).status().orderer for name in names}


def test_three_of_four_hand_ordering_over_while_the_old_orderer_is_gone(handed):
    network, terminal, acknowledged = handed
    network.party(OLD).node.kill()
    left = (NEW, THIRD, FOURTH)
    first = hand_over(handed, THIRD, NEW)
    assert (first["done"], first["signed"], first["needed"]) == (False, [THIRD], 3)
    assert first["awaited"] == sorted({OLD, NEW, FOURTH})
    assert hand_over(handed, THIRD, NEW) == first  # said twice is said once
    shown = terminal.run("network", "show", "--home", network.party(THIRD).home.path).stdout
    assert f"{THIRD} signed that {NEW} orders from block" in shown
    assert hand_over(handed, NEW, NEW)["done"] is False
    last = hand_over(handed, FOURTH, NEW)
    assert (last["done"], last["signed"], last["term"]) == (True, sorted(left), 1)
    wait_until(lambda: orderers(network, left) == {NEW}, "word of the hand-over")
    grow(handed, left)
    network.client(NEW).wait_final(acknowledged[-1].height)
    said = terminal.error("network", "hand-over", NEW, "--yes", "--home", network.party(THIRD).home.path)
    assert f"the node of {NEW} orders already" in said


def test_the_old_orderer_comes_back_and_follows(handed):
    network, _, acknowledged = handed
    network.restart(OLD)
    network.agrees()
    assert orderers(network, network.names) == {NEW}
    grow(handed, network.names)
    network.agrees()
    assert network.client(OLD).receipt(acknowledged[-1].transaction) == acknowledged[-1]


@pytest.mark.parametrize("forgotten", [("ledger",), ("ledger", "witness")])
def test_a_node_that_lost_its_ledger_finds_its_way_from_the_founder_to_the_new_orderer(handed, forgotten):
    network, _, _ = handed
    network.party(FOURTH).node.kill()
    for name in forgotten:
        shutil.rmtree(network.party(FOURTH).home.path / name)
    grow(handed, (NEW, THIRD))
    network.restart(FOURTH)
    network.agrees()
    assert orderers(network, [FOURTH]) == {NEW}


def test_an_orderer_that_answers_agrees_first_and_nothing_is_lost(handed):
    network, terminal, _ = handed
    home = network.party(FOURTH).home.path
    said = terminal.error("network", "hand-over", THIRD, "--yes", "--home", home)
    assert f"the node of {NEW} orders, and answers: agree there first" in said
    assert "is no member" in terminal.error("network", "hand-over", "nobody", "--yes", "--home", home)
    grow(handed, network.names)
    assert hand_over(handed, NEW, THIRD)["done"] is False
    assert hand_over(handed, FOURTH, THIRD)["done"] is False
    last = hand_over(handed, THIRD, THIRD)
    assert (last["done"], last["term"]) == (True, 2)
    wait_until(lambda: orderers(network, network.names) == {THIRD}, "word of the hand-over")
    grow(handed, network.names)
    network.agrees()


def test_in_the_end_every_node_holds_what_was_acknowledged(handed):
    network, _, acknowledged = handed
    network.agrees()
    network.stop()
    nothing_is_lost(acknowledged, network.ledgers())
