"""A node knows which others do not answer, since when, and that they are back."""

import asyncio
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from consortia.modules.identity.types import Endpoint
from consortia.node import reach
from consortia.node.http_meta import metrics, status_facts
from consortia.node.reach import Reach, look_round
from consortia.node.server import NodeProcess
from consortia.node.serving import node_keys
from consortia.sdk.client import Away
from tests.node.running import homes, until


def test_away_is_since_the_first_miss_until_a_sign_of_life(caplog):
    seen = Reach()
    seen.met("east", 1_000)
    seen.missed("east", "Connection refused", 5_000)
    seen.missed("east", "it did not answer within 5 s", 9_000)
    assert seen.away() == {"east": Away(5_000, "it did not answer within 5 s")}
    seen.met("east", 12_000)
    assert seen.away() == {}
    assert [one.message for one in caplog.records] == [
        "east cannot be reached: Connection refused",
        "east is reached again",
    ]


class _Alive(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.mark.parametrize("alive", [True, False])
def test_who_was_not_heard_of_is_asked(tmp_path, monkeypatch, alive):
    home, _ = homes(tmp_path, "north", "east")
    monkeypatch.setattr(reach, "LOOK_SECONDS", 0.01)
    with HTTPServer(("127.0.0.1", 0), _Alive) if alive else socket.create_server(("127.0.0.1", 0)) as server:
        port = server.server_port if alive else server.getsockname()[1]
        if alive:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        else:
            server.close()
        found = asyncio.run(_looked(home, port, monkeypatch, alive=alive))
        if alive:
            server.shutdown()
    assert {name: one.text for name, one in found.items()} == (
        {} if alive else {"east": "Connection refused"}
    )


async def _looked(home, port, monkeypatch, *, alive):
    """What a node's status says of who is away, once it asked `east` at that port."""
    server = NodeProcess(home, home.config({}), node_keys(home, {}))
    service, stopping = server.service, asyncio.Event()
    endpoints = {name: Endpoint(f"http://127.0.0.1:{port}", None) for name in ("north", "east")}
    monkeypatch.setattr(service.peers, "endpoints", lambda: endpoints)
    looking = asyncio.create_task(look_round(service, stopping))
    asked = (lambda: service.reach.heard_since("east", 0)) if alive else service.reach.away
    await asyncio.to_thread(until, asked)
    stopping.set()
    await looking
    service.peers.close()
    found = status_facts(service)["away"]
    counted = (await metrics(SimpleNamespace(service=service))).body.decode()
    assert f"\nconsortia_away_members {len(found)}\n" in counted
    server.ledger.store.close()
    return found


def test_nobody_is_asked_at_the_loopback_of_another_machine(tmp_path, monkeypatch):
    home, _ = homes(tmp_path, "north", "east")
    server = NodeProcess(home, home.config({}), node_keys(home, {}))
    service = server.service
    places = {"east": "http://127.0.0.1:7000", "west": "https://west.example"}
    endpoints = {name: Endpoint(url, None) for name, url in places.items()}
    monkeypatch.setattr(service.peers, "endpoints", lambda: endpoints)
    assert [name for name in endpoints if reach._may_answer(service, name)] == ["east", "west"]
    service.config = replace(service.config, listen="192.0.2.1:7000")
    assert [name for name in endpoints if reach._may_answer(service, name)] == ["west"]
    service.peers.close()
    server.ledger.store.close()
