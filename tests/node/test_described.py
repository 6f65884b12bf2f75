"""The API's description, walked by a client that knows nothing else; and nonsense sent to every place."""

import http.client
import json
import random
import re
from urllib.parse import urlencode

import pytest

from consortia.app import application
from consortia.base.codec import decode_record
from consortia.kernel.transaction import Transaction
from consortia.modules.consent.messages import Cover
from consortia.node.http_described import document
from consortia.node.places import PLACES
from consortia.node.schemas import PREFIX
from tests.node.running import SECONDS_MAX, Process, client, homes

NONSENSE = (
    "",
    "x",
    "-1",
    "0",
    "7" * 25,
    "0" * 64,
    "north",
    "true",
    "[]",
    "{}",
    "\x00",
    "%",
    "é" * 90,
    "null",
)
BODIES = (
    b"",
    b"{",
    b"{}",
    b"[]",
    b"null",
    b"\xa0",
    b"\xff" * 40,
    b'{"key":1}',
    b"[" * 5_000,
    b'"' + b"x" * 900,
)


@pytest.fixture(scope="module")
def described():
    return document(application(), PLACES)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    [home] = homes(tmp_path_factory.mktemp("net"), "north")
    with Process(home, CONSORTIA_REQUESTS_PER_SECOND_MAX="100000") as process:
        yield process


@pytest.fixture
def caller(node):
    found = Caller(node)
    yield found
    found.close()


class Caller:
    """A client of the description: it calls operations by path, with the home's token."""

    def __init__(self, node) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=SECONDS_MAX)
        self._headers = {"Authorization": f"Bearer {node.home.token()}", "Content-Type": "application/json"}

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def call(self, method: str, path: str, query: dict, body: bytes = b""):
        """Status, media type, and what JSON or bytes are in the answer."""
        target = path + ("?" + urlencode(query) if query else "")
        self._connection.request(method.upper(), target, body, self._headers)
        answer = self._connection.getresponse()
        data, kind = answer.read(), answer.getheader("content-type", "").partition(";")[0]
        return answer.status, kind, json.loads(data) if "json" in kind else data


def fits(schema: dict, value, components: dict) -> bool:
    """Whether a value is what a schema of the description allows."""
    if "$ref" in schema:
        return fits(components[schema["$ref"].removeprefix(PREFIX)], value, components)
    if "anyOf" in schema:
        return any(fits(one, value, components) for one in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    match schema.get("type"):
        case "object":
            known = schema.get("properties", {})
            more = schema.get("additionalProperties", True)
            return (
                isinstance(value, dict)
                and set(schema.get("required", ())) <= set(value)
                and all(
                    fits(known[name], item, components)
                    if name in known
                    else more is not False and (more is True or fits(more, item, components))
                    for name, item in value.items()
                )
            )
        case "array":
            items = schema.get("prefixItems") or [schema["items"]] * len(value)
            return (
                isinstance(value, list)
                and schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
                and all(fits(one, item, components) for one, item in zip(items, value, strict=True))
            )
        case "string":
            low, high = schema.get("minLength", 0), schema.get("maxLength", 1 << 30)
            return (
                isinstance(value, str)
                and low <= len(value) <= high
                and re.search(schema.get("pattern", ""), value) is not None
            )
        case "integer":
            low, high = schema.get("minimum", value), schema.get("maximum", value)
            return type(value) is int and low <= value <= high
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
    return True


def sample(schema: dict, components: dict):
    """The smallest value that a schema allows."""
    if "$ref" in schema:
        return sample(components[schema["$ref"].removeprefix(PREFIX)], components)
    if "anyOf" in schema:
        return sample(schema["anyOf"][-1 if {"type": "null"} in schema["anyOf"] else 0], components)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {
                name: sample(schema["properties"][name], components) for name in schema.get("required", ())
            }
        case "array":
            items = schema.get("prefixItems") or [schema["items"]] * schema.get("minItems", 0)
            return [sample(one, components) for one in items]
        case "string":
            low, pattern = schema.get("minLength", 0), schema.get("pattern", "")
            texts = ("0" * low, "a" * max(low, 1), "a.b", "https://a.example", "*", "a/b", "")
            return next((text for text in texts if re.search(pattern, text)), "0" * low)
        case "integer":
            return schema.get("minimum", 0)
        case "boolean":
            return False
    return None


def test_every_place_query_and_message_is_described_once(described):
    app = application()
    paths = described["paths"]
    for place in PLACES:
        if not place.path.startswith("/console") and place.path != "/" and "{module}" not in place.path:
            assert paths[place.path][place.method.lower()]["summary"] == place.doc
    for module in app.modules:
        for query in module.queries:
            assert set(paths[f"/v1/query/{module.name}/{query.name}"]) == {"get", "post"}
        for method in module.methods:
            assert "post" in paths[f"/v1/build/{module.name}/{method.name}"]
    names = [operation["operationId"] for held in paths.values() for operation in held.values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(described):
    components = described["components"]
    found = set(re.findall(r'"\$ref": "#/components/(\w+)/([^"]+)"', json.dumps(described)))
    assert found
    assert all(name in components[kind] for kind, name in found)


def test_two_records_of_one_name_in_a_room_are_described_apart(described):
    schemas = described["components"]["schemas"]
    asked = described["paths"]["/v1/build/consent/cover"]["post"]["requestBody"]["content"]
    named = asked["application/json"]["schema"]["$ref"].removeprefix(PREFIX)
    assert set(schemas[named]["properties"]) == set(Cover.__struct_fields__)
    assert len([name for name in schemas if name.endswith(".Cover")]) == 2


def test_a_charter_that_is_not_there_is_refused(caller):
    status, _, found = caller.call("post", "/v1/query/governance/charter", {}, b'{"number": 2822}')
    assert (status, found["code"]) == (422, "kernel.bad_arguments")


def test_answers_have_the_shape_that_is_described(caller, described):
    components, asked = described["components"]["schemas"], 0
    for path, operations in described["paths"].items():
        if not path.startswith("/v1/query/"):
            continue
        body = sample(operations["post"]["requestBody"]["content"]["application/json"]["schema"], components)
        status, kind, found = caller.call("post", path, {}, json.dumps(body).encode())
        if status == 200:
            schema = operations["post"]["responses"]["200"]["content"]["application/json"]["schema"]
            assert fits(schema, found, components), (path, found)
            asked += 1
        else:
            assert (kind, status in {400, 422}) == ("application/problem+json", True), (path, found)
            assert fits(components["Problem"], found, components)
    assert asked >= 30


def test_a_message_of_every_kind_is_drafted_from_its_schema(node, caller, described):
    components, made = described["components"]["schemas"], 0
    admin = client(node.home, node.url)
    key = admin.key.key_id.hex()
    admin.close()
    for path, operations in described["paths"].items():
        if not path.startswith("/v1/build/"):
            continue
        body = sample(operations["post"]["requestBody"]["content"]["application/json"]["schema"], components)
        status, kind, found = caller.call("post", path, {"key": key}, json.dumps(body).encode())
        if status != 200:
            assert (status, kind) == (400, "application/problem+json"), (path, found)
            continue
        assert fits(components["Draft"], found, components)
        transaction = decode_record(Transaction, bytes.fromhex(found["payload"]))
        assert transaction.calls[0].method == path.removeprefix("/v1/build/").replace("/", ".")
        made += 1
    assert made >= 100


def test_a_code_leads_to_what_it_means(caller):
    status, kind, found = caller.call("get", "/v1/query/training/study", {"study": "0" * 64})
    assert (status, kind) == (422, "application/problem+json")
    status, _, meaning = caller.call("get", found["help"], {})
    assert (status, meaning["code"]) == (200, found["code"])
    assert caller.call("get", "/v1/refusals/no.such", {})[0] == 404
    status, _, every = caller.call("get", "/v1/refusals", {})
    assert meaning in every["refusals"]


def test_nonsense_is_answered_with_a_problem_and_the_node_lives(caller, described, programme):
    chance = random.Random(4)
    left_out = {
        "/v1/ledger-copy",
        "/v1/stream",
        "/v1/hand-over",
        "/v1/hand-over/signed",
        "/v1/availability/gather",
    }
    for path, operations in described["paths"].items():
        if path in left_out:
            continue
        for method, operation in operations.items():
            for _ in range(programme(quick=1, test=3, nightly=200)):
                filled, query = path, {}
                for one in operation.get("parameters", ()):
                    value = chance.choice(NONSENSE)
                    if one["in"] == "path":
                        filled = filled.replace(f"{{{one['name']}}}", value.encode().hex() or "0")
                    elif one["name"] != "wait" and chance.random() < 0.8:
                        query[one["name"]] = value
                body = chance.choice(BODIES) if "requestBody" in operation else b""
                status, kind, found = caller.call(method, filled, query, body)
                assert status < 500 or status == 503, (method, filled, query, body, found)
                if status >= 400:
                    assert kind == "application/problem+json"
    assert caller.call("get", "/livez", {})[0] == 200
