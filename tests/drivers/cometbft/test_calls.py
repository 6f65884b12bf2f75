"""Every call of ABCI 2.0 is answered, and the two that CometBFT v0.39 added are refused."""

from types import SimpleNamespace

import pytest

from consortia.base.codec import decode
from consortia.drivers.cometbft.bundle import pack
from consortia.drivers.cometbft.calls import Calls, UnknownCall, milliseconds
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.parameters import BLOCK_BYTES
from consortia.drivers.cometbft.wire import MESSAGES
from consortia.kernel.ledger import Ledger
from consortia.store.memory import MemoryStore
from consortia.testing.machine import Bench
from tests.drivers.cometbft.engine import START, altered, founded, write


def calls(ledger=None, told=None):
    return Calls(CometBft(ledger or founded()), lambda: START, (told if told is not None else []).append)


def ask(app, name, **fields):
    request = MESSAGES["Request"]()
    part = getattr(request, name)
    part.SetInParent()
    for key, value in fields.items():
        if isinstance(value, list):
            getattr(part, key).extend(value)
        elif key == "time":
            part.time.seconds, part.time.nanos = divmod(value, 1_000)[0], value % 1_000 * 1_000_000
        else:
            setattr(part, key, value)
    response = app.answer(request)
    assert response.WhichOneof("value") == name
    return getattr(response, name)


def test_all_sixteen_calls_are_answered_in_a_block_of_life():
    told = []
    app = calls(told=told)
    assert ask(app, "echo", message="hello").message == "hello"
    ask(app, "flush")
    info = ask(app, "info", version="0.39.4")
    assert (info.data, info.last_block_height, info.last_block_app_hash) == ("consortia", 0, b"")
    begun = ask(app, "init_chain", chain_id=app.driver.chain_id, initial_height=1, time=START)
    assert [one.power for one in begun.validators] == [1, 1, 1, 1]
    assert {len(one.pub_key.ed25519) for one in begun.validators} == {32}
    assert begun.app_hash == app.driver.ledger.tip.root
    assert begun.consensus_params.block.max_bytes == BLOCK_BYTES
    assert list(begun.consensus_params.validator.pub_key_types) == ["ed25519"]
    entry = pack([write(0), altered(write(1))])
    checked = ask(app, "check_tx", tx=entry)
    assert (checked.code, decode(checked.data)) == (0, ["ok", "kernel.bad_signature"])
    block = {"height": 1, "time": START + 5}
    prepared = ask(app, "prepare_proposal", txs=[entry], max_tx_bytes=BLOCK_BYTES, **block)
    assert list(prepared.txs) == [pack([write(0)])]
    assert ask(app, "process_proposal", txs=list(prepared.txs), **block).status == 1
    assert ask(app, "process_proposal", txs=[entry], **block).status == 2
    assert ask(app, "extend_vote", height=1).vote_extension == b""
    assert ask(app, "verify_vote_extension", height=1).status == 1
    assert ask(app, "verify_vote_extension", height=1, vote_extension=b"x").status == 2
    finalized = ask(app, "finalize_block", txs=list(prepared.txs), **block)
    assert [one.SerializeToString() for one in finalized.tx_results] == [b""]
    assert told == []
    assert ask(app, "commit").retain_height == 0
    assert [one.height for one in told] == [1]
    again = ask(app, "check_tx", tx=entry, type=1)
    assert (again.code, again.data) == (1, b"")
    info = ask(app, "info")
    assert (info.last_block_height, info.last_block_app_hash) == (1, finalized.app_hash)
    assert list(ask(app, "list_snapshots").snapshots) == []
    assert ask(app, "load_snapshot_chunk", height=1).chunk == b""
    assert ask(app, "query", path="plain.nothing").code == 1


@pytest.mark.parametrize("name", ["insert_tx", "reap_txs"])
def test_the_calls_of_an_application_mempool_are_refused(name):
    request = MESSAGES["Request"]()
    getattr(request, name).SetInParent()
    with pytest.raises(UnknownCall, match="flood"):
        calls().answer(request)


def test_a_request_without_a_call_is_refused():
    with pytest.raises(UnknownCall, match="unknown"):
        calls().answer(MESSAGES["Request"]())


def test_queries_are_answered_on_the_newest_state():
    bench = Bench(2)
    app = calls(Ledger.create(MemoryStore(), bench.app, bench.genesis))
    found = ask(app, "query", path="identity.members", data=b"\xa0")
    assert found.code == 0
    assert [one["name"] for one in decode(found.value)["members"]] == ["east", "north"]
    assert ask(app, "query", path="identity.members", data=b"\xa1").code == 1
    refused = ask(app, "query", path="identity.member", data=b"\xa1dnamegnothere")
    assert (refused.code, bool(refused.codespace)) == (2, True)


def test_times_are_rounded_down_to_milliseconds():
    assert milliseconds(SimpleNamespace(seconds=3, nanos=999_999)) == 3_000
    assert milliseconds(SimpleNamespace(seconds=3, nanos=1_999_999)) == 3_001


def test_a_proposal_that_stands_is_worked_out_once_its_reply_is_on_its_way():
    later, driver = [], CometBft(founded())
    app = Calls(driver, lambda: START, later=later.append)
    ask(app, "process_proposal", txs=[pack([altered(write(0))])], height=1, time=START + 5)
    assert later == []
    ask(app, "process_proposal", txs=[pack([write(0)])], height=1, time=START + 5)
    later.pop()()
    other = calls()
    block = {"txs": [pack([write(0)])], "height": 1, "time": START + 5}
    assert ask(app, "finalize_block", **block) == ask(other, "finalize_block", **block)
