"""Market: periodic sealed call auctions in which members, and their agents, trade units of value.

See README.md in this folder for the concepts; this file is the declaration.
"""

from consortia.kernel.module import Method, Module
from consortia.modules.market import clearing, metering, standing, trading
from consortia.modules.market import messages as asked
from consortia.modules.market import meter_messages as metered
from consortia.modules.market.events import EVENTS
from consortia.modules.market.invariants import INVARIANTS
from consortia.modules.market.meter_events import METER_EVENTS
from consortia.modules.market.meter_queries import METER_QUERIES
from consortia.modules.market.ports import Batches, Cash, Members, Ports
from consortia.modules.market.queries import QUERIES
from consortia.modules.market.refusals import REFUSALS
from consortia.modules.market.state import TABLES

__all__ = ["Batches", "Cash", "Members", "Ports", "module"]

_TREASURERS = frozenset({"admin", "operator"})
_TRADERS = frozenset({"admin", "agent", "analyst", "operator", "worker"})
_READERS = frozenset({"admin", "operator", "worker"})
_ANYONE = _TRADERS | {"approver", "trustee"}

_BASE = 150
_LEVELS = 30_000
"""Going through every level that a collar allows."""

_PER_MARGIN = 8
_PER_ORDER = 30
_PER_READING = 250
"""Checking the meter's signature, and three entries."""


def _clear_cost(message: asked.Clear) -> int:
    return _LEVELS + _PER_MARGIN * int.from_bytes(message.margin, "big").bit_count()


def _settle_cost(message: asked.Settle) -> int:
    return _BASE + _PER_ORDER * message.orders


def _read_cost(message: metered.ReadMeters) -> int:
    return _BASE + _PER_READING * len(message.readings)


def _miss_cost(message: metered.MissReadings) -> int:
    return _BASE + _BASE * len(message.accounts)


METHODS = (
    Method(asked.Open, standing.open_market, _TREASURERS, cost=_BASE),
    Method(asked.Fund, trading.fund, _TREASURERS, cost=_BASE),
    Method(asked.Take, trading.take, _TREASURERS, cost=_BASE),
    Method(asked.Commit, trading.commit, _TRADERS, cost=_BASE),
    Method(asked.Cancel, trading.cancel, _TRADERS, cost=_BASE),
    Method(asked.Reveal, trading.reveal, _TRADERS, cost=_BASE, urgent=True),
    Method(asked.Clear, clearing.clear, _ANYONE, cost=_clear_cost, prompt=True),
    Method(asked.Settle, clearing.settle, _ANYONE, cost=_settle_cost),
    Method(asked.Annul, clearing.annul, _TREASURERS, cost=_BASE),
    Method(asked.Halt, standing.halt, _TREASURERS, cost=_BASE, urgent=True, prompt=True),
    Method(asked.Resume, standing.resume, _TREASURERS, cost=_BASE),
    Method(asked.Stop, standing.stop, _ANYONE, cost=_BASE, urgent=True, prompt=True),
    Method(asked.StopKey, standing.stop_key, _ANYONE, cost=_BASE, urgent=True, prompt=True),
    Method(asked.Restart, standing.restart, _TREASURERS, cost=_BASE),
    Method(asked.RestartKey, standing.restart_key, _TREASURERS, cost=_BASE),
    Method(asked.Limit, standing.limit, _TREASURERS, cost=_BASE),
    Method(asked.LimitKey, standing.limit_key, _TREASURERS, cost=_BASE),
    Method(metered.Measure, metering.measure, _TREASURERS, cost=_BASE),
    Method(metered.AttachMeter, metering.attach, _TREASURERS, cost=_BASE),
    Method(metered.AcceptMeter, metering.accept, _TREASURERS, cost=_BASE),
    Method(metered.DetachMeter, metering.detach, _TREASURERS, cost=_BASE),
    Method(metered.ReadMeters, metering.read, _READERS, cost=_read_cost),
    Method(metered.MissReadings, metering.miss, _ANYONE, cost=_miss_cost),
    Method(metered.CollectOwed, metering.collect, _ANYONE, cost=_BASE),
)


def module(ports: Ports) -> Module:
    """The declaration of the market, wired to its neighbours."""
    return Module(
        name="market",
        version=1,
        doc="Periodic sealed call auctions: orders, limits, prices, settlement, meters, stops and warnings.",
        methods=METHODS,
        refusals=REFUSALS,
        tables=TABLES,
        queries=(*QUERIES, *METER_QUERIES),
        events=(*EVENTS, *METER_EVENTS),
        invariants=INVARIANTS,
        ports=ports,
    )
