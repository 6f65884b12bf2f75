"""HTTP to a node: an answer that breaks off is none, wherever the break falls."""

import socket
import threading
from contextlib import contextmanager

import pytest

from consortia.sdk.errors import Unreachable
from consortia.sdk.transport import Transport

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
