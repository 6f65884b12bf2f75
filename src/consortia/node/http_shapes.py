"""What the places take and give, as JSON schemas: the part of the description that no record declares.

A place answers with a record of the ledger, which `schemas` reads from its declaration, or with plain facts,
whose shape stands here. The test that asks a running node holds both against what it really answers.
"""

from typing import Any

from consortia.kernel.block import Block, Header, Receipt
from consortia.kernel.genesis import Genesis
from consortia.node.http_answers import NUMBER_MAX
from consortia.node.schemas import HEX, Schema, Schemas

NUMBER: Schema = {"type": "integer", "minimum": 0, "maximum": NUMBER_MAX}
DIGEST: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
CURSOR: Schema = {"type": "string", "pattern": "^([0-9]{1,15}-[0-9]{1,15})?$"}
EVENT_CURSOR: Schema = {"type": "string", "pattern": "^([0-9]{1,15}(-[0-9]{1,15}){1,2})?$"}
_TEXT: Schema = {"type": "string"}
_LIMIT: Schema = {"type": "integer", "minimum": 0, "maximum": 200}
_WAIT: Schema = {"type": "integer", "minimum": 0, "maximum": NUMBER_MAX}
_NAME: Schema = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,31}$"}
_MAYBE_DIGEST: Schema = {"type": "string", "pattern": "^([0-9a-f]{64})?$"}


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


ARGUMENTS: dict[str, dict[str, Schema]] = {
    "POST /v1/transactions": {"wait": {"enum": ["receipt", ""]}},
    "GET /v1/transactions": {"after": CURSOR, "limit": _LIMIT, "key": _MAYBE_DIGEST},
    "GET /v1/transactions/{id}": {"wait": _WAIT},
    "GET /v1/blocks": {"below": NUMBER, "limit": _LIMIT},
    "GET /v1/events": {"after": EVENT_CURSOR, "limit": _LIMIT, "name": _TEXT},
    "GET /v1/search": {"text": _TEXT, "after": _TEXT, "limit": _LIMIT},
    "GET /v1/checkpoint": {"size": NUMBER},
    "GET /v1/final": {"covering": NUMBER, "wait": _WAIT},
    "GET /v1/proofs/transactions/{id}": {"since": NUMBER},
    "GET /v1/proofs/state": {
        "key": {"type": "string", "pattern": "^([0-9a-f]{2})+$", "maxLength": 2048},
        "since": NUMBER,
    },
    "GET /v1/stream": {
        "after": NUMBER,
        "name": {"type": "string", "maxLength": 80},
        "brief": {"type": "boolean"},
    },
    "GET /v1/blobs/{id}": {"purpose": _TEXT},
    "GET /v1/blobs/{id}/tree": {"purpose": _TEXT},
    "GET /v1/blobs/{id}/chunks/{index}": {"purpose": _TEXT},
    "POST /v1/sync": {"wait": _WAIT},
    "POST /v1/join": {"token": _TEXT},
    "POST /v1/invitations": {"name": _NAME},
    "POST /v1/build/{module}/{method}": {
        "key": DIGEST,
        "lane": {"type": "integer", "minimum": 0, "maximum": 15},
        "sequence": NUMBER,
        "expires": NUMBER,
    },
}
"""What each place takes in its query string; its handler's description says what for."""

NEEDED: frozenset[tuple[str, str]] = frozenset(
    {
        ("GET /v1/proofs/state", "key"),
        ("POST /v1/build/{module}/{method}", "key"),
        ("POST /v1/join", "token"),
        ("POST /v1/invitations", "name"),
    }
)
"""Those of them that cannot be left out."""

PARTS: dict[str, Schema] = {
    "id": DIGEST,
    "key": DIGEST,
    "height": NUMBER,
    "index": NUMBER,
    "lane": {"type": "integer", "minimum": 0, "maximum": 15},
}
"""What stands in the parts of a path; any other part is a text."""

TAKEN: dict[str, str] = {
    "POST /v1/build": "application/json",
    "POST /v1/engine": "application/json",
    "POST /v1/blobs": "application/octet-stream",
    "POST /v1/blobs/adopt": "text/plain",
    "PUT /v1/blobs/{id}/chunks/{index}": "application/octet-stream",
}
"""What a place takes as its body, where that is not CBOR."""

MEDIA: dict[str, str] = {
    "GET /v1/checkpoint": "text/plain",
    "GET /v1/proofs/transactions/{id}": "application/vnd.consortia.proof",
    "GET /v1/proofs/state": "application/vnd.consortia.proof",
    "GET /v1/stream": "text/event-stream",
    "GET /v1/blobs/{id}": "application/octet-stream",
    "GET /v1/blobs/{id}/tree": "application/cbor",
    "GET /v1/blobs/{id}/chunks/{index}": "application/octet-stream",
    "POST /v1/availability": "application/cbor",
    "POST /v1/availability/gather": "application/cbor",
    "GET /v1/hand-over": "application/cbor",
    "POST /v1/hand-over": "application/cbor",
    "POST /v1/hand-over/signed": "application/cbor",
    "GET /livez": "text/plain",
    "GET /readyz": "text/plain",
    "GET /metrics": "text/plain",
    "POST /v1/sync": "application/cbor",
}
"""What a place answers with, where that is not JSON."""

DRAFT: Schema = {
    "type": "object",
    "description": "An unsigned transaction: its payload, the bytes that the signature covers, its id.",
    "properties": {"payload": HEX, "sign": HEX, "transaction": DIGEST},
    "required": ["payload", "sign", "transaction"],
}
WANTED: Schema = {
    "type": "object",
    "description": "A transaction that is wanted; what is left out is filled in.",
    "properties": {
        "key": DIGEST,
        "calls": _list(_object(method=_TEXT, args={"type": "object"})),
        "lane": {"type": "integer", "minimum": 0, "maximum": 15},
        "sequence": {"anyOf": [NUMBER, {"type": "null"}]},
        "expires": {"anyOf": [NUMBER, {"type": "null"}]},
    },
    "required": ["key", "calls"],
    "additionalProperties": False,
}
_ROW = _object(
    height=NUMBER,
    index=NUMBER,
    transaction=DIGEST,
    key=DIGEST,
    code=_TEXT,
    cost=NUMBER,
    methods=_list(_TEXT),
)
_BLOCK = _object(height=NUMBER, time=NUMBER, transactions=NUMBER, first=NUMBER, state=DIGEST, members=DIGEST)
_EVENT = _object(height=NUMBER, index=NUMBER, number=NUMBER, name=_TEXT, body={"type": "object"})
_HIT = _object(word=_TEXT, height=NUMBER, index=NUMBER, field=_TEXT)
_CODE = _object(code=_TEXT, number=NUMBER, meaning=_TEXT)
_INVITE = _object(
    format={"enum": ["consortia-invite-1"]},
    network=DIGEST,
    genesis=HEX,
    name=_NAME,
    inviter=_NAME,
    url=_TEXT,
    pin=_MAYBE_DIGEST,
    token=_TEXT,
    expires=NUMBER,
    driver={"enum": ["embedded", "cometbft"]},
    peer=_TEXT,
)
_MISSING = _object(blob=DIGEST, missing=_list(NUMBER))


def answers(schemas: Schemas) -> dict[str, dict[str, Schema]]:
    """The schema of each place's JSON answer, by status; a place left out answers with other bytes."""
    receipt, header = schemas.of(Receipt), schemas.of(Header)
    handed = _object(transaction=DIGEST)
    return {
        "POST /v1/transactions": {"200": receipt, "202": handed},
        "GET /v1/transactions": {"200": _object(transactions=_list(_ROW), after=CURSOR)},
        "GET /v1/transactions/{id}": {"200": receipt},
        "GET /v1/blocks": {"200": _object(blocks=_list(_BLOCK), below={"anyOf": [NUMBER, {"type": "null"}]})},
        "GET /v1/blocks/{height}": {"200": _object(header=header, transactions=_list(_ROW))},
        "GET /v1/blocks/{height}/whole": {
            "200": _object(block=schemas.of(Block), header=header, receipts=_list(receipt))
        },
        "GET /v1/events": {"200": _object(events=_list(_EVENT), after=EVENT_CURSOR)},
        "GET /v1/search": {"200": _object(hits=_list(_HIT), after=_TEXT)},
        "POST /v1/build": {"200": {"$ref": "#/components/schemas/Draft"}},
        "GET /v1/sequences/{key}/{lane}": {"200": _object(next=NUMBER, time=NUMBER)},
        "GET /v1/final": {"200": _object(height=NUMBER, size=NUMBER)},
        "GET /v1/genesis": {"200": schemas.of(Genesis)},
        "POST /v1/blobs": {"201": _object(blob=DIGEST)},
        "POST /v1/blobs/adopt": {"201": _object(blob=DIGEST)},
        "PUT /v1/blobs/{id}/tree": {"200": _MISSING},
        "PUT /v1/blobs/{id}/chunks/{index}": {"200": _MISSING},
        "GET /v1/cosignatures": {"200": _object(notes=_list(_TEXT))},
        "POST /v1/join": {"202": _object(name=_TEXT, waiting=_TEXT)},
        "POST /v1/invitations": {"200": _INVITE},
        "POST /v1/ledger-copy": {"200": _object(folder=_TEXT)},
        "GET /v1/refusals": {"200": _object(refusals=_list(_CODE))},
        "GET /v1/refusals/{code}": {"200": _CODE},
    }


def parameter(name: str, place: str, schema: Schema, *, required: bool = False) -> dict[str, Any]:
    """A parameter of an operation; a list or a record in a query string stands there as JSON."""
    held = {"application/json": {"schema": schema}} if _nested(schema) else None
    found: dict[str, Any] = {"name": name, "in": place, "required": required or place == "path"}
    return found | ({"schema": schema} if held is None else {"content": held})


def _nested(schema: Schema) -> bool:
    return "$ref" in schema or schema.get("type") in {"array", "object"}
