"""The node's HTTP front: who asks, how much, how often; then the right handler; then a clear answer.

Every request passes the same steps:

1. its target and body are within their limits, and come in time;
2. who asks is found out (`auth`);
3. it has not asked too often;
4. a caller that is nobody gets only what is open to all, one with a token what that names;
5. the handler answers, and whatever it raises becomes a problem report;
6. an answer that the caller has already, by its ETag, is 304.

`docs/reference/http.md` is the reference.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from consortia.base.refusals import Refused
from consortia.node.allowances import AllowanceSpent
from consortia.node.auth import Caller, Means, Presented, Unauthorised, permit
from consortia.node.blobs import BlobError, NoBlob, TooLarge
from consortia.node.config import is_loopback
from consortia.node.http_answers import HttpProblem, problem, refused, whole_number
from consortia.node.limits import Bodies, place_of
from consortia.node.passes import session_of
from consortia.node.refusals import HINDERED, OUT_OF_SCOPE, REQUESTS_FULL
from consortia.node.service import Service, entity_tag
from consortia.store.errors import NoRoom, StoreError

TARGET_BYTES_MAX = 4_096
_LOG = logging.getLogger("consortia.http")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that passed the front: the service, who asks, the request, its whole body."""

    service: Service
    caller: Caller
    request: Request
    body: bytes

    @property
    def own(self) -> bool:
        """Whether the caller is a program or an officer of this node's own member."""
        return self.caller.means is Means.OWNER or self.caller.member == self.service.config.member

    @property
    def counted(self) -> str:
        """Whose share of the node this takes: a token's, a member's, or that of a place on the network."""
        return self.caller.counted or place_of(_address(self.request))

    def argument(self, name: str, default: str = "") -> str:
        """A query parameter; raises HttpProblem when it is given twice."""
        given = _parameters(self.request.scope["query_string"]).get(name, (default,))
        if len(given) > 1:
            raise HttpProblem(400, f"{name} is given {len(given)} times")
        return given[0]

    def number(self, name: str) -> int | None:
        """A query parameter that is a number, None where it is left out; raises HttpProblem."""
        given = name in _parameters(self.request.scope["query_string"])
        return whole_number(self.argument(name), name) if given else None

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])


@lru_cache(maxsize=256)
def _parameters(query: bytes) -> Mapping[str, Sequence[str]]:
    """The parameters of a query string, each with all its values; most requests have one of a few strings."""
    return parse_qs(query.decode("latin-1"), keep_blank_values=True)


Handler = Callable[[Asked], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the API: method, path with its parts in braces, handler, what it is in a sentence.

    It is `open` to callers that are nobody; `body_bytes_max` is the limit of its request's body; `weight` is
    what one request counts against the caller's rate.
    """

    method: str
    path: str
    handler: Handler
    doc: str
    open: bool = False
    body_bytes_max: int = 0
    weight: float = 1.0
    page: Callable[[HttpProblem], Response] | None = None


def application(service: Service, places: tuple[Place, ...]) -> "Front":
    """The ASGI application over a service."""
    endpoints = {place: _endpoint(service, place) for place in places}
    routes = [Route(place.path, endpoint, methods=[place.method]) for place, endpoint in endpoints.items()]
    exact = {(p.method, p.path.encode()): made for p, made in endpoints.items() if "{" not in p.path}
    return Front(Starlette(routes=routes, exception_handlers={HTTPException: _not_found(places)}), exact)


Endpoint = Callable[[Request], Awaitable[Response]]


class Front:
    """The outermost layer: refuses overlong targets, and takes the short way to places without parameters."""

    def __init__(self, app: Starlette, exact: dict[tuple[str, bytes], Endpoint]) -> None:
        self._app, self._exact = app, exact

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "http" and not _is_target(scope["raw_path"], scope["query_string"]):
            answer = problem(HttpProblem(400, f"a target is ASCII, of at most {TARGET_BYTES_MAX} bytes"))
            await answer(scope, receive, send)
            return
        endpoint = self._exact.get((scope["method"], scope["raw_path"])) if scope["type"] == "http" else None
        if endpoint is not None:
            answer = await endpoint(Request(scope, receive))
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_target(path: bytes, query: bytes) -> bool:
    return len(path) + len(query) <= TARGET_BYTES_MAX and query.isascii()


def _endpoint(service: Service, place: Place) -> Endpoint:
    tell = place.page or problem

    async def endpoint(request: Request) -> Response:
        service.counters.requests += 1
        try:
            return _tagged(request, await _serve(service, place, request))
        except HttpProblem as error:
            answer = tell(error)
        except Unauthorised as error:
            remedy = {"remedy": error.remedy} if error.remedy else {}
            answer = tell(HttpProblem(_status_of(error), str(error), code=error.code, **remedy))
        except Refused as error:
            answer = tell(refused(error))
        except NoBlob as error:
            answer = tell(HttpProblem(404, str(error)))
        except AllowanceSpent as error:
            answer = tell(HttpProblem(413, str(error), code=error.code))
        except TooLarge as error:
            answer = tell(HttpProblem(413, str(error)))
        except NoRoom as error:
            service.hindrance.meet(str(error))
            service.wake()
            answer = tell(HttpProblem(503, str(error), code=HINDERED.code))
        except OSError as error:
            _LOG.warning("%s %s: %s", request.method, request.scope["path"], error)
            text = f"nothing can be written here ({error.strerror or error})"
            answer = tell(HttpProblem(503, text, code=HINDERED.code))
        except (BlobError, StoreError) as error:
            _LOG.exception("%s %s", request.method, request.scope["path"])
            answer = tell(HttpProblem(500, str(error)))
        except Exception:  # noqa: BLE001 (logged whole; the caller gets an answer, the node lives)
            _LOG.exception("%s %s", request.method, request.scope["path"])
            answer = tell(HttpProblem(500, "an unforeseen failure; the node's log has it"))
        service.counters.problems += 1
        return answer

    return endpoint


def _tagged(request: Request, answer: Response) -> Response:
    """The answer with a strong ETag, or 304 where the caller has it already (RFC 9110, section 13.1.2).

    The tag is the handler's, or the hash of the very bytes: another encoding of the same has another one.
    """
    if request.method not in {"GET", "HEAD"} or answer.status_code not in {200, 206}:
        return answer
    mark = _header(answer.raw_headers, b"etag")
    if mark is None:
        if isinstance(answer, StreamingResponse):
            return answer
        mark = entity_tag(bytes(answer.body))
        answer.raw_headers.append((b"etag", mark.encode("ascii")))
    known = _header(request.scope["headers"], b"if-none-match")
    if known is None or (known.strip() != "*" and mark not in re.findall(r'"[^"]*"', known)):
        return answer
    kept = ("etag", "cache-control", "vary", "content-location", "expires")
    return Response(None, 304, {name: value for name, value in answer.headers.items() if name in kept})


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    """A header as ASGI has it, by its name in lower case: the ones that every request is asked for."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return None


def is_here(caller: str, server: tuple[str, int | None] | None) -> bool:
    """Whether a caller's address is of this machine: loopback, or the very one that it was reached at."""
    return is_loopback(caller) or (server is not None and bool(caller) and caller == server[0])


async def _serve(service: Service, place: Place, request: Request) -> Response:
    address = _address(request)
    where = place_of(address)
    here = is_here(address, request.scope.get("server"))
    authorization = _header(request.scope["headers"], b"authorization") or ""
    certified = service.certified(request.scope)
    presented = Presented(authorization, here, certified, _session(request))
    now = service.now()
    body = b""
    if place.open or not place.body_bytes_max or service.gate.plausible(presented, now):
        body = await read_body(request, place.body_bytes_max, service.bodies)
    query = request.scope["query_string"]
    target = request.scope["raw_path"] + (b"?" + query if query else b"")
    try:
        caller = service.gate.caller(presented, (request.method, target.decode("latin-1"), body), now)
    except Unauthorised:
        service.rates.take(where, now)
        raise
    if caller.means is not Means.OWNER:
        service.rates.take(caller.counted or where, now, place.weight)
    if not place.open and not caller.known:
        raise HttpProblem(
            401, "sign the request with a registered key, show a registered certificate, or the home's token"
        )
    if not place.open:
        permit(caller, request.method, request.scope["path"])  # what was routed by, whatever Host says
    return await place.handler(Asked(service, caller, request, body))


def _session(request: Request) -> str:
    """The console's session: for reading alone, and where the address bar names this machine.

    A page of another host, whatever its name resolves to, gets nothing.
    """
    cookie = _header(request.scope["headers"], b"cookie")
    if cookie is None or request.method not in {"GET", "HEAD"}:
        return ""
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:  # such as one half of the brackets of an IPv6 address
        return ""
    return session_of(cookie) if is_loopback(host) else ""


async def read_body(request: Request, limit: int, bodies: Bodies) -> bytes:
    """The whole body, of at most `limit` bytes; raises HttpProblem. `http_protocol` minds the time."""
    length = _header(request.scope["headers"], b"content-length") or "0"
    if length.isdecimal() and int(length) > limit:
        raise HttpProblem(413, f"the body has {length} bytes, at most {limit} are allowed here")
    parts: list[bytes] = []
    address, taken, more = _address(request), 0, True
    try:
        while more:
            message = await _next(request.receive)
            part = message.get("body", b"")
            if taken + len(part) > limit:
                raise HttpProblem(413, f"the body has more than the {limit} bytes allowed here")
            if part:
                bodies.take(address, len(part))
                taken += len(part)
                parts.append(part)
            more = message.get("more_body", False)
    finally:
        if taken:
            bodies.give(address, taken)
    return b"".join(parts)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


async def _next(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise HttpProblem(400, "the caller went away")
    return message


def _status_of(error: Unauthorised) -> int:
    return {REQUESTS_FULL.code: 429, OUT_OF_SCOPE.code: 403}.get(error.code, 401)


def _not_found(places: tuple[Place, ...]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What is answered where there is no place: a page below the first part of a path that has pages."""
    pages = {_first_part(place.path): place.page for place in places if place.page is not None}

    async def answered(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        tell = pages.get(_first_part(request.scope["path"]), problem)
        answer = tell(HttpProblem(status, f"{request.method} {request.scope['path']}"))
        answer.headers.update(headers or {})
        return answer

    return answered


def _first_part(path: str) -> str:
    return path.lstrip("/").partition("/")[0]
