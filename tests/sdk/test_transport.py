"""The transport takes no answer that broke off."""

import threading
from socket import create_server

import pytest

from consortia.sdk.errors import Unreachable
from consortia.sdk.transport import Transport


def _answer_once(server, answer):
    connection, _ = server.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)


@pytest.mark.parametrize("body", [b"", b"an an", b"an answer"])
def test_an_answer_counts_only_when_it_came_whole(body):
    whole = b"an answer"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(whole)
    with create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=_answer_once, args=(server, head + body))
        answering.start()
        transport = Transport(f"http://127.0.0.1:{server.getsockname()[1]}")
        try:
            if body == whole:
                assert transport.request("GET", "/").body == whole
            else:
                with pytest.raises(Unreachable, match="in the middle"):
                    transport.request("GET", "/")
        finally:
            transport.close()
            answering.join()
