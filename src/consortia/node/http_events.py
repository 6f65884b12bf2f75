"""Events as they happen: a stream of blocks (server-sent events) that resumes by height."""

from collections.abc import AsyncIterator, Callable

from starlette.responses import Response, StreamingResponse

from consortia.kernel.block import Header, Receipt
from consortia.node.http import Asked, Place
from consortia.node.http_answers import HttpProblem, whole_number
from consortia.node.service import STREAMS_MAX, LedgerFollowed, Service
from consortia.sdk.jsonform import dump

HEARTBEAT_SECONDS = 15.0
NAME_CHARACTERS_MAX = 80
KEPT_MAX = 4
"""What is told of the newest block is made once for all who follow, for so many ways of asking."""


async def stream(asked: Asked) -> Response:
    """Blocks after a height (`?after=`, or the header Last-Event-ID), then each as it comes.

    Every event has the height as its id and, as data, the block's header and its receipts; with
    `?name=PREFIX` only receipts with an event of that name's beginning, and no block without one. With
    `?brief=true` the data are the header alone. It ends when the caller's token or key is over, and where all
    streams are taken and this caller has most of them, for one who comes and has fewer.
    """
    service = asked.service
    if not service.streams.room(asked.counted):
        raise HttpProblem(503, f"all {STREAMS_MAX} streams are taken; end one of yours, or come again later")
    last = asked.request.headers.get("last-event-id")
    wanted = whole_number(last, "after") if last else asked.number("after")
    after = service.ledger.tip.height if wanted is None else wanted
    name = asked.argument("name")
    if len(name) > NAME_CHARACTERS_MAX:
        raise HttpProblem(400, f"a name has at most {NAME_CHARACTERS_MAX} characters")
    brief = asked.argument("brief", "false")
    if brief not in {"true", "false"} or (name and brief == "true"):
        raise HttpProblem(400, "brief is true or false, and true only where all blocks are asked for")
    header = asked.request.headers.get("authorization", "")
    return StreamingResponse(
        _blocks(
            service,
            after,
            name,
            asked.counted,
            lambda: service.gate.stands(asked.caller, header, service.now()),
            brief=brief == "true",
        ),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store"},
    )


async def _blocks(
    service: Service, after: int, name: str, caller: str, stands: Callable[[], bool], *, brief: bool
) -> AsyncIterator[bytes]:
    after = max(after, LedgerFollowed(service.ledger).first - 1)
    seat = service.streams.take(caller)
    try:
        yield b"retry: 1000\n\n"
        while stands() and not seat.lost:
            if after < service.ledger.tip.height:
                await service.turns.take(caller)  # of blocks of which nothing is told, too: they are read
                after += 1
                piece = _piece_of(service, after, None if brief else name)
                if piece:
                    yield piece
            elif not await service.waiting.block(HEARTBEAT_SECONDS):
                yield b": still here\n\n"
    finally:
        service.streams.leave(caller, seat)


def _piece_of(service: Service, height: int, name: str | None) -> bytes:
    """What is told of a block: its header alone where there is no name, which may be empty, to look for."""
    kept, newest = service.headlines, service.ledger.tip.height
    found = kept.get((height, name))
    if found is None:
        found = _headline(service, height) if name is None else _told(service, height, name)
        if height == newest:
            if len(kept) >= KEPT_MAX or any(at != newest for at, _ in kept):
                kept.clear()
            kept[height, name] = found
    return found


def _headline(service: Service, height: int) -> bytes:
    header = service.ledger.header(height)
    return b"" if header is None else _event(height, {"header": header})


def _told(service: Service, height: int, name: str) -> bytes:
    found = LedgerFollowed(service.ledger).indexed(height)
    return b"" if found is None else _piece(found[1], found[2], name)


def _event(height: int, facts: dict[str, object]) -> bytes:
    return b"id: %d\nevent: block\ndata: %s\n\n" % (height, dump(facts))


def _piece(header: Header, receipts: tuple[Receipt, ...], name: str) -> bytes:
    """One server-sent event, or nothing when the filter leaves nothing."""
    if name:
        receipts = tuple(r for r in receipts if any(event.name.startswith(name) for event in r.events))
        if not receipts:
            return b""
    return _event(header.height, {"header": header, "receipts": receipts})


PLACES = (Place("GET", "/v1/stream", stream, "Blocks as they come (server-sent events)."),)
