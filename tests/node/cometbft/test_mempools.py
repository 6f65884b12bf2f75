"""Four real CometBFTs over drivers in one process: what one of them alone holds is ordered all the same."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from consortia.drivers.cometbft.bundle import pack
from consortia.drivers.cometbft.calls import Calls
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.pool import REFUSED
from consortia.drivers.cometbft.server import serve
from consortia.drivers.cometbft.wire import MESSAGES
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, sign_transaction
from consortia.node.cometbft.binary import find
from consortia.node.cometbft.files import Files, Start
from consortia.node.cometbft.peering import free_ports
from consortia.node.cometbft.rpc import NotNow, Rpc, RpcError
from consortia.node.cometbft.supervisor import Supervisor
from consortia.node.config import Config
from consortia.store.memory import MemoryStore
from consortia.testing.plain import Member, Write, application, genesis
from tests.cometbft import needs_cometbft

pytestmark = [pytest.mark.slow, needs_cometbft]
MEMBERS = [Member(name) for name in ("amber", "birch", "cedar", "dune")]
SECONDS_MAX = 300
LOOK_SECONDS = 0.2


class Deaf:
    """A node's application, which refuses what it is told to, once: as a peer whose pool is full does."""

    def __init__(self, calls):
        self.calls, self.refuses = calls, set()

    def answer(self, request):
        if request.WhichOneof("value") == "check_tx" and request.check_tx.tx in self.refuses:
            self.refuses.remove(request.check_tx.tx)
            response = MESSAGES["Response"]()
            response.check_tx.code = REFUSED
            return response
        return self.calls.answer(request)


class Four:
    """Four nodes that agree on blocks."""

    def __init__(self, folder):
        self.begun = time.time_ns() // 1_000_000
        record = genesis(MEMBERS, time=self.begun)
        self.ledgers = [Ledger.create(MemoryStore(), application(), record) for _ in MEMBERS]
        self.drivers = [CometBft(ledger) for ledger in self.ledgers]
        self.apps = [Deaf(Calls(driver, self.now)) for driver in self.drivers]
        program = find("", Path(sys.prefix), os.environ)
        places = [folder / member.name for member in MEMBERS]
        for place in places:
            (place / "logs").mkdir(parents=True)
        files, ports = [Files(place) for place in places], free_ports(len(MEMBERS))
        peers = [f"{one.prepare()}@127.0.0.1:{port}" for one, port in zip(files, ports, strict=True)]
        self.supervisors = []
        for at, member in enumerate(MEMBERS):
            config = Config(
                member=member.name,
                network=self.ledgers[at].network.hex(),
                driver="cometbft",
                peer_listen=f"127.0.0.1:{ports[at]}",
                peers=tuple(peers[:at] + peers[at + 1 :]),
            )
            start, app, key = Start(self.drivers[at].chain_id, self.begun), self.apps[at], member.operator
            one = files[at]
            self.supervisors.append(
                Supervisor(
                    program,
                    one,
                    serve=lambda path, started, app=app: serve(path, app.answer, started),
                    prepare=lambda sockets, one=one, config=config, start=start, key=key: one.write(
                        config, start, key, sockets
                    ),
                    environment=os.environ,
                )
            )
        self.rpcs = [Rpc(one.sockets.rpc) for one in self.supervisors]

    @staticmethod
    def now():
        return time.time_ns() // 1_000_000

    def signed(self, member, sequence):
        """The bytes of a member's transaction."""
        calls = (call(Write("x", b"1"), "plain", "write"),)
        network, expires = self.ledgers[0].network, self.now() + 3_600_000
        return sign_transaction(member.operator, network, calls, sequence=sequence, expires=expires)

    async def run(self, work):
        """Run all four while `work` goes on."""
        stopping = asyncio.Event()
        running = [asyncio.create_task(one.run(stopping)) for one in self.supervisors]
        running.append(asyncio.create_task(self._look()))
        try:
            await asyncio.wait_for(work, SECONDS_MAX)
        finally:
            stopping.set()
            looking = running.pop()
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            for rpc in self.rpcs:
                rpc.close()
            await asyncio.gather(*running)

    async def _look(self):
        """As nodes do: hand in again what waits for too long."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for driver, rpc in zip(self.drivers, self.rpcs, strict=True):
                entry = driver.waits(self.now())
                if entry is not None:
                    await self.hand_in(rpc, entry)

    @staticmethod
    async def hand_in(rpc, entry):
        """Hand an entry in, once CometBFT runs."""
        while True:
            try:
                return await rpc.hand_in(entry)
            except (NotNow, RpcError):
                await asyncio.sleep(LOOK_SECONDS)

    async def until(self, holds):
        while not holds():  # noqa: ASYNC110 (other processes make it so)
            await asyncio.sleep(0.02)

    async def peered(self):
        """Wait until everybody has three peers."""
        for rpc in self.rpcs:
            while True:
                try:
                    if len(await rpc.peers()) == len(MEMBERS) - 1:
                        break
                except RpcError:
                    pass
                await asyncio.sleep(0.05)


def test_what_three_of_four_refused_once_is_sent_again_and_ordered(tmp_path):
    four = Four(tmp_path)
    raws = [four.signed(member, 0) for member in MEMBERS]

    async def work():
        await four.peered()
        for node, raw in enumerate(raws):
            others = four.apps[:node] + four.apps[node + 1 :]
            for app in others:
                app.refuses.add(pack([raw]))
            handed = await four.hand_in(four.rpcs[node], pack([raw]))
            assert handed.codes == ("ok",)
            size = 1 + 2 * (node + 1)
            await four.until(lambda size=size: all(one.tip.size == size for one in four.ledgers))
        assert len({one.tip.root for one in four.ledgers}) == 1

    asyncio.run(four.run(work()))
    assert [four.ledgers[0].block(height).transactions for height in (1, 2, 3, 4)] == [(raw,) for raw in raws]
    assert [len(driver.pool) for driver in four.drivers] == [0, 0, 0, 0]
