"""EPCIS 2.0 over HTTP: documents captured as jobs, events asked for by pages. The member's own process.

A document is read at once and refused whole where it is none; its events are kept by one job after the
other, in one step with what the job came to. Problems are as RFC 9457 has them, typed as EPCIS has them.

Source: GS1 EPCIS 2.0, section 12 (REST binding): /capture, /capture/ID, /events, /events/ID.
"""

import asyncio
import hmac
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from consortia.engines.train.files import DataError
from consortia.solutions.supply.epcis.asking import PER_PAGE_MAX, page_of, token
from consortia.solutions.supply.epcis.hashing import context_names, events_of
from consortia.solutions.supply.epcis.querying import answer_of
from consortia.solutions.supply.epcis.reading import check_head, json_of, recorded
from consortia.solutions.supply.epcis.repository import (
    Asked,
    Capture,
    Kept,
    Repository,
    keep,
    with_context,
)

BYTES_MAX = 16 << 20
EVENTS_MAX = 10_000
JOBS_MAX = 8
"""So many captures wait for their turn; more are told to come again."""

URL_MAX = 8_000
_HEADERS = {
    "GS1-EPCIS-Version": "2.0.0",
    "GS1-EPCIS-Min": "2.0.0",
    "GS1-EPCIS-Max": "2.0.0",
    "GS1-CBV-Version": "2.0.0",
    "GS1-EPCIS-Capture-Limit": str(EVENTS_MAX),
    "GS1-EPCIS-Capture-File-Size-Limit": str(BYTES_MAX),
}
_KINDS = ("application/json", "application/ld+json")
_BEHAVIOURS = ("rollback", "proceed")
Body = Mapping[str, Any]


class Problem(Exception):
    """An answer that is a problem: the exception of EPCIS, the HTTP status and what is wrong, in one line."""

    def __init__(self, kind: str, status: int, title: str, **headers: str) -> None:
        super().__init__(title)
        self.kind, self.status, self.title, self.headers = kind, status, title, headers

    def response(self) -> Response:
        """The report."""
        told = {"type": f"epcisException:{self.kind}", "title": self.title, "status": self.status}
        named = {name.replace("_", "-"): value for name, value in self.headers.items()}
        return JSONResponse(told, self.status, {**_HEADERS, **named}, "application/problem+json")


class Service:
    """The places of the interface over a repository; `secret` is what callers have to show, if any."""

    def __init__(self, repository: Repository, secret: str = "") -> None:
        self._repository, self._secret = repository, secret
        self._jobs = ThreadPoolExecutor(1, "capture")
        self._waiting = 0

    def application(self) -> Starlette:
        """The application, for a server of ASGI; it answers to names of this machine alone."""
        places = [
            Route("/capture", self._place(self.capture), methods=["POST"]),
            Route("/capture", self._place(self.captures), methods=["GET"]),
            Route("/capture/{id}", self._place(self.captured), methods=["GET"]),
            Route("/events", self._place(self.create), methods=["POST"]),
            Route("/events", self._place(self.events), methods=["GET"]),
            Route("/events/{id:path}", self._place(self.event), methods=["GET"]),
        ]
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]"])
        found = Starlette(routes=places, middleware=[hosts])
        found.add_exception_handler(HTTPException, _no_place)
        return found

    def close(self) -> None:
        """Wait until the captures that were accepted are done."""
        self._jobs.shutdown(wait=True)

    def _place(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """A place that lets in who may come, and tells problems as such."""

        async def answered(request: Request) -> Response:
            try:
                self._admit(request)
                return await answer(request)
            except Problem as problem:
                return problem.response()

        return answered

    def _admit(self, request: Request) -> None:
        said = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if self._secret and not hmac.compare_digest(said, self._secret.encode()):
            raise Problem("SecurityException", 401, "who asks is not known", WWW_Authenticate="Bearer")
        if len(str(request.url)) > URL_MAX:
            raise Problem("QueryTooComplexException", 414, f"an address of more than {URL_MAX:,} characters")

    async def capture(self, request: Request) -> Response:
        """POST /capture: a document's events, all of them or, with `proceed`, those that can be used."""
        behaviour = request.headers.get("gs1-capture-error-behaviour", "rollback")
        if behaviour not in _BEHAVIOURS:
            raise Problem("ValidationException", 400, "GS1-Capture-Error-Behaviour is rollback or proceed")
        document = await _document(request)
        if "epcisBody" not in document:
            raise Problem("ValidationException", 400, "this is no EPCISDocument: it has no epcisBody")
        if self._waiting >= JOBS_MAX:
            raise Problem("ImplementationException", 503, "too many captures wait", Retry_After="1")
        self._waiting += 1
        try:
            made = await run_in_threadpool(self._repository.begin, behaviour, _now())
            job = asyncio.get_running_loop().run_in_executor(self._jobs, self._run, made, document)
        except BaseException:
            self._waiting -= 1
            raise
        job.add_done_callback(self._ended)
        return Response(status_code=202, headers={**_HEADERS, "Location": f"/capture/{made}"})

    def _ended(self, job: "asyncio.Future[None]") -> None:
        self._waiting -= 1
        if not job.cancelled():
            job.result()

    def _run(self, capture: str, document: Body) -> None:
        """Keep what a document says; what cannot be used is told by its place. However it ends, it ends."""
        try:
            events, errors = _usable(document)
            self._repository.finish(capture, events, errors, _now())
        except sqlite3.Error as error:
            self._repository.finish(capture, (), (f"the store failed: {error}",), _now())
        except Exception:
            self._repository.finish(capture, (), ("the service failed",), _now())
            raise

    async def create(self, request: Request) -> Response:
        """POST /events: one event, kept when the answer comes."""
        document = await _document(request)
        events, errors = await run_in_threadpool(_usable, document)
        if errors or len(events) != 1 or "epcisBody" in document:
            raise Problem("ValidationException", 400, errors[0] if errors else "one event is wanted")
        made = await run_in_threadpool(self._repository.begin, "rollback", _now())
        await run_in_threadpool(self._repository.finish, made, events, (), _now())
        name = str(events[0].event.body.get("eventID", events[0].event.name))
        return Response(status_code=201, headers={**_HEADERS, "Location": f"/events/{quote(name, safe='')}"})

    async def captured(self, request: Request) -> Response:
        """GET /capture/ID: what became of a document."""
        found = await run_in_threadpool(self._repository.capture, request.path_params["id"])
        if found is None:
            raise Problem("NoSuchResourceException", 404, "there is no such capture")
        return JSONResponse(_told(found), headers=_HEADERS)

    async def captures(self, request: Request) -> Response:
        """GET /capture: all captures, by pages."""
        most, after = _page(request)
        found = await run_in_threadpool(self._repository.captures, after, most + 1)
        headers = dict(_HEADERS)
        if len(found) > most:
            headers["Link"] = _next(request, str(found[most - 1].number))
        return JSONResponse([_told(each) for each in found[:most]], headers=headers)

    async def events(self, request: Request) -> Response:
        """GET /events: a page of the events that a simple event query has."""
        try:
            page = page_of(request.query_params.multi_items())
        except DataError as error:
            raise Problem("QueryParameterException", 400, str(error)) from None
        if page.refuse is not None:
            count = await run_in_threadpool(self._repository.count, page.asked, page.refuse + 1)
            if count > page.refuse:
                raise Problem("QueryTooLargeException", 413, f"more than {page.refuse:,} events")
        left = page.per_page if page.limit is None else min(page.per_page, page.limit - page.given)
        headers, events = dict(_HEADERS), tuple[dict[str, Any], ...]()
        if left > 0:
            found = await run_in_threadpool(self._repository.page, page.asked, page.begin, left)
            events, given = found.events, page.given + left
            if found.then is not None and (page.limit is None or given < page.limit):
                headers["Link"] = _next(request, token(found.then, given))
        return JSONResponse(answer_of(events, _time()), headers=headers)

    async def event(self, request: Request) -> Response:
        """GET /events/ID: the events under an id: itself, and a declaration that it was an error."""
        asked = Asked(((("eventID",), (request.path_params["id"],)),))
        found = await run_in_threadpool(self._repository.page, asked, None, PER_PAGE_MAX)
        if not found.events:
            raise Problem("NoSuchResourceException", 404, "there is no such event")
        return JSONResponse(answer_of(found.events, _time()), headers=_HEADERS)


async def _document(request: Request) -> dict[str, Any]:
    """The JSON object of a request; raises Problem where it is none, too large or no EPCIS 2."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise Problem("UnsupportedMediaTypeException", 415, f"documents are {' or '.join(_KINDS)}")
    said = request.headers.get("gs1-epcis-version", "2.0")
    if not said.startswith("2."):
        raise Problem("ImplementationException", 406, "EPCIS 2.0 is spoken here")
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > BYTES_MAX:
            raise Problem("CaptureLimitExceededException", 413, f"more than {BYTES_MAX:,} bytes")
    try:
        found = await run_in_threadpool(_parsed, bytes(data))
    except DataError as error:
        raise Problem("ValidationException", 400, str(error)) from None
    if len(events_of(found)) > EVENTS_MAX:
        raise Problem("CaptureLimitExceededException", 413, f"more than {EVENTS_MAX:,} events")
    return found


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


def _usable(document: Body) -> tuple[list[Kept], list[str]]:
    """The events of a document, and why others cannot be used, one line each."""
    kept, errors, names = list[Kept](), list[str](), context_names(document)
    for number, event in enumerate(events_of(document), start=1):
        try:
            whole = with_context(document, event) if isinstance(event, Mapping) else event
            own = {**names, **context_names(whole)} if isinstance(whole, Mapping) else names
            kept.append(keep(recorded(whole, own, number, f"event {number}")))
        except DataError as error:
            errors.append(f"event {number}: {error}")
    return kept, errors


def _told(capture: Capture) -> dict[str, Any]:
    finished = {} if capture.finished is None else {"finishedAt": _time(capture.finished)}
    return {
        "captureID": capture.id,
        "createdAt": _time(capture.created),
        **finished,
        "running": capture.finished is None,
        "success": capture.success,
        "captureErrorBehaviour": capture.behaviour,
        "errors": list(capture.errors),
    }


def _page(request: Request) -> tuple[int, int]:
    """How many captures a page has, and behind which one it begins."""
    most = request.query_params.get("perPage", "30")
    after = request.query_params.get("nextPageToken", "0")
    for text in (most, after):
        if not text.isascii() or not text.isdecimal() or len(text) > 15:
            raise Problem("QueryParameterException", 400, "perPage and nextPageToken are numbers here")
    return min(max(int(most), 1), PER_PAGE_MAX), int(after)


def _next(request: Request, place: str) -> str:
    """The header that leads to the next page."""
    kept = [each for each in request.query_params.multi_items() if each[0] != "nextPageToken"]
    return f'<{request.url.path}?{urlencode([*kept, ("nextPageToken", place)])}>; rel="next"'


def _now() -> int:
    return time.time_ns() // 1_000_000


def _time(milliseconds: int | None = None) -> str:
    moment = (_now() if milliseconds is None else milliseconds) / 1000
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


async def _no_place(request: Request, error: Exception) -> Response:
    """What the framework refuses: a place that is none, a method that is not for it."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind = "NoSuchResourceException" if status == 404 else "ImplementationException"
    title = error.detail if isinstance(error, HTTPException) else "the service failed"
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    answer = Problem(kind, status, f"{request.method} {request.url.path}: {title}").response()
    answer.headers.update(headers)
    return answer
