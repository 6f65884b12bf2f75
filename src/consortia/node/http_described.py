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
from consortia.node.http_shapes import (
    ARGUMENTS,
    DRAFT,
    MEDIA,
    NEEDED,
    PARTS,
    TAKEN,
    WANTED,
    answers,
    parameter,
)
from consortia.node.refusals import REFUSALS as NODE_REFUSALS
from consortia.node.schemas import PREFIX, Schema, Schemas

_PER_ROOM = frozenset({"/v1/query/{module}/{name}", "/v1/build/{module}/{method}"})
"""Places that stand in the description once for each query, and once for each message."""

_SECURITY: list[dict[str, list[str]]] = [{"key": []}, {"token": []}, {"certificate": []}, {"session": []}]
_PROBLEM = {"$ref": "#/components/responses/Problem"}
_UNCHANGED = {"description": "What the caller has by the header If-None-Match is what there is"}
_JSON = "application/json"
_TEXT: Schema = {"type": "string"}
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
    shapes = answers(schemas)
    for place in places:
        if (
            place.path not in _PER_ROOM
            and place.page is None
            and not place.path.startswith("/console")
            and place.path != "/"
        ):
            paths.setdefault(place.path, {})[place.method.lower()] = _place(place, shapes)
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
            "schemas": {**schemas.components, "Problem": _PROBLEM_SCHEMA, "Draft": DRAFT, "Wanted": WANTED},
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
        "remedy": {"type": "string", "description": "what to do, where there is something"},
    },
    "required": ["type", "title", "status", "detail"],
}
_PROBLEM_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _place(place: Place, shapes: dict[str, dict[str, Schema]]) -> Operation:
    name = f"{place.method} {place.path}"
    inside = [part[1:-1] for part in place.path.split("/") if part.startswith("{")]
    found: Operation = {
        "operationId": "".join(
            one if one.isalnum() else "_" for one in f"{place.method.lower()}{place.path}"
        ),
        "summary": place.doc,
        "description": introspect.getdoc(place.handler) or "",
        "parameters": [parameter(one, "path", PARTS.get(one, _TEXT)) for one in inside]
        + [
            parameter(one, "query", schema, required=(name, one) in NEEDED)
            for one, schema in ARGUMENTS.get(name, {}).items()
        ],
        "security": [] if place.open else _SECURITY,
        "responses": _responses(place, MEDIA.get(name, _JSON), shapes.get(name, {"200": {}})),
    }
    if place.body_bytes_max:
        kind = TAKEN.get(name, "application/cbor")
        wanted = {"schema": {"$ref": "#/components/schemas/Wanted"}} if place.path == "/v1/build" else {}
        found["requestBody"] = {
            "required": True,
            "description": f"at most {place.body_bytes_max:,} bytes",
            "content": {kind: wanted},
        }
    return found


def _responses(place: Place, media: str, shapes: dict[str, Schema]) -> dict[str, Any]:
    held: dict[str, Any] = {
        status: {"description": "The answer", "content": {media: {"schema": schema} if schema else {}}}
        for status, schema in shapes.items()
    }
    if place.path == "/v1/blobs/{id}":
        held["206"] = {**held["200"], "description": "The part that the header Range asks for"}
    if place.method == "GET" and media != "text/event-stream":
        held["304"] = _UNCHANGED
    return {**held, "default": _PROBLEM}


def _query(module: Module, query: Query, schemas: Schemas) -> dict[str, Operation]:
    answer = {"200": {"description": query.doc, "content": {_JSON: {"schema": schemas.of(query.result)}}}}
    common = {"summary": query.doc, "tags": [module.name], "security": _SECURITY}
    arguments = schemas.of(query.arguments)
    fields: dict[str, Schema] = schemas.components[arguments["$ref"].removeprefix(PREFIX)]["properties"]
    return {
        "get": {
            **common,
            "operationId": f"query_{module.name}_{query.name}",
            "parameters": [_field(name, schema) for name, schema in fields.items()],
            "responses": {**answer, "304": _UNCHANGED, "default": _PROBLEM},
        },
        "post": {
            **common,
            "operationId": f"ask_{module.name}_{query.name}",
            "requestBody": {"required": True, "content": {_JSON: {"schema": arguments}}},
            "responses": {**answer, "default": _PROBLEM},
        },
    }


def _field(name: str, schema: Schema) -> dict[str, Any]:
    """A record's field as a parameter of a query string: what may be null is left out instead."""
    options = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    nullable = bool(options) and len(options) < len(schema["anyOf"])
    found = schema if not nullable else options[0] if len(options) == 1 else {"anyOf": options}
    return parameter(name, "query", found, required=not nullable)


def _message(module: Module, method: Method, schemas: Schemas) -> Operation:
    signers = ", ".join(sorted(method.roles)) or f"nobody: {method.authority} has it carried out"
    drafted = {_JSON: {"schema": {"$ref": "#/components/schemas/Draft"}}}
    name = "POST /v1/build/{module}/{method}"
    return {
        "operationId": f"build_{module.name}_{method.name}",
        "summary": _first(introspect.getdoc(method.message) or method.name),
        "description": f"Signed by keys of these roles: {signers}.",
        "tags": [module.name],
        "security": _SECURITY,
        "parameters": [
            parameter(one, "query", schema, required=(name, one) in NEEDED)
            for one, schema in ARGUMENTS[name].items()
        ],
        "requestBody": {"required": True, "content": {_JSON: {"schema": schemas.of(method.message)}}},
        "responses": {
            "200": {"description": "The unsigned transaction", "content": drafted},
            "default": _PROBLEM,
        },
    }


def _first(text: str) -> str:
    return text.strip().split("\n")[0]


PLACES = (
    Place("GET", "/v1/refusals", refusals, "Every stable code.", open=True),
    Place("GET", "/v1/refusals/{code}", refusal, "What a stable code means.", open=True),
)
