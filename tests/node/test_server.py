"""Nodes as processes: they start, follow, stop, are killed, and lose nothing that was acknowledged."""

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from consortia.app import application
from consortia.engines.commit.chunks import CHUNK_BYTES, chunk_count, hash_bytes
from consortia.kernel.block import Receipt
from consortia.modules.identity.messages import SetEndpoint
from consortia.node.blob_rights import ROUND_BLOB_BYTES_MAX
from consortia.node.config import split_address
from consortia.node.index import Index
from consortia.node.opening import open_ledger
from consortia.node.server import NodeProcess
from consortia.node.service import LedgerFollowed
from consortia.node.serving import node_keys
from consortia.sdk.errors import LedgerError, RequestFailed
from tests.node.running import SECONDS_MAX, Process, client, homes, owner, raw, until


def test_a_member_fills_no_more_of_anothers_disk_than_is_kept_for_it(tmp_path):
    north, east = homes(tmp_path, "north", "east")
    limits = {"CONSORTIA_MEMBER_BLOBS_BYTES_MAX": str(40_000)}
    with Process(north) as process, client(east, process.url, member="north") as caller:
        assert caller.put_blob(bytes(90_000))  # the default is plenty
    with Process(north, **limits) as process:
        with client(east, process.url, member="north") as caller:
            with pytest.raises(RequestFailed, match="east has left") as caught:
                caller.put_blob(b"one byte more than nothing")
            assert (caught.value.status, caught.value.problem.code) == (413, "node.blobs_full")
            assert caller.put_blob(bytes(90_000))  # it left that before, so nothing is charged
        with client(north, process.url) as caller:
            assert caller.put_blob(b"my own disk is mine to fill")


def test_a_member_does_not_learn_from_a_blobs_id_or_hashes_whether_another_has_it(tmp_path):
    north, east = homes(tmp_path, "north", "east")
    secret = bytes(CHUNK_BYTES) + b"of north's alone"
    tree, other = hash_bytes(secret), hash_bytes(bytes(CHUNK_BYTES) + b"nobody's")

    def said(caller, method, path, body=b""):
        answer = caller._transport.request(method, path, body)
        return answer.status, answer.body.replace(tree.id.hex().encode(), other.id.hex().encode())

    with Process(north) as process:
        with client(north, process.url) as mine:
            assert mine.put_blob(secret) == tree.id
        with client(east, process.url, member="north") as caller:
            here, elsewhere = (f"/v1/blobs/{one.id.hex()}" for one in (tree, other))
            assert said(caller, "GET", here) == said(caller, "GET", elsewhere)
            assert said(caller, "PUT", f"{here}/chunks/0") == said(caller, "PUT", f"{elsewhere}/chunks/0")
            offered = said(caller, "PUT", f"{here}/tree", tree.encode())
            assert offered == said(caller, "PUT", f"{elsewhere}/tree", other.encode())
            assert caller.put_blob(secret) == tree.id  # who has the bytes leaves them, and is charged
            longer = bytes(64 + 32 * chunk_count(ROUND_BLOB_BYTES_MAX) + 1)
            assert said(caller, "PUT", f"{here}/tree", longer)[0] == 413  # before a hash of it is computed


@contextmanager
def thief(caught):
    """What answers in a member's stead: it keeps each request's target and credentials, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take():
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as lines:
                _, path, _ = lines.readline().decode().split()
                headers = dict(line.decode().strip().split(": ", 1) for line in iter(lines.readline, b"\r\n"))
                caught.append((path, headers["Authorization"]))

        taking = threading.Thread(target=take)
        taking.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        taking.join()


def message(number):
    return SetEndpoint(f"http://127.0.0.1:{number}", None)


def test_a_stopped_node_leaves_cleanly_and_goes_on_where_it_was(tmp_path):
    [home] = homes(tmp_path, "north")
    with Process(home) as process, client(home, process.url) as caller:
        receipt = caller.submit(message(1))
        assert process.stop() == 0
    with Process(home) as process, client(home, process.url) as caller:
        assert caller.receipt(receipt.transaction) == receipt
        assert caller.submit(message(2)).height > receipt.height


def test_one_home_has_one_node(tmp_path):
    [home] = homes(tmp_path, "north")
    with Process(home) as process:
        second = subprocess.run(
            [sys.executable, "-m", "consortia.node", "--home", str(home.path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (second.returncode, "runs already" in second.stderr) == (1, True)
        assert process.process.poll() is None


def test_a_port_that_is_taken_is_one_clear_line(tmp_path):
    [home] = homes(tmp_path, "north")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "consortia.node",
                "--home",
                str(home.path),
                "--listen",
                f"127.0.0.1:{port}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port}: another program has it in use" in done.stderr
    assert "`listen` in consortia.toml" in done.stderr
    assert "Traceback" not in done.stderr
    assert split_address(f"127.0.0.1:{port}")[1] == port


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    first, second = homes(tmp_path_factory.mktemp("pair"), "north", "east")
    with Process(first) as orderer, Process(second, "--orderer-url", orderer.url) as follower:
        yield orderer, follower


def test_a_follower_passes_on_replays_cosigns_and_answers(pair):
    orderer, follower = pair
    with client(follower.home, follower.url) as caller, client(orderer.home, orderer.url) as other:
        receipt = caller.submit(message(3))
        caller.wait_final(receipt.height)
        assert caller.proof(receipt.transaction)
        until(lambda: other.status().root == caller.status().root)
        assert other.status().members == ["east", "north"]


def test_a_refusal_by_the_orderer_reaches_whoever_asked_a_follower(pair):
    _, follower = pair
    refused = pytest.raises(LedgerError, match=r"kernel\.wrong_role")
    with client(follower.home, follower.url, role="worker") as caller, refused:
        caller.submit(message(4))


def test_a_members_own_blob_reaches_no_other_member(pair):
    orderer, follower = pair
    with client(orderer.home, orderer.url) as north, client(follower.home, follower.url) as east:
        blob = north.put_blob(b"for north alone")
        with pytest.raises(RequestFailed) as caught:
            east.blob(blob)
        assert caught.value.status == 404
        assert north.blob(blob) == b"for north alone"


def test_a_node_adopts_no_files_for_another_member(pair):
    orderer, follower = pair
    with client(follower.home, orderer.url, member="north") as east, pytest.raises(RequestFailed) as caught:
        east.adopt_blob("00112233445566aa.left")
    assert caught.value.status == 403


def test_a_blob_that_changed_on_the_disk_is_named_and_not_served(pair):
    orderer, _ = pair
    with client(orderer.home, orderer.url) as north:
        blob = north.put_blob(b"true bytes")
        name = hash_bytes(b"true bytes").id.hex()
        (orderer.home.blobs / name[:2] / name).write_bytes(b"fals bytes")
        with pytest.raises(RequestFailed, match="changed on the disk"):
            north.blob(blob)


def test_a_node_cannot_pass_a_request_made_to_it_on_to_a_third(pair):
    orderer, follower = pair
    caught = []
    with thief(caught) as url, client(follower.home, url) as east, pytest.raises(LedgerError):
        east.get("/v1/query/identity/member", name="north")  # meant for east's own node, which is false
    [(path, authorization)] = caught
    stolen = {"Authorization": authorization}
    status, body = raw(orderer.port, "GET", path, headers=stolen)
    assert (status, body["code"]) == (401, "node.other_audience")
    assert "signed for the node of east" in body["detail"]
    assert raw(follower.port, "GET", path, headers=stolen)[0] == 200  # it was a sound request, once


def test_slow_callers_hold_up_nobody(pair):
    orderer, _ = pair
    slow = [socket.create_connection(("127.0.0.1", orderer.port)) for _ in range(50)]
    try:
        for one in slow:
            one.sendall(b"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Le")
        with client(orderer.home, orderer.url) as caller:
            assert caller.submit(message(5)).code == "ok"
        for one in slow:
            one.setblocking(False)
            with pytest.raises(BlockingIOError):  # it has neither an answer nor been hung up on
                one.recv(1)
    finally:
        for one in slow:
            one.close()


def test_a_killed_node_loses_nothing_that_it_acknowledged(tmp_path, programme):
    [home] = homes(tmp_path, "north")
    acknowledged = []
    for _ in range(programme(quick=1, test=5, nightly=50)):
        process = Process(home)
        loads = [
            threading.Thread(target=_load, args=(home, process.url, lane, acknowledged)) for lane in range(4)
        ]
        for load in loads:
            load.start()
        count = len(acknowledged)
        until(lambda count=count: len(acknowledged) > count + 20)
        process.stop(signal.SIGKILL)
        for load in loads:
            load.join()
    with Process(home) as process, owner(home, process.url) as caller:
        assert [one for one in acknowledged if caller.receipt(one).transaction != one] == []


def _load(home, url, lane, acknowledged):
    with client(home, url) as caller:
        number = 0
        while True:
            number += 1
            try:
                acknowledged.append(caller.submit(message(number % 60_000 + 1), lane=lane).transaction)
            except LedgerError:
                return


def test_an_index_made_anew_has_the_same_rows(tmp_path):
    [home] = homes(tmp_path, "north")
    with Process(home) as process, client(home, process.url) as caller:
        for number in range(1, 30):
            receipt = caller.submit(message(number))
        until(lambda: caller.status().indexed >= receipt.height)
    kept = Index(home.index_file)
    ledger = open_ledger(home, application(), lambda *_: None)
    followed, fresh = LedgerFollowed(ledger), Index(":memory:")
    while fresh.follow(followed):
        pass
    kept.follow(followed, 1_000)
    assert list(kept.rows()) == list(fresh.rows())
    assert len(list(fresh.rows())) > 100
    for index in (kept, fresh):
        index.close()
    ledger.store.close()


def test_a_damaged_index_is_made_anew(tmp_path):
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"this is no database" * 100)
    index = Index(path)
    assert index.height == -1
    index.close()


def test_a_checkpoint_that_is_published_after_its_block_wakes_those_who_wait_for_news(tmp_path):
    (home,) = homes(tmp_path, "north")

    async def play():
        server = NodeProcess(home, home.config({}), node_keys(home, {}))
        waits = asyncio.ensure_future(server.service.waiting.news(SECONDS_MAX))
        await asyncio.sleep(0)
        server._tell()
        await asyncio.sleep(0)
        assert not waits.done()
        server.node.version += 1  # as the core does where it publishes, with a block or without
        server._tell()
        assert await waits
        server.node.ledger.store.close()

    asyncio.run(play())


def test_who_waits_for_a_receipt_has_it_before_the_node_records_what_it_cosigns(tmp_path, monkeypatch):
    (home,) = homes(tmp_path, "north")
    receipt = Receipt(1, 0, b"t" * 32, "ok", 1, ())

    async def play():
        server = NodeProcess(home, home.config({}), node_keys(home, {}))
        service, node = server.service, server.node
        waits = asyncio.ensure_future(service.waiting.receipt(service.ledger, b"t" * 32, SECONDS_MAX))
        await asyncio.sleep(0)
        answered = []

        def tick(_now):
            answered.append(waits.done())
            server.stop()

        monkeypatch.setattr(node, "tick", tick)
        node._effects.receipts.append(receipt)  # as the core does with those of a durable block
        await server._drive(asyncio.get_running_loop().create_future())
        assert (answered, await waits) == ([True], receipt)
        node.ledger.store.close()

    asyncio.run(play())
