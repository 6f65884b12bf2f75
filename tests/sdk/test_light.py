"""A light client believes no node."""

import pytest

import consortia
from consortia.kernel.prove import prove_receipt
from consortia.modules.identity.messages import SetEndpoint
from consortia.sdk.light import LightClient, NotAsked, NotProved


@pytest.fixture(scope="module")
def network():
    with consortia.simulate(3) as ledger:
        yield ledger


def proof_of(ledger, number, since=None):
    receipt = ledger.submit(SetEndpoint(f"http://127.0.0.1:{number}", None))
    for _ in range(100):
        ledger.network.step()
    return prove_receipt(ledger.network.orderer.ledger, receipt.transaction, since).encode()


def test_it_starts_from_the_networks_hash_and_moves_forward(network):
    light = LightClient(network.network.orderer.ledger.network)
    assert light.check(proof_of(network, 1)).receipt.code == "ok"
    first = light.trusted
    verdict = light.check(proof_of(network, 2, first.size))
    assert verdict.ok
    assert light.trusted.size > first.size


def test_a_proof_that_does_not_continue_what_it_trusts_is_refused(network):
    light = LightClient(network.network.orderer.ledger.network)
    light.check(proof_of(network, 3))
    with pytest.raises(NotProved, match="step 8"):
        light.check(proof_of(network, 4))


def test_another_network_and_a_changed_byte_are_refused_with_the_step(network):
    data = proof_of(network, 5)
    with pytest.raises(NotProved, match="step 2"):
        LightClient(bytes(32)).check(data)
    changed = data[:-20] + (b"B" if data[-20:-19] == b"A" else b"A") + data[-19:]
    with pytest.raises(NotProved, match="step"):
        LightClient(network.network.orderer.ledger.network).check(changed)


class Evasive:
    """A node that answers every question with one proof, which holds."""

    def __init__(self, data):
        self.data = data

    def proof(self, transaction, since):
        return self.data


def test_a_proof_of_something_else_than_was_asked_is_no_answer(network):
    light, data = LightClient(network.network.orderer.ledger.network), proof_of(network, 6)
    asked = light.check(data).receipt.transaction
    assert LightClient(light.network).receipt(Evasive(data), asked).ok
    with pytest.raises(NotAsked, match=bytes(32).hex()):
        LightClient(light.network).receipt(Evasive(data), bytes(32))
