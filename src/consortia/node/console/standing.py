"""How the node itself stands: height, finality, peers, clock, disk, what it noticed."""

import shutil

from consortia.node.console.screen import Screen
from consortia.node.http import Asked
from consortia.node.http_meta import status_facts
from consortia.sdk.html import tag
from consortia.sdk.values import cell, words
from consortia.sdk.views import Cell, Moment, Table

_TIMES = frozenset({"time", "clock"})
_APART = frozenset({"peers", "modules", "alerts", "members", "driver"})


def node(asked: Asked) -> Screen:
    """The node's health."""
    facts = status_facts(asked.service)
    rows: list[tuple[Cell, ...]] = [
        (words(name), Moment(value) if name in _TIMES else cell(value, name))
        for name, value in facts.items()
        if name not in _APART
    ]
    disk = shutil.disk_usage(asked.service.home.path)
    rows += [("disk free, GB", disk.free / 1e9), ("disk, GB", disk.total / 1e9)]
    rows += [(f"driver {name}", cell(value, name)) for name, value in facts["driver"].items()]
    counted = asked.service.counters
    counts = tuple((words(name), getattr(counted, name)) for name in counted.__slots__ if name != "started")
    peers = tuple((name, url) for name, url in facts["peers"].items())
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
            Table("Peers", ("member", "address"), peers),
            Table("What it noticed", ("kind", "what", "when"), alerts),
            Table("Since it started", ("what", "count"), counts),
            Table("Rules in force", ("room", "version"), tuple(facts["modules"].items())),
            links,
        ),
    )
