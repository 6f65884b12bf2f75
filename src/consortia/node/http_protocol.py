"""uvicorn's HTTP protocol with two things more: the caller's certificate, and an end for slow callers.

A connection that has not brought a whole request within 30 s of its start is closed, whatever drips in.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from consortia.node.service import PEER

REQUEST_SECONDS_MAX = 30.0


class PeerProtocol(HttpToolsProtocol):
    """Puts the DER form of the caller's certificate into every request's scope, and minds its time."""

    _peer: bytes | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller connected."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self._peer = None if tls is None else tls.getpeercert(binary_form=True)
        self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended."""
        self._stop()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request starts."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = {PEER: self._peer}
        if self._timer is None:
            self._start()

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._stop()
        super().on_message_complete()

    def _start(self) -> None:
        self._timer = self.loop.call_later(REQUEST_SECONDS_MAX, self._too_slow)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        self.transport.abort()
