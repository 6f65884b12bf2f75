"""HTTP to one node: kept-alive connections, TLS with pinned certificates, signed requests.

The same transport serves programs, workers and the nodes among themselves. It blocks; a node runs it in
threads. A certificate is known by its pin, the SHA-256 of its DER form, so no authority is asked.
"""

import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from socket import SHUT_RDWR, inet_pton, socket
from threading import Lock
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec

from consortia.base.hashing import sha256
from consortia.base.keys import SigningKey
from consortia.sdk.deadlines import DEADLINES, Deadline
from consortia.sdk.errors import LedgerError, Unreachable, from_problem
from consortia.sdk.moments import utc_milliseconds
from consortia.sdk.signing import NONCE_BYTES, Addressed, authorization

CBOR = "application/cbor"
JSON = "application/json"
BYTES = "application/octet-stream"
BODY_BYTES_MAX = 64 << 20
"""No answer longer than this is read into memory."""

WHOLE = 4
"""A whole answer may take so many times the timeout of one wait for more of it."""

_IDLE_MAX = 8
_TOGETHER_BYTES_MAX = 65_536
T = TypeVar("T")


class _Asked(NamedTuple):
    """A request as it is asked for."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]


class _Sent(NamedTuple):
    """A request as it goes out."""

    method: str
    target: str
    body: bytes
    headers: dict[str, str]


class _Connection(HTTPConnection):
    """A connection that sends a short request's head and body together: each piece sent wakes the node."""

    _parts: list[bytes] | None = None

    def ask(self, sent: _Sent) -> None:
        """Send a request; raises OSError, HTTPException."""
        if not 0 < len(sent.body) <= _TOGETHER_BYTES_MAX:
            self.request(sent.method, sent.target, sent.body or None, sent.headers)
            return
        self._parts = []
        try:
            self.request(sent.method, sent.target, sent.body, sent.headers)
            whole = b"".join(self._parts)
        finally:
            self._parts = None
        self.send(whole)

    def send(self, data: Any) -> None:  # noqa: ANN401 (as its base has it)
        """Send, or keep for the whole."""
        if self._parts is None:
            super().send(data)
        else:
            self._parts.append(data)


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller shows: a key that signs requests, or a home's token; and a TLS certificate.

    What is signed names the `network` and the `audience`, the member whose node is asked. `certificate` and
    `certificate_key` are PEM files.
    """

    key: SigningKey | None = None
    network: bytes = b""
    audience: str = ""
    token: str = ""
    certificate: str = ""
    certificate_key: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """A node's answer: status, lower-case headers, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, kind: type[T]) -> T:
        """The body as JSON of a kind; raises Unreachable for anything else: what answers is no node."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (ValueError, RecursionError) as error:
            raise Unreachable(f"the answer is not the JSON asked for: {error}") from None

    def expect(self, *statuses: int) -> "Response":
        """This answer if its status is one of those; raises the error that it stands for otherwise."""
        if self.status in statuses:
            return self
        try:
            body = msgspec.json.decode(self.body, type=dict)
        except (ValueError, RecursionError):
            body = {"title": "an answer that is no problem report"}
        raise from_problem(self.status, body)


def tls_context(credentials: Credentials, pins: frozenset[bytes]) -> ssl.SSLContext:
    """A client's TLS settings: at least TLS 1.3; with pins, those alone decide whom to trust."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if pins:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if credentials.certificate:
        context.load_cert_chain(credentials.certificate, credentials.certificate_key)
    return context


class Transport:
    """A connection pool to one node. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        pins: frozenset[bytes] = frozenset(),
        guard: Callable[[bytes], bool] | None = None,
        timeout: float = 30.0,
    ) -> None:
        """Talk to the node at `url`; `pins` are SHA-256 digests of certificates, `timeout` is in seconds.

        Nothing is sent to an IP address (4 or 16 bytes) that the `guard` does not let pass.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is no URL of a node")
        self.url = url.rstrip("/")
        self.credentials = credentials or Credentials()
        self.pins = pins
        self._guard = guard
        self.timeout = timeout
        self._host, self._port = parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._context = tls_context(self.credentials, pins) if parts.scheme == "https" else None
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()
        self._closed = False
        self._lock = Lock()

    def get(self, path: str, *, timeout: float | None = None) -> Response:
        """GET `path`."""
        return self.request("GET", path, timeout=timeout)

    def post(self, path: str, body: bytes, kind: str = CBOR, *, timeout: float | None = None) -> Response:
        """POST `body`."""
        return self.request("POST", path, body, {"Content-Type": kind}, timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
    ) -> Response:
        """Send a request and read the whole answer; raises Unreachable.

        Each wait for more of it ends after the timeout, and all of it after `WHOLE` times as long.
        """
        seconds = timeout or self.timeout
        with (
            DEADLINES.within(WHOLE * seconds) as deadline,
            self._exchange(_Asked(method, path, body, headers or {}), seconds, deadline) as answer,
        ):
            data = answer.read(BODY_BYTES_MAX + 1)
            if len(data) > BODY_BYTES_MAX:
                raise Unreachable(f"{self.url} sends more than {BODY_BYTES_MAX} bytes")
            if answer.length:  # what is left: a read of at most so many bytes does not complain
                raise Unreachable(f"{self.url} broke off in the middle of its answer")
            if answer.length is None and not answer.chunked:
                raise Unreachable(f"{self.url} does not say how long its answer is")
            return Response(answer.status, _headers(answer), data)

    @contextmanager
    def stream(self, path: str, *, timeout: float | None = None) -> Iterator[HTTPResponse]:
        """GET `path` and give the answer to read from piece by piece; raises what a problem stands for.

        How long all pieces take has no end of its own.
        """
        seconds = timeout or self.timeout
        with self._exchange(_Asked("GET", path, b"", {}), seconds, Deadline(seconds)) as answer:
            if answer.status != 200:
                Response(answer.status, _headers(answer), answer.read(1 << 16)).expect(200)
            yield answer

    def close(self) -> None:
        """Close all connections; requests under way end with Unreachable."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for connection in idle:
            connection.close()
        for connection in busy:
            with suppress(OSError, AttributeError):
                connection.sock.shutdown(SHUT_RDWR)

    @contextmanager
    def _exchange(self, asked: _Asked, timeout: float, deadline: Deadline) -> Iterator[HTTPResponse]:
        target = self._base + asked.path
        authorized = {**asked.headers, **self._authorization(asked.method, target, asked.body)}
        sent = _Sent(asked.method, target, asked.body, authorized)
        try:
            connection, answer = self._answer(sent, timeout, deadline)
        except Unreachable:
            if deadline.passed:
                raise self._dripped(deadline) from None
            raise
        reusable = False
        try:
            yield answer
            reusable = answer.isclosed() and not answer.will_close
        except (OSError, HTTPException, Unreachable) as error:
            if deadline.passed:
                raise self._dripped(deadline) from error
            if isinstance(error, Unreachable):
                raise
            raise Unreachable(f"{self.url} broke off: {error}") from error
        finally:
            self._release(connection, reusable=reusable)

    def _dripped(self, deadline: Deadline) -> Unreachable:
        return Unreachable(f"{self.url} did not bring its whole answer within {deadline.seconds:g} s")

    def _release(self, connection: _Connection, *, reusable: bool) -> None:
        with self._lock:
            self._busy.discard(connection)
            if reusable and len(self._idle) < _IDLE_MAX and not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _answer(self, sent: _Sent, timeout: float, deadline: Deadline) -> tuple[_Connection, HTTPResponse]:
        """Send on an idle connection if there is one; when that is closed by now, on a fresh one."""
        with self._lock:
            if self._closed:
                raise Unreachable(f"{self.url}: the transport is closed")
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            try:
                return kept, self._send(kept, sent, timeout, deadline)
            except TimeoutError as error:
                raise Unreachable(f"{self.url} did not answer within {timeout} s") from error
            except (OSError, HTTPException) as error:
                if deadline.passed:
                    raise self._dripped(deadline) from error
                # it was closed while it lay idle; nothing was asked yet
        fresh = self._connect(timeout)
        try:
            return fresh, self._send(fresh, sent, timeout, deadline)
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{self.url}: {_why(error)}") from error

    def _send(self, connection: _Connection, sent: _Sent, timeout: float, deadline: Deadline) -> HTTPResponse:
        deadline.connection = connection
        with self._lock:
            self._busy.add(connection)
        try:
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.ask(sent)
            return connection.getresponse()
        except BaseException:
            self._release(connection, reusable=False)
            raise

    def _connect(self, timeout: float) -> _Connection:
        """A connection over which nothing was sent yet, to the machine and the certificate expected."""
        connection: _Connection = (
            _Connection(self._host, self._port, timeout=timeout)
            if self._context is None
            else _TlsConnection(self._host, self._port, timeout=timeout, context=self._context)
        )
        try:
            connection.connect()
            self._check(connection.sock)
        except OSError as error:
            connection.close()
            raise Unreachable(f"{self.url}: {_why(error)}") from error
        except Unreachable:
            connection.close()
            raise
        return connection

    def _check(self, sock: socket) -> None:
        if self._guard is not None:
            address = sock.getpeername()[0].partition("%")[0]
            if not self._guard(inet_pton(sock.family, address)):
                raise Unreachable(f"{self.url} leads to {address}, where no other member's node can be")
        if self.pins and isinstance(sock, ssl.SSLSocket):
            shown = sock.getpeercert(binary_form=True)
            if shown is None or sha256(shown) not in self.pins:
                raise Unreachable(f"{self.url} shows another certificate than the one registered")

    def _authorization(self, method: str, target: str, body: bytes) -> dict[str, str]:
        known = self.credentials
        if known.key is not None:
            now, nonce = utc_milliseconds(), os.urandom(NONCE_BYTES)
            if not known.audience:
                raise LedgerError(f"whose node {self.url} is must be known before a request to it is signed")
            to = Addressed(known.network, known.audience)
            request = (method, target, body)
            return {"Authorization": authorization(known.key, to, request, time=now, nonce=nonce)}
        return {"Authorization": f"Bearer {known.token}"} if known.token else {}


def _headers(answer: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.getheaders()}


def _why(error: Exception) -> str:
    """Why a connection failed, in the system's words, without its number."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
