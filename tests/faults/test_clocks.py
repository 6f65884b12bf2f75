"""A running node whose clock jumps by an hour, forth and back: no block is untimely, and nothing is lost."""

import time

import pytest

from consortia.sdk.client import Client
from consortia.sdk.errors import TransactionRefused
from consortia.sdk.transport import Credentials
from tests.faults.clock import Clock
from tests.faults.network import HOSPITALS, PATIENCE_SECONDS, Network, nothing_is_lost, thing, wait_until

pytestmark = pytest.mark.slow
ORDERER, FOLLOWER, *_ = HOSPITALS
HOUR = 3_600_000


class Timed(Network):
    """A network whose nodes each have a clock of their own. Its people show tokens, which ask no clock."""

    def __init__(self, folder, patch):
        super().__init__(folder / "homes", workers=False)
        self.clocks = {name: Clock(folder / f"clock-of-{name}") for name in self.names}
        self._patch, self._tokens = patch, False
        self.acknowledged = []

    def take_the_clocks(self):
        """Start every node anew, over its own clock."""
        for name in self.names:
            self.party(name).node.stop()
            for variable, value in self.clocks[name].environment.items():
                self._patch.setenv(variable, value)
            self.restart(name)
            self.party(name).close()
        self._tokens = True

    def client(self, name):
        if not self._tokens:
            return super().client(name)
        party = self.party(name)
        token = Credentials(token=party.home.token())
        return Client(party.node.url, network=self.network, key=party.key("admin"), credentials=token)

    def register(self, name):
        self._things += 1
        message = thing(f"of-{name}-{self._things}")
        expires = time.time_ns() // 1_000_000 + 2 * HOUR
        with self.client(name) as client:
            receipt = client.submit(message, expires=expires)
        self.acknowledged.append(receipt)
        return receipt

    def status(self, name):
        with self.client(name) as client:
            return client.status()

    def agrees(self, seconds=PATIENCE_SECONDS):
        def same():
            found = [self.patiently(lambda name=name: self.status(name)) for name in self.names]
            return len({one.root for one in found}) == 1 and all(one.final_size == one.size for one in found)

        wait_until(same, "agreement of all nodes", seconds)


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, Timed(tmp_path_factory.mktemp("timed"), patch) as network:
        network.build("clocks")
        network.take_the_clocks()
        network.agrees()
        yield network


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_an_orderer_whose_clock_jumps_makes_no_block_until_it_jumps_back(timed, jump):
    timed.register(ORDERER)
    timed.agrees()
    before = timed.status(ORDERER)
    timed.clocks[ORDERER].set(jump)
    with pytest.raises(TransactionRefused, match=r"node\.hindered: the clock leapt by [+-]3[56]"):
        timed.register(ORDERER)
    time.sleep(1.5)  # in which its followers ask it
    after = timed.status(ORDERER)
    assert after.hindered.startswith("the clock leapt by")
    assert (after.height, after.root) == (before.height, before.root)
    timed.clocks[ORDERER].set(0)
    wait_until(lambda: timed.status(ORDERER).hindered is None, "the way back")
    receipts = [timed.patiently(lambda name=name: timed.register(name)) for name in timed.names]
    timed.agrees()
    assert abs(timed.status(ORDERER).time - time.time_ns() // 1_000_000) < HOUR / 2
    assert {timed.status(name).stopped for name in timed.names} == {None}
    assert receipts[-1].height > before.height


def test_a_follower_whose_clock_jumps_holds_up_nobody_and_catches_up(timed):
    timed.clocks[FOLLOWER].set(HOUR)
    receipts = [timed.register(ORDERER) for _ in range(3)]
    with timed.client(ORDERER) as client:
        client.wait_final(receipts[-1].height)
    timed.clocks[FOLLOWER].set(0)
    timed.agrees()
    assert timed.status(FOLLOWER).stopped is None


def test_an_orderer_goes_on_when_the_others_clocks_show_that_an_hour_did_pass(timed):
    for name in reversed(timed.names):
        timed.clocks[name].set(HOUR)
    receipts = [timed.patiently(lambda name=name: timed.register(name)) for name in timed.names]
    timed.agrees()
    assert timed.status(ORDERER).time > time.time_ns() // 1_000_000 + HOUR / 2
    assert receipts[0].height <= timed.status(FOLLOWER).height


def test_in_the_end_every_node_holds_what_was_acknowledged(timed):
    timed.agrees()
    timed.stop()
    nothing_is_lost(timed.acknowledged, timed.ledgers())
