"""One run of settlement: order after order, gathered by account and written once."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from consortia.base.codec import Record
from consortia.exact.auction import Clearing
from consortia.kernel.context import Context
from consortia.modules.market import meter_rules, rules
from consortia.modules.market.events import Flagged, Forfeited, KeyStopped, Stopped, Traded
from consortia.modules.market.meter_types import Promise
from consortia.modules.market.state import (
    ACCOUNTS,
    ENTRIES,
    PAIRED,
    PAIRS,
    PARTS,
    PROMISES,
    TRADERS,
    account,
    limits_of,
    limits_of_key,
    part,
    trader,
)
from consortia.modules.market.types import (
    Account,
    Auction,
    Concern,
    Entry,
    Market,
    Outcome,
    Pair,
    Part,
    Trader,
)


@dataclass(slots=True)
class Settling:
    """What the next orders of an auction change. Reads the state, and writes nothing before `write`."""

    ctx: Context
    market: Market
    number: int
    auction: Auction
    outcome: Outcome
    opened: int
    clearing: Clearing
    fees: int = 0
    places: list[int] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    traders: dict[bytes, Trader] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    forfeits: dict[str, int] = field(default_factory=dict)
    events: list[Record] = field(default_factory=list)
    pair: Pair | None = None
    promises: dict[str, Promise] = field(default_factory=dict)

    @classmethod
    def of(cls, ctx: Context, market: Market, number: int, auction: Auction, outcome: Outcome) -> "Settling":
        """Go on where the auction's settlement stands."""
        return cls(ctx, market, number, auction, outcome, auction.opened, rules.clearing(outcome))

    def order(self, place: int) -> None:
        """Settle the order at a place: its deposit, what it held, what it traded."""
        entry = ENTRIES.get(self.ctx, self.market.id, self.number, place)
        if entry is None:
            raise LookupError(f"auction {self.number} has no order {place}")
        self.places.append(place)
        owner = entry.account
        self.parts[owner] = replace(self._part(owner), ended=self._part(owner).ended + 1)
        held = self._account(owner)
        self.accounts[owner] = replace(held, quote_held=held.quote_held - self.market.terms.deposit)
        if entry.order is not None:
            self._fill(entry, place)
        elif not entry.cancelled:
            self._left_sealed(owner)
        if self.parts[owner].ended == self.parts[owner].commits:
            self._end(owner)

    def finish(self, *, done: bool) -> None:
        """After the last order: fees to the operator, losers stopped; patterns when all is done."""
        if self.fees:
            operator = self._account(self.market.operator)
            self.accounts[self.market.operator] = replace(operator, quote=operator.quote + self.fees)
        for owner, orders in self.forfeits.items():
            self.events.append(Forfeited(self.market.id, self.number, owner, orders))
        if self.outcome.price is not None:
            self._stop_losers(self.outcome.price)
            if done:
                self._look(self.outcome.price)

    def settled(self, orders: int) -> Auction:
        """The auction with so many orders settled, and what these gave less what they got."""
        before = [account(self.ctx, self.market.id, owner) for owner in self.accounts]
        after = list(self.accounts.values())
        base = sum(one.base for one in before) - sum(one.base for one in after)
        quote = sum(one.quote for one in before) - sum(one.quote for one in after)
        auction = self.auction
        return replace(
            auction,
            settled=orders,
            opened=self.opened,
            base_due=auction.base_due + base,
            quote_due=auction.quote_due + quote,
        )

    def write(self) -> None:
        """Write what changed, and forget the orders, and the parts of accounts that have none left."""
        ctx, market = self.ctx, self.market.id
        for place in self.places:
            ENTRIES.delete(ctx, market, self.number, place)
        for owner, held in self.accounts.items():
            ACCOUNTS.put(ctx, held, market, owner)
        for key, record in self.traders.items():
            TRADERS.put(ctx, record, market, key)
        for owner, mine in self.parts.items():
            if mine.ended == mine.commits:
                PARTS.delete(ctx, market, self.number, owner)
            else:
                PARTS.put(ctx, mine, market, self.number, owner)
        for owner, promise in self.promises.items():
            PROMISES.put(ctx, promise, market, owner, self.number)
        if self.pair is not None:
            PAIRED.put(ctx, self.pair, market, self.number % PAIRS)

    def _part(self, owner: str) -> Part:
        known = self.parts.get(owner)
        return part(self.ctx, self.market.id, self.number, owner) if known is None else known

    def _account(self, owner: str) -> Account:
        held = self.accounts.get(owner)
        return account(self.ctx, self.market.id, owner) if held is None else held

    def _trader(self, owner: str, key: bytes) -> Trader:
        known = self.traders.get(key)
        if known is not None:
            return known
        return trader(self.ctx, self.market.id, owner.partition("/")[0], key)

    def _left_sealed(self, owner: str) -> None:
        """Take the deposit of an order left sealed, unless the auction is void or nobody was faithful."""
        if self.outcome.void:
            return
        held = self.accounts[owner]
        lost = self.market.terms.deposit if self.auction.faithful else 0
        self.accounts[owner] = replace(held, quote=held.quote - lost, sealed=held.sealed + 1)
        self.forfeits[owner] = self.forfeits.get(owner, 0) + 1

    def _end(self, owner: str) -> None:
        """After an account's last order: its share of what others forfeited, and what is to be told of it."""
        mine, held = self.parts[owner], self.accounts[owner]
        if rules.is_faithful(mine) and not self.outcome.void:
            bonus = rules.bonus(self.market, self.auction)
            self.accounts[owner] = replace(held, quote=held.quote + bonus)
            self.auction = replace(self.auction, rewarded=self.auction.rewarded + 1)
        metering = self.market.metering
        if metering is not None and owner != metering.grid and mine.bought != mine.sold:
            self.promises[owner] = Promise(mine.bought - mine.sold)
        if mine.bought or mine.sold:
            self.events.append(Traded(self.market.id, self.number, owner, mine.bought, mine.sold))
        left = mine.commits - mine.cancelled - mine.reveals
        if left and not self.outcome.void and rules.leaves_sealed(held):
            self._flag("unrevealed", owner)

    def _fill(self, entry: Entry, place: int) -> None:
        """Free what an opened order held, and move what it traded."""
        order, owner, terms = entry.order, entry.account, self.market.terms
        if order is None:
            return
        held = rules.closed(self.accounts[owner], terms, order)
        done = rules.opening(self._trader(owner, entry.key), order, -1)
        if not self.outcome.void:
            side = rules.SIGN[order.side]
            filled = self.clearing.filled(side, order.limit, order.quantity, place)
            if filled and self.outcome.price is not None:
                price = self.outcome.price
                if self.market.metering is None:
                    held = rules.traded(held, terms, order, filled, price)
                    done = rules.tallied(done, terms, order, filled, price)
                else:
                    held = meter_rules.promised(held, terms, order, filled, price)
                self.fees += rules.fee(terms, filled * price)
                self._count(owner, order.side, filled)
        self.opened += 1
        self.accounts[owner], self.traders[entry.key] = held, done

    def _count(self, owner: str, side: str, filled: int) -> None:
        """Count what an account traded, and remember who traded most of a side."""
        mine, volume = self.parts[owner], self.outcome.volume
        if side == "buy":
            mine = replace(mine, bought=mine.bought + filled)
            if rules.dominates(mine.bought, volume):
                self.auction = replace(self.auction, buyer=owner)
        else:
            mine = replace(mine, sold=mine.sold + filled)
            if rules.dominates(mine.sold, volume):
                self.auction = replace(self.auction, seller=owner)
        self.parts[owner] = mine

    def _stop_losers(self, price: int) -> None:
        """Stop each account and key whose loss has come to its limit: they hand in nothing more."""
        ctx, market, time = self.ctx, self.market, self.ctx.time
        begin = rules.begins(market.terms, self.number)
        for owner, held in self.accounts.items():
            loss = rules.lost(held.basis, rules.worth(held, price))
            if held.lost is None and loss >= limits_of(ctx, market, owner, begin).loss_max:
                self.accounts[owner] = replace(held, lost=time)
                self.events.append(Stopped(market.id, owner, loss=True))
        for key, done in self.traders.items():
            loss = rules.lost(0, done.quote + done.base * price)
            if done.lost is None and loss >= limits_of_key(ctx, market, key).loss_max:
                self.traders[key] = replace(done, lost=time)
                self.events.append(KeyStopped(market.id, done.member, key, loss=True))

    def _look(self, price: int) -> None:
        """The auction is settled: which patterns people should look at."""
        buyer, seller, reference = self.auction.buyer, self.auction.seller, self.auction.reference
        if buyer is not None and seller is not None:
            self.pair = Pair(self.number, buyer, seller, self.outcome.volume)
            recent = (pair for _, pair in PAIRED.scan(self.ctx, self.market.id))
            earlier = [pair for pair in recent if self.number - PAIRS <= pair.auction < self.number]
            if rules.is_wash(self.pair, earlier):
                self._flag("wash", *sorted((buyer, seller)))
        pusher = buyer if price > reference else seller
        if pusher is not None and rules.is_push(self.market, self.number, reference, price):
            self._flag("push", pusher)

    def _flag(self, concern: Concern, *accounts: str) -> None:
        self.events.append(Flagged(self.market.id, self.number, concern, accounts))
