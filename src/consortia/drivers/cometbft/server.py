"""The ABCI server: CometBFT's connections on a unix socket, in one event loop, replies in the calls' order.

CometBFT opens four connections (consensus, mempool, query, snapshots) and answers each reply with its next
call. All are served in one thread, so the application is never in two calls at once. A reader that does not
keep up is not read from (back-pressure), and a connection that is lost, breaks the protocol or makes the
application fail ends the server: CometBFT cannot go on without it, and whoever supervises starts it anew.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

from consortia.drivers.cometbft.wire import MESSAGES, Frames, Message, frame

Answer = Callable[[Message], Message]
"""Gives the Response to a Request; what it raises is told to CometBFT and ends the server."""

Ahead = Callable[[Message], Iterable[None]]
"""Gives steps to take before a Request is answered; after each of them other connections get their turn."""

TURN_BYTES = 32 << 10
"""When calls and replies of so many bytes were worked off, other connections get their turn.

A bundle of this size takes some milliseconds: no proposal waits for a crowd of them.
"""


class Lost(ConnectionError):
    """CometBFT closed one of its connections."""


def _nothing(_request: Message) -> Iterable[None]:
    """Every call is answered at once."""
    return ()


async def serve(
    path: Path, answer: Answer, started: Callable[[], None] = lambda: None, ahead: Ahead = _nothing
) -> None:
    """Serve a unix socket at `path` until cancelled, or until a connection ends.

    `started` is called once the socket listens. Raises Lost when CometBFT went away, WireError for what is
    no ABCI, and whatever `answer` raises. An abandoned socket at `path` is replaced.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    connections = set[_Connection]()
    server = await loop.create_unix_server(
        lambda: _Connection((answer, ahead), ended, connections), str(path)
    )
    try:
        _keep_private(path)
        started()
        await ended
    finally:
        server.close()
        for connection in tuple(connections):
            connection.close()
        await server.wait_closed()
        _remove(path)


def _keep_private(path: Path) -> None:
    path.chmod(0o600)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


class _Connection(asyncio.Protocol):
    """One of CometBFT's connections."""

    def __init__(
        self, calls: tuple[Answer, Ahead], ended: "asyncio.Future[None]", others: "set[_Connection]"
    ) -> None:
        (self._answer, self._ahead), self._ended, self._others = calls, ended, others
        self._frames = Frames("Request")
        self._transport: asyncio.Transport | None = None
        self._held = self._due = False
        self._begun: tuple[Message, Iterator[None]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take part."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not instances of it
        self._others.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the server."""
        self._others.discard(self)
        self._transport = None
        self._end(Lost(f"CometBFT closed a connection ({exc})" if exc else "CometBFT closed a connection"))

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self._frames.feed(data)
        self._turn()

    def pause_writing(self) -> None:
        """The replies are not read: neither are calls, from now on."""
        self._held = True
        if self._transport is not None:  # pragma: no branch (only an open transport says so)
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on where it stopped."""
        self._held = False
        if self._transport is not None:  # pragma: no branch (only an open transport says so)
            self._transport.resume_reading()
        self._turn()

    def close(self) -> None:
        """Close, after what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def _turn(self) -> None:
        """Answer calls until there are no more, replies are not read, or others must have their turn."""
        if self._held or self._due or self._ended.done():
            return
        replies, size, begin = list[bytes](), 0, self._frames.pending
        try:
            while (reply := self._reply()) is not None:
                replies.append(reply)
                size += len(reply)
                if size + begin - self._frames.pending >= TURN_BYTES:
                    self._yield()
                    break
            self._write(b"".join(replies))
        except Exception as error:  # noqa: BLE001 (whatever fails, CometBFT is told, and serve() raises it)
            self._fail(error, replies)

    def _reply(self) -> bytes | None:
        """The next reply; None where there is no call, or others have their turn before it is answered."""
        if self._begun is None:
            request = next(iter(self._frames), None)
            if request is None:
                return None
            self._begun = request, iter(self._ahead(request))
        request, steps = self._begun
        for _ in steps:
            self._yield()
            return None
        self._begun = None
        return frame(self._answer(request))

    def _yield(self) -> None:
        """Let other connections have their turn."""
        self._due = True
        asyncio.get_running_loop().call_soon(self._resume)

    def _resume(self) -> None:
        self._due = False
        self._turn()

    def _fail(self, error: Exception, replies: list[bytes]) -> None:
        """Tell CometBFT, after what was answered before, and end."""
        told = MESSAGES["Response"]()
        told.exception.error = f"{type(error).__name__}: {error}"
        self._write(b"".join([*replies, frame(told)]))
        self._end(error)

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None:
            self._transport.write(data)

    def _end(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)
