"""HTTP to a node: an answer that breaks off is none, wherever the break falls."""

import socket
import threading
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest

from consortia.base.keys import SigningKey
from consortia.sdk import transport as transport_module
from consortia.sdk.errors import LedgerError, RequestFailed, Unreachable
from consortia.sdk.transport import Credentials, Response, Transport

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def answering(data):
    """How to reach what answers one request with these bytes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(data)

        thread = threading.Thread(target=answer)
        thread.start()
        transport = Transport(f"http://127.0.0.1:{server.getsockname()[1]}")
        try:
            yield transport
        finally:
            transport.close()
            thread.join()


@pytest.mark.parametrize("data", [HEAD + b"body", CHUNKED + b"4\r\nbody\r\n0\r\n\r\n"])
def test_a_whole_answer_is_given(data):
    with answering(data) as transport:
        assert transport.get("/").body == b"body"


def test_a_short_requests_head_and_body_are_one_piece(monkeypatch):
    pieces, send = [], HTTPConnection.send

    def noted(self, data):
        pieces.append(data)
        send(self, data)

    monkeypatch.setattr(HTTPConnection, "send", noted)
    with answering(HEAD + b"body") as transport:
        assert transport.post("/", b"asked", "text/plain").body == b"body"
    [whole] = pieces
    assert whole.startswith(b"POST / HTTP/1.1\r\n")
    assert whole.endswith(b"\r\n\r\nasked")


def test_a_long_request_comes_whole():
    body = bytes(200_000)
    with socket.create_server(("127.0.0.1", 0)) as server:
        got = []

        def answer():
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as stream:
                head = iter(stream.readline, b"\r\n")
                length = next(
                    int(line.split(b":")[1]) for line in [*head] if line.startswith(b"Content-Length")
                )
                got.append(stream.read(length))
                connection.sendall(HEAD + b"body")

        thread = threading.Thread(target=answer)
        thread.start()
        transport = Transport(f"http://127.0.0.1:{server.getsockname()[1]}")
        assert transport.post("/", body, "text/plain").body == b"body"
        transport.close()
        thread.join()
    assert got == [body]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD[:9],
        HEAD[:17],
        HEAD[:-2],
        HEAD,
        HEAD + b"bod",
        CHUNKED,
        CHUNKED + b"4\r\nbo",
        CHUNKED + b"4\r\nbody\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_none(data):
    with answering(data) as transport, pytest.raises(Unreachable):
        transport.get("/")


def test_an_answer_that_is_too_long_is_not_kept(monkeypatch):
    monkeypatch.setattr(transport_module, "BODY_BYTES_MAX", 3)
    with answering(HEAD + b"body") as transport, pytest.raises(Unreachable, match="more than 3 bytes"):
        transport.get("/")


def test_a_stream_that_is_refused_says_why():
    problem = b'{"title": "Gone", "status": 410}'
    refusal = b"HTTP/1.1 410 Gone\r\nContent-Length: %d\r\n\r\n" % len(problem) + problem
    with answering(refusal) as transport, pytest.raises(RequestFailed) as caught, transport.stream("/"):
        pytest.fail("it streams")
    assert caught.value.status == 410


@pytest.mark.parametrize("data", [HEAD + b"[1]\n", HEAD + b"{{{{"])
def test_an_answer_that_is_not_what_was_asked_for_is_no_nodes(data):
    with answering(data) as transport, pytest.raises(Unreachable, match="not the JSON asked for"):
        transport.get("/").json(dict)


def test_what_is_closed_asks_nobody():
    transport = Transport("http://127.0.0.1:1")
    transport.close()
    with pytest.raises(Unreachable, match="the transport is closed"):
        transport.get("/")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:7000", "http://"])
def test_what_is_no_url_of_a_node_is_refused_at_once(url):
    with pytest.raises(ValueError, match="no URL of a node"):
        Transport(url)


def test_nothing_is_signed_for_a_node_of_nobody_knows_whom():
    transport = Transport("http://127.0.0.1:1", Credentials(key=SigningKey(bytes(32))))
    with pytest.raises(LedgerError, match="whose node"):
        transport.get("/")


@contextmanager
def dripping(first: bytes):
    """A server that sends some bytes and then one at a time, for as long as it is listened to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sent = []

        def drip():
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                try:
                    connection.sendall(first)
                    while True:
                        connection.sendall(b"x")
                        sent.append(b"x")
                        ended.wait(0.02)
                except OSError:
                    return

        ended = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", sent
        finally:
            thread.join()


@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"]
)
def test_an_answer_that_drips_ends_though_each_byte_is_in_time(first, monkeypatch):
    monkeypatch.setattr(transport_module, "WHOLE", 0.05)
    with dripping(first) as (url, _):
        transport = Transport(url, timeout=10)
        with pytest.raises(Unreachable, match="did not bring its whole answer within"):
            transport.get("/")
        transport.close()


def test_without_an_end_for_all_of_it_an_answer_may_drip_on_and_on(monkeypatch):
    monkeypatch.setattr(transport_module, "WHOLE", 1_000_000)
    with dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ") as (url, sent):
        transport, ends = Transport(url, timeout=10), []

        def ask():
            with pytest.raises(Unreachable) as caught:
                transport.get("/")
            ends.append(caught.value)

        asking = threading.Thread(target=ask)
        asking.start()
        while len(sent) < 50:
            asking.join(0.05)
            assert asking.is_alive()
        transport.close()
        asking.join()
        assert ends


def test_an_answer_that_is_no_text_is_one_that_no_node_gives():
    answer = Response(500, {}, b'{"title": "\xff"}')
    with pytest.raises(Unreachable, match="is not the JSON"):
        answer.json(dict)
    with pytest.raises(LedgerError, match="no problem report"):
        answer.expect(200)
