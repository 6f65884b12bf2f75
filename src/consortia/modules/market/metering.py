"""Meters: whose they are, their readings, and what these cost: CHECK, DECIDE, WRITE, EMIT."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from consortia.base import merkle
from consortia.base.keys import is_prime_order, verify
from consortia.base.refusals import Refused, require
from consortia.kernel.context import Context
from consortia.modules.market import meter_messages as asked
from consortia.modules.market import meter_rules as rules
from consortia.modules.market import refusals as codes
from consortia.modules.market.lookup import market_of, operated, own
from consortia.modules.market.meter_events import (
    Billed,
    Collected,
    Measured,
    MeterAccepted,
    MeterAttached,
    MeterDetached,
)
from consortia.modules.market.meter_types import Meter, Promise, Reading, SignedReading
from consortia.modules.market.ports import Ports
from consortia.modules.market.rules import bounded
from consortia.modules.market.state import (
    ACCOUNTS,
    AUCTIONS,
    MARKETS,
    METERS,
    PROMISES,
    account,
    reading_leaf,
    reading_message,
)
from consortia.modules.market.types import Account, Market, Metering


def measure(ctx: Context, message: asked.Measure, ports: Ports) -> None:
    """Have a market metered from its first order on."""
    # CHECK
    market, metering = operated(ctx, message.market), message.metering
    require(market.metering is None, codes.METERED, market.name)
    require(next(AUCTIONS.scan(ctx, market.id), None) is None, codes.TOO_LATE, "orders were handed in")
    fits = rules.fits(metering, market.terms) and ports.members.is_member(ctx, metering.grid)
    require(fits, codes.BAD_METERING, metering.grid)
    # WRITE
    MARKETS.put(ctx, replace(market, metering=metering), market.id)
    # EMIT
    ctx.emit(Measured(market.id, metering))


def attach(ctx: Context, message: asked.AttachMeter, ports: Ports) -> None:
    """Name an account's meter."""
    # CHECK
    market, metering = _metered(ctx, message.market)
    own(ctx, market, message.account)
    is_free = message.account != metering.grid and not METERS.has(ctx, market.id, message.account)
    require(is_free, codes.METERED, message.account)
    require(is_prime_order(message.key), codes.BAD_METERING, message.key.hex())
    # WRITE
    meter = Meter(message.key, message.capacity, next=None, until=None, owed=0)
    METERS.put(ctx, meter, market.id, message.account)
    # EMIT
    ctx.emit(MeterAttached(market.id, message.account, message.capacity))


def accept(ctx: Context, message: asked.AcceptMeter, ports: Ports) -> None:
    """Let a meter count from the auction that begins next."""
    # CHECK
    market, metering = _metered(ctx, message.market)
    require(metering.grid == ctx.signer.member, codes.NOT_GRID, metering.grid)
    meter = _meter(ctx, market, message.account)
    require(meter.next is None, codes.METERED, message.account)
    # DECIDE
    first = rules.first(market.terms, ctx.time)
    # WRITE
    METERS.put(ctx, replace(meter, next=first), market.id, message.account)
    # EMIT
    ctx.emit(MeterAccepted(market.id, message.account, first))


def detach(ctx: Context, message: asked.DetachMeter, ports: Ports) -> None:
    """Let a meter count for no auction after the present one; one that never counted is gone at once."""
    # CHECK
    market, metering = _metered(ctx, message.market)
    if metering.grid != ctx.signer.member:
        own(ctx, market, message.account)
    meter = _meter(ctx, market, message.account)
    require(meter.until is None, codes.TOO_LATE, message.account)
    # DECIDE
    begun = rules.present(market.terms, ctx.time)
    counted = meter.next is not None and begun is not None and begun >= meter.next
    until = begun if counted else None
    # WRITE
    if until is None:
        METERS.delete(ctx, market.id, message.account)
    else:
        METERS.put(ctx, replace(meter, until=until), market.id, message.account)
    # EMIT
    ctx.emit(MeterDetached(market.id, message.account, until))


def read(ctx: Context, message: asked.ReadMeters, ports: Ports) -> None:
    """Take the readings of a record batch, and bill each."""
    # CHECK
    market, metering = _metered(ctx, message.market)
    root = ports.batches.root(ctx, ctx.signer.member, message.batch)
    require(root is not None, codes.UNKNOWN_BATCH, message.batch.hex())
    leaves = [reading_leaf(one) for one in message.readings]
    require(merkle.root(leaves) == root, codes.WRONG_BATCH, message.batch.hex())
    billing = _Billing(ctx, market, metering)
    for one in message.readings:
        own(ctx, market, one.reading.account)
        meter = _checked(ctx, billing, one.reading)
        # DECIDE
        billing.bill(one.reading.account, meter, one.reading.drawn, missing=False)
    # WRITE
    billing.write()
    # EMIT
    for event in billing.events:
        ctx.emit(event)


def miss(ctx: Context, message: asked.MissReadings, ports: Ports) -> None:
    """Bill accounts for an auction whose readings did not come: as for all that their meters let through."""
    # CHECK
    market, metering = _metered(ctx, message.market)
    number = message.auction
    is_late = ctx.time >= rules.reads_until(market.terms, metering, number)
    require(is_late and _is_settled(ctx, market, number), codes.TOO_EARLY, str(number))
    billing = _Billing(ctx, market, metering)
    for owner in message.accounts:
        meter = billing.next_of(owner, number)
        # DECIDE
        billing.bill(owner, meter, meter.capacity, missing=True)
    # WRITE
    billing.write()
    # EMIT
    for event in billing.events:
        ctx.emit(event)


def collect(ctx: Context, message: asked.CollectOwed, ports: Ports) -> None:
    """Have what is owed paid, as far as the debtor has it."""
    # CHECK
    market, metering = _metered(ctx, message.market)
    meter, billing = _meter(ctx, market, message.account), _Billing(ctx, market, metering)
    paid = billing.pay(message.account, meter.owed)
    require(paid != 0, codes.NOTHING_OWED, message.account)
    # DECIDE
    billing.meters[message.account] = replace(meter, owed=meter.owed - paid)
    # WRITE
    billing.write()
    # EMIT
    ctx.emit(Collected(market.id, message.account, paid, meter.owed - paid))


def counting(ctx: Context, market: Market, owner: str, number: int) -> Meter | None:
    """The meter of an account that takes part in an auction; None where it needs none.

    Raises Refused where the market is metered and the account, not the grid's, has none that counts.
    """
    if market.metering is None or owner == market.metering.grid:
        return None
    meter = METERS.get(ctx, market.id, owner)
    if meter is None or not rules.counts(meter, number):
        raise Refused(codes.NO_METER, owner)
    return meter


def owing(ctx: Context, market: Market, owner: str) -> int:
    """What an account owes the grid, and would owe if nothing came of what it sold and is not metered yet."""
    if market.metering is None:
        return 0
    meter = METERS.get(ctx, market.id, owner)
    promised = (promise.units for _, promise in PROMISES.scan(ctx, market.id, owner))
    unmetered = sum(rules.cost(market.metering, units, 0) for units in promised if units < 0)
    return unmetered + (0 if meter is None else max(0, meter.owed))


@dataclass(slots=True)
class _Billing:
    """What bills change: accounts, meters, promises. Reads the state, and writes nothing before `write`."""

    ctx: Context
    market: Market
    metering: Metering
    accounts: dict[str, Account] = field(default_factory=dict)
    meters: dict[str, Meter] = field(default_factory=dict)
    kept: list[tuple[str, int]] = field(default_factory=list)
    events: list[Billed] = field(default_factory=list)

    def next_of(self, owner: str, number: int) -> Meter:
        """The account's meter, which is to be read for this auction; raises Refused."""
        meter = self.meters.get(owner) or _meter(self.ctx, self.market, owner)
        require(meter.next is None or number >= meter.next, codes.READ_ALREADY, f"{owner}, {number}")
        require(rules.counts(meter, number), codes.NO_METER, owner)
        require(number == meter.next, codes.UNREAD, f"{owner}, {meter.next}")
        return meter

    def bill(self, owner: str, meter: Meter, drawn: int, *, missing: bool) -> None:
        """Bill an account for the auction that its meter is to be read for."""
        number = meter.next or 0
        promise = PROMISES.get(self.ctx, self.market.id, owner, number) or Promise(0)
        cost = rules.cost(self.metering, promise.units, drawn)
        due = bounded(meter.owed + cost)
        paid = self.pay(owner, due)
        self.meters[owner] = replace(meter, next=number + 1, owed=due - paid)
        self.kept.append((owner, number))
        told = Billed(
            market=self.market.id,
            auction=number,
            account=owner,
            traded=promise.units,
            drawn=drawn,
            missing=missing,
            cost=cost,
            paid=paid,
            owed=due - paid,
        )
        self.events.append(told)

    def pay(self, owner: str, due: int) -> int:
        """Move what is due to the grid (negative: from it), as far as it is there; how much that was."""
        mine, grid = self._account(owner), self._account(self.metering.grid)
        paid = rules.payable(due, mine, grid)
        self.accounts[owner] = rules.moved(mine, -paid)
        self.accounts[self.metering.grid] = rules.moved(grid, paid)
        return paid

    def write(self) -> None:
        """Write what changed, and forget promises that were metered, and meters that are done."""
        ctx, market = self.ctx, self.market.id
        for owner, held in self.accounts.items():
            ACCOUNTS.put(ctx, held, market, owner)
        for owner, number in self.kept:
            PROMISES.delete(ctx, market, owner, number)
        for owner, meter in self.meters.items():
            if rules.is_done(meter):
                METERS.delete(ctx, market, owner)
            else:
                METERS.put(ctx, meter, market, owner)

    def _account(self, owner: str) -> Account:
        return self.accounts.get(owner) or account(self.ctx, self.market.id, owner)


def _metered(ctx: Context, identity: bytes) -> tuple[Market, Metering]:
    market = market_of(ctx, identity)
    if market.metering is None:
        raise Refused(codes.NOT_METERED, market.name)
    return market, market.metering


def _meter(ctx: Context, market: Market, owner: str) -> Meter:
    meter = METERS.get(ctx, market.id, owner)
    if meter is None:
        raise Refused(codes.NO_METER, owner)
    return meter


def _is_settled(ctx: Context, market: Market, number: int) -> bool:
    """Whether nothing more of an auction will be settled."""
    auction = AUCTIONS.get(ctx, market.id, number)
    return auction is None or auction.settled == auction.commits


def _checked(ctx: Context, billing: _Billing, reading: SignedReading) -> Meter:
    """The meter of a reading that is the next of it, signed by it, possible, and in time."""
    market, owner, number = billing.market, reading.account, reading.auction
    meter = billing.next_of(owner, number)
    since = rules.reads_from(market.terms, billing.metering, number)
    require(ctx.time >= since and _is_settled(ctx, market, number), codes.TOO_EARLY, str(number))
    until = rules.reads_until(market.terms, billing.metering, number)
    require(ctx.time < until, codes.TOO_LATE, str(number))
    require(abs(reading.drawn) <= meter.capacity, codes.BEYOND_CAPACITY, owner)
    signed = reading_message(Reading(ctx.network, market.id, owner, number, reading.drawn))
    require(verify(meter.key, signed, reading.signature), codes.FORGED, owner)
    return meter
