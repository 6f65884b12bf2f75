"""The API's own description (OpenAPI 3.1), made from the places and from the declarations of every room.

No query and no message has a route of its own: one place answers all queries, one drafts all messages, and
the description names each with its schema.
"""

import inspect as introspect
from typing import Any

from msgspec import json as mjson
from starlette.responses import Response

from consortia.kernel.application import Application
from consortia.kernel.module import Method, Module, Query
from consortia.kernel.refusals import REFUSALS as KERNEL_REFUSALS
from consortia.node.http import Asked, Place
from consortia.node.http_answers import HttpProblem, plain
from consortia.node.refusals import REFUSALS as NODE_REFUSALS
from consortia.node.schemas import Schemas

_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "POST /v1/transactions": ("wait",),
    "GET /v1/transactions": ("after", "limit", "key"),
    "GET /v1/transactions/{id}": ("wait",),
    "GET /v1/blocks": ("below", "limit"),
    "GET /v1/events": ("after", "limit", "name"),
    "GET /v1/search": ("text", "limit"),
    "GET /v1/checkpoint": ("size",),
    "GET /v1/final": ("covering", "wait"),
    "GET /v1/proofs/transactions/{id}": ("since",),
    "GET /v1/proofs/state": ("key", "since"),
    "GET /v1/stream": ("after", "name", "brief"),
    "GET /v1/blobs/{id}": ("purpose",),
    "GET /v1/blobs/{id}/tree": ("purpose",),
    "GET /v1/blobs/{id}/chunks/{index}": ("purpose",),
    "POST /v1/sync": ("wait",),
    "POST /v1/join": ("token",),
    "POST /v1/build/{module}/{method}": ("key", "lane", "sequence", "expires"),
}
"""What each place takes in its query string; its handler's description says what for."""

_MEDIA: dict[str, str] = {
    "GET /v1/checkpoint": "text/plain",
    "GET /v1/proofs/transactions/{id}": "application/vnd.consortia.proof",
    "GET /v1/proofs/state": "application/vnd.consortia.proof",
    "GET /v1/stream": "text/event-stream",
    "GET /v1/blobs/{id}": "application/octet-stream",
    "GET /v1/blobs/{id}/tree": "application/cbor",
    "GET /v1/blobs/{id}/chunks/{index}": "application/octet-stream",
    "GET /livez": "text/plain",
    "GET /readyz": "text/plain",
    "GET /metrics": "text/plain",
    "POST /v1/sync": "application/cbor",
}
"""What a place answers with, where that is not JSON."""

_PER_ROOM = frozenset({"/v1/query/{module}/{name}", "/v1/build/{module}/{method}"})
"""Places that stand in the description once for each query, and once for each message."""

_SECURITY: list[dict[str, list[str]]] = [{"key": []}, {"token": []}, {"certificate": []}, {"session": []}]
_PROBLEM = {"$ref": "#/components/responses/Problem"}
Operation = dict[str, Any]


async def refusals(asked: Asked) -> Response:
    """Every stable code, with its number and its meaning, room by room in order of precedence."""
    found = [_facts(code) for code in _codes(asked.service.ledger.app).values()]
    return plain({"refusals": found})


async def refusal(asked: Asked) -> Response:
    """What one stable code means: where the `help` of a problem leads."""
    code = asked.path("code")
    found = _codes(asked.service.ledger.app).get(code)
    if found is None:
        raise HttpProblem(404, f"no code {code[:80]!r}")
    return plain(_facts(found))


def _codes(app: Application) -> dict[str, Any]:
    rooms = (one for module in app.modules for one in module.refusals)
    return {one.code: one for one in (*KERNEL_REFUSALS, *NODE_REFUSALS, *rooms)}


def _facts(found: Any) -> dict[str, object]:  # noqa: ANN401 (a refusal of any room)
    return {"code": found.code, "number": found.number, "meaning": found.meaning}


def describe(places: tuple[Place, ...]) -> Place:
    """The place that describes all places, itself included."""
    made: list[bytes] = []

    async def openapi(asked: Asked) -> Response:
        """This description."""
        if not made:
            made.append(mjson.encode(document(asked.service.ledger.app, everything)))
        return Response(made[0], media_type="application/json")

    own = Place("GET", "/openapi.json", openapi, "The API, described.", open=True)
    everything = (*places, own)
    return own


def document(app: Application, places: tuple[Place, ...]) -> dict[str, Any]:
    """The description: an OpenAPI 3.1 document."""
    schemas, paths = Schemas(), dict[str, dict[str, Operation]]()
    for place in places:
        if (
            place.path not in _PER_ROOM
            and place.page is None
            and not place.path.startswith(("/console", "//"))
        ):
            paths.setdefault(place.path, {})[place.method.lower()] = _place(place)
    for module in app.modules:
        for query in module.queries:
            paths[f"/v1/query/{module.name}/{query.name}"] = _query(module, query, schemas)
        for method in module.methods:
            paths[f"/v1/build/{module.name}/{method.name}"] = {"post": _message(module, method, schemas)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Consortia node",
            "version": "1",
            "description": "Bytes are lowercase hex; integers beyond 2^53 are text.",
        },
        "tags": [{"name": module.name, "description": _first(module.doc)} for module in app.modules],
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, "Problem": _PROBLEM_SCHEMA, "Draft": _DRAFT_SCHEMA},
            "responses": {"Problem": {"description": "A problem (RFC 9457)", "content": _PROBLEM_CONTENT}},
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "Authorization"},
                "token": {"type": "http", "scheme": "bearer"},
                "certificate": {"type": "mutualTLS"},
                "session": {"type": "apiKey", "in": "cookie", "name": "consortia-console"},
            },
        },
    }


_PROBLEM_SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "a stable code, where the ledger or the node refuses"},
        "help": {"type": "string", "description": "where this node says what the code means"},
    },
    "required": ["type", "title", "status", "detail"],
}
_PROBLEM_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_HEX = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
_DRAFT_SCHEMA = {
    "type": "object",
    "description": "An unsigned transaction: its payload, the bytes that the signature covers, its id.",
    "properties": {"payload": _HEX, "sign": _HEX, "transaction": {**_HEX, "minLength": 64, "maxLength": 64}},
    "required": ["payload", "sign", "transaction"],
}


def _place(place: Place) -> Operation:
    name = f"{place.method} {place.path}"
    inside = [part[1:-1] for part in place.path.split("/") if part.startswith("{")]
    found: Operation = {
        "operationId": "".join(
            one if one.isalnum() else "_" for one in f"{place.method.lower()}{place.path}"
        ),
        "summary": place.doc,
        "description": introspect.getdoc(place.handler) or "",
        "parameters": [_parameter(one, "path") for one in inside]
        + [_parameter(one, "query") for one in _ARGUMENTS.get(name, ())],
        "security": [] if place.open else _SECURITY,
        "responses": {
            "200": {"description": "The answer", "content": {_MEDIA.get(name, "application/json"): {}}},
            "default": _PROBLEM,
        },
    }
    if place.body_bytes_max:
        kind = "application/json" if place.path == "/v1/build" else "application/cbor"
        found["requestBody"] = {
            "required": True,
            "description": f"at most {place.body_bytes_max:,} bytes",
            "content": {kind: {}},
        }
    return found


def _query(module: Module, query: Query, schemas: Schemas) -> dict[str, Operation]:
    answer = {
        "200": {
            "description": query.doc,
            "content": {"application/json": {"schema": schemas.of(query.result)}},
        }
    }
    common = {"summary": query.doc, "tags": [module.name], "security": _SECURITY}
    body = {"application/json": {"schema": schemas.of(query.arguments)}}
    return {
        "get": {
            **common,
            "operationId": f"query_{module.name}_{query.name}",
            "parameters": [_parameter(name, "query") for name in query.arguments.__struct_fields__],
            "responses": {**answer, "default": _PROBLEM},
        },
        "post": {
            **common,
            "operationId": f"ask_{module.name}_{query.name}",
            "requestBody": {"required": True, "content": body},
            "responses": {**answer, "default": _PROBLEM},
        },
    }


def _message(module: Module, method: Method, schemas: Schemas) -> Operation:
    signers = ", ".join(sorted(method.roles)) or f"nobody: {method.authority} has it carried out"
    drafted = {"application/json": {"schema": {"$ref": "#/components/schemas/Draft"}}}
    return {
        "operationId": f"build_{module.name}_{method.name}",
        "summary": _first(introspect.getdoc(method.message) or method.name),
        "description": f"Signed by keys of these roles: {signers}.",
        "tags": [module.name],
        "security": _SECURITY,
        "parameters": [
            _parameter(name, "query", required=name == "key")
            for name in _ARGUMENTS["POST /v1/build/{module}/{method}"]
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schemas.of(method.message)}},
        },
        "responses": {
            "200": {"description": "The unsigned transaction", "content": drafted},
            "default": _PROBLEM,
        },
    }


def _parameter(name: str, place: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required or place == "path", "schema": {"type": "string"}}


def _first(text: str) -> str:
    return text.strip().split("\n")[0]


PLACES = (
    Place("GET", "/v1/refusals", refusals, "Every stable code.", open=True),
    Place("GET", "/v1/refusals/{code}", refusal, "What a stable code means.", open=True),
)
