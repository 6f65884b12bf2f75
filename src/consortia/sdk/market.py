"""Markets for programs: open one, pay in, hand in sealed orders and open them, clear and settle.

    market = ledger.market.find("harbour")
    sealed = ledger.market.order(market, "buy", limit=102, quantity=10, number=3, signer=(network, key))
    ...                                     # once its auction opens orders
    ledger.market.reveal(sealed)

Prices and quantities are whole numbers of the units' smallest parts. Keep what `order` gives: without its
salt an order cannot be opened, and its deposit is lost.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from consortia.base.codec import Record
from consortia.kernel.block import Receipt
from consortia.modules.market import messages as asked
from consortia.modules.market import queries as views
from consortia.modules.market.state import sealed
from consortia.modules.market.types import Entry, Limits, Market, Order, Sealing, Side, Terms
from consortia.sdk.access import Way
from consortia.sdk.errors import LedgerError

__all__ = ["Limits", "Market", "MarketError", "Markets", "Order", "Receipt", "Sealed", "Terms"]

PAGE = 100


class MarketError(LedgerError):
    """There is no such market, or nothing in it that could be done."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An order that was handed in, and what opens it: for nobody else's eyes before it is opened."""

    market: bytes
    auction: int
    place: int
    salt: bytes
    order: Order


class Markets:
    """The markets of a network, for one member. A refusal is a `TransactionRefused` that carries its code."""

    def __init__(self, way: Way, member: str) -> None:
        self._way, self._member = way, member

    def find(self, which: str) -> Market:
        """The market of this name; raises MarketError for none."""
        found = self._way.query("market.by_name", views.ByName(which), views.MaybeMarket).market
        if found is None:
            raise MarketError(f"there is no market {which}")
        return found

    def list(self) -> list[Market]:
        """All markets."""
        found: list[Market] = []
        while True:
            after = found[-1].id if found else None
            page = self._way.query("market.markets", views.Everything(after, PAGE), views.Markets)
            found += page.markets
            if len(page.markets) < PAGE:
                return found

    def open(self, name: str, title: str, terms: Terms, reference: int) -> Market:
        """Open a market that the member operates."""
        self._way.submit(asked.Open(name, title or name, terms, reference))
        return self.find(name)

    def fund(self, market: Market, unit: bytes, amount: int, account: str | None = None) -> Receipt:
        """Pay into an account in the market (the member's own by default)."""
        return self._way.submit(asked.Fund(market.id, account or self._member, unit, amount))

    def take(self, market: Market, unit: bytes, amount: int, account: str | None = None) -> Receipt:
        """Take out of an account in the market what nothing holds."""
        return self._way.submit(asked.Take(market.id, account or self._member, unit, amount))

    def number_at(self, market: Market, time: int) -> int:
        """The auction that a block time lies in; raises MarketError before the first."""
        if time < market.terms.start:
            raise MarketError(f"{market.name} has not begun")
        return (time - market.terms.start) // market.terms.period_ms

    def auction(self, market: Market, number: int) -> views.AuctionState:
        """An auction and its moments."""
        return self._way.query("market.auction", views.AtAuction(market.id, number), views.AuctionState)

    def book(self, market: Market, number: int) -> tuple[views.Rung, ...]:
        """The opened orders of an unsettled auction, by limit."""
        return self._way.query("market.book", views.AtAuction(market.id, number), views.Ladder).levels

    def entries(self, market: Market, number: int) -> tuple[Entry, ...]:
        """The first 200 orders of an auction that is not settled; those that are sealed show no order."""
        asked_for = views.SomeEntries(market.id, number, 0, views.PAGE_MAX)
        return self._way.query("market.entries", asked_for, views.Entries).entries

    def statement(self, market: Market, account: str | None = None) -> views.Statement:
        """What an account has, is worth and has lost."""
        wanted = views.OfAccount(market.id, account or self._member)
        found = self._way.query("market.statement", wanted, views.MaybeStatement).statement
        if found is None:
            raise MarketError("there is no such market")
        return found

    def order(
        self,
        market: Market,
        side: Side,
        *,
        limit: int,
        quantity: int,
        number: int,
        signer: tuple[bytes, bytes],
        account: str | None = None,
        keep: Callable[[Sealed], None] = lambda _sealed: None,
    ) -> Sealed:
        """Hand in a sealed order for an auction, and give what opens it.

        `signer` names the network and the key that signs, which alone can open the order. `keep` gets it
        before it is handed in, its place not known yet (-1), so that nothing is lost with an answer.
        """
        order, salt = Order(side, limit, quantity), secrets.token_bytes(32)
        keep(Sealed(market.id, number, -1, salt, order))
        seal = sealed(Sealing(signer[0], market.id, number, signer[1], salt, order))
        receipt = self._way.submit(asked.Commit(market.id, account or self._member, number, seal))
        place = next(e.body["place"] for e in receipt.events if e.name == "market.committed")
        if not isinstance(place, int):
            raise MarketError("the receipt names no place")
        return Sealed(market.id, number, place, salt, order)

    def hand_in(
        self, wanted: Sequence[tuple[Market, str, Order]], number: int, signer: tuple[bytes, bytes]
    ) -> tuple[Sealed, ...]:
        """Hand in sealed orders of own accounts in one transaction, 16 at most; all of them or none."""
        salts = [secrets.token_bytes(32) for _ in wanted]
        calls = [
            asked.Commit(
                market.id,
                account,
                number,
                sealed(Sealing(signer[0], market.id, number, signer[1], salt, order)),
            )
            for (market, account, order), salt in zip(wanted, salts, strict=True)
        ]
        events = [one.body for one in self._way.submit(*calls).events if one.name == "market.committed"]
        made = []
        for (market, _, order), salt, body in zip(wanted, salts, events, strict=True):
            place = body["place"]
            if not isinstance(place, int):
                raise MarketError("the receipt names no place")
            made.append(Sealed(market.id, number, place, salt, order))
        return tuple(made)

    def open_all(self, made: Sequence[Sealed]) -> Receipt:
        """Open orders in one transaction, 16 at most."""
        return self._way.submit(
            *(asked.Reveal(one.market, one.auction, one.place, one.salt, one.order) for one in made)
        )

    def finish(self, markets: Sequence[Market], number: int) -> Receipt | None:
        """Find the price of an auction in several markets and settle it, where that is due at once.

        One transaction, for 8 markets at most; None where nobody handed in an order.
        """
        calls: list[Record] = []
        for market in markets:
            if self.auction(market, number).auction is None:
                continue
            asked_for = views.AtAuction(market.id, number)
            margin = self._way.query("market.margin", asked_for, views.Margin).margin
            calls += [
                asked.Clear(market.id, number, margin),
                asked.Settle(market.id, number, asked.SETTLED_MAX),
            ]
        return self._way.submit(*calls) if calls else None

    def traders(self, market: Market, member: str | None = None) -> tuple[views.Did, ...]:
        """What each key of a member did in a market."""
        wanted = views.OfMember(market.id, member or self._member)
        return self._way.query("market.traders", wanted, views.Traders).traders

    def cancel(self, made: Sealed) -> Receipt:
        """Take an order back, while others are still handed in."""
        return self._way.submit(asked.Cancel(made.market, made.auction, made.place))

    def reveal(self, made: Sealed) -> Receipt:
        """Open an order."""
        return self._way.submit(asked.Reveal(made.market, made.auction, made.place, made.salt, made.order))

    def clear(self, market: Market, number: int) -> Receipt:
        """Find an auction's price."""
        margin = self._way.query("market.margin", views.AtAuction(market.id, number), views.Margin).margin
        return self._way.submit(asked.Clear(market.id, number, margin))

    def settle(self, market: Market, number: int) -> int:
        """Settle all orders of a cleared auction; how many transactions it took."""
        state = self.auction(market, number).auction
        left = 0 if state is None else state.commits - state.settled
        runs = -(-left // asked.SETTLED_MAX)
        for _ in range(runs):
            self._way.submit(asked.Settle(market.id, number, asked.SETTLED_MAX))
        return runs

    def annul(self, market: Market, number: int, reason: str) -> Receipt:
        """Make a cleared auction void before it settles, so that all is given back; only the operator can."""
        return self._way.submit(asked.Annul(market.id, number, reason))

    def halt(self, market: Market) -> Receipt:
        """Stop a market; only its operator can."""
        return self._way.submit(asked.Halt(market.id))

    def resume(self, market: Market) -> Receipt:
        """Let a halted market go on."""
        return self._way.submit(asked.Resume(market.id))

    def stop(self, market: Market, account: str | None = None) -> Receipt:
        """Stop the trading of an account of the member at once."""
        return self._way.submit(asked.Stop(market.id, account or self._member))

    def stop_key(self, market: Market, key: bytes) -> Receipt:
        """Stop the trading of one of the member's keys at once, an agent's among them."""
        return self._way.submit(asked.StopKey(market.id, key))
