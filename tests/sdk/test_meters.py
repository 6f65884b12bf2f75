"""Meters through the front door: named, accepted, read in batches, and billed where a reading is missing."""

import pytest

from consortia.base.keys import SigningKey
from consortia.sdk.market import Markets
from consortia.sdk.meters import Meters, signed
from consortia.testing.machine import Bench, BenchError
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.market_meters import DELIVERED, METERING, MISSING
from consortia.testing.scenarios.market_parts import at, opened

HOMES = tuple(f"east/house-{number}" for number in range(70))


class Way:
    """The way to a ledger in memory, for one member's operator."""

    def __init__(self, bench, member):
        self.bench, self.member = bench, member

    def query(self, name, arguments, kind):
        fields = {field: getattr(arguments, field) for field in arguments.__struct_fields__}
        found = self.bench.query(name, **fields)
        assert isinstance(found, kind)
        return found

    def submit(self, *records):
        time = self.bench.time
        receipt = self.bench.ok(self.member, "operator", *records)
        self.bench.time = time
        return receipt


def test_a_street_of_meters_is_named_read_and_billed():
    bench = Bench(4)
    market = opened(bench, labelled=True)
    grid, homes = Meters(Way(bench, "north"), "north"), Meters(Way(bench, "east"), "east")
    harbour = Markets(Way(bench, "east"), "east").find("harbour")
    grid.measure(harbour, METERING)
    keys = {home: SigningKey(digest(home)) for home in HOMES}
    for home in HOMES:
        homes.attach(harbour, keys[home].public, 50, home)
        grid.accept(harbour, home)
        bench.time = at(0, 0)
    assert [one.account for one in homes.all(harbour)] == list(HOMES)
    second = bench.query("market.meters", market=market, after="east/house-9", limit=2).meters
    assert [one.account for one in second] == ["east/house-10", "east/house-11"]
    assert {one.meter.next for one in homes.all(harbour)} == {1}

    bench.time = at(1, DELIVERED)
    there = [signed(bench.network, harbour, home, 1, drawn=2, key=keys[home]) for home in HOMES[:66]]
    receipts = homes.read(harbour, there)
    billed = [event.body["account"] for one in receipts for event in one.events]
    assert (len(receipts), sorted(billed)) == (2, sorted(HOMES[:66]))
    with pytest.raises(BenchError, match="read_already"):
        homes.read(harbour, there)

    bench.time = at(1, MISSING)
    (missed,) = grid.miss(harbour, 1, bench.time)
    assert sorted(event.body["account"] for event in missed.events) == sorted(HOMES[66:])
    assert grid.miss(harbour, 1, bench.time) == []
    with pytest.raises(BenchError, match="nothing_owed"):
        grid.collect(harbour, HOMES[0])


def test_a_meter_that_was_never_accepted_is_taken_away():
    bench = Bench(4)
    opened(bench)
    harbour = Markets(Way(bench, "east"), "east").find("harbour")
    Meters(Way(bench, "north"), "north").measure(harbour, METERING)
    meters = Meters(Way(bench, "east"), "east")
    meters.attach(harbour, SigningKey(digest("east")).public, 50)
    assert [one.since for one in meters.all(harbour)] == [None]
    meters.detach(harbour)
    assert meters.all(harbour) == ()
