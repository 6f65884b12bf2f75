"""A street of seventeen homes trades by the hour, is metered, and its cash adds up to nothing."""

from random import Random

import pytest

from consortia.base import merkle
from consortia.base.keys import SigningKey
from consortia.modules.assets.messages import Register
from consortia.modules.bank.messages import Transfer
from consortia.modules.market.messages import Clear, Commit, Fund, Open, Reveal, Settle, Take
from consortia.modules.market.meter_messages import (
    AcceptMeter,
    AttachMeter,
    Measure,
    MissReadings,
    ReadMeters,
)
from consortia.modules.market.meter_types import Reading, SaltedReading, SignedReading
from consortia.modules.market.state import reading_leaf, reading_message, sealed
from consortia.modules.market.types import Limits, Metering, Order, Sealing
from consortia.testing.machine import START, Bench
from consortia.testing.scenarios.assets import digest
from consortia.testing.scenarios.bank_parts import made
from consortia.testing.scenarios.market_parts import terms, unit

HOUR = 3_600_000
HOMES = tuple(f"east/house-{number}" for number in range(1, 18))
CASH, CAPACITY = 100_000, 60
METERING = Metering(grid="north", draw=160, feed=40, through=5, deliver_ms=HOUR * 3 // 4, read_ms=HOUR // 4)


class Street:
    """A metered market of homes, each with its meter."""

    def __init__(self) -> None:
        self.bench = bench = Bench(("north", "east"))
        self.keys = {home: SigningKey(digest(f"meter {home}")) for home in HOMES}
        base = made(bench, unit("wh", 1_000_000))
        self.quote = made(bench, unit("cent", 100_000_000))
        limits = Limits(order_max=CAPACITY, position_max=1 << 40, loss_max=1, commits_max=100)
        rules = terms(
            base,
            self.quote,
            start=START + HOUR,
            period_ms=HOUR,
            commit_ms=HOUR // 4,
            reveal_ms=HOUR // 4,
            correct_ms=0,
            orders_max=100,
            deposit=limits.order_max * 2 * 10 * 2,
            labelled=True,
            limits=limits,
            fee_ppm=1_000,
        )
        bench.ok("north", "operator", Open("street", "A street", rules, 100))
        self.market = bytes(bench.query("market.by_name", name="street").market.id)
        bench.ok("north", "operator", Measure(self.market, METERING))
        bench.ok("north", "operator", Fund(self.market, "north", self.quote, CASH))
        for home in HOMES:
            legs = (Transfer("north", home, base, CAPACITY), Transfer("north", home, self.quote, CASH))
            bench.ok("north", "operator", *legs)
            paid = [Fund(self.market, home, base, CAPACITY), Fund(self.market, home, self.quote, CASH)]
            attached = AttachMeter(self.market, home, self.keys[home].public, CAPACITY)
            bench.ok("east", "operator", *paid, attached)
            bench.ok("north", "operator", AcceptMeter(self.market, home))

    def cash(self, account: str) -> int:
        """What an account has of the quote unit."""
        found = self.bench.query("market.statement", market=self.market, account=account)
        return int(found.statement.account.quote)

    def hour(self, number: int, orders: dict[str, Order]) -> None:
        """Trade an hour, to its settlement."""
        bench, key = self.bench, self.bench.key("east", "operator").key_id
        begin = START + HOUR + number * HOUR
        bench.time = max(bench.tip.time, begin)
        for home, order in orders.items():
            seal = sealed(Sealing(bench.network, self.market, number, key, digest(home), order))
            bench.ok("east", "operator", Commit(self.market, home, number, seal))
        bench.time = begin + HOUR // 4
        for place, (home, order) in enumerate(orders.items()):
            bench.ok("east", "operator", Reveal(self.market, number, place, digest(home), order))
        bench.time = begin + HOUR // 2
        margin = bench.query("market.margin", market=self.market, auction=number).margin
        bench.ok("east", "operator", Clear(self.market, number, margin))
        bench.ok("east", "operator", Settle(self.market, number, 100))

    def read(self, number: int, drawn: dict[str, int]) -> list[dict[str, object]]:
        """Bring an hour's readings; the bills."""
        bench = self.bench
        readings = []
        for home, units in drawn.items():
            message = reading_message(Reading(bench.network, self.market, home, number, units))
            signed = SignedReading(home, number, units, self.keys[home].sign(message))
            readings.append(SaltedReading(signed, digest(f"{home} {number}")))
        root = merkle.root([reading_leaf(one) for one in readings])
        name = f"hour-{number}"
        batch = Register(name, "batch", "", "batch", root, len(readings), None, None, (), None)
        bench.ok("east", "worker", batch)
        identity = bytes(bench.query("assets.by_name", owner="east", name=name).asset.id)
        receipt = bench.ok("east", "worker", ReadMeters(self.market, identity, tuple(readings)))
        return [event.body for event in receipt.events]


@pytest.fixture(scope="module")
def street() -> Street:
    return Street()


def orders(rng: Random, reference: int) -> dict[str, Order]:
    """An order of each home, around a price: every other has panels on its roof."""
    made = {}
    for at, home in enumerate(HOMES):
        side = "sell" if at % 2 else "buy"
        made[home] = Order(side, reference + 2 * rng.randint(-10, 10), rng.randint(1, CAPACITY))
    return made


def test_cash_adds_up_to_nothing_over_a_day_of_deviations(street):
    rng, everybody = Random(17), ("north", *HOMES)
    before = sum(street.cash(one) for one in everybody)
    for number in range(4):
        reference = street.bench.query("market.by_name", name="street").market.reference
        street.hour(number, orders(rng, reference))
        kept = {one: street.cash(one) for one in everybody}
        street.bench.time = START + HOUR + number * HOUR + METERING.deliver_ms
        missing = HOMES[number]
        drawn = {home: rng.randint(-CAPACITY, CAPACITY) for home in HOMES if home != missing}
        bills = street.read(number, drawn)
        for bill in bills:
            apart = drawn[bill["account"]] - bill["traded"]
            tariff = METERING.draw if apart > 0 else METERING.feed
            assert bill["cost"] == apart * tariff + METERING.through * abs(drawn[bill["account"]])
            assert bill["paid"] == bill["cost"] == kept[bill["account"]] - street.cash(bill["account"])
        assert street.cash("north") - kept["north"] == sum(bill["cost"] for bill in bills)
        street.bench.time += METERING.read_ms
        missed = street.bench.ok("north", "operator", MissReadings(street.market, number, (missing,)))
        assert [event.body["missing"] for event in missed.events] == [True]
        assert sum(street.cash(one) for one in everybody) == before
    assert street.bench.machine.violations(street.bench.state, street.bench.tip) == []


def test_what_a_home_pays_for_its_power_stops_nobody_for_a_loss(street):
    for home in HOMES:
        found = street.bench.query("market.statement", market=street.market, account=home).statement
        assert (found.loss, found.account.lost) == (0, None)


def test_a_missing_reading_is_never_cheaper_than_one_that_comes():
    street = Street()
    street.hour(0, {HOMES[0]: Order("buy", 110, 20), HOMES[1]: Order("sell", 90, 20)})
    street.bench.time = START + HOUR + METERING.deliver_ms
    street.bench.time += METERING.read_ms
    missed = street.bench.ok("north", "operator", MissReadings(street.market, 0, HOMES[:2]))
    for event in missed.events:
        traded = event.body["traded"]
        costs = [
            (units - traded) * (METERING.draw if units > traded else METERING.feed)
            + METERING.through * abs(units)
            for units in range(-CAPACITY, CAPACITY + 1)
        ]
        assert event.body["cost"] == max(costs)


def test_what_was_sold_is_taken_out_by_nobody_before_it_was_delivered():
    """Who sells what it never delivers, and takes the money, would owe where nothing is left."""
    street, (seller, buyer) = Street(), HOMES[:2]
    price = street.bench.query("market.by_name", name="street").market.reference
    street.hour(0, {seller: Order("sell", price, 50), buyer: Order("buy", price, 50)})
    bench, market, quote = street.bench, street.market, street.quote
    has, undelivered = street.cash(seller), 50 * METERING.draw
    early = bench.run("east", "operator", Take(market, seller, quote, has - undelivered + 1))
    assert early.code == "market.no_funds"
    bench.ok("east", "operator", Take(market, seller, quote, has - undelivered))
    bench.ok("east", "operator", Take(market, buyer, quote, street.cash(buyer)))
    bench.time = START + HOUR + METERING.deliver_ms
    (bill,) = street.read(0, {seller: 0})
    assert (bill["cost"], bill["paid"], bill["owed"]) == (undelivered, undelivered, 0)
    assert street.cash(seller) == 0
