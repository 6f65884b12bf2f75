"""What runs beside CometBFT waits for no other member's node, and knows the ledger that is there."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace

import pytest

from consortia.app import application
from consortia.base.codec import decode_record
from consortia.base.keys import verify
from consortia.drivers.cometbft.snapshot import own_root
from consortia.kernel.genesis import Genesis
from consortia.kernel.ledger import Ledger
from consortia.node.cometbft import engine as engines
from consortia.node.cometbft.engine import Engine
from consortia.node.cometbft.starting import UNDER_WAY
from consortia.node.founding import found
from consortia.store.errors import NoRoom
from consortia.store.memory import MemoryStore
from tests.drivers.cometbft.test_snapshots import grown, node
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


def engine(folder, ledger, **means):
    [home, *_] = found(folder / "net", "net", ["alpha", "bravo"], 1_767_225_600_000)
    settings = home.config({}, {"cometbft": str(program(folder / "bin", "0.39.4"))})
    return Engine(home, settings, ledger, SimpleNamespace(ask=None, now=lambda: 0, **means), {})


def test_what_looks_after_the_engine_begins_anew_where_it_fails(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(engines, "AGAIN_SECONDS", 0.0)
    failures, met, goes_on = [NoRoom(tmp_path, "full", "make room"), LookupError("odd")], [], asyncio.Event()

    async def work():
        if failures:
            raise failures.pop(0)
        goes_on.set()
        await asyncio.sleep(3_600)

    async def go():
        hindrance = SimpleNamespace(meet=met.append)
        one = engine(tmp_path, node().ledger, hindrance=hindrance, wake=lambda: met.append("woken"))
        lasting = asyncio.create_task(one._lasting(work))
        await goes_on.wait()
        lasting.cancel()
        await asyncio.gather(lasting, return_exceptions=True)

    asyncio.run(asyncio.wait_for(go(), 60))
    assert len(met) == 2
    assert met[1] == "woken"
    assert "LookupError: odd" in caplog.text


def test_a_ledger_for_which_there_is_no_room_is_read_anew_once_there_is(tmp_path):
    met = []

    def renew():
        raise NoRoom(tmp_path, "full", "make room")

    hindrance = SimpleNamespace(meet=met.append)
    one = engine(tmp_path, node().ledger, hindrance=hindrance, wake=lambda: met.append("woken"), renew=renew)
    with pytest.raises(NoRoom):
        one._renew()
    assert met[1:] == ["woken"]


def test_a_ledger_that_begins_anew_after_a_broken_restoration_is_read_anew(tmp_path):
    source = node(tmp_path / "snapshots", every=4)
    grown(source)
    [home, *_] = found(tmp_path / "net", "net", ["alpha", "bravo"], 1_767_225_600_000)
    target = node()
    [offer] = source.offered()
    target.accept(offer, own_root(offer.metadata))
    for number in range(offer.chunks):
        target.apply(number, source.chunk(offer.height, number, offer.format))
    renewed = []

    async def go():
        settings = home.config({}, {"cometbft": str(program(tmp_path / "bin", "0.39.4"))})
        means = SimpleNamespace(
            ask=None,
            now=lambda: 0,
            hindrance=SimpleNamespace(text=""),
            reach=lambda _member: False,
            renew=lambda: renewed.append(target.ledger.tip.height),
            check=verify,
        )
        one = Engine(home, settings, target.ledger, means, {})
        (one.files.folder / UNDER_WAY).touch()
        assert not one._vouching.done
        listens = asyncio.Event()
        serving = asyncio.create_task(one._serve(tmp_path / "app.sock", listens.set))
        await listens.wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return one._vouching.done

    assert asyncio.run(asyncio.wait_for(go(), 60))
    assert renewed == [0]
