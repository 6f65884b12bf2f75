"""The HTTP front of a node that runs in a process of its own."""

import socket
import time
from contextlib import closing

import pytest

from consortia.base.codec import Malformed, encode
from consortia.base.keys import SigningKey
from consortia.engines.commit.chunks import CHUNK_BYTES, hash_bytes
from consortia.kernel.transaction import sign_transaction
from consortia.modules.identity.messages import AddKey, ApproveMember, RevokeKey, SetEndpoint
from consortia.modules.identity.queries import ByName, MembersView, MemberView, Nothing
from consortia.modules.identity.state import MEMBERS
from consortia.modules.identity.types import KeySpec
from consortia.node.door import HttpDoor
from consortia.node.http import is_here
from consortia.sdk.builder import call_of
from consortia.sdk.client import Client
from consortia.sdk.errors import LedgerError, RequestFailed, TransactionRefused, Unreachable
from consortia.sdk.signing import Addressed, authorization
from consortia.sdk.transport import Credentials
from consortia.testing.machine import key_from, new_keys
from consortia.workers.door import DoorClosed
from tests.node.running import Process, client, homes, key_of, owner, raw, until


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    [home] = homes(tmp_path_factory.mktemp("net"), "north")
    with Process(home) as process:
        yield process


@pytest.fixture
def admin(node):
    found = client(node.home, node.url)
    yield found
    found.close()


def endpoint(url="http://127.0.0.1:1"):
    return SetEndpoint(url, None)


def transaction(node, admin, *, key=None, network=None, sequence=0, expires=60_000, lane=7):
    key = key or admin.key
    network = network or admin.network
    now = time.time_ns() // 1_000_000
    calls = (call_of(admin.app, endpoint()),)
    return sign_transaction(key, network, calls, sequence=sequence, expires=now + expires, lane=lane)


def test_a_transaction_is_answered_with_its_receipt_once_it_is_durable(node, admin):
    receipt = admin.submit(endpoint("http://127.0.0.1:5"))
    assert (receipt.code, receipt.events[0].name) == ("ok", "identity.endpoint_set")
    assert admin.receipt(receipt.transaction) == receipt
    block = admin.get(f"/v1/blocks/{receipt.height}")
    assert block["header"]["height"] == receipt.height


def test_without_waiting_the_answer_is_its_id(node, admin):
    sequence = admin.next_sequence(admin.key.key_id, 3)
    data = transaction(node, admin, sequence=sequence, lane=3)
    status, body = raw(node.port, "POST", "/v1/transactions", data)
    assert status == 202
    assert admin.receipt(bytes.fromhex(body["transaction"]), 5).code == "ok"


def test_the_same_bytes_again_are_answered_with_the_same_receipt(node, admin):
    data = transaction(node, admin, sequence=admin.next_sequence(admin.key.key_id, 4), lane=4)
    first = raw(node.port, "POST", "/v1/transactions?wait=receipt", data)
    assert first == raw(node.port, "POST", "/v1/transactions?wait=receipt", data)
    assert first[0] == 200


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"key": SigningKey(b"s" * 32)}, 422, "kernel.unknown_key"),
        ({"network": b"n" * 32}, 422, "kernel.wrong_network"),
        ({"expires": -3_600_000}, 422, "kernel.expired"),
        ({"sequence": 9_999}, 422, "kernel.out_of_order"),
    ],
)
def test_a_refused_transaction_has_a_stable_code(node, admin, change, status, code):
    answer = raw(node.port, "POST", "/v1/transactions?wait=receipt", transaction(node, admin, **change))
    assert (answer[0], answer[1]["code"]) == (status, code)
    assert answer[1]["type"] == f"urn:consortia:refusal:{code}"


def test_a_changed_signature_is_refused_and_the_node_lives(node, admin):
    data = transaction(node, admin, sequence=admin.next_sequence(admin.key.key_id, 7))
    status, body = raw(node.port, "POST", "/v1/transactions", data[:-1] + bytes([data[-1] ^ 1]))
    assert (status, body["code"]) == (422, "kernel.bad_signature")
    assert raw(node.port, "GET", "/livez")[0] == 200


@pytest.mark.parametrize("data", [b"", b"junk", encode([1, 2, 3]), b"\xff" * 1000])
def test_bytes_that_are_no_transaction_are_refused(node, data):
    status, body = raw(node.port, "POST", "/v1/transactions", data)
    assert (status, body["code"]) == (422, "kernel.malformed")


def test_a_refused_receipt_is_an_error_that_carries_the_code(admin):
    with pytest.raises(TransactionRefused) as caught:
        admin.submit(ApproveMember("nobody", bytes(32)))
    assert caught.value.code.startswith("identity.")
    assert caught.value.height is not None


def test_too_large_a_body_is_refused_before_it_is_read(node):
    status, body = raw(node.port, "POST", "/v1/transactions", bytes(70_000))
    assert status == 413
    assert body["status"] == 413


def test_a_body_without_a_length_is_cut_at_its_limit(node):
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as one:
        one.sendall(b"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        one.sendall(b"".join(b"4000\r\n" + bytes(0x4000) + b"\r\n" for _ in range(6)))
        assert b" 413 " in one.recv(1000)


@pytest.mark.parametrize("path", ["/v1/status", "/v1/blocks", "/metrics", "/v1/query/identity/members"])
def test_nobody_reads_without_showing_who_asks(node, path):
    status, body = raw(node.port, "GET", path)
    assert status == 401
    assert "sign the request" in body["detail"]


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic eDp5", "Consortia junk"])
def test_wrong_credentials_are_refused(node, header):
    assert raw(node.port, "GET", "/v1/status", headers={"Authorization": header})[0] == 401


def test_a_strangers_signature_opens_nothing(node, admin):
    stranger = SigningKey(b"x" * 32)
    request = ("GET", "/v1/status", b"")
    now = time.time_ns() // 1_000_000
    text = authorization(stranger, Addressed(admin.network, "north"), request, time=now, nonce=b"n" * 16)
    status, body = raw(node.port, "GET", "/v1/status", headers={"Authorization": text})
    assert (status, "no active key" in body["detail"]) == (401, True)


def test_a_signed_request_is_taken_once(node, admin):
    request = ("GET", "/v1/status", b"")
    now = time.time_ns() // 1_000_000
    to = Addressed(admin.network, "north")
    headers = {"Authorization": authorization(admin.key, to, request, time=now, nonce=b"o" * 16)}
    assert raw(node.port, "GET", "/v1/status", headers=headers)[0] == 200
    status, body = raw(node.port, "GET", "/v1/status", headers=headers)
    assert (status, "sent before" in body["detail"]) == (401, True)


def test_the_homes_token_opens_the_node_to_its_owner(node):
    with owner(node.home, node.url) as caller:
        status = caller.status()
    assert (status.member, status.network) == ("north", node.ready["network"])


@pytest.mark.parametrize(
    "path",
    [
        "/v1/blobs/../../consortia.toml",
        "/v1/blobs/..%2f..%2ftoken",
        "/v1/blobs/%2e%2e",
        "/../token",
        "/v1/blobs/" + "0" * 63,
        "/v1/blobs/" + "A" * 64,
    ],
)
def test_no_path_leads_out_of_the_blobs(node, admin, path):
    with pytest.raises(RequestFailed) as caught:
        admin.fetch(path)
    assert caught.value.status in {400, 404}


def test_an_overlong_target_is_refused(node):
    status, _ = raw(node.port, "GET", "/v1/search?text=" + "a" * 5_000)
    assert status == 400


def test_what_there_is_not_is_a_clear_problem(node, admin):
    assert raw(node.port, "GET", "/nothing")[0] == 404
    assert raw(node.port, "DELETE", "/v1/status")[0] == 405
    for path, status in (
        ("/v1/blocks/99999", 404),
        ("/v1/blocks/x", 400),
        ("/v1/query/identity/nothing", 404),
    ):
        with pytest.raises(RequestFailed) as caught:
            admin.fetch(path)
        assert caught.value.status == status


def test_a_query_is_answered_as_json_and_as_the_record(admin):
    assert admin.get("/v1/query/identity/member", name="north")["name"] == "north"
    assert admin.query("identity.member", ByName("north"), MemberView).title == "north"
    assert len(admin.query("identity.members", Nothing(), MembersView).members) == 1
    assert admin.ask("identity.member", name="north").name == "north"


@pytest.mark.parametrize("arguments", [{}, {"name": "NORTH"}, {"name": "north", "colour": "red"}])
def test_wrong_arguments_of_a_query_are_named(admin, arguments):
    with pytest.raises(RequestFailed) as caught:
        admin.get("/v1/query/identity/member", **arguments)
    assert caught.value.status == 400


def test_an_unsigned_transaction_is_built_from_json(node, admin):
    body = b'{"key": "%s", "calls": [{"method": "identity.set_endpoint", "args": %s}]}' % (
        admin.key.key_id.hex().encode(),
        b'{"url": "http://127.0.0.1:9", "certificate": null}',
    )
    answer = admin.post("/v1/build", body)
    assert b'"sign":"' in answer
    with pytest.raises(RequestFailed, match="no method"):
        admin.post("/v1/build", body.replace(b"set_endpoint", b"nothing"))


def test_blobs_go_in_and_come_out_by_hash_and_by_range(node, admin):
    data = bytes(range(256)) * (CHUNK_BYTES // 256) + b"more"
    blob = admin.put_blob(data)
    assert blob == hash_bytes(data).id
    assert admin.blob(blob) == data
    headers = {
        "Authorization": f"Bearer {node.home.token()}",
        "Range": f"bytes={CHUNK_BYTES - 2}-{CHUNK_BYTES + 1}",
    }
    assert raw(node.port, "GET", f"/v1/blobs/{blob.hex()}", headers=headers) == (206, b"\xfe\xffmo")
    headers["Range"] = f"bytes={len(data)}-"
    assert raw(node.port, "GET", f"/v1/blobs/{blob.hex()}", headers=headers)[0] == 416


def test_a_chunk_that_is_not_the_blobs_is_refused_and_the_sender_named(admin):
    tree = hash_bytes(b"true")
    admin._transport.request("PUT", f"/v1/blobs/{tree.id.hex()}/tree", tree.encode()).expect(200)
    with pytest.raises(RequestFailed, match="north sent a blob that does not match"):
        admin._transport.request("PUT", f"/v1/blobs/{tree.id.hex()}/chunks/0", b"fals").expect(200)


def test_the_index_finds_names_and_hashes(admin):
    receipt = admin.submit(endpoint("http://127.0.0.1:77"))
    until(lambda: admin.status().indexed >= receipt.height)
    hits = admin.get("/v1/search", text=receipt.transaction.hex()[:12])["hits"]
    assert [hit["field"] for hit in hits] == ["transaction"]
    rows = admin.get("/v1/transactions", key=admin.key.key_id.hex(), limit=200)["transactions"]
    assert rows[-1]["transaction"] == receipt.transaction.hex()
    events = admin.get("/v1/events", name="identity.endpoint_set", after=f"{receipt.height - 1}-0")["events"]
    assert "http://127.0.0.1:77" in {event["body"]["url"] for event in events}  # the node names its own too


def test_blocks_stream_as_they_come_and_from_any_height(admin):
    first = admin.submit(endpoint()).height
    with closing(admin.blocks(first - 1)) as stream:
        assert next(stream)["header"]["height"] == first
        second = admin.submit(endpoint())
        came = next(block for block in stream if block["header"]["height"] == second.height)
    assert second.transaction.hex() in {one["transaction"] for one in came["receipts"]}


def test_a_proof_of_a_receipt_comes_with_finality(admin):
    receipt = admin.submit(endpoint())
    admin.wait_final(receipt.height)
    assert admin.proof(receipt.transaction).startswith(b"c2sp.org/tlog-proof@v1\n")
    assert admin.checkpoint().startswith(b"consortia/")


def test_the_api_describes_itself(node):
    status, described = raw(node.port, "GET", "/openapi.json")
    assert status == 200
    assert described["openapi"] == "3.1.0"
    assert "/v1/query/identity/members" in described["paths"]
    assert raw(node.port, "GET", "/readyz")[0] == 200


def test_metrics_are_prometheus_text(admin):
    lines = admin.fetch("/metrics").body.decode().splitlines()
    values = dict(line.split(" ") for line in lines if not line.startswith("#"))
    assert int(values["consortia_height"]) >= 1
    assert values["consortia_alarms_total"] == "0"


def test_nobody_asks_too_often(tmp_path):
    [home] = homes(tmp_path, "north")
    with Process(home, CONSORTIA_REQUESTS_PER_SECOND_MAX="5") as process:
        answers = [raw(process.port, "GET", "/livez")[0] for _ in range(20)]
    assert answers[0] == 200
    assert answers[-1] == 429


def test_a_key_of_the_home_may_be_any_of_its_roles(node):
    assert key_of(node.home, "worker").public != key_of(node.home, "node").public


def test_whoever_waits_for_a_block_to_be_final_is_answered_when_it_is(node, admin):
    height = admin.submit(endpoint("http://127.0.0.1:6")).height
    until(lambda: admin.final_height(covering=height, seconds=10) >= height)
    begin = time.monotonic()
    assert admin.final_height(covering=height + 1_000, seconds=0.2) < height + 1_000
    assert time.monotonic() - begin >= 0.2


@pytest.mark.parametrize("beside", [True, False])
def test_a_worker_keeps_and_finds_blobs_at_its_node_beside_it_or_not(node, admin, beside):
    door = HttpDoor(admin, "north", node.home.blobs if beside else None)
    data = b"an update, put " + str(beside).encode()
    assert door.put_blob(data) == hash_bytes(data).id
    assert door.get_blob(hash_bytes(data).id) == data
    with pytest.raises(DoorClosed):
        door.get_blob(bytes(32))


def test_a_worker_is_told_when_nothing_can_be_written_beside_its_node(admin, tmp_path):
    with pytest.raises(DoorClosed, match="nothing can be written"):
        HttpDoor(admin, "north", tmp_path / "nowhere").put_blob(b"an update")


def test_a_key_opens_the_node_from_the_block_that_adds_it_to_the_block_that_revokes_it(node, admin):
    key = key_from("north", "for a while")
    with Client(node.url, network=admin.network, member="north", key=key) as caller:
        with pytest.raises(RequestFailed) as unknown:
            caller.get("/v1/blocks/0")
        spec = KeySpec(key.public, ("operator",), "for a while")
        admin.submit(AddKey(*new_keys(admin.network, "north", [(spec, key)])))
        caller.get("/v1/blocks/0")
        admin.submit(RevokeKey(key.key_id))
        with pytest.raises(RequestFailed) as revoked:
            caller.get("/v1/blocks/0")
    assert (unknown.value.status, revoked.value.status) == (401, 401)


@pytest.mark.parametrize("path", ["/v1/query/assets/asset", "/v1/build"])
@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"key": ' * 6_000])
def test_json_of_any_depth_is_malformed_and_no_failure_of_the_node(node, path, body):
    headers = {"Authorization": f"Bearer {node.home.token()}"}
    assert raw(node.port, "POST", path, body, headers)[0] == 400


def test_a_client_asks_a_node_for_its_network_and_calls_methods_by_name(node, admin):
    token = Credentials(token=node.home.token())
    with (
        Client(node.url, credentials=token) as caller,
        Client(node.url, key=admin.key, credentials=token) as mine,
    ):
        assert caller.network == mine.network == admin.network
        url = "http://127.0.0.1:8"
        assert mine.call("identity.set_endpoint", url=url, certificate=None).code == "ok"
        with pytest.raises(LedgerError, match="no key to sign with"):
            caller.submit(endpoint())
        with pytest.raises(Malformed, match=r"no query identity\.nothing"):
            caller.ask("identity.nothing")
        with pytest.raises(Malformed, match="no argument colour"):
            caller.ask("identity.member", name="north", colour="red")
        with pytest.raises(Unreachable, match="no receipt of transaction"):
            caller.receipt(bytes(32))
        until(lambda: admin.final_height() >= 0)
        assert caller.proof_of_state(MEMBERS.state_key("north")).startswith(b"c2sp.org/tlog-proof@v1\n")


@pytest.mark.parametrize(
    ("caller", "server", "here"),
    [
        ("127.0.0.1", ("127.0.0.1", 7600), True),
        ("::1", ("::1", 7600), True),
        ("10.0.0.5", ("10.0.0.5", 7600), True),
        ("10.0.0.6", ("10.0.0.5", 7600), False),
        ("", ("", 7600), False),
        ("10.0.0.6", None, False),
    ],
)
def test_a_caller_is_on_this_machine_at_its_loopback_or_at_the_address_that_it_calls(caller, server, here):
    assert is_here(caller, server) is here


def test_whatever_a_caller_calls_this_node_it_is_answered(node):
    told = b"GET /livez HTTP/1.1\r\nHost: [\r\nCookie: a=b\r\nConnection: close\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", node.port), timeout=60)) as caller:
        caller.sendall(told)
        assert caller.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", ["/v1/build", "/v1/build/identity/set_endpoint?key=" + "00" * 32])
def test_json_that_is_no_text_is_a_malformed_request(node, path):
    headers = {"Authorization": f"Bearer {node.home.token()}"}
    status, problem = raw(node.port, "POST", path, b'{"a": "\xff"}', headers)
    assert (status, problem["title"]) == (400, "The request is malformed")
