"""Bundles reach CometBFT over its socket; what it cannot do is said in one kind of error."""

import asyncio
import base64
import json

import pytest

from consortia.base.codec import encode
from consortia.drivers.cometbft.pool import FULL, REFUSED
from consortia.node.cometbft.rpc import NotNow, Rpc, RpcError


def asking(path, answers, work):
    """Do `work(rpc)` at a server that gives these HTTP answers, a connection for as long as they last."""
    heard = []

    async def serve(reader, writer):
        while answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            heard.append(json.loads(await reader.readexactly(length)))
            writer.write(answers.pop(0))
            await writer.drain()
        writer.close()

    async def run():
        server = await asyncio.start_unix_server(serve, str(path))
        rpc = Rpc(path)
        try:
            return await work(rpc)
        finally:
            rpc.close()
            server.close()

    return asyncio.run(run()), heard


def http(answer, status="200 OK"):
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def test_a_bundle_is_handed_in_and_the_check_of_it_told(tmp_path):
    answers = [http({"result": {"code": 3, "log": "nothing in it is admissible"}})]
    told, heard = asking(tmp_path / "rpc", answers, lambda rpc: rpc.hand_in(b"\x01bundle"))
    assert (told.code, told.log) == (3, "nothing in it is admissible")
    assert heard[0]["method"] == "broadcast_tx_sync"
    assert base64.b64decode(heard[0]["params"]["tx"]) == b"\x01bundle"


def test_a_bundle_that_is_there_already_is_handed_in(tmp_path):
    error = {"error": {"code": -32603, "message": "Internal error", "data": "tx already exists in cache"}}
    told, _ = asking(tmp_path / "rpc", [http(error)], lambda rpc: rpc.hand_in(b"\x01"))
    assert told.code == 0


@pytest.mark.parametrize(
    "data",
    [
        "endpoint is closed while node is catching up",
        "mempool is full: 9 txs",
        "mempool is still rechecking after a new committed block, so it is considered as full",
    ],
)
def test_who_fetches_older_blocks_or_is_full_takes_none_yet(tmp_path, data):
    error = {"error": {"code": -32603, "message": "Internal error", "data": data}}
    with pytest.raises(NotNow):
        asking(tmp_path / "rpc", [http(error)], lambda rpc: rpc.hand_in(b"\x01"))


def test_a_bundle_that_the_application_has_no_room_for_is_not_taken_yet(tmp_path):
    codes = encode([FULL, FULL]).hex()
    answer = http({"result": {"code": REFUSED, "log": "as much waits", "data": codes}})
    with pytest.raises(NotNow, match="as much waits"):
        asking(tmp_path / "rpc", [answer], lambda rpc: rpc.hand_in(b"\x01"))


def test_what_it_says_is_told(tmp_path):
    error = {"error": {"code": -32602, "message": "Invalid params", "data": "no such method"}}
    with pytest.raises(RpcError, match="no such method"):
        asking(tmp_path / "rpc", [http(error)], lambda rpc: rpc.hand_in(b"\x01"))


def test_a_connection_is_used_again_and_replaced_when_it_was_closed(tmp_path):
    status = http({"result": {"sync_info": {"latest_block_height": "7", "catching_up": False}}})
    answers = [status, http({"result": {"peers": [{"node_info": {"moniker": "east"}}]}}), status]

    async def work(rpc):
        first = await rpc.engine()
        peers = await rpc.peers()
        rpc._idle[0][1].close()
        await rpc.engine()
        return first.sync_info.latest_block_height, first.sync_info.catching_up, peers

    told, heard = asking(tmp_path / "rpc", answers, work)
    assert told == ("7", False, ("east",))
    assert len(heard) == 3


def test_a_long_answer_comes_in_chunks(tmp_path):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = b'11;x=y\r\n{"result": {"peer\r\n2a\r\ns": [{"node_info": {"moniker": "east"}}]}}\r\n0\r\n\r\n'
    answer = head + parts
    told, _ = asking(tmp_path / "rpc", [answer], lambda rpc: rpc.peers())
    assert told == ("east",)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", http(b"not JSON"), http({}), b"HTTP/1.1 200"])
def test_what_is_no_answer_is_an_error(tmp_path, answer):
    with pytest.raises(RpcError):
        asking(tmp_path / "rpc", [answer], lambda rpc: rpc.engine())


def test_a_cometbft_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(RpcError, match="does not run"):
        asyncio.run(Rpc(tmp_path / "nothing").engine())


@pytest.mark.parametrize("name", ["Method", "METHOD", "methoD"])
def test_what_is_passed_on_asks_for_nothing_but_what_was_looked_at(tmp_path, name):
    """CometBFT reads names in capitals as the same names, and the last of them counts."""
    question = {"jsonrpc": "2.0", "id": 7, "method": "commit", "params": {"height": "3"}}
    smuggled = json.dumps(question | {name: "broadcast_tx_sync"}).encode()
    told, heard = asking(tmp_path / "rpc", [http(b"{}")], lambda rpc: rpc.relay(smuggled))
    assert (told, heard) == (b"{}", [question])


@pytest.mark.parametrize(
    "question",
    [
        b'{"method": "broadcast_tx_sync", "params": {"tx": "AQ=="}}',
        b'{"method": "commit", "method": "status"}',
        b'[{"method": "commit"}]',
        b'{"method": "commit", "params": {"height": {"method": "status"}}}',
        b"",
    ],
)
def test_what_no_light_client_asks_is_not_passed_on(tmp_path, question):
    with pytest.raises(RpcError):
        asking(tmp_path / "rpc", [http(b"{}")], lambda rpc: rpc.relay(question))
