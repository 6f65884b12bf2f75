"""The floor of the trading story: its markets, the desks of the exchange, the delegates and their nodes."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from consortia.sdk.errors import TransactionRefused
from consortia.sdk.market import Market, Order, Receipt, Sealed, Terms
from consortia.sdk.moments import utc_milliseconds
from consortia.solutions.auctions import terms_of
from consortia.solutions.finance.trading import day as of
from consortia.solutions.finance.trading.learning import LOOK
from consortia.solutions.pacing import PAUSE, due, until
from consortia.solutions.story import Program, Stage, StoryFailed

EXCHANGE = "exchange"
BUYS, SELLS = f"{EXCHANGE}/buys", f"{EXCHANGE}/sells"
"""The accounts of the two desks that stand for the rest of the world."""

DESKS: tuple[tuple[str, Literal["buy", "sell"]], ...] = ((BUYS, "buy"), (SELLS, "sell"))

CASH, SIDE = "cash", "side"
"""The unit of account; and a stock that only two members trade, with one another."""

FUNDS = 3 * of.CAPITAL
WORLD = 1_000_000_000_000
DEPTH = of.LARGEST
WASHED = 400
"""Units of the side stock that go to and fro."""

READY_MS = 1_500
METHODS = ("market.commit", "market.reveal", "market.stop_key")


@dataclass(slots=True)
class Delegate:
    """A firm's delegate: the model or program that it is, its loss limit, the process beside the node."""

    firm: str
    what: str
    program: str
    loss_max: int
    running: Program | None = None

    @property
    def is_running(self) -> bool:
        """Whether its program has not ended."""
        return self.running is not None and self.running.running


@dataclass(slots=True)
class Floor:
    """The stage with its markets.

    `beat` is how long an auction takes, in milliseconds; `tight` the firm whose delegate has the low loss
    limit; `killed` that whose delegate was killed; `each` how many seconds a transaction takes here.
    """

    stage: Stage
    day: of.Day
    tight: str
    beat: int = 0
    killed: str = ""
    stocks: tuple[str, ...] = ()
    each: float = 0.0
    all: list[Market] = field(default_factory=list)
    delegates: dict[str, Delegate] = field(default_factory=dict)
    flagged: list[dict[str, Any]] = field(default_factory=list)
    forfeited: list[dict[str, Any]] = field(default_factory=list)

    @property
    def side(self) -> Market:
        """The market of the side stock."""
        return self.all[-1]

    @property
    def markets(self) -> list[Market]:
        """The markets in which the delegates trade."""
        return self.all[:-1]

    @property
    def start(self) -> int:
        """When the first auction begins."""
        return self.markets[0].terms.start

    @property
    def phases(self) -> tuple[int, int]:
        """How long orders are handed in, and opened."""
        return self.beat * 5 // 10, self.beat * 37 // 100

    def found(self, stocks: Sequence[str], firms: Sequence[str]) -> None:
        """Make the units, hand cash to the firms, and open a market a stock."""
        self.stocks, began = tuple(stocks), time.monotonic()
        bank = self.stage.ledger(EXCHANGE).bank
        bank.new_unit(CASH, issue=1_000 * WORLD)
        for firm in firms:
            bank.pay(firm, FUNDS * (len(stocks) + 1), CASH)
        bank.pay(BUYS, 100 * WORLD, CASH)
        bank.pay(SELLS, 100 * WORLD, CASH)
        for stock in (*stocks, SIDE):
            bank.new_unit(stock, issue=10 * WORLD)
        self.each = (time.monotonic() - began) / (3 + len(firms) + len(stocks) + 1)

    def open(self, stocks: Sequence[str], firms: Sequence[str], spent: float) -> None:
        """Open the markets and pay in.

        The first auction comes once delegates can be there; four commands together took `spent` seconds.
        """
        steps = (5 + len(firms)) * (len(stocks) + 1) + 2
        begins = utc_milliseconds() + int(READY_MS + 2_000 * spent + 1_500 * self.each * steps)
        ledger = self.stage.ledger(EXCHANGE)
        cash = ledger.bank.unit(CASH).id
        for stock in (*stocks, SIDE):
            base = ledger.bank.unit(stock).id
            made = ledger.market.open(stock, f"{stock} for cash", self._terms(base, cash, begins), of.BASE)
            self.all.append(made)
            ledger.bank.pay(SELLS, WORLD, stock)
            ledger.market.fund(made, base, WORLD, SELLS)
            for account in (BUYS, SELLS):
                ledger.market.fund(made, cash, WORLD, account)
        for firm in firms:
            own = self.stage.ledger(firm)
            for market in self.all:
                own.market.fund(market, cash, FUNDS)
        first = firms[1]
        ledger.bank.pay(first, WASHED, SIDE)
        self.stage.ledger(first).market.fund(self.side, self.side.terms.base, WASHED)

    def _terms(self, base: bytes, cash: bytes, begins: int) -> Terms:
        return terms_of(
            base,
            cash,
            starts=begins,
            beat=self.beat,
            phases=self.phases,
            collar=of.COLLAR,
            largest=of.LARGEST,
            orders_max=1_000,
            day_auctions=of.AUCTIONS,
            fee_ppm=of.FEE_PPM,
        )

    def rule(self, delegate: Delegate) -> Path:
        """A delegate's rule, as a file."""
        before = self.day.whole(0)
        wanted = of.terms(delegate.loss_max)
        stocks = [
            {"market": market.id.hex(), "prices": list(row[-LOOK:])}
            for market, row in zip(self.markets, before.closes, strict=True)
        ]
        terms = {name: getattr(wanted, name) for name in wanted.__slots__}
        rule = {
            "purpose": "trading",
            "trade": {"program": delegate.program, "stocks": stocks, "terms": terms},
        }
        path = self.stage.folder / f"{delegate.firm}-rule.json"
        path.write_text(json.dumps(rule), encoding="utf-8")
        return path

    def grant(self, delegate: Delegate) -> None:
        """The firm lets its delegate trade, within caps: deposits and what orders may cost count."""
        ledger = self.stage.ledger(EXCHANGE)
        largest, window = FUNDS, FUNDS * 40
        caps = [f"{ledger.bank.unit(CASH).id.hex()}={largest}/{window}"]
        caps += [
            f"{ledger.bank.unit(stock).id.hex()}={of.LARGEST}/{of.LARGEST * 100}" for stock in self.stocks
        ]
        kind = "--program" if delegate.program else "--model"
        flags = [flag for method in METHODS for flag in ("--method", method)]
        flags += [flag for cap in caps for flag in ("--cap", cap)]
        self.stage.run(
            delegate.firm, "mandate", "grant", "trader", kind, delegate.what, *flags, "--days", "7"
        )

    def run(self, delegate: Delegate) -> None:
        """Start a delegate beside its member's node."""
        rule = self.rule(delegate)
        delegate.running = self.stage.program(
            delegate.firm, "agent", "run", delegate.what, "--rule", str(rule), "--every", "0.1", "--json"
        )

    def auction(
        self,
        number: int,
        aside: Sequence[tuple[str, Order]] = (),
        meanwhile: Callable[[int], None] = lambda _number: None,
    ) -> Receipt | None:
        """One auction: the exchange's desks hand in, open, clear and settle; gives what settled it.

        `aside` are orders in the side stock; `meanwhile` is done while orders are handed in. None where this
        machine was too busy for it.
        """
        try:
            return self._auction(number, aside, meanwhile)
        except TransactionRefused as refused:
            if refused.code != "market.too_late":
                raise
            return self._close(number)

    def _auction(
        self, number: int, aside: Sequence[tuple[str, Order]], meanwhile: Callable[[int], None]
    ) -> Receipt | None:
        ledger, (commit, _) = self.stage.ledger(EXCHANGE), self.phases
        begins = self.start + number * self.beat
        until(begins)
        wanted = [
            (market, account, Order(side, prices[number], DEPTH))
            for market, prices in zip(self.markets, self.day.closes, strict=True)
            for account, side in DESKS
        ]
        made = due(lambda: ledger.market.hand_in(wanted, number, self._signer(EXCHANGE)))
        theirs = [(firm, self._hand_in(firm, order, number)) for firm, order in aside]
        meanwhile(number)
        until(begins + commit)
        due(lambda: ledger.market.open_all(made))
        for firm, sealed in theirs:
            due(partial(self.stage.ledger(firm).market.reveal, sealed))
        return self._close(number)

    def _close(self, number: int) -> Receipt | None:
        """Clear and settle an auction wherever orders were handed in."""
        until(self.start + number * self.beat + sum(self.phases))
        receipt = due(lambda: self.stage.ledger(EXCHANGE).market.finish(self.all, number))
        if receipt is not None:
            self._take_in(receipt)
        return receipt

    def _hand_in(self, firm: str, order: Order, number: int) -> Sealed:
        wanted = [(self.side, firm, order)]
        return self.stage.ledger(firm).market.hand_in(wanted, number, self._signer(firm))[0]

    def to_and_fro(self, *pair: str) -> list[tuple[str, Order]]:
        """Orders by which whichever of a pair holds the side stock sells it to the other.

        None where neither is free to sell it all: an auction that this machine was too busy for left it held.
        """
        accounts = {firm: self.stage.ledger(firm).market.statement(self.side, firm).account for firm in pair}
        holders = [firm for firm, one in accounts.items() if one.base - one.base_held >= WASHED]
        if not holders:
            return []
        return [(firm, Order("sell" if firm == holders[0] else "buy", of.BASE, WASHED)) for firm in pair]

    def _take_in(self, receipt: Receipt) -> None:
        self.flagged += [event.body for event in receipt.events if event.name == "market.flagged"]
        self.forfeited += [event.body for event in receipt.events if event.name == "market.forfeited"]

    def _signer(self, name: str) -> tuple[bytes, bytes]:
        key = self.stage.client(name).key
        if key is None:
            raise StoryFailed(f"{name} has no key")
        return self.stage.network, key.key_id

    def nothing(self, number: int) -> None:
        """Let an auction go on."""

    def crash(self, number: int) -> None:
        """Kill a delegate that has handed its orders in, and start it again."""
        closes = self.start + number * self.beat + self.phases[0]
        while utc_milliseconds() < closes:
            there = sorted(self.handed_in(number) - {self.tight})
            if there:
                self.killed = there[0]
                delegate = self.delegates[self.killed]
                if delegate.running is not None:
                    delegate.running.kill()
                self.run(delegate)
                return
            time.sleep(PAUSE)

    def late(self, firm: str) -> None:
        """Hand an order in to the first auction, which is over; raises TransactionRefused."""
        self.stage.ledger(firm).market.hand_in(
            [(self.markets[0], firm, Order("buy", of.BASE, 1))], 0, self._signer(firm)
        )

    def described(self, number: int) -> str:
        """What an auction came to, in a line."""
        market = self.stage.ledger(EXCHANGE).market
        found = [market.auction(here, number).auction for here in self.markets]
        prices = [one.outcome.price for one in found if one is not None and one.outcome is not None]
        if not any(prices):
            return f"auction {number}: no price; this machine is busy"
        count = sum(one.reveals for one in found if one is not None) - len(DESKS) * len(self.markets)
        told = ", ".join(str(price or "none") for price in prices)
        return f"auction {number}: prices {told}; {max(0, count)} orders of delegates opened"

    def handed_in(self, number: int) -> set[str]:
        """The firms whose delegates handed orders in to an auction so far."""
        market = self.stage.ledger(EXCHANGE).market
        return {entry.account for here in self.markets for entry in market.entries(here, number)} & set(
            self.delegates
        )

    @property
    def washed(self) -> tuple[str, ...]:
        """Whose trades to and fro in the side stock were flagged; empty while none were."""
        for one in self.flagged:
            if one["concern"] == "wash" and one["market"] == self.side.id:
                return tuple(one["accounts"])
        return ()

    def gain(self, firm: str) -> int:
        """What a firm's delegate earned in all markets, fees taken off."""
        ledger = self.stage.ledger(firm)
        found = [ledger.market.statement(market, firm) for market in self.markets]
        return sum(one.worth - one.account.basis for one in found)

    def key_stopped(self, firm: str) -> bool:
        """Whether a key of a firm is stopped in every market."""
        market = self.stage.ledger(firm).market
        return all(
            any(one.trader.stopped is not None for one in market.traders(here, firm)) for here in self.markets
        )
