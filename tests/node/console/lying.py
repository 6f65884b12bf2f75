"""Somebody between a browser and a node who hears everything, and changes the bytes that are to be signed."""

import http.client
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from consortia.base.codec import decode, encode
from consortia.base.envelope import Envelope, content_id
from consortia.kernel.transaction import external_aad


class Between:
    """A place in front of the node at `port`; `change` changes what was drafted, or gives other bytes.

    `instead` gives the answer to an address in the place of the node's own, or None.
    """

    def __init__(self, port: int) -> None:
        self.port, self.change, self.instead, self.heard = port, None, None, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"between": self}))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answered(self, target: str, data: bytes) -> bytes:
        """What the browser gets in place of the node's answer."""
        if self.instead is not None and (told := self.instead(target, data)) is not None:
            return told
        if target != "/v1/build" or self.change is None:
            return data
        draft = json.loads(data)
        if "payload" not in draft:
            return data
        value = decode(bytes.fromhex(draft["payload"]))
        payload = self.change(value) or encode(value)
        signed = Envelope(value["key"], payload, b"").sig_structure(external_aad(value["network"]))
        made = {
            "payload": payload,
            "sign": signed,
            "transaction": content_id("consortia/transaction", signed),
        }
        return json.dumps({name: held.hex() for name, held in made.items()}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    between: Between

    def do_GET(self):
        """Pass a request on."""
        if self.path.startswith("/v1/stream"):
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.between.heard += [self.path.encode(), str(self.headers).encode(), body]
        connection = http.client.HTTPConnection("127.0.0.1", self.between.port, timeout=60)
        kept = {name: held for name, held in self.headers.items() if name.lower() != "accept-encoding"}
        connection.request(self.command, self.path, body or None, kept)
        answer = connection.getresponse()
        data = self.between.answered(self.path, answer.read())
        connection.close()
        self.send_response(answer.status)
        for name, held in answer.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, held)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815 (the name that the library calls)

    def log_message(self, *_):
        """Say nothing."""
