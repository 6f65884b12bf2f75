"""How the node itself stands: height, finality, peers, clock, disk, what it noticed."""

import shutil

from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.node.http_meta import status_facts
from consortia.sdk.html import tag
from consortia.sdk.values import cell, words
from consortia.sdk.views import Cell, Moment, Table

_TIMES = frozenset({"time", "clock"})
_CALLED = {
    "term": "orderer's term",
    "height": "newest block",
    "time": "its time",
    "size": "log, leaves",
    "base": "restored from a snapshot of",
    "final_size": "of them final, leaves",
    "waiting": "transactions that wait for a block",
    "withheld": "does not cosign, because",
    "stopped": "has stopped, because",
    "hindered": "cannot go on, because",
    "indexed": "indexed up to block",
    "seconds": "runs for, seconds",
    "clock": "its clock",
}
"""What a status calls by one word, in words that a stranger reads, with the unit of each number."""

_APART = frozenset({"peers", "modules", "alerts", "members", "driver", "away"})


def node(asked: Asked) -> Screen:
    """The node's health."""
    facts = status_facts(asked.service)
    rows: list[tuple[Cell, ...]] = [
        (_CALLED.get(name, words(name)), Moment(value) if name in _TIMES else cell(value, name))
        for name, value in facts.items()
        if name not in _APART and value is not None
    ]
    disk = shutil.disk_usage(asked.service.home.path)
    rows += [("disk free, GB", disk.free / 1e9), ("size of the disk, GB", disk.total / 1e9)]
    rows += [(f"driver {name}", cell(value, name)) for name, value in facts["driver"].items()]
    counted = asked.service.counters
    counts = tuple((words(name), getattr(counted, name)) for name in counted.__slots__ if name != "started")
    away, own = facts["away"], facts["member"]
    peers = tuple(
        (name, url, f"no: {away[name].text}", Moment(away[name].since))
        if name in away
        else (name, url, "this node" if name == own else "yes", "")
        for name, url in facts["peers"].items()
    )
    alerts = tuple((one["kind"], one["text"], Moment(one["time"])) for one in facts["alerts"])
    links = tag(
        "p",
        tag("a", "The API, described", href="/openapi.json"),
        " · ",
        tag("a", "Counters for Prometheus", href="/metrics"),
    )
    return Screen(
        "Node",
        f"The node of {facts['member']}.",
        (
            Table("Where it stands", ("what", "value"), tuple(rows)),
            Table("Peers", ("member", "address", "answers", "away since"), peers),
            Table("What it noticed", ("kind", "what", "when"), alerts),
            Table("Since it started", ("what", "count"), counts),
            Table("Rules in force", ("room", "version"), tuple(facts["modules"].items())),
            links,
        ),
    )
