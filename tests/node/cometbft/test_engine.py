"""What looks after CometBFT waits for no other member's node."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace

from consortia.app import application
from consortia.base.codec import decode_record
from consortia.kernel.genesis import Genesis
from consortia.kernel.ledger import Ledger
from consortia.node.cometbft import engine as engines
from consortia.node.cometbft.engine import Engine
from consortia.node.founding import found
from consortia.store.memory import MemoryStore
from tests.node.cometbft.test_binary import program
from tests.node.cometbft.test_rpc import http

STATUS = {"result": {"sync_info": {"earliest_block_height": "7", "catching_up": True}, "peers": []}}


def test_a_member_that_never_answers_does_not_keep_the_engine_from_being_looked_after(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "LOOK_SECONDS", 0.01)
    [home, *_] = found(tmp_path, "net", ["alpha", "bravo"], 1_767_225_600_000)
    ledger = Ledger.create(MemoryStore(), application(), decode_record(Genesis, home.genesis()))
    asked, looked, heard = asyncio.Event(), asyncio.Event(), []

    async def silent(_member, _path, _body):
        asked.set()
        await asyncio.sleep(3_600)

    async def told(reader, writer):
        with suppress(EOFError):
            while True:
                await reader.readuntil(b"}")
                heard.extend([1] if asked.is_set() else [])
                if len(heard) > 6:
                    looked.set()
                writer.write(http(STATUS))
        writer.close()

    async def go():
        settings = home.config({}, {"cometbft": str(program(tmp_path / "bin", "0.39.4")), "retain_blocks": 9})
        core = SimpleNamespace(witness=SimpleNamespace(held=list), wants_tick=lambda _now: False)
        hindrance = SimpleNamespace(text="", is_tight=lambda: False)
        means = SimpleNamespace(ask=silent, core=lambda: core, now=lambda: 0, hindrance=hindrance)
        one = Engine(home, settings, ledger, means, {})
        server = await asyncio.start_unix_server(told, str(one.supervisor.sockets.rpc))
        tasks = [asyncio.create_task(work) for work in one.cares()]
        try:
            await looked.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            one._rpc.close()
            server.close()
            await asyncio.sleep(0.05)  # whoever served sees the end

    asyncio.run(asyncio.wait_for(go(), 60))
