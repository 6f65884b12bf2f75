"""What the node says of itself: health, status, metrics."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response

from consortia.node.http import Asked, Place
from consortia.node.http_answers import HttpProblem, plain
from consortia.node.refusals import HINDERED
from consortia.node.service import Service

METRICS = "text/plain; version=0.0.4; charset=utf-8"


async def alive(_asked: Asked) -> Response:
    """The process answers."""
    return Response("ok\n", media_type="text/plain")


async def ready(asked: Asked) -> Response:
    """The node serves: it orders, or follows, is not hindered, and has not stopped over evidence."""
    node = asked.service.node
    found = node.status()
    hindered = asked.service.hindrance.text
    if hindered:
        raise HttpProblem(503, hindered, code=HINDERED.code)
    if found.stopped is not None:
        raise HttpProblem(503, f"stopped: {found.stopped}")
    if found.orderer == found.member and not found.ordering:
        behind = "this node signed more than its ledger holds, and waits for nodes that hold the rest"
        raise HttpProblem(503, behind if node.behind else "the orderer is hearing what its followers hold")
    return Response("ready\n", media_type="text/plain")


async def status(asked: Asked) -> Response:
    """Where the node stands, and its peers."""
    return plain(status_facts(asked.service))


def status_facts(service: Service) -> dict[str, Any]:
    """Where a node stands."""
    found = service.node.status()
    members = [member.name for member in service.ledger.members().members]
    endpoints = service.peers.endpoints()
    away = service.reach.away()
    return {
        "network": service.ledger.network,
        "member": found.member,
        "orderer": found.orderer,
        "ordering": found.ordering,
        "term": found.term,
        "driver": service.driver(),
        "height": found.height,
        "time": found.time,
        "size": found.size,
        "base": service.ledger.base,
        "root": found.root,
        "final_size": found.final_size,
        "waiting": found.waiting,
        "withheld": found.withheld,
        "stopped": found.stopped,
        "hindered": service.hindrance.text or None,
        "members": members,
        "peers": {name: endpoints[name].url for name in members if name in endpoints},
        "away": {name: away[name] for name in members if name in away},
        "modules": {version.name: version.version for version in service.ledger.app.versions()},
        "indexed": service.index.height,
        "seconds": int(time.monotonic() - service.counters.started),
        "clock": service.now(),
        "alerts": [{"kind": a.kind, "text": a.text, "time": a.time} for a in list(service.alerts)[-20:]],
    }


async def metrics(asked: Asked) -> Response:
    """Counters and gauges in Prometheus's text form."""
    service = asked.service
    found, counted = service.node.status(), service.counters
    lines: list[str] = []
    for name, kind, text, value in (
        ("height", "gauge", "Newest block", found.height),
        ("log_leaves", "gauge", "Leaves of the log", found.size),
        ("final_leaves", "gauge", "Leaves under the newest final checkpoint", found.final_size),
        ("block_time_seconds", "gauge", "Block time of the newest block", found.time / 1000),
        ("waiting_transactions", "gauge", "Transactions that wait for a block", found.waiting),
        ("stopped", "gauge", "1 when the node has stopped over evidence", int(found.stopped is not None)),
        ("hindered", "gauge", "1 while the node cannot go on", int(bool(service.hindrance.text))),
        ("withheld", "gauge", "1 while it withholds a cosignature", int(found.withheld is not None)),
        ("away_members", "gauge", "Members whose nodes do not answer this one", len(service.reach.away())),
        *_engine(service.driver()),
        ("indexed_height", "gauge", "Newest block in the index", service.index.height),
        ("event_streams", "gauge", "Open streams of events", service.streams.taken),
        ("requests_total", "counter", "Requests", counted.requests),
        ("problems_total", "counter", "Requests answered with a problem", counted.problems),
        ("submitted_total", "counter", "Transactions handed in", counted.submitted),
        ("refused_total", "counter", "Transactions refused before any block", counted.refused),
        ("blobs_served_total", "counter", "Blobs and chunks served", counted.blobs_served),
        ("blob_bytes_served_total", "counter", "Bytes of blobs served", counted.blob_bytes_served),
        ("blobs_refused_total", "counter", "Blobs from peers that did not match", counted.blobs_refused),
        ("alarms_total", "counter", "Unforeseen failures of handlers", counted.alarms),
    ):
        full = f"consortia_{name}"
        lines += [f"# HELP {full} {text}.", f"# TYPE {full} {kind}", f"{full} {value}"]
    return Response("\n".join(lines) + "\n", media_type=METRICS)


def _engine(driver: Mapping[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    """Of CometBFT, where it orders: whether it answers and votes, whom it sees, and whether blocks come."""
    if "running" in driver:
        yield "engine_running", "gauge", "1 while CometBFT answers", int(driver["running"])
        yield "engine_votes", "gauge", "1 while this node votes", int(driver["votes"])
        yield "engine_peers", "gauge", "Peers of CometBFT", driver["peers"]
        yield "engine_restarts", "gauge", "Times that CometBFT was started again", driver["restarts"]
        yield "engine_stands", "gauge", "1 while what waits comes into no block", int(bool(driver["stands"]))


PLACES = (
    Place("GET", "/livez", alive, "Whether the process answers.", open=True),
    Place("GET", "/readyz", ready, "Whether the node serves.", open=True),
    Place("GET", "/v1/status", status, "Where the node stands."),
    Place("GET", "/metrics", metrics, "Counters and gauges."),
)
