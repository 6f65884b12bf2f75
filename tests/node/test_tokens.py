"""Tokens for people: what one opens, until when, and what is said to whom it does not open a thing."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from click.testing import CliRunner

from consortia.base.times import DAY
from consortia.cli.output import Failure
from consortia.cli.tokens import token
from consortia.modules.identity.messages import SetEndpoint
from consortia.node.auth import Caller, Gate, Means, Presented, Unauthorised, permit
from consortia.node.tokens import FILE, Scope, TokenError, Tokens
from tests.node.running import Process, client, homes, raw

NOW = 1_700_000_000_000


def call(*arguments):
    """What `consortia token` prints."""
    return CliRunner().invoke(token, arguments, catch_exceptions=False).stdout


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path)


def test_a_token_opens_its_nouns_until_it_is_over_or_ended(tokens):
    text = tokens.new("ada", ["training", "blobs"], acts=False, days=2, now=NOW)
    assert tokens.find(text, NOW) == Scope("ada", frozenset({"training", "blobs"}), acts=False)
    assert tokens.find(text, NOW + 2 * DAY) is None
    assert tokens.find(text[:-1] + ("A" if text[-1] != "A" else "B"), NOW) is None
    tokens.end("ada")
    assert tokens.find(text, NOW) is None
    with pytest.raises(TokenError, match="no token ada"):
        tokens.end("ada")


def test_the_home_keeps_hashes_alone(tokens, tmp_path):
    secret = tokens.new("ada", ["*"], acts=True, days=1, now=NOW).split("_", 2)[2]
    assert secret not in (tmp_path / FILE).read_text(encoding="utf-8")
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "nouns", "days"),
    [
        ("Ada", ["*"], 1),
        ("ada", [], 1),
        ("ada", ["a/b"], 1),
        ("ada", ["*.x"], 1),
        ("ada", ["*"], 0),
        ("ada", ["*"], 400),
    ],
)
def test_what_makes_no_sense_is_no_token(tokens, name, nouns, days):
    with pytest.raises(TokenError):
        tokens.new(name, nouns, acts=False, days=days, now=NOW)
    assert tokens.all() == ()


def test_a_name_is_taken_until_its_token_is_over(tokens):
    tokens.new("ada", ["*"], acts=False, days=1, now=NOW)
    with pytest.raises(TokenError, match="already"):
        tokens.new("ada", ["*"], acts=False, days=1, now=NOW)
    tokens.new("ada", ["*"], acts=False, days=1, now=NOW + DAY)
    assert len(tokens.all()) == 1


def test_changes_at_the_same_moment_are_all_kept(tmp_path):
    def change(number):
        made = Tokens(tmp_path)
        for at in range(5):
            made.new(f"person-{number}-{at}", ["events"], acts=False, days=1, now=0)
        made.end(f"person-{number}-0")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(change, range(8)))
    assert [one.name for one in Tokens(tmp_path).all()] == [
        f"person-{number}-{at}" for number in range(8) for at in range(1, 5)
    ]


def test_a_damaged_file_opens_nothing(tokens, tmp_path):
    (tmp_path / FILE).write_text("{", encoding="utf-8")
    with pytest.raises(TokenError, match="cannot be read"):
        tokens.find("consortia_ada_x", NOW)


@pytest.mark.parametrize(
    ("nouns", "acts", "method", "path", "opens"),
    [
        ("training", False, "GET", "/v1/query/training/study", True),
        ("training", False, "POST", "/v1/query/training/study", True),
        ("training", False, "POST", "/v1/build/training/join", False),
        ("training", True, "POST", "/v1/build/training/join", True),
        ("training.join", True, "POST", "/v1/build/training/join", True),
        ("training.join", True, "POST", "/v1/build/training/start", False),
        ("training.join", True, "GET", "/v1/query/training/study", False),
        ("training", True, "POST", "/v1/build", False),
        ("build", True, "POST", "/v1/build", True),
        ("training", True, "GET", "/v1/query/bank/account", False),
        ("training", True, "GET", "/v1/blocks", False),
        ("blocks", False, "GET", "/v1/blocks/7", True),
        ("blobs", False, "POST", "/v1/blobs", False),
        ("console", False, "GET", "/console/members", True),
        ("console", False, "GET", "/metrics", False),
        ("*", False, "GET", "/metrics", True),
        ("*", False, "PUT", "/v1/blobs/x/tree", False),
        ("*", True, "PUT", "/v1/blobs/x/tree", True),
    ],
)
def test_a_scope_opens_what_its_nouns_name(nouns, acts, method, path, opens):
    assert Scope("ada", frozenset({nouns}), acts).opens(method, path) is opens


def test_the_gate_knows_a_token_from_anywhere_and_holds_it_to_its_scope():
    scope = Scope("ada", frozenset({"training"}), acts=False)
    gate = Gate(
        bytes(32),
        "north",
        "own",
        lambda _key: None,
        tokens=lambda text, _now: scope if text == "consortia_ada_s" else None,
    )
    away = Presented("Bearer consortia_ada_s", loopback=False, certified=None)
    caller = gate.caller(away, ("GET", "/v1/query/training/study", b""), NOW)
    assert (caller.means, caller.member, caller.counted, caller.roles) == (
        Means.GIVEN,
        "north",
        "token ada",
        frozenset(),
    )
    assert gate.plausible(away, NOW)
    permit(caller, "GET", "/v1/query/training/study")
    for method, path, flag in (
        ("GET", "/v1/events", "--for events"),
        ("POST", "/v1/build/bank/pay", "--act"),
    ):
        with pytest.raises(Unauthorised, match="opens training, to read") as caught:
            permit(caller, method, path)
        assert (caught.value.code, flag in caught.value.remedy) == ("node.out_of_scope", True)
    with pytest.raises(Unauthorised) as over:
        gate.caller(
            Presented("Bearer consortia_ada_t", loopback=True, certified=None), ("GET", "/", b""), NOW
        )
    assert (over.value.code, "token new" in over.value.remedy) == ("node.token_over", True)
    assert gate.stands(caller, away.header, NOW)
    assert not gate.stands(caller, "Bearer consortia_ada_t", NOW)
    assert not gate.stands(Caller(Means.KEY, "north", bytes(32)), "", NOW)
    assert gate.stands(Caller(Means.OWNER, "north"), "", NOW)


OTHER_SPELLINGS = (
    ("GET", "/v1/blocks", "identity"),
    ("GET", "/v1/blocks", "127.0.0.1/v1/query/identity/members?"),
    ("GET", "/v1/blocks", "127.0.0.1/v1/query/identity/members#"),
    ("GET", "/v1/%62locks", ""),
    ("GET", "/v1/blocks/", ""),
    ("GET", "/v1//blocks", ""),
    ("GET", "//v1/blocks", ""),
    ("GET", "/v1/blocks?/v1/query/identity/members", ""),
    ("GET", "/v1/blocks%3F/v1/query/identity/members", ""),
    ("GET", "/v1/query/identity/../../blocks", ""),
    ("GET", "/v1/query/identity/%2e%2e/%2e%2e/blocks", ""),
    ("GET", "/v1/query/identity%2F..%2F..%2Fblocks", ""),
    ("GET", "/v1/query/identity%2Fmembers/../bank/units", ""),
    ("GET", "http://127.0.0.1/v1/blocks", ""),
    ("HEAD", "/v1/blocks", ""),
    ("OPTIONS", "/v1/blocks", ""),
    ("POST", "/v1/query/bank/units", ""),
)
"""Ways to write a place that a token for `identity` does not open: method, target, Host."""


def opened(port, headers):
    """The spellings that were answered with what they ask for."""
    found = []
    for method, target, host in OTHER_SPELLINGS:
        given = headers | ({"Host": host} if host else {})
        status, _ = raw(port, method, target, b"{}" if method == "POST" else b"", given)
        if status not in {307, 400, 403, 404, 405}:
            found.append((method, target, host, status))
    return found


def test_people_with_a_token_ask_a_running_node(tmp_path):
    [home] = homes(tmp_path, "north")
    where = ["--home", str(home.path), "--json"]

    def bearer(text):
        return {"Authorization": f"Bearer {text}"}

    with Process(home) as process:
        made = json.loads(call("new", "ada", "--for", "identity", "--days", "3", *where))
        assert (made["name"], made["nouns"], made["may"]) == ("ada", ["identity"], "read")
        reader = bearer(made["token"])
        status, found = raw(process.port, "GET", "/v1/query/identity/members", headers=reader)
        assert (status, [one["name"] for one in found["members"]]) == (200, ["north"])
        status, problem = raw(process.port, "GET", "/v1/blocks", headers=reader)
        assert (status, problem["code"]) == (403, "node.out_of_scope")
        assert "consortia token new NAME --for blocks" in problem["remedy"]
        assert raw(process.port, "GET", problem["help"])[1]["code"] == "node.out_of_scope"
        assert opened(process.port, reader) == []
        body = b'{"url": "http://127.0.0.1:9", "certificate": null}'
        draft = f"/v1/build/identity/set_endpoint?key={'0' * 64}"
        assert raw(process.port, "POST", draft, body, reader)[0] == 403
        stream = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
        text = json.loads(call("new", "bob", "--for", "stream", *where))["token"]
        stream.request("GET", "/v1/stream", headers=bearer(text))
        flow = stream.getresponse()
        assert flow.readline() == b"retry: 1000\n"
        call("end", "ada", *where)
        call("end", "bob", *where)
        with closing(client(home, process.url)) as owner:
            owner.submit(SetEndpoint("http://127.0.0.1:9", None))
        assert not any(line.startswith(b"event: block") for line in flow)  # it ends, and tells nothing more
        stream.close()
        status, problem = raw(process.port, "GET", "/v1/query/identity/members", headers=reader)
        assert (status, problem["code"]) == (401, "node.token_over")
        text = json.loads(call("new", "ada", "--for", "identity", "--act", *where))["token"]
        assert raw(process.port, "POST", draft, body, bearer(text))[0] == 200
        assert raw(process.port, "POST", "/v1/ledger-copy", headers=bearer(text))[0] == 403
        listed = json.loads(call("list", *where))["tokens"]
        assert [(one["name"], one["may"], one["over"]) for one in listed] == [("ada", "act", False)]
    with pytest.raises(Failure, match="no token nobody"):
        call("end", "nobody", *where)
    with pytest.raises(Failure, match="trainig opens nothing") as wrong:
        call("new", "eve", "--for", "blobs", "--for", "trainig", *where)
    assert wrong.value.remedy.startswith("--for training")
