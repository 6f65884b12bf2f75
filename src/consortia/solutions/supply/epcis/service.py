"""EPCIS 2.0 over HTTP: documents captured as jobs, events asked for by pages. The member's own process.

A document is read at once and refused whole where it is none; its events are kept by one job after the
other, in one step with what the job came to. Problems are as RFC 9457 has them, typed as EPCIS has them.

Source: GS1 EPCIS 2.0, section 12 (REST binding): /capture, /capture/ID, /events, /events/ID.
"""

import asyncio
import hmac
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from consortia.engines.train.files import DataError
from consortia.sdk.moments import utc_milliseconds
from consortia.solutions.moments import iso
from consortia.solutions.supply.epcis.arriving import HEADERS, Problem, Room, announced, arrived
from consortia.solutions.supply.epcis.asking import PER_PAGE_MAX, page_of, token
from consortia.solutions.supply.epcis.hashing import context_names, events_of
from consortia.solutions.supply.epcis.querying import answer_of
from consortia.solutions.supply.epcis.reading import recorded
from consortia.solutions.supply.epcis.repository import (
    Asked,
    Capture,
    Found,
    Kept,
    Repository,
    keep,
    with_context,
)

PAGES_MAX = 4
"""So many pages of events are made at once; others wait for them."""

URL_MAX = 8_000
_BEHAVIOURS = ("rollback", "proceed")
Body = Mapping[str, Any]


class Service:
    """The places of the interface over a repository; `secret` is what callers have to show."""

    def __init__(self, repository: Repository, secret: str) -> None:
        self._repository, self._secret, self._room = repository, secret, Room()
        self._jobs = ThreadPoolExecutor(1, "capture")
        self._pages = asyncio.Semaphore(PAGES_MAX)

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
            except ClientDisconnect:
                return Response(status_code=400)  # nobody hears it

        return answered

    def _admit(self, request: Request) -> None:
        said = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(said, self._secret.encode()):
            raise Problem("SecurityException", 401, "who asks is not known", WWW_Authenticate="Bearer")
        if len(str(request.url)) > URL_MAX:
            raise Problem("QueryTooComplexException", 414, f"an address of more than {URL_MAX:,} characters")

    async def capture(self, request: Request) -> Response:
        """POST /capture: a document's events, all of them or, with `proceed`, those that can be used."""
        behaviour = request.headers.get("gs1-capture-error-behaviour", "rollback")
        if behaviour not in _BEHAVIOURS:
            raise Problem("ValidationException", 400, "GS1-Capture-Error-Behaviour is rollback or proceed")
        give_back = self._room.take(announced(request))
        try:
            job, made = await self._accepted(await arrived(request), behaviour)
        except BaseException:
            give_back()
            raise
        job.add_done_callback(lambda job: self._ended(job, give_back))
        return Response(status_code=202, headers={**HEADERS, "Location": f"/capture/{made}"})

    async def _accepted(self, document: Body, behaviour: str) -> tuple["asyncio.Future[None]", str]:
        """The job that keeps a document's events, and its id."""
        if "epcisBody" not in document:
            raise Problem("ValidationException", 400, "this is no EPCISDocument: it has no epcisBody")
        made = await run_in_threadpool(self._repository.begin, behaviour, utc_milliseconds())
        job = asyncio.get_running_loop().run_in_executor(self._jobs, self._run, made, document)
        return job, made

    def _ended(self, job: "asyncio.Future[None]", give_back: Callable[[], None]) -> None:
        give_back()
        if not job.cancelled():
            job.result()

    def _run(self, capture: str, document: Body) -> None:
        """Keep what a document says; what cannot be used is told by its place. However it ends, it ends."""
        try:
            events, errors = _usable(document)
            self._repository.finish(capture, events, errors, utc_milliseconds())
        except sqlite3.Error as error:
            self._repository.finish(capture, (), (f"the store failed: {error}",), utc_milliseconds())
        except Exception:
            self._repository.finish(capture, (), ("the service failed",), utc_milliseconds())
            raise

    async def create(self, request: Request) -> Response:
        """POST /events: one event, kept when the answer comes."""
        give_back = self._room.take(announced(request))
        try:
            return await self._created(await arrived(request))
        finally:
            give_back()

    async def _created(self, document: Body) -> Response:
        events, errors = await run_in_threadpool(_usable, document)
        if errors or len(events) != 1 or "epcisBody" in document:
            raise Problem("ValidationException", 400, errors[0] if errors else "one event is wanted")
        made = await run_in_threadpool(self._repository.begin, "rollback", utc_milliseconds())
        await run_in_threadpool(self._repository.finish, made, events, (), utc_milliseconds())
        name = str(events[0].event.body.get("eventID", events[0].event.name))
        return Response(status_code=201, headers={**HEADERS, "Location": f"/events/{quote(name, safe='')}"})

    async def captured(self, request: Request) -> Response:
        """GET /capture/ID: what became of a document."""
        found = await run_in_threadpool(self._repository.capture, request.path_params["id"])
        if found is None:
            raise Problem("NoSuchResourceException", 404, "there is no such capture")
        return JSONResponse(_told(found), headers=HEADERS)

    async def captures(self, request: Request) -> Response:
        """GET /capture: all captures, by pages."""
        most, after = _page(request)
        found = await run_in_threadpool(self._repository.captures, after, most + 1)
        headers = dict(HEADERS)
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
        headers, events = dict(HEADERS), tuple[dict[str, Any], ...]()
        if left > 0:
            found = await self._page(page.asked, page.begin, left)
            events, given = found.events, page.given + len(found.events)
            if found.then is not None and (page.limit is None or given < page.limit):
                headers["Link"] = _next(request, token(found.then, given))
        return JSONResponse(answer_of(events, _time()), headers=headers)

    async def _page(self, asked: Asked, begin: tuple[int, int] | None, most: int) -> Found:
        async with self._pages:
            return await run_in_threadpool(self._repository.page, asked, begin, most)

    async def event(self, request: Request) -> Response:
        """GET /events/ID: the events under an id: itself, and a declaration that it was an error."""
        asked = Asked(((("eventID",), (request.path_params["id"],)),))
        found = await self._page(asked, None, PER_PAGE_MAX)
        if not found.events:
            raise Problem("NoSuchResourceException", 404, "there is no such event")
        return JSONResponse(answer_of(found.events, _time()), headers=HEADERS)


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


def _time(milliseconds: int | None = None) -> str:
    return iso(utc_milliseconds() if milliseconds is None else milliseconds)


async def _no_place(request: Request, error: Exception) -> Response:
    """What the framework refuses: a place that is none, a method that is not for it."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind = "NoSuchResourceException" if status == 404 else "ImplementationException"
    title = error.detail if isinstance(error, HTTPException) else "the service failed"
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    answer = Problem(kind, status, f"{request.method} {request.url.path}: {title}").response()
    answer.headers.update(headers)
    return answer
