"""Documents on their way in over HTTP: each within its limit of bytes, and all that are here at once.

A request says how large it is before it is read, and holds that much of the room until its events are kept:
what many callers send at the same time is bounded before a byte of it is in memory.
"""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from consortia.engines.train.files import DataError
from consortia.solutions.supply.epcis.hashing import events_of
from consortia.solutions.supply.epcis.objects import json_of
from consortia.solutions.supply.epcis.reading import check_head

BYTES_MAX = 16 << 20
"""So much of one document."""

ROOM_BYTES = 32 << 20
"""So much of all documents at once that arrive or wait: as objects they may be 25 times larger."""

SHARE_BYTES_LEAST = 4 << 20
"""A document counts as so many bytes at least, so that small ones are no queue without an end."""

EVENTS_MAX = 10_000
HEADERS = {
    "GS1-EPCIS-Version": "2.0.0",
    "GS1-EPCIS-Min": "2.0.0",
    "GS1-EPCIS-Max": "2.0.0",
    "GS1-CBV-Version": "2.0.0",
    "GS1-EPCIS-Capture-Limit": str(EVENTS_MAX),
    "GS1-EPCIS-Capture-File-Size-Limit": str(BYTES_MAX),
}
_KINDS = ("application/json", "application/ld+json")


class Problem(Exception):
    """An answer that is a problem: the exception of EPCIS, the HTTP status and what is wrong, in one line."""

    def __init__(self, kind: str, status: int, title: str, **headers: str) -> None:
        super().__init__(title)
        self.kind, self.status, self.title, self.headers = kind, status, title, headers

    def response(self) -> Response:
        """The report."""
        told = {"type": f"epcisException:{self.kind}", "title": self.title, "status": self.status}
        named = {name.replace("_", "-"): value for name, value in self.headers.items()}
        return JSONResponse(told, self.status, {**HEADERS, **named}, "application/problem+json")


class Room:
    """The bytes that documents may take at once."""

    def __init__(self) -> None:
        self._left = ROOM_BYTES

    def take(self, size: int) -> Callable[[], None]:
        """Hold room for so many bytes; what gives it back. Raises Problem where there is not so much left."""
        size = max(size, SHARE_BYTES_LEAST)
        if size > self._left:
            raise Problem(
                "ImplementationException", 503, "too many documents arrive or wait at once", Retry_After="1"
            )
        self._left -= size

        def give_back() -> None:
            self._left += size

        return give_back


def announced(request: Request) -> int:
    """How many bytes a request may bring: what it says, or else the most. Raises Problem for too many."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise Problem("UnsupportedMediaTypeException", 415, f"documents are {' or '.join(_KINDS)}")
    said = request.headers.get("gs1-epcis-version", "2.0")
    if not said.startswith("2."):
        raise Problem("ImplementationException", 406, "EPCIS 2.0 is spoken here")
    length = request.headers.get("content-length")
    size = BYTES_MAX if length is None else int(length)
    if size > BYTES_MAX:
        raise _too_large()
    return size


async def arrived(request: Request) -> dict[str, Any]:
    """The JSON object of a request; raises Problem where it is none, too large or no EPCIS 2."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > BYTES_MAX:
            raise _too_large()
    try:
        found = await run_in_threadpool(_parsed, bytes(data))
    except DataError as error:
        raise Problem("ValidationException", 400, str(error)) from None
    if len(events_of(found)) > EVENTS_MAX:
        raise Problem("CaptureLimitExceededException", 413, f"more than {EVENTS_MAX:,} events")
    return found


def _too_large() -> Problem:
    return Problem("CaptureLimitExceededException", 413, f"more than {BYTES_MAX:,} bytes")


def _parsed(data: bytes) -> dict[str, Any]:
    """A document, held to the rules of its head; raises DataError."""
    try:
        found = json_of(data.decode("utf-8-sig"), "the document")
    except UnicodeDecodeError:
        raise DataError("the document: no text in UTF-8") from None
    if not isinstance(found, dict):
        raise DataError("the document: it is no JSON object")
    if "epcisBody" in found:
        check_head(found, "the document")
    try:
        events_of(found)
    except DataError as error:
        raise DataError(f"the document: {error}") from None
    return found
