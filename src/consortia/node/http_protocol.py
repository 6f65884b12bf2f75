"""uvicorn as it serves here: a caller's certificate, whole answers, and an end for slow or too many callers.

A connection that has not brought a whole request within 30 s of its start is closed, whatever drips in, as is
one that sends a head without an end. One place on the network has an eighth of the connections at most.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from consortia.node.config import is_loopback
from consortia.node.limits import place_of
from consortia.node.service import PEER

REQUEST_SECONDS_MAX = 30.0
HEAD_BYTES_MAX = 64 << 10
"""So much of a request comes before its body, or behind it, at most."""

SHARES = 8
"""One place on the network has at most one of so many equal shares of the connections."""

TOLD_MAX = 128
"""A share of the connections more, and no more than these, are told why they are not served."""


def settings(application: ASGIApp, connections_max: int, stop_seconds: int) -> uvicorn.Config:
    """Uvicorn's settings for an application, with this protocol: it logs nothing, trusts no proxy's headers.

    It holds so many connections at most, and lets answers that are under way finish within `stop_seconds`.
    """
    return uvicorn.Config(
        application,
        http=PeerProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=connections_max,
        timeout_graceful_shutdown=stop_seconds,
    )


class Joined:
    """A transport that sends the head of an answer in one write with what follows at once."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._head = transport, b""
        self._call_soon = asyncio.get_running_loop().call_soon

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write; a head waits for its body, until the loop's next turn at most."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/"):
            self._head = data
            self._call_soon(self._flush)
            return
        self._transport.write(data)

    def get_write_buffer_size(self) -> int:
        """How many bytes have not gone out."""
        return len(self._head) + self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Close, after what was written has gone out."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head and not self._transport.is_closing():
            self.write(b"")


class PeerProtocol(HttpToolsProtocol):
    """Puts the DER form of the caller's certificate into every request's scope, and minds its time."""

    _peer: bytes | None = None
    _timer: asyncio.TimerHandle | None = None
    _unread = 0
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller connected."""
        super().connection_made(cast("asyncio.Transport", Joined(transport)))
        others = [one for one in self.connections if isinstance(one, PeerProtocol)]
        callers = [one.client[0] for one in others if one.client is not None]
        most = self.limit_concurrency
        if most is not None and len(self.connections) > most + min(max(1, most // SHARES), TOLD_MAX):
            transport.abort()
            return
        if self.client is not None and most is not None and crowds(self.client[0], callers, most):
            transport.abort()
            return
        tls = transport.get_extra_info("ssl_object")
        self._peer = None if tls is None else tls.getpeercert(binary_form=True)
        self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended: the request that is being answered learns it, not only the last behind it."""
        self._stop()
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server ends: let an idle caller go at once, another after its answer.

        Over TLS a connection is closed when the other side says so too, which an idle caller does not hear.
        """
        if self._idle and not self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Bytes came: to bring a whole request, whatever they are, they have as long as its first byte."""
        self._unread += len(data)
        super().data_received(data)
        if self._unread > HEAD_BYTES_MAX:
            self.transport.abort()
        elif self._timer is None and self._idle:
            self._start()

    def on_body(self, body: bytes) -> None:
        """A part of a body came."""
        self._unread = 0
        super().on_body(body)

    def on_message_begin(self) -> None:
        """A request starts."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = {PEER: self._peer}
        if self._timer is None:
            self._start()

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._unread = 0
        self._stop()
        super().on_message_complete()

    @property
    def _idle(self) -> bool:
        """Whether no request waits for the end of its answer."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 (as its base has it)
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _start(self) -> None:
        self._timer = self.loop.call_later(REQUEST_SECONDS_MAX, self._too_slow)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        self.transport.abort()


def crowds(caller: str, callers: Iterable[str], most: int) -> bool:
    """Whether a caller's place has more than its share of `most` connections; this machine's may have all."""
    if is_loopback(caller):
        return False
    place = place_of(caller)
    return sum(1 for one in callers if place_of(one) == place) > max(1, most // SHARES)
