"""A street of homes on a ledger in memory: orders, price, settlement, signed readings, bills."""

import hashlib

from consortia.base import merkle
from consortia.base.keys import SigningKey
from consortia.kernel.genesis import Limits as Blocks
from consortia.kernel.ports import Quota
from consortia.modules.assets.messages import Register
from consortia.modules.bank.messages import Transfer
from consortia.modules.market.messages import Clear, Commit, Fund, Open, Reveal, Settle
from consortia.modules.market.meter_messages import AcceptMeter, AttachMeter, Measure, ReadMeters
from consortia.modules.market.meter_types import Reading, SaltedReading, SignedReading
from consortia.modules.market.state import reading_leaf, reading_message, sealed
from consortia.modules.market.types import Limits, Metering, Order, Sealing
from consortia.solutions.city.community import limit_of
from consortia.testing.machine import START, Bench
from consortia.testing.scenarios.bank_parts import made
from consortia.testing.scenarios.market_parts import terms, unit

HOUR = 3_600_000
CASH, CAPACITY = 1 << 40, 20_000
BLOCKS = Blocks(block_cost=1 << 40, block_transactions=20_000, epoch_milliseconds=3_600_000)


def salt(*parts) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


class Street:
    """A metered market whose grid pays nothing for power fed in, and homes of a member."""

    def __init__(self, homes, draw):
        self.bench = bench = Bench(
            ("grid", "east"), quota=Quota(1 << 40, 1 << 50, 1 << 45, 1 << 20), limits=BLOCKS
        )
        self.accounts = {home: f"east/{home}" for home in homes}
        self.keys = {home: SigningKey(salt("meter", home)) for home in homes}
        self.metering = Metering("grid", draw, 0, 0, HOUR * 3 // 4, HOUR // 4)
        base = made(bench, unit("wh", 1 << 40), "grid")
        quote = made(bench, unit("cent", 1 << 50), "grid")
        limits = Limits(order_max=CAPACITY, position_max=1 << 40, loss_max=1, commits_max=100)
        rules = terms(
            base,
            quote,
            start=START + HOUR,
            period_ms=HOUR,
            commit_ms=HOUR // 4,
            reveal_ms=HOUR // 4,
            correct_ms=0,
            tick=1,
            collar_ticks=draw,
            orders_max=100,
            deposit=CAPACITY * 2 * draw,
            labelled=True,
            limits=limits,
            fee_ppm=0,
        )
        bench.ok("grid", "operator", Open("street", "A street", rules, draw // 2))
        self.market = bytes(bench.query("market.by_name", name="street").market.id)
        bench.ok("grid", "operator", Measure(self.market, self.metering))
        bench.ok("grid", "operator", Fund(self.market, "grid", quote, CASH))
        for home, account in self.accounts.items():
            legs = (Transfer("grid", account, base, CAPACITY), Transfer("grid", account, quote, CASH))
            bench.ok("grid", "operator", *legs)
            paid = [Fund(self.market, account, base, CAPACITY), Fund(self.market, account, quote, CASH)]
            attached = AttachMeter(self.market, account, self.keys[home].public, CAPACITY)
            bench.ok("east", "operator", *paid, attached)
            bench.ok("grid", "operator", AcceptMeter(self.market, account))

    def hour(self, number, bids, net):
        """One hour, from orders to bills."""
        bench, key = self.bench, self.bench.key("east", "operator").key_id
        begin = START + HOUR + number * HOUR
        orders = {
            home: Order("buy" if units > 0 else "sell", limit_of(units, self.metering), abs(units))
            for home, units in bids.items()
            if units
        }
        bench.time = max(bench.tip.time, begin)
        for home, order in orders.items():
            seal = sealed(Sealing(bench.network, self.market, number, key, salt(home, number), order))
            bench.ok("east", "operator", Commit(self.market, self.accounts[home], number, seal))
        bench.time = begin + HOUR // 4
        for place, (home, order) in enumerate(orders.items()):
            bench.ok("east", "operator", Reveal(self.market, number, place, salt(home, number), order))
        bench.time = begin + HOUR // 2
        margin = bench.query("market.margin", market=self.market, auction=number).margin
        bench.ok("east", "operator", Clear(self.market, number, margin))
        bench.ok("east", "operator", Settle(self.market, number, 100))
        bench.time = begin + HOUR * 3 // 4
        self._read(number, net)

    def _read(self, number, net):
        bench, readings = self.bench, []
        for home, units in net.items():
            account = self.accounts[home]
            message = reading_message(Reading(bench.network, self.market, account, number, units))
            signed = SignedReading(account, number, units, self.keys[home].sign(message))
            readings.append(SaltedReading(signed, salt("reading", home, number)))
        root = merkle.root([reading_leaf(one) for one in readings])
        name = f"hour-{number}"
        batch = Register(name, "batch", "", "batch", root, len(readings), None, None, (), None)
        bench.ok("east", "worker", batch)
        identity = bytes(bench.query("assets.by_name", owner="east", name=name).asset.id)
        bench.ok("east", "worker", ReadMeters(self.market, identity, tuple(readings)))

    def _quote(self, account):
        found = self.bench.query("market.statement", market=self.market, account=account)
        return int(found.statement.account.quote)

    def paid(self):
        """What each home paid so far, in auctions and to the grid."""
        return {home: CASH - self._quote(account) for home, account in self.accounts.items()}

    def cash(self):
        """All accounts' cash less what was paid in: exactly nothing."""
        every = ["grid", *self.accounts.values()]
        return sum(self._quote(account) for account in every) - CASH * len(every)
