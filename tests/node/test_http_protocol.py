"""Who opens too many connections, or sends no end of a head, is hung up on; an answer is sent whole."""

import asyncio
import socket
from contextlib import suppress
from functools import partial

import pytest
import uvloop
from uvicorn.server import ServerState

from consortia.node import http_protocol
from consortia.node.http_protocol import HEAD_BYTES_MAX, SHARES, Joined, PeerProtocol, crowds, settings

MOST = 8 * SHARES


@pytest.mark.parametrize(
    ("caller", "others"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::ffff:2"), ("fe80::1%eth0", "fe80::2%eth0")],
)
def test_one_place_has_its_share_of_the_connections_and_no_more(caller, others):
    there = ["192.0.2.8", "2001:db8:1::1", "127.0.0.1"] * MOST
    assert not crowds(caller, [caller, *[others] * (MOST // SHARES - 1), *there], MOST)
    assert crowds(caller, [caller, *[others] * (MOST // SHARES), *there], MOST)


@pytest.mark.parametrize("caller", ["127.0.0.1", "::1"])
def test_programs_of_the_same_machine_may_have_all(caller):
    assert not crowds(caller, [caller] * 2 * MOST, MOST)


def test_a_node_of_few_connections_still_serves_everybody_once():
    assert not crowds("192.0.2.7", ["192.0.2.7"], 1)
    assert crowds("192.0.2.7", ["192.0.2.7"] * 2, 1)


HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


def _joined(use):
    """What `use` gives, with a connection's joined transport and the socket of who reads there."""

    async def run():
        here, there = socket.socketpair()
        there.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=here)
        try:
            return await use(Joined(transport), there)
        finally:
            transport.abort()
            there.close()

    return uvloop.run(run())  # as a node does: its transports differ from asyncio's


def test_a_head_waits_for_the_body_that_follows_at_once():
    async def use(joined, there):
        joined.write(HEAD)
        with pytest.raises(BlockingIOError):
            there.recv(1)
        joined.write(b"body")
        return there.recv(100)

    assert _joined(use) == HEAD + b"body"


def test_a_head_does_not_wait_for_a_body_that_comes_later():
    async def use(joined, there):
        joined.write(HEAD)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        head = there.recv(100)
        joined.write(b"body")
        return head, there.recv(100)

    assert _joined(use) == (HEAD, b"body")


def test_what_closes_after_a_head_has_sent_it():
    async def use(joined, there):
        joined.write(HEAD)
        joined.close()
        await asyncio.sleep(0.01)
        return there.recv(100), there.recv(100), joined.is_closing()

    assert _joined(use) == (HEAD, b"", True)


def test_a_head_that_waits_counts_as_not_gone_out():
    async def use(joined, there):
        joined.write(HEAD)
        waits = joined.get_write_buffer_size()
        await asyncio.sleep(0.01)
        return waits, joined.get_write_buffer_size(), there.recv(100)

    assert _joined(use) == (len(HEAD), 0, HEAD)


def test_a_head_whose_reader_has_gone_is_dropped_in_silence():
    failures = []

    async def use(joined, _there):
        asyncio.get_running_loop().set_exception_handler(lambda _, told: failures.append(told))
        joined.write(HEAD)
        joined.abort()
        await asyncio.sleep(0.01)

    _joined(use)
    assert failures == []


ASKED = b"GET / HTTP/1.1\r\nHost: here\r\n"


async def _answer(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def _served(use, answer=_answer):
    """What `use` gives, with a connection to a server that answers everything with two bytes, unless told."""

    async def run():
        config, state = settings(answer, MOST, 1), ServerState()
        config.load()
        made = partial(PeerProtocol, config=config, server_state=state, app_state={})
        server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return await asyncio.wait_for(use(reader, writer), 60)
        finally:
            writer.close()
            server.close()

    return uvloop.run(run())


async def _is_let_go(reader):
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        ASKED + b"X: ",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;x=",
    ],
)
def test_a_request_with_a_head_or_a_tail_without_an_end_is_hung_up_on(start, monkeypatch):
    monkeypatch.setattr(http_protocol, "REQUEST_SECONDS_MAX", 3_600.0)

    async def use(reader, writer):
        with suppress(ConnectionError):
            for piece in [start, *[b"a" * HEAD_BYTES_MAX] * 32]:
                writer.write(piece)
                await writer.drain()
        return await _is_let_go(reader)

    assert _served(use)


def test_whoever_sends_what_begins_no_request_has_no_longer_than_for_one(monkeypatch):
    monkeypatch.setattr(http_protocol, "REQUEST_SECONDS_MAX", 0.05)

    async def use(reader, writer):
        writer.write(ASKED + b"\r\n")
        head = await reader.readuntil(b"\r\n\r\nok")
        writer.write(b"\r\n")
        return head.startswith(b"HTTP/1.1 200"), await _is_let_go(reader)

    assert _served(use) == (True, True)


def test_who_goes_away_is_seen_to_by_the_request_that_others_wait_behind():
    gone = asyncio.Event()

    async def until_gone(_scope, receive, _send):
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()

    async def use(_reader, writer):
        writer.write((ASKED + b"\r\n") * 2)
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.transport.abort()
        return await gone.wait()

    assert _served(use, until_gone)


def test_more_connections_than_there_may_be_are_hung_up_on_at_once():
    async def use(_reader, writer):
        place = writer.get_extra_info("peername")
        others = [await asyncio.open_connection(*place) for _ in range(MOST + MOST // SHARES + 2)]
        try:
            await asyncio.wait(
                [asyncio.create_task(_is_let_go(one)) for one, _ in others], return_when="FIRST_COMPLETED"
            )
            return sum(one.at_eof() or one.exception() is not None for one, _ in others)
        finally:
            for _, other in others:
                other.close()

    assert 0 < _served(use) <= 3
