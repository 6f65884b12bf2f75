"""Blobs between nodes: what a peer sends is held to the hash that was asked for."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from consortia.engines.commit.chunks import CHUNK_BYTES, hash_bytes
from consortia.node.blobs import Blobs, TooLarge
from consortia.node.exchange import NotFetched, fetch
from consortia.sdk.transport import Transport

DATA = b"an update"


@contextmanager
def peer(body):
    """A node that answers every question with the same bytes; gives how to reach it and what was asked."""
    asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        transport = Transport(f"http://127.0.0.1:{server.server_port}")
        try:
            yield transport, asked
        finally:
            transport.close()
            server.shutdown()
            thread.join()


def test_what_is_here_for_other_reasons_has_to_be_shown_by_who_speaks_of_it(tmp_path):
    """A member that knows a blob's id, and has not its bytes, is answered as if it were not here."""
    blobs = Blobs(tmp_path)
    blob = blobs.put(DATA)
    with peer(b"a guess...") as (guessing, _):
        with pytest.raises(NotFetched):
            fetch(blobs, blob, [("north", guessing)], size_max=len(DATA) + 1, by="north", anew=True)
        assert fetch(blobs, blob, [("north", guessing)]) == []  # where nobody asks for more, it is here
    assert not blobs.allowances.left("north", blob)
    with peer(DATA) as (having, asked):
        assert fetch(blobs, blob, [("north", having)], size_max=len(DATA), by="north", anew=True) == []
        assert len(asked) == 1
    assert blobs.allowances.left("north", blob)
    assert blobs.read(blob) == DATA


def test_what_is_no_longer_than_a_chunk_comes_in_one_answer(tmp_path):
    blobs, blob = Blobs(tmp_path), hash_bytes(DATA).id
    with peer(DATA) as (transport, asked):
        assert fetch(blobs, blob, [("east", transport)], size_max=len(DATA), by="east") == []
    assert asked == [f"/v1/blobs/{blob.hex()}"]
    assert blobs.read(blob) == DATA


def test_false_bytes_are_refused_and_their_sender_named_and_the_next_is_asked(tmp_path):
    blobs, blob = Blobs(tmp_path), hash_bytes(DATA).id
    with peer(b"an upload") as (false, _), peer(DATA) as (true, _):
        with pytest.raises(NotFetched, match="does not match its hash") as caught:
            fetch(blobs, blob, [("east", false)], size_max=len(DATA))
        assert caught.value.bad == ["east"]
        assert not blobs.has(blob)
        assert fetch(blobs, blob, [("east", false), ("west", true)], size_max=len(DATA)) == ["east"]
    assert blobs.read(blob) == DATA


def test_more_than_was_asked_for_is_refused(tmp_path):
    blobs, blob = Blobs(tmp_path), hash_bytes(DATA).id
    with peer(DATA) as (transport, _), pytest.raises(TooLarge, match="at most 3"):
        fetch(blobs, blob, [("east", transport)], size_max=3)


def test_false_chunk_hashes_are_refused_as_well(tmp_path):
    with peer(DATA) as (transport, _), pytest.raises(NotFetched, match="east"):
        fetch(Blobs(tmp_path), hash_bytes(DATA).id, [("east", transport)], size_max=CHUNK_BYTES + 1)
