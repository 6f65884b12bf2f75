"""ledger.http: transactions through the HTTP API, 64 connections, each waiting for its durable receipt.

A node of its own process (embedded driver, durable commits) serves on loopback; this process is the load: 64
connections, each sending its next transaction as soon as the receipt of the last has come. Transactions are
signed beforehand. Beside it, in the same run, a bare uvicorn application that answers the same bytes and does
nothing: what HTTP alone allows here.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from consortia.app import application
from consortia.base.codec import encode_record
from consortia.base.keys import SigningKey
from consortia.kernel.transaction import sign_transaction
from consortia.modules.assets.messages import Register
from consortia.modules.identity.rules import FULL_QUOTA
from consortia.modules.identity.types import Founder, KeySpec
from consortia.node.config import Config
from consortia.node.founding import MemberKeys, make_genesis
from consortia.node.home import Home
from consortia.sdk.builder import call_of

CONNECTIONS = 64
LANES = 16
TRANSACTIONS = 12_000
WARM_UP = 2_000
BAR_RATE, BAR_MILLISECONDS = 2_000, 100
BARE = """
import uvicorn
async def app(scope, receive, send):
    await receive()
    body = b"x" * 300
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"300")]})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=PORT, log_level="critical", access_log=False, lifespan="off", loop="uvloop")
"""


def home_of(folder: Path) -> tuple[Home, list[SigningKey], bytes]:
    """A home of a network of one member, with keys enough for a lane a connection."""
    member = MemberKeys.generate("north")
    extra = [SigningKey(os.urandom(32)) for _ in range(CONNECTIONS // LANES)]
    specs = (
        *member.specs(),
        *(KeySpec(key.public, ("operator",), f"load {n}") for n, key in enumerate(extra)),
    )
    now = time.time_ns() // 1_000_000
    genesis = make_genesis("bench", [Founder("north", "North", specs, FULL_QUOTA)], now)
    home = Home.create(
        folder / "north", Config(member="north", network=genesis.network().hex()), encode_record(genesis)
    )
    member.save(home, None)
    return home, extra, genesis.network()


def message(number: int) -> Register:
    """A record batch registered: four state entries."""
    return Register(
        name=f"batch-{number}",
        kind="batch",
        title="A batch of readings",
        form="batch",
        commitment=number.to_bytes(32, "big"),
        count=100,
        subjects=None,
        schema=None,
        parents=(),
        rights=None,
    )


def requests_of(keys: list[SigningKey], network: bytes, count: int) -> list[list[bytes]]:
    """Whole HTTP requests for each connection, in the order of its lane."""
    app, expires = application(), time.time_ns() // 1_000_000 + 600_000
    found = []
    for connection in range(CONNECTIONS):
        key, lane = keys[connection // LANES], connection % LANES
        made = []
        for sequence in range(count // CONNECTIONS):
            call = call_of(app, message(connection * 1_000_000 + sequence))
            raw = sign_transaction(key, network, (call,), sequence=sequence, expires=expires, lane=lane)
            head = (
                "POST /v1/transactions?wait=receipt HTTP/1.1\r\nHost: x\r\nAccept: application/cbor\r\n"
                f"Content-Type: application/cbor\r\nContent-Length: {len(raw)}\r\n\r\n"
            )
            made.append(head.encode() + raw)
        found.append(made)
    return found


async def one_connection(port: int, requests: list[bytes], taken: list[tuple[float, float]]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        begin = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        at = head.lower().index(b"content-length:") + 15
        body = await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head!r} {body!r}")
        taken.append((begin, time.perf_counter()))
    writer.close()


async def load(port: int, requests: list[list[bytes]]) -> list[tuple[float, float]]:
    taken: list[tuple[float, float]] = []
    await asyncio.gather(*(one_connection(port, one, taken) for one in requests))
    return taken


def figures(taken: list[tuple[float, float]], warm_up: int) -> tuple[float, float, float]:
    """Rate after the warm-up, and the median and 99th percentile of latency in milliseconds."""
    taken = sorted(taken, key=lambda pair: pair[1])[warm_up:]
    seconds = taken[-1][1] - taken[0][1]
    latencies = sorted(1000 * (end - begin) for begin, end in taken)
    return len(taken) / seconds, statistics.median(latencies), latencies[int(len(latencies) * 0.99)]


def bare_rate(requests: list[list[bytes]]) -> float:
    """What the same load gets from an application that does nothing."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", BARE.replace("PORT", str(port))])
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        return figures(uvloop.run(load(port, requests)), WARM_UP)[0]
    finally:
        process.terminate()
        process.wait()


def run() -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        home, keys, network = home_of(Path(folder))
        requests = requests_of(keys, network, TRANSACTIONS)
        process = subprocess.Popen(
            [sys.executable, "-m", "consortia.node", "--home", str(home.path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "CONSORTIA_REQUESTS_PER_SECOND_MAX": "1000000"},
        )
        try:
            port = int(json.loads(process.stdout.readline())["url"].rsplit(":", 1)[1])
            rate, median, p99 = figures(uvloop.run(load(port, requests)), WARM_UP)
        finally:
            process.terminate()
            process.wait()
    bare = bare_rate(requests)
    return [
        {
            "id": "ledger.http",
            "value": round(rate),
            "unit": "tx/s",
            "peer": "uvicorn answering without a ledger",
            "peer_value": round(bare),
            "ratio": round(rate / bare, 3),
            "bar": f">= {BAR_RATE} tx/s, p99 <= {BAR_MILLISECONDS} ms",
            "met": rate >= BAR_RATE and p99 <= BAR_MILLISECONDS,
            "note": f"{CONNECTIONS} connections, load on the same two cores; median {median:.0f} ms, "
            f"p99 {p99:.0f} ms; {TRANSACTIONS} registrations of record batches of three state entries each",
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
