"""Meters for programs: have a market metered, name meters, sign what they read, and bring it.

meters = ledger.meters
meters.attach(market, "north/house-3", key.public, capacity=60)
...                                     # the grid accepts it; the house trades
meters.read(market, [signed(network, market, "north/house-3", 7, drawn=12, key=key)])
"""

import secrets
from collections.abc import Sequence

from consortia.base import merkle
from consortia.base.keys import SigningKey
from consortia.kernel.block import Receipt
from consortia.modules.assets import queries as shared
from consortia.modules.assets.messages import Register
from consortia.modules.assets.types import Asset
from consortia.modules.market import meter_messages as asked
from consortia.modules.market import meter_queries as views
from consortia.modules.market.meter_rules import cost
from consortia.modules.market.meter_types import READINGS_MAX, Reading, SaltedReading, SignedReading
from consortia.modules.market.state import reading_leaf, reading_message
from consortia.modules.market.types import Market, Metering
from consortia.sdk.access import Way
from consortia.sdk.market import MarketError

__all__ = ["Metering", "Meters", "SaltedReading", "cost", "signed"]

PAGE = 1000


def signed(
    network: bytes, market: Market, account: str, auction: int, *, drawn: int, key: SigningKey
) -> SaltedReading:
    """What a meter's key signs, salted: `drawn` units in an auction's delivery, negative where fed in."""
    reading = Reading(network, market.id, account, auction, drawn)
    signature = key.sign(reading_message(reading))
    return SaltedReading(SignedReading(account, auction, drawn, signature), secrets.token_bytes(32))


class Meters:
    """The meters of markets, for one member. A refusal is a `TransactionRefused` that carries its code."""

    def __init__(self, way: Way, member: str) -> None:
        self._way, self._member = way, member

    def measure(self, market: Market, metering: Metering) -> Receipt:
        """Have a market metered, before its first order; only its operator can."""
        return self._way.submit(asked.Measure(market.id, metering))

    def attach(self, market: Market, key: bytes, capacity: int, account: str | None = None) -> Receipt:
        """Name the meter of an account (the member's own by default) by its public key."""
        return self._way.submit(asked.AttachMeter(market.id, account or self._member, key, capacity))

    def accept(self, market: Market, account: str) -> Receipt:
        """Let a meter count from the auction that begins next; only the grid can."""
        return self._way.submit(asked.AcceptMeter(market.id, account))

    def detach(self, market: Market, account: str | None = None) -> Receipt:
        """Let a meter count for no auction after the present one."""
        return self._way.submit(asked.DetachMeter(market.id, account or self._member))

    def all(self, market: Market) -> tuple[views.OfAccountMeter, ...]:
        """The meters of a market, by account, each with what it is to be read for next."""
        found: list[views.OfAccountMeter] = []
        while True:
            after = found[-1].account if found else None
            wanted = views.SomeMeters(market.id, after, PAGE)
            page = self._way.query("market.meters", wanted, views.Meters).meters
            found += page
            if len(page) < PAGE:
                return tuple(found)

    def read(self, market: Market, readings: Sequence[SaltedReading]) -> list[Receipt]:
        """Register readings as record batches of the member's, and have them billed; a receipt a batch.

        A batch that is registered already, as when an answer was lost, is not registered again.
        """
        done = []
        for at in range(0, len(readings), READINGS_MAX):
            some = tuple(readings[at : at + READINGS_MAX])
            root = merkle.root([reading_leaf(one) for one in some])
            name = f"readings-{root.hex()[:16]}"
            batch = self._batch(name)
            if batch is None:
                title = f"Readings of {market.name}"
                batches = Register(name, "batch", title, "batch", root, len(some), None, None, (), None)
                self._way.submit(batches)
                batch = self._batch(name)
            if batch is None:
                raise MarketError(f"the batch {name} is not there")
            done.append(self._way.submit(asked.ReadMeters(market.id, batch.id, some)))
        return done

    def _batch(self, name: str) -> Asset | None:
        wanted = shared.ByName(self._member, name)
        return self._way.query("assets.by_name", wanted, shared.MaybeAsset).asset

    def miss(self, market: Market, auction: int, time: int) -> list[Receipt]:
        """Have every account billed whose reading of an auction is missing at a block time."""
        late = [
            one.account
            for one in self.all(market)
            if one.meter.next == auction and one.until is not None and one.until <= time
        ]
        return [
            self._way.submit(asked.MissReadings(market.id, auction, tuple(late[at : at + READINGS_MAX])))
            for at in range(0, len(late), READINGS_MAX)
        ]

    def collect(self, market: Market, account: str) -> Receipt:
        """Have what an account and the grid owe one another paid, as far as there are funds."""
        return self._way.submit(asked.CollectOwed(market.id, account))
