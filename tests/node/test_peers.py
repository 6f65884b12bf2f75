"""Whom a node posts to: the members' nodes where the ledger says, and nothing that is no node."""

import socket
import threading

import pytest

import consortia
from consortia.base.keys import SigningKey
from consortia.modules.identity.messages import SetEndpoint
from consortia.node.config import Config
from consortia.node.memory import PlainMemory
from consortia.node.peers import Peers
from consortia.sdk.errors import Unreachable
from consortia.sdk.transport import Credentials
from tests.node.running import until


class Service:
    """What listens on this machine and is no node: it keeps the first bytes that each caller sends."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.heard = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)  # which wakes the thread
        self._thread.join()
        self.server.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                self.heard.append(connection.recv(1_000))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.getsockname()[1]}"


@pytest.fixture
def service():
    made = Service()
    yield made
    made.close()


def ask_another(service, **settings):
    """A node asks that of another member, which registered the address of a service."""
    with consortia.simulate(2) as simulated:
        simulated.submit(SetEndpoint(service.url, None))
        ledger = simulated.network.orderer.ledger
        config = Config(member="this-one", network=ledger.network.hex(), **settings)
        peers = Peers(ledger, config, Credentials(SigningKey(bytes(32)), ledger.network), PlainMemory())
        try:
            peers.transport(simulated.member).post("/v1/sync", b"signed")
        finally:
            peers.close()


def test_a_node_that_others_reach_posts_nothing_to_its_own_machine(service):
    with pytest.raises(Unreachable, match=r"leads to 127\.0\.0\.1, where no other member's node can be"):
        ask_another(service, listen="0.0.0.0:7443", tls=True)
    until(lambda: service.heard)
    assert service.heard == [b""]


def test_nodes_of_one_machine_reach_each_other(service):
    with pytest.raises(Unreachable):  # it hangs up, being no node
        ask_another(service, listen="127.0.0.1:7000")
    assert service.heard[0].startswith(b"POST /v1/sync HTTP/1.1\r\n")
    assert b"Authorization: Consortia" in service.heard[0]


def test_whoever_is_asked_again_is_not_the_first_to_be_waited_for_again():
    with consortia.simulate(4) as simulated:
        parties = simulated.network.parties
        for port, own in enumerate(sorted(parties), 7_000):
            parties[own].submit("admin", SetEndpoint(f"http://127.0.0.1:{port}", None))
        ledger, (own, *others) = simulated.network.orderer.ledger, sorted(parties)
        config = Config(member=own, network=ledger.network.hex(), listen="127.0.0.1:7000")
        peers = Peers(ledger, config, Credentials(SigningKey(bytes(32)), ledger.network), PlainMemory())
        orders = [[name for name, _ in peers.sources(parties)] for _ in range(4)]
        peers.close()
    assert [names[0] for names in orders] == [*others, others[0]]
    assert all(sorted(names) == others for names in orders)
