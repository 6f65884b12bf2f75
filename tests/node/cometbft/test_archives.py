"""Old blocks are left out only while another member's node says that it keeps them all."""

import asyncio
from types import SimpleNamespace

import msgspec
import pytest

from consortia.app import application
from consortia.base.codec import decode_record
from consortia.drivers.cometbft.driver import Retention
from consortia.kernel.genesis import Genesis
from consortia.kernel.ledger import Ledger
from consortia.node.cometbft import archives
from consortia.node.cometbft.archives import Archives
from consortia.node.founding import found
from consortia.sdk.errors import Unreachable
from consortia.store.memory import MemoryStore


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(archives, "LOOK_SECONDS", 0)
    monkeypatch.setattr(archives, "FIRST_LOOK_SECONDS", 0)


def among(tmp_path, nodes, retain=100):
    """The archives as alpha knows them, where `nodes` says of each other member what it answers."""
    homes = found(tmp_path, "net", ["alpha", *nodes], 1_767_225_600_000)
    ledger = Ledger.create(MemoryStore(), application(), decode_record(Genesis, homes[0].genesis()))

    async def ask(member, path, _body):
        assert path == "/v1/status"
        if nodes[member] is None:
            raise Unreachable("it is away")
        told = {"network": "", "driver": {"name": "cometbft", "archive": nodes[member]}}
        return nodes[member] if isinstance(nodes[member], bytes) else msgspec.json.encode(told)

    return Archives(retain, ledger, "alpha", ask)


def looked(one, earliest=1):
    driver = SimpleNamespace(retention=Retention(7))
    asyncio.run(one.look(earliest, driver))
    return driver.retention.blocks


def test_blocks_are_pruned_while_another_member_keeps_all(tmp_path):
    nodes = {"bravo": False, "charlie": True}
    one = among(tmp_path, nodes)
    assert one.retention == Retention(0)
    assert looked(one) == 100
    assert (one.known, one.own, one.text) == ("charlie", False, "")
    nodes["charlie"] = None
    assert looked(one) == 100, "whoever is away is what it was"
    nodes["charlie"] = False
    assert looked(one) == 0
    assert "prunes none" in one.text


@pytest.mark.parametrize("nodes", [{}, {"bravo": False}, {"bravo": None}, {"bravo": b'{"network": "\xff"}'}])
def test_without_an_archive_nothing_is_pruned_and_it_is_said_loudly(tmp_path, nodes):
    one = among(tmp_path, nodes)
    assert looked(one) == 0
    assert one.text.startswith("NO MEMBER IS KNOWN TO KEEP ALL BLOCKS: this node prunes none of them")


def test_an_archive_asks_nobody_and_one_that_began_later_is_none(tmp_path):
    one = among(tmp_path, {"bravo": None}, retain=0)
    looked(one)
    assert (one.own, one.text) == (True, "")
    looked(one, earliest=500)
    assert not one.own
    assert one.text.startswith("NO MEMBER IS KNOWN TO KEEP ALL BLOCKS: set retain_blocks = 0")
