"""What a caller has is not sent again, a list goes on where its page ended, a blob where it broke off."""

import http.client
import json
import re
from itertools import pairwise
from urllib.parse import quote

import pytest

from consortia.engines.commit.chunks import hash_bytes
from consortia.kernel.proof import parse_proof
from consortia.modules.identity.messages import SetEndpoint
from consortia.modules.identity.state import MEMBERS
from consortia.sdk.errors import RequestFailed
from tests.node.running import SECONDS_MAX, Process, client, homes, until


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    [home] = homes(tmp_path_factory.mktemp("net"), "north")
    with Process(home) as process:
        yield process


@pytest.fixture(scope="module")
def admin(node):
    with client(node.home, node.url) as found:
        for number in range(1, 13):
            change(found, node, number)
        yield found


def change(admin, node, number):
    """Have a block come, and be indexed and final. At its end stands the address that the node would name."""
    other, own = f"http://127.0.0.1:{number}", node.url
    height = admin.submit(SetEndpoint(other, None), SetEndpoint(own, None)).height
    until(lambda: admin.status().indexed >= height and admin.final_height() >= height)


def ask(node, path, **headers):
    """Status, headers and bytes of an answer to the home's owner."""
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=SECONDS_MAX)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    connection.request("GET", path, headers={"Authorization": f"Bearer {node.home.token()}", **named})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data


@pytest.mark.parametrize(
    "path",
    [
        "/v1/query/identity/members",
        "/v1/genesis",
        "/v1/blocks",
        "/v1/blocks/1",
        "/v1/blocks/1/whole",
        "/v1/transactions",
        "/v1/events?limit=2",
        "/v1/search?text=north",
        "/v1/checkpoint",
        "/v1/refusals",
        "/openapi.json",
        "/console/members",
        "/console/static/console.css",
    ],
)
def test_what_a_caller_has_already_is_not_sent_again(node, admin, path):
    status, headers, data = ask(node, path)
    assert (status, headers["etag"][0], headers["etag"][-1]) == (200, '"', '"')
    assert data
    for known in (headers["etag"], f'"other", {headers["etag"]}', f"W/{headers['etag']}", "*"):
        status, again, nothing = ask(node, path, If_None_Match=known)
        assert (status, again["etag"], nothing) == (304, headers["etag"], b"")
    assert ask(node, path, If_None_Match='"other"')[0] == 200


def test_another_encoding_of_the_same_has_another_tag_and_a_new_block_gives_a_new_one(node, admin):
    path = "/v1/query/identity/member?name=north"
    _, first, _ = ask(node, path)
    _, as_cbor, _ = ask(node, path, Accept="application/cbor")
    assert (first["vary"], as_cbor["vary"]) == ("Accept", "Accept")
    assert first["etag"] != as_cbor["etag"]
    _, first, _ = ask(node, "/v1/blocks")
    change(admin, node, 999)
    until(lambda: ask(node, "/v1/blocks", If_None_Match=first["etag"])[0] == 200)


def test_a_part_of_a_blob_goes_on_only_from_the_same_blob(node, admin):
    data = bytes(range(200)) * 50
    blob = admin.put_blob(data)
    assert blob == hash_bytes(data).id
    path = f"/v1/blobs/{blob.hex()}"
    mark = ask(node, path)[1]["etag"]
    assert mark == f'"{blob.hex()}"'
    status, headers, part = ask(node, path, Range="bytes=100-", If_Range=mark)
    assert (status, part) == (206, data[100:])
    assert headers["content-range"] == f"bytes 100-{len(data) - 1}/{len(data)}"
    assert ask(node, path, Range="bytes=100-", If_Range='"another"')[::2] == (200, data)
    assert ask(node, path, Range="bytes=100-", If_Range="Sat, 28 Nov 2026 09:00:00 GMT")[0] == 200
    assert ask(node, path, Range="bytes=100-", If_None_Match=mark)[0] == 304
    tree, chunk = ask(node, f"{path}/tree"), ask(node, f"{path}/chunks/0")
    assert len({mark, tree[1]["etag"], chunk[1]["etag"]}) == 3


def test_a_proof_is_one_of_the_newest_final_checkpoint_whatever_was_asked_for_before(node, admin):
    keys = MEMBERS.state_key("north"), MEMBERS.state_key("nobody")

    def sizes():
        proofs = [parse_proof(admin.proof_of_state(key)) for key in keys]
        assert [proof.extra.state.value is None for proof in proofs] == [False, True]
        return {proof.note.checkpoint.size for proof in proofs}

    before = max(sizes())
    change(admin, node, 998)
    assert min(sizes()) > before


@pytest.mark.parametrize(
    ("path", "field"),
    [("/v1/transactions?", "transactions"), ("/v1/events?", "events"), ("/v1/search?text=http", "hits")],
)
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_of_any_size_give_each_row_once_and_in_order(node, admin, path, field, limit):
    rows, after = [], ""
    whole = json.loads(ask(node, f"{path}&limit=200")[2])[field]
    while True:
        page = json.loads(ask(node, f"{path}&limit={limit}&after={quote(after)}")[2])
        assert len(page[field]) <= limit
        if not page[field]:
            assert page["after"] == after
            break
        rows, after = rows + page[field], page["after"]
    assert rows == whole
    assert len(rows) >= 12


def test_pages_of_blocks_go_down_to_the_first(node, admin):
    heights, path = [], "/v1/blocks?limit=5"
    while path:
        page = json.loads(ask(node, path)[2])
        heights += [one["height"] for one in page["blocks"]]
        path = "" if page["below"] is None else f"/v1/blocks?limit=5&below={page['below']}"
    assert all(one - 1 == next_one for one, next_one in pairwise(heights))
    assert heights[-1] == 0


@pytest.mark.parametrize(
    "after", ["7", "x", "1-", "-1-1", "1-2-3-4", "1-2x", "9" * 20 + "-1", "%D9%A3-1", "1-2-3"]
)
def test_what_is_no_place_is_refused(node, admin, after):
    status, _, data = ask(node, f"/v1/transactions?after={after}")
    assert (status, json.loads(data)["title"]) == (400, "The request is malformed")
    assert ask(node, "/v1/search?text=north&after=%7B%7D")[0] == 400
    for number in (1 << 63, -1, "1e400", '"1"', "null"):
        hit = quote(f'{{"word":"north","height":{number},"index":0,"field":""}}')
        assert ask(node, f"/v1/search?text=north&after={hit}")[0] == 400
    lone = quote('{"word":"\\ud800","height":1,"index":0,"field":""}')
    assert ask(node, f"/v1/search?text=north&after={lone}")[0] == 400


@pytest.mark.parametrize("name", ["sequence", "expires", "since", "size"])
def test_a_number_that_is_named_and_empty_is_no_number(node, admin, name):
    path = {"size": "/v1/checkpoint?", "since": "/v1/proofs/state?key=00&"}.get(name)
    if path is not None:
        assert ask(node, f"{path}{name}=")[0] == 400
        return
    key = admin.key.key_id.hex()
    with pytest.raises(RequestFailed, match=f"{name} is a number"):
        admin.post(f"/v1/build/identity/set_endpoint?key={key}&{name}=", b'{"url": "x", "certificate": null}')


def test_a_method_that_a_place_has_not_is_told_with_those_that_it_has(node):
    connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=SECONDS_MAX)
    connection.request("DELETE", "/v1/status")
    answer = connection.getresponse()
    assert (answer.status, set(re.split(", *", answer.getheader("allow")))) == (405, {"GET", "HEAD"})
    connection.close()
