"""Transactions in, and what the ledger says: receipts, blocks, queries, ledger checkpoints, proofs."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from msgspec.json import decode as decode_json
from starlette.responses import Response

from consortia.base.codec import Malformed, Record, decode_record
from consortia.base.refusals import Refused
from consortia.kernel.block import Receipt, Whole
from consortia.kernel.ledger import Placed
from consortia.kernel.module import Query
from consortia.kernel.proof import Proof
from consortia.kernel.prove import CannotProve, final_height, newest_final, prove_receipt, prove_state
from consortia.kernel.refusals import REPLAYED
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX, parse_transaction
from consortia.node.http import Asked, Place
from consortia.node.http_answers import (
    CBOR,
    HttpProblem,
    hex_digest,
    plain,
    record,
    refused,
    wants_cbor,
    whole_number,
)
from consortia.node.index import EVENTS_ALL, Hit, TransactionRow
from consortia.node.service import LedgerFollowed, Service
from consortia.sdk.builder import Draft, DraftCall, draft
from consortia.sdk.jsonform import dump, from_json, from_query

RECEIPT_SECONDS_MAX = 30.0
FINAL_MILLISECONDS_MAX = 10_000
PROOF = "application/vnd.consortia.proof"
NOTE = "text/plain; charset=utf-8"


async def submit(asked: Asked) -> Response:
    """Hand in a signed transaction. With `?wait=receipt` the answer comes after the durable commit."""
    service = asked.service
    wait = asked.argument("wait")
    if wait not in {"", "receipt"}:
        raise HttpProblem(400, "wait is `receipt`, or left out")
    service.counters.submitted += 1
    try:
        transaction = await service.submit(asked.body)
    except Refused as refusal:
        known = _known(asked) if refusal.refusal is REPLAYED else None
        if known is None:
            service.counters.refused += 1
            raise refused(refusal, transaction=_id(asked)) from None
        return _receipt(asked, known.receipt)
    if not wait:
        return plain({"transaction": transaction}, 202)
    receipt = await service.waiting.receipt(
        service.ledger, transaction, RECEIPT_SECONDS_MAX, known=not service.node.orders
    )
    return plain({"transaction": transaction}, 202) if receipt is None else _receipt(asked, receipt)


async def transaction(asked: Asked) -> Response:
    """The receipt of a transaction, with its place. `?wait=SECONDS` waits for it, 30 at most."""
    name = hex_digest(asked.path("id"), "a transaction's id")
    seconds = min(RECEIPT_SECONDS_MAX, whole_number(asked.argument("wait", "0"), "wait"))
    receipt = await asked.service.waiting.receipt(asked.service.ledger, name, seconds)
    if receipt is None:
        raise HttpProblem(404, f"no receipt of transaction {name.hex()}")
    return _receipt(asked, receipt)


async def block(asked: Asked) -> Response:
    """The block at a height: its header, and its transactions with their receipts."""
    height = whole_number(asked.path("height"), "a height")
    await asked.service.turns.take(asked.counted)
    ledger = asked.service.ledger
    found, header = ledger.block(height), ledger.header(height)
    if found is None or header is None:
        raise HttpProblem(404, f"there is no block {height}; the newest is {ledger.tip.height}")
    if wants_cbor(asked.request):
        return record(asked.request, found)
    rows = asked.service.index.transactions((height - 1, 1 << 40), len(found.transactions))
    body = {"header": header, "transactions": [_row(row) for row in rows if row.height == height]}
    return plain(body)


async def whole(asked: Asked) -> Response:
    """The block at a height with its header and its receipts, for who follows the ledger."""
    height = whole_number(asked.path("height"), "a height")
    await asked.service.turns.take(asked.counted)
    found = LedgerFollowed(asked.service.ledger).indexed(height)
    if found is None:
        raise HttpProblem(404, f"there is no block {height}; the newest is {asked.service.ledger.tip.height}")
    return record(asked.request, Whole(*found))


async def blocks(asked: Asked) -> Response:
    """The blocks below a height (`?below=`), newest first, at most 200; `below` is that of the next page."""
    below = whole_number(asked.argument("below", str(1 << 52)), "below")
    rows = asked.service.index.blocks(below, _limit(asked))
    return plain({"blocks": rows, "below": rows[-1]["height"] if rows and rows[-1]["height"] else None})


async def transactions(asked: Asked) -> Response:
    """Transactions after a cursor (`?after=HEIGHT-INDEX`), of one key with `?key=`."""
    key = asked.argument("key")
    rows = asked.service.index.transactions(
        _cursor(asked), _limit(asked), hex_digest(key, "a key's id") if key else b""
    )
    after = f"{rows[-1].height}-{rows[-1].index}" if rows else asked.argument("after")
    return plain({"transactions": [_row(row) for row in rows], "after": after})


async def event_rows(asked: Asked) -> Response:
    """Events after a cursor, of one name with `?name=`.

    The cursor is `?after=HEIGHT-INDEX`, past all events of a transaction, or `HEIGHT-INDEX-NUMBER`, past one.
    """
    height, index, *number = _cursor(asked, 3)
    after = (height, index, number[0] if number else EVENTS_ALL)
    rows = asked.service.index.events(after, _limit(asked), asked.argument("name"))
    found = [
        {"height": r.height, "index": r.index, "number": r.number, "name": r.name, "body": r.body}
        for r in rows
    ]
    last = f"{rows[-1].height}-{rows[-1].index}-{rows[-1].number}" if rows else asked.argument("after")
    return plain({"events": found, "after": last})


async def search(asked: Asked) -> Response:
    """Where names, or hashes in hex, that start with `?text=` stand; `?after=` is that of the page before."""
    after = asked.argument("after")
    try:
        last = decode_json(after, type=Hit) if after else None
    except ValueError:
        raise HttpProblem(400, "after is what the page before gave") from None
    hits = asked.service.index.search(asked.argument("text"), _limit(asked), last)
    found = [{"word": h.word, "height": h.height, "index": h.index, "field": h.field} for h in hits]
    return plain({"hits": found, "after": dump(found[-1]).decode() if found else after})


async def query(asked: Asked) -> Response:
    """Ask a module, with arguments in the query string, or in the body of a POST as CBOR or JSON."""
    found = _query(asked)
    arguments = _arguments(asked, found)
    ledger = asked.service.ledger
    answer = ledger.query(f"{asked.path('module')}.{asked.path('name')}", arguments)
    return record(asked.request, answer)


async def build(asked: Asked) -> Response:
    """The unsigned transaction that `{key, calls: [{method, args}]}` asks for, and the bytes to sign."""
    try:
        wanted = decode_json(asked.body, type=Draft)
    except (ValueError, RecursionError) as error:
        raise HttpProblem(400, str(error)) from None
    return _drafted(asked, wanted)


async def build_one(asked: Asked) -> Response:
    """The unsigned transaction of one message, whose fields are the body, for the key `?key=`.

    `?lane=` is 0, and `?sequence=` and `?expires=` are filled in, where they are left out.
    """
    lane = whole_number(asked.argument("lane", "0"), "lane", 15)
    sequence, expires = asked.number("sequence"), asked.number("expires")
    key = hex_digest(asked.argument("key"), "a key's id").hex()
    method = f"{asked.path('module')}.{asked.path('method')}"
    if method not in asked.service.ledger.app.methods:
        raise HttpProblem(404, f"no message {method[:80]}")
    try:
        call = DraftCall(method, decode_json(asked.body, type=dict[str, Any]))
    except (ValueError, RecursionError) as error:
        raise HttpProblem(400, str(error)) from None
    return _drafted(asked, Draft(key, (call,), lane, sequence, expires))


def _drafted(asked: Asked, wanted: Draft) -> Response:
    service = asked.service
    hex_digest(wanted.key, "a key's id")
    try:
        made = draft(service.ledger.app, service.ledger.network, wanted, service.next_sequence, service.now())
    except (Malformed, ValueError, RecursionError) as error:
        raise HttpProblem(400, str(error)) from None
    return plain({"payload": made.payload, "sign": made.signed, "transaction": made.id})


async def sequence(asked: Asked) -> Response:
    """The sequence number that a lane's next transaction must have, those that wait counted."""
    key = hex_digest(asked.path("key"), "a key's id")
    lane = whole_number(asked.path("lane"), "a lane", 15)
    ledger = asked.service.ledger
    return plain({"next": asked.service.next_sequence(key, lane), "time": ledger.tip.time})


async def checkpoint(asked: Asked) -> Response:
    """The newest final ledger checkpoint: a signed note; `?size=` for the one kept of that size."""
    ledger = asked.service.ledger
    size = asked.number("size")
    if size is not None:
        with ledger.store.snapshot() as view:
            data = view.note(size)
        if data is None:
            raise HttpProblem(404, f"no final ledger checkpoint of size {size} is kept")
    else:
        try:
            data = newest_final(ledger).encode()
        except CannotProve as error:
            raise HttpProblem(404, str(error)) from None
    return Response(data, media_type=NOTE)


async def final(asked: Asked) -> Response:
    """The height and the size that the newest final ledger checkpoint covers.

    `?covering=HEIGHT&wait=MILLISECONDS` waits until it covers the block at that height, 10 s at most.
    """
    ledger = asked.service.ledger
    covering = whole_number(asked.argument("covering", "0"), "covering")
    wait = min(FINAL_MILLISECONDS_MAX, whole_number(asked.argument("wait", "0"), "wait"))
    await _until_final(asked.service, covering, wait / 1000)
    try:
        return plain({"height": final_height(ledger), "size": newest_final(ledger).checkpoint.size})
    except CannotProve as error:
        raise HttpProblem(404, str(error)) from None


async def _until_final(service: Service, height: int, seconds: float) -> None:
    """Wait until a final checkpoint covers the block at a height, or so many seconds."""
    loop = asyncio.get_running_loop()
    finals, deadline, seen = service.node.finals, loop.time() + seconds, -1
    while (left := deadline - loop.time()) > 0:
        if finals.size != seen:
            seen = finals.size
            if seen and final_height(service.ledger) >= height:
                return
        if not await service.waiting.news(left):
            return


async def genesis(asked: Asked) -> Response:
    """The genesis: the record whose hash is the network's id."""
    return record(asked.request, asked.service.ledger.genesis)


async def proof_of_receipt(asked: Asked) -> Response:
    """A proof file of a transaction's receipt; `?since=SIZE` starts from a checkpoint trusted before."""
    name = hex_digest(asked.path("id"), "a transaction's id")
    await asked.service.turns.take(asked.counted)
    return _proof(asked, lambda since: prove_receipt(asked.service.ledger, name, since))


async def proof_of_state(asked: Asked) -> Response:
    """A proof file of what stands at a state key (`?key=` in hex), or that nothing does."""
    text = asked.argument("key")
    if not _STATE_KEY.match(text):
        raise HttpProblem(400, "key is the state key, of 1 to 1024 bytes, in lowercase hex")
    key = bytes.fromhex(text)
    service = asked.service
    ledger = service.ledger

    def make(since: int | None) -> Proof:
        return prove_state(ledger, key, since=since, head=service.final_head(service.node.finals))

    await service.turns.take(asked.counted)
    return _proof(asked, make)


_STATE_KEY = re.compile(r"([0-9a-f]{2}){1,1024}\Z")


def _proof(asked: Asked, make: Callable[[int | None], Proof]) -> Response:
    try:
        found = make(asked.number("since"))
    except (CannotProve, ValueError) as error:
        raise HttpProblem(409, str(error)) from None
    return Response(found.encode(), media_type=PROOF)


def _query(asked: Asked) -> Query:
    name = f"{asked.path('module')}.{asked.path('name')}"
    found = asked.service.ledger.app.query(name)
    if found is None:
        raise HttpProblem(404, f"no query {name}")
    return found[1]


def _arguments(asked: Asked, found: Query) -> Record:
    kind = found.arguments
    try:
        if asked.request.method == "GET":
            names = asked.request.query_params
            return from_query(kind, {name: asked.argument(name) for name in names})
        if asked.request.headers.get("content-type", "").startswith(CBOR):
            return decode_record(kind, asked.body)
        return from_json(kind, decode_json(asked.body))
    except (Malformed, ValueError, RecursionError) as error:
        raise HttpProblem(400, str(error)) from None


def _known(asked: Asked) -> Placed | None:
    """The receipt of a transaction that was handed in before: the same answer again."""
    return asked.service.ledger.receipt(bytes.fromhex(_id(asked)))


def _id(asked: Asked) -> str:
    try:
        return parse_transaction(asked.body, asked.service.ledger.network).id.hex()
    except Malformed:
        return ""


def _receipt(asked: Asked, receipt: Receipt) -> Response:
    return record(asked.request, receipt)


def _row(row: TransactionRow) -> dict[str, object]:
    return {
        "height": row.height,
        "index": row.index,
        "transaction": row.id,
        "key": row.key,
        "code": row.code,
        "cost": row.cost,
        "methods": list(row.methods),
    }


def _limit(asked: Asked) -> int:
    return whole_number(asked.argument("limit", "50"), "limit", 200)


def _cursor(asked: Asked, parts_max: int = 2) -> tuple[int, ...]:
    """The numbers of `?after=`, at least two; before everything where it is left out."""
    text = asked.argument("after")
    parts = text.split("-") if text else []
    if text and not (2 <= len(parts) <= parts_max and all(_PART.match(part) for part in parts)):
        raise HttpProblem(400, f"after is a place such as 12-3, not {text[:80]!r}")
    return tuple(int(part) for part in parts) if parts else (-1, -1)


_PART = re.compile(r"[0-9]{1,15}\Z")
_TRANSACTION_WEIGHT = 0.1
_QUERY_BYTES_MAX = 64 << 10

PLACES = (
    Place(
        "POST",
        "/v1/transactions",
        submit,
        "Hand in a signed transaction.",
        open=True,
        body_bytes_max=TRANSACTION_BYTES_MAX + 1,
        weight=_TRANSACTION_WEIGHT,
    ),
    Place("GET", "/v1/transactions", transactions, "Transactions, in order."),
    Place("GET", "/v1/transactions/{id}", transaction, "A transaction's receipt."),
    Place("GET", "/v1/blocks", blocks, "The newest blocks."),
    Place("GET", "/v1/blocks/{height}", block, "One block."),
    Place("GET", "/v1/blocks/{height}/whole", whole, "One block with all that came of it."),
    Place("GET", "/v1/events", event_rows, "Events, in order."),
    Place("GET", "/v1/search", search, "Names and hashes by their first characters."),
    Place("GET", "/v1/query/{module}/{name}", query, "Ask a module."),
    Place("POST", "/v1/query/{module}/{name}", query, "Ask a module.", body_bytes_max=_QUERY_BYTES_MAX),
    Place("POST", "/v1/build", build, "An unsigned transaction.", body_bytes_max=2 * TRANSACTION_BYTES_MAX),
    Place(
        "POST",
        "/v1/build/{module}/{method}",
        build_one,
        "An unsigned transaction of one message.",
        body_bytes_max=2 * TRANSACTION_BYTES_MAX,
    ),
    Place("GET", "/v1/sequences/{key}/{lane}", sequence, "A lane's next sequence number."),
    Place("GET", "/v1/checkpoint", checkpoint, "The newest final ledger checkpoint."),
    Place("GET", "/v1/final", final, "How far the ledger is final."),
    Place("GET", "/v1/genesis", genesis, "The genesis."),
    Place("GET", "/v1/proofs/transactions/{id}", proof_of_receipt, "A proof of a receipt."),
    Place("GET", "/v1/proofs/state", proof_of_state, "A proof of a state entry, or of its absence."),
)
