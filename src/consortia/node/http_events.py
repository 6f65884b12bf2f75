"""Events as they happen: a stream of blocks (server-sent events) that resumes by height."""

from collections.abc import AsyncIterator, Callable

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

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
    seat = service.streams.take(asked.counted)
    if seat is None:
        raise HttpProblem(503, f"all {STREAMS_MAX} streams are taken; end one of yours, or come again later")

    def stands() -> bool:
        return not seat.lost and service.gate.stands(asked.caller, header, service.now())

    pieces = blocks(service, after, None if brief == "true" else name, asked.counted, stands)
    return _Seated(pieces, lambda: service.streams.leave(asked.counted, seat))


class _Seated(StreamingResponse):
    """A stream whose caller gives its seat back, however it ends, also where it had gone before it began."""

    def __init__(self, pieces: AsyncIterator[bytes], leave: Callable[[], None]) -> None:
        super().__init__(pieces, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


async def blocks(
    service: Service, after: int, name: str | None, caller: str, stands: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """The pieces of a stream: each block after a height, and signs of life, while it `stands`.

    Of a block its header alone is told where there is no `name`, which may be empty, to look for.
    """
    after = max(after, LedgerFollowed(service.ledger).first - 1)
    yield b"retry: 1000\n\n"
    while stands():
        if after < service.ledger.tip.height:
            await service.turns.take(caller)  # of blocks of which nothing is told, too: they are read
            after += 1
            piece = _piece_of(service, after, name)
            if piece:
                yield piece
        elif not await service.waiting.block(HEARTBEAT_SECONDS):
            yield b": still here\n\n"


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
