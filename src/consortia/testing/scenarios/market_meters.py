# Long because each refusal of a metered market has a scenario of its own
"""What is done to metered markets, and what they answer."""

from collections.abc import Callable

from consortia.base import merkle
from consortia.base.keys import SigningKey
from consortia.modules.assets.messages import Register, Withdraw
from consortia.modules.market.messages import Commit, Fund, Take
from consortia.modules.market.meter_messages import (
    AcceptMeter,
    AttachMeter,
    CollectOwed,
    DetachMeter,
    Measure,
    MissReadings,
    ReadMeters,
)
from consortia.modules.market.meter_types import Reading, SaltedReading, SignedReading
from consortia.modules.market.state import reading_leaf, reading_message
from consortia.modules.market.types import Metering
from consortia.testing.machine import Bench
from consortia.testing.scenarios import Scenario, Step, step
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.market_parts import (
    COMMITS,
    CROSSING,
    PERIOD,
    at,
    buy,
    clear,
    committed,
    opened,
    reveal,
    revealed,
    sell,
    settled,
    unit_of,
)

DELIVERED, MISSING = 12_000, 17_000
"""When in its period an auction's readings are taken, and when they are missing."""

METERING = Metering(
    grid="north", draw=150, feed=40, through=3, deliver_ms=DELIVERED, read_ms=MISSING - DELIVERED
)
METERING_LONG = Metering(
    grid="north", draw=150, feed=40, through=3, deliver_ms=DELIVERED, read_ms=PERIOD + 5_000
)
"""Readings of two auctions may come together."""

CAPACITY = 50
HOMES = ("east", "south", "west")
TRADED = 1
"""The auction that is traded in: the meters count from it on."""

SMALL_ORDER = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
"""A point of order eight, which verifies signatures that nobody made."""


def meter_key(owner: str) -> SigningKey:
    """The key of an account's meter."""
    return SigningKey(digest(f"meter {owner}"))


def metered(bench: Bench, metering: Metering = METERING) -> bytes:
    """A market that is open, funded and metered; north runs the grid, the others have meters."""
    market = opened(bench)
    bench.ok("north", "operator", Measure(market, metering))
    for name in HOMES:
        bench.ok(name, "operator", AttachMeter(market, name, meter_key(name).public, CAPACITY))
    bench.ok("north", "operator", *(AcceptMeter(market, name) for name in HOMES))
    return market


def delivered(bench: Bench, metering: Metering = METERING) -> bytes:
    """A metered market in whose auction east bought 10 units, and where its readings are due."""
    market = metered(bench, metering)
    settled(bench, market, CROSSING, TRADED)
    bench.time = at(TRADED, DELIVERED)
    return market


def signed(bench: Bench, market: bytes, owner: str, drawn: int, auction: int = TRADED) -> SaltedReading:
    """A reading that the account's meter signed."""
    reading = Reading(bench.network, market, owner, auction, drawn)
    signature = meter_key(owner).sign(reading_message(reading))
    return SaltedReading(
        SignedReading(owner, auction, drawn, signature), digest(f"salt {owner} {auction} {drawn}")
    )


def batched(bench: Bench, member: str, *readings: SaltedReading) -> bytes:
    """The id of a batch of readings that a member registers."""
    root = merkle.root([reading_leaf(one) for one in readings])
    name = f"readings-{root.hex()[:8]}"
    batch = Register(name, "batch", "Readings", "batch", root, len(readings), None, None, (), None)
    time = bench.time
    bench.ok(member, "worker", batch)
    bench.time = time
    return bytes(bench.query("assets.by_name", owner=member, name=name).asset.id)


def read(bench: Bench, market: bytes, member: str, *readings: SaltedReading) -> Step:
    """The step in which a member brings readings."""
    batch = batched(bench, member, *readings)
    return step(member, "worker", ReadMeters(market, batch, readings))


def _read_of(bench: Bench, owner: str, drawn: int) -> Step:
    market = delivered(bench)
    return read(bench, market, owner, signed(bench, market, owner, drawn))


def _measure(bench: Bench) -> Step:
    return step("north", "operator", Measure(opened(bench), METERING))


def _attach(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("north", "operator", Measure(market, METERING))
    return step("east", "operator", AttachMeter(market, "east", meter_key("east").public, CAPACITY))


def _attached(bench: Bench) -> bytes:
    market = opened(bench)
    bench.ok("north", "operator", Measure(market, METERING))
    bench.ok("east", "operator", AttachMeter(market, "east", meter_key("east").public, CAPACITY))
    return market


def _accept(bench: Bench) -> Step:
    return step("north", "operator", AcceptMeter(_attached(bench), "east"))


def _detach(bench: Bench) -> Step:
    return step("east", "operator", DetachMeter(delivered(bench), "east"))


def _detach_at_once(bench: Bench) -> Step:
    return step("north", "operator", DetachMeter(_attached(bench), "east"))


def _detached_and_read(bench: Bench) -> Step:
    market = delivered(bench)
    bench.ok("east", "operator", DetachMeter(market, "east"))
    return read(bench, market, "east", signed(bench, market, "east", 10))


def _two_auctions(bench: Bench) -> Step:
    market = delivered(bench, METERING_LONG)
    bench.time = at(TRADED + 1, DELIVERED)
    readings = [signed(bench, market, "east", 12, TRADED), signed(bench, market, "east", -3, TRADED + 1)]
    return read(bench, market, "east", *readings)


def _missing(bench: Bench) -> Step:
    market = delivered(bench)
    bench.time = at(TRADED, MISSING)
    return step("west", "operator", MissReadings(market, TRADED, HOMES))


def _poor(bench: Bench, grid: str = "north") -> bytes:
    """A market where east has nothing to pay with beyond what it needs to trade."""
    market = delivered(bench)
    cash = unit_of(bench, "cash")
    for name in ("east", grid):
        left = bench.query("market.statement", market=market, account=name).statement.account
        free = left.quote - left.quote_held
        time = bench.time
        bench.ok(name, "operator", Take(market, name, cash, free))
        bench.time = time
    return market


def _owes(bench: Bench) -> Step:
    market = _poor(bench)
    return read(bench, market, "east", signed(bench, market, "east", 20))


def _is_owed(bench: Bench) -> Step:
    market = _poor(bench)
    return read(bench, market, "south", signed(bench, market, "south", -20))


def _owed(bench: Bench) -> bytes:
    market = _poor(bench)
    reading = signed(bench, market, "east", 20)
    bench.ok("east", "worker", ReadMeters(market, batched(bench, "east", reading), (reading,)))
    return market


def _collect(bench: Bench) -> Step:
    market = _owed(bench)
    bench.ok("east", "operator", Fund(market, "east", unit_of(bench, "cash"), 500))
    return step("west", "operator", CollectOwed(market, "east"))


def _collect_and_detach(bench: Bench) -> Step:
    market = _poor(bench)
    bench.ok("east", "operator", DetachMeter(market, "east"))
    bench.time = at(TRADED, DELIVERED + 1_000)
    reading = signed(bench, market, "east", 20)
    bench.ok("east", "worker", ReadMeters(market, batched(bench, "east", reading), (reading,)))
    bench.ok("east", "operator", Fund(market, "east", unit_of(bench, "cash"), 50_000))
    return step("west", "operator", CollectOwed(market, "east"))


# Refused


def _measure_of_another(bench: Bench) -> Step:
    return step("east", "operator", Measure(opened(bench), METERING))


def _measure_twice(bench: Bench) -> Step:
    return step("north", "operator", Measure(metered(bench), METERING))


def _measure_late(bench: Bench) -> Step:
    market = opened(bench)
    bench.ok("east", "operator", Commit(market, "east", 0, digest("sealed")))
    return step("north", "operator", Measure(market, METERING))


def _measure_with(**fields: int | str) -> Callable[[Bench], Step]:
    def scenario(bench: Bench) -> Step:
        values = {name: getattr(METERING, name) for name in Metering.__struct_fields__} | fields
        return step("north", "operator", Measure(opened(bench), Metering(**values)))

    return scenario


def _attach_unmetered(bench: Bench) -> Step:
    return step("east", "operator", AttachMeter(opened(bench), "east", meter_key("east").public, CAPACITY))


def _attach_twice(bench: Bench) -> Step:
    market = _attached(bench)
    return step("east", "operator", AttachMeter(market, "east", meter_key("west").public, CAPACITY))


def _attach_to_the_grid(bench: Bench) -> Step:
    market = _attached(bench)
    return step("north", "operator", AttachMeter(market, "north", meter_key("north").public, CAPACITY))


def _attach_for_another(bench: Bench) -> Step:
    market = _attached(bench)
    return step("east", "operator", AttachMeter(market, "west", meter_key("west").public, CAPACITY))


def _attach_a_weak_key(bench: Bench) -> Step:
    market = _attached(bench)
    return step("west", "operator", AttachMeter(market, "west", SMALL_ORDER, CAPACITY))


def _accept_oneself(bench: Bench) -> Step:
    return step("east", "operator", AcceptMeter(_attached(bench), "east"))


def _accept_nothing(bench: Bench) -> Step:
    return step("north", "operator", AcceptMeter(_attached(bench), "west"))


def _accept_twice(bench: Bench) -> Step:
    return step("north", "operator", AcceptMeter(metered(bench), "east"))


def _detach_of_another(bench: Bench) -> Step:
    return step("west", "operator", DetachMeter(metered(bench), "east"))


def _detach_twice(bench: Bench) -> Step:
    market = delivered(bench)
    bench.ok("east", "operator", DetachMeter(market, "east"))
    return step("east", "operator", DetachMeter(market, "east"))


def _order_without_a_meter(bench: Bench) -> Step:
    market = _attached(bench)
    return step("east", "operator", Commit(market, "east", 0, digest("sealed")))


def _order_after_a_meter(bench: Bench) -> Step:
    market = delivered(bench)
    bench.ok("east", "operator", DetachMeter(market, "east"))
    bench.time = at(TRADED + 1, COMMITS)
    return step("east", "operator", Commit(market, "east", TRADED + 1, digest("sealed")))


def _order_of_a_debtor(bench: Bench) -> Step:
    market = _owed(bench)
    bench.ok("east", "operator", Fund(market, "east", unit_of(bench, "cash"), 50_000))
    bench.time = at(TRADED + 1, COMMITS)
    return step("east", "operator", Commit(market, "east", TRADED + 1, digest("sealed")))


def _take_what_is_owed(bench: Bench) -> Step:
    market = _owed(bench)
    bench.ok("east", "operator", Fund(market, "east", unit_of(bench, "cash"), 500))
    return step("east", "operator", Take(market, "east", unit_of(bench, "cash"), 1))


def _more_than_is_let_through(bench: Bench) -> Step:
    market = metered(bench)
    committed(bench, market, (("east", buy(100, CAPACITY + 1)),), TRADED)
    return step("east", "operator", reveal(market, "east", buy(100, CAPACITY + 1), 0, TRADED))


def _more_together_than_is_let_through(bench: Bench) -> Step:
    market = metered(bench)
    orders = (("south", sell(100, CAPACITY)), ("south", sell(102, 1)))
    committed(bench, market, orders, TRADED)
    bench.ok("south", "operator", reveal(market, "south", orders[0][1], 0, TRADED))
    return step("south", "operator", reveal(market, "south", orders[1][1], 1, TRADED))


def _collect_nothing(bench: Bench) -> Step:
    return step("west", "operator", CollectOwed(delivered(bench), "east"))


def _collect_from_the_poor(bench: Bench) -> Step:
    return step("west", "operator", CollectOwed(_owed(bench), "east"))


def _no_batch(bench: Bench) -> Step:
    market = delivered(bench)
    readings = (signed(bench, market, "east", 10),)
    return step("east", "worker", ReadMeters(market, digest("no batch"), readings))


def _batch_of_another(bench: Bench) -> Step:
    market = delivered(bench)
    readings = (signed(bench, market, "east", 10),)
    return step("east", "worker", ReadMeters(market, batched(bench, "west", *readings), readings))


def _withdrawn_batch(bench: Bench) -> Step:
    market = delivered(bench)
    readings = (signed(bench, market, "east", 10),)
    batch = batched(bench, "east", *readings)
    bench.ok("east", "admin", Withdraw(batch))
    return step("east", "worker", ReadMeters(market, batch, readings))


def _part_of_a_batch(bench: Bench) -> Step:
    market = delivered(bench, METERING_LONG)
    readings = [signed(bench, market, "east", 12, TRADED), signed(bench, market, "east", -3, TRADED + 1)]
    batch = batched(bench, "east", *readings)
    return step("east", "worker", ReadMeters(market, batch, (readings[0],)))


def _reading_of_another(bench: Bench) -> Step:
    market = delivered(bench)
    return read(bench, market, "east", signed(bench, market, "west", 10))


def _read_twice(bench: Bench) -> Step:
    market = delivered(bench)
    readings = (signed(bench, market, "east", 10),)
    batch = batched(bench, "east", *readings)
    bench.ok("east", "worker", ReadMeters(market, batch, readings))
    return step("east", "worker", ReadMeters(market, batch, readings))


def _read_twice_at_once(bench: Bench) -> Step:
    market = delivered(bench)
    one = signed(bench, market, "east", 10)
    return read(bench, market, "east", one, one)


def _another_reading_of_the_same(bench: Bench) -> Step:
    market = delivered(bench)
    reading = signed(bench, market, "east", 10)
    bench.ok("east", "worker", ReadMeters(market, batched(bench, "east", reading), (reading,)))
    return read(bench, market, "east", signed(bench, market, "east", 4))


def _gap(bench: Bench) -> Step:
    market = delivered(bench, METERING_LONG)
    bench.time = at(TRADED + 1, DELIVERED)
    return read(bench, market, "east", signed(bench, market, "east", 10, TRADED + 1))


def _before_the_meter(bench: Bench) -> Step:
    market = delivered(bench)
    return read(bench, market, "east", signed(bench, market, "east", 10, TRADED - 1))


def _after_the_meter(bench: Bench) -> Step:
    market = delivered(bench)
    bench.ok("east", "operator", DetachMeter(market, "east"))
    bench.time = at(TRADED + 1, DELIVERED)
    return read(bench, market, "east", signed(bench, market, "east", 10, TRADED + 1))


def _forged(bench: Bench) -> Step:
    market = delivered(bench)
    good = signed(bench, market, "east", 10)
    forged = SignedReading("east", TRADED, 0, good.reading.signature)
    return read(bench, market, "east", SaltedReading(forged, good.salt))


def _signed_for_another_market(bench: Bench) -> Step:
    market = delivered(bench)
    return read(bench, market, "east", signed(bench, digest("another market"), "east", 10))


def _beyond_capacity(bench: Bench) -> Step:
    return _read_of(bench, "east", CAPACITY + 1)


def _fed_beyond_capacity(bench: Bench) -> Step:
    return _read_of(bench, "south", -CAPACITY - 1)


def _read_early(bench: Bench) -> Step:
    market = metered(bench)
    settled(bench, market, CROSSING, TRADED)
    bench.time = at(TRADED, DELIVERED - 1)
    return read(bench, market, "east", signed(bench, market, "east", 10))


def _read_unsettled(bench: Bench) -> Step:
    market = metered(bench)
    revealed(bench, market, CROSSING, TRADED)
    bench.ok("west", "operator", clear(bench, market, TRADED))
    bench.time = at(TRADED, DELIVERED)
    return read(bench, market, "east", signed(bench, market, "east", 10))


def _read_late(bench: Bench) -> Step:
    market = delivered(bench)
    bench.time = at(TRADED, MISSING)
    return read(bench, market, "east", signed(bench, market, "east", 10))


def _missed_early(bench: Bench) -> Step:
    market = delivered(bench)
    bench.time = at(TRADED, MISSING - 1)
    return step("west", "operator", MissReadings(market, TRADED, HOMES))


def _missed_what_was_read(bench: Bench) -> Step:
    market = delivered(bench)
    reading = signed(bench, market, "east", 10)
    bench.ok("east", "worker", ReadMeters(market, batched(bench, "east", reading), (reading,)))
    bench.time = at(TRADED, MISSING)
    return step("west", "operator", MissReadings(market, TRADED, HOMES))


METERED = (
    Scenario("a market is metered", _measure),
    Scenario("an account gets a meter", _attach),
    Scenario("the grid accepts a meter", _accept),
    Scenario("a meter is detached", _detach),
    Scenario("a meter that never counted is detached", _detach_at_once),
    Scenario("a meter that is detached is read for the last time", _detached_and_read),
    Scenario("as much is drawn as was bought", lambda bench: _read_of(bench, "east", 10)),
    Scenario("more is drawn than was bought", lambda bench: _read_of(bench, "east", 13)),
    Scenario("less is drawn than was bought", lambda bench: _read_of(bench, "east", 2)),
    Scenario("who bought feeds in", lambda bench: _read_of(bench, "east", -5)),
    Scenario("as much is fed in as was sold", lambda bench: _read_of(bench, "south", -6)),
    Scenario("less is fed in than was sold", lambda bench: _read_of(bench, "south", -1)),
    Scenario("more is fed in than was sold", lambda bench: _read_of(bench, "south", -9)),
    Scenario("readings of two auctions at once", _two_auctions),
    Scenario("readings that did not come are billed", _missing),
    Scenario("an account that cannot pay owes", _owes),
    Scenario("a grid that cannot pay owes", _is_owed),
    Scenario("what is owed is collected in part", _collect),
    Scenario("the last that is owed is collected, and the meter gone", _collect_and_detach),
    Scenario("metering the market of another", _measure_of_another, "market.not_operator"),
    Scenario("metering twice", _measure_twice, "market.metered"),
    Scenario("metering a market that has orders", _measure_late, "market.too_late"),
    Scenario("a grid of nobody", _measure_with(grid="nobody"), "market.bad_metering"),
    Scenario("feeding in for more than drawing", _measure_with(feed=151), "market.bad_metering"),
    Scenario("delivery before settlement", _measure_with(deliver_ms=9_999), "market.bad_metering"),
    Scenario("a meter in a market without", _attach_unmetered, "market.not_metered"),
    Scenario("a second meter", _attach_twice, "market.metered"),
    Scenario("a meter of the grid's account", _attach_to_the_grid, "market.metered"),
    Scenario("a meter of the account of another", _attach_for_another, "market.wrong_account"),
    Scenario("a meter's key of small order", _attach_a_weak_key, "market.bad_metering"),
    Scenario("accepting one's own meter", _accept_oneself, "market.not_grid"),
    Scenario("accepting a meter that nobody attached", _accept_nothing, "market.no_meter"),
    Scenario("accepting a meter twice", _accept_twice, "market.metered"),
    Scenario("detaching the meter of another", _detach_of_another, "market.wrong_account"),
    Scenario("detaching a meter twice", _detach_twice, "market.too_late"),
    Scenario("an order of an account whose meter is not accepted", _order_without_a_meter, "market.no_meter"),
    Scenario("an order after a meter's last auction", _order_after_a_meter, "market.no_meter"),
    Scenario("an order of an account that owes", _order_of_a_debtor, "market.owing"),
    Scenario("taking out what is owed", _take_what_is_owed, "market.no_funds"),
    Scenario(
        "an order beyond what a meter lets through", _more_than_is_let_through, "market.beyond_capacity"
    ),
    Scenario(
        "orders beyond what a meter lets through",
        _more_together_than_is_let_through,
        "market.beyond_capacity",
    ),
    Scenario("collecting where nothing is owed", _collect_nothing, "market.nothing_owed"),
    Scenario("collecting where there is nothing", _collect_from_the_poor, "market.nothing_owed"),
    Scenario("readings without a batch", _no_batch, "market.unknown_batch"),
    Scenario("readings from the batch of another", _batch_of_another, "market.unknown_batch"),
    Scenario("readings from a batch that is withdrawn", _withdrawn_batch, "market.unknown_batch"),
    Scenario("a part of a batch", _part_of_a_batch, "market.wrong_batch"),
    Scenario("the reading of another's meter", _reading_of_another, "market.wrong_account"),
    Scenario("a reading brought twice", _read_twice, "market.read_already"),
    Scenario("a reading twice in a batch", _read_twice_at_once, "market.read_already"),
    Scenario("another reading of the same auction", _another_reading_of_the_same, "market.read_already"),
    Scenario("a reading with one missing before it", _gap, "market.unread"),
    Scenario("a reading from before the meter counted", _before_the_meter, "market.read_already"),
    Scenario("a reading from after the meter counted", _after_the_meter, "market.no_meter"),
    Scenario("a reading that the meter did not sign", _forged, "market.forged"),
    Scenario("a reading signed for another market", _signed_for_another_market, "market.forged"),
    Scenario("drawing more than a meter lets through", _beyond_capacity, "market.beyond_capacity"),
    Scenario("feeding in more than a meter lets through", _fed_beyond_capacity, "market.beyond_capacity"),
    Scenario("a reading before the delivery is over", _read_early, "market.too_early"),
    Scenario("a reading of an auction that is not settled", _read_unsettled, "market.too_early"),
    Scenario("a reading that comes late", _read_late, "market.too_late"),
    Scenario("billing for a missing reading before it is missing", _missed_early, "market.too_early"),
    Scenario("billing for a reading that is there", _missed_what_was_read, "market.read_already"),
)
