"""A trading agent at work: it decides once an auction, hands in sealed orders, opens them, and stops itself.

What opens an order is in the diary before the order is handed in, so an agent that was killed goes on where
it was: it opens what it had handed in, and hands nothing in twice. Once its loss has come to its limit it
stops its own key in all its markets and acts no more.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortia.base.codec import Record, encode_record
from consortia.engines.infer.predict import Seen
from consortia.engines.infer.trader import Vector, Weighed
from consortia.exact.desk import Desk, Wanted
from consortia.exact.signals import View
from consortia.modules.market.messages import Commit, Reveal, StopKey
from consortia.modules.market.state import sealed
from consortia.modules.market.types import Order, Sealing
from consortia.modules.predictions.messages import Act
from consortia.workers.accounts import Accounts, AgentDoor, read_lines, write_line
from consortia.workers.agent import LATER, OVER, MandateOver
from consortia.workers.trading import REST, Loaded, decided, read_trade_rule, sealed_order
from consortia.workers.vault import Vault

PAGE = 200
AGAIN = LATER | {"market.too_early"}
"""Refusals after which the same is tried again: clocks differ a little."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: network, owner, the agent's key."""

    network: bytes
    owner: str
    key: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """An order that the diary holds: which auction and stock, and what opens it."""

    auction: int
    stock: int
    salt: bytes
    order: Order
    desk: tuple[int, ...]
    cells: Vector


@dataclass(frozen=True, slots=True)
class Traded:
    """What the agent did (hand in, open, stop), for which stock, and the code that it met."""

    what: str
    auction: int
    stock: int
    order: Order | None
    code: str


class StoppedItself(Exception):
    """The agent came to its loss limit, and trades no more."""


class TradingAgent:
    """One agent that trades under a mandate, by the rule's terms."""

    def __init__(
        self, door: AgentDoor, loaded: Loaded, rule: bytes, places: tuple[Vault, Path], signer: Signer
    ) -> None:
        """`places` are the vault, and the diary by which the agent resumes; raises RuleError."""
        self.rule, (vault, diary) = read_trade_rule(rule), places
        self.door, self.trader, self.diary, self.signer = door, loaded.trader, diary, signer
        self.accounts = Accounts(door, vault, diary, loaded.content, (self.rule.purpose, rule))
        self.markets = [bytes.fromhex(stock.market) for stock in self.rule.trade.stocks]
        self.terms: Mapping[str, Any] = self._market(0)["terms"]
        self._prices: list[list[int]] = [list(stock.prices) for stock in self.rule.trade.stocks]
        self._next = 0
        self._sealed: list[Sealed] = []
        self._opened: set[bytes] = set()
        self._over: set[int] = set()
        self._stopped = False
        self._remember()

    def work(self, now: int) -> list[Traded]:
        """Do what the auctions under way ask for at the time `now` (milliseconds).

        Raises StoppedItself once the loss limit is met, MandateOver once the ledger takes nothing more.
        """
        if self._stopped:
            raise StoppedItself
        if now < self.terms["start"]:
            return []
        number, into = divmod(now - self.terms["start"], self.terms["period_ms"])
        if into < self.terms["commit_ms"]:
            return self._decide(number)
        if into < self.terms["commit_ms"] + self.terms["reveal_ms"]:
            return self._open(number)
        return []

    def _decide(self, number: int) -> list[Traded]:
        """Hand in this auction's orders, once the one before is settled."""
        if number in self._over or not self._caught_up(number):
            return []
        answers = self._answers()
        statements = [self._statement(market) for market in self.markets]
        capital = self.rule.trade.terms.capital
        equity = capital + sum(one["worth"] - one["account"]["basis"] for one in statements)
        mine = {one.stock: one for one in self._sealed if one.auction == number}
        done: list[Traded] = []
        for stock, (cells, answer) in enumerate(answers):
            held, price = statements[stock]["account"]["base"], statements[stock]["price"]
            desk = Desk(stock, number, price, held, equity)
            wanted = decided(self.rule, desk, answer.weight)
            if isinstance(wanted, str):
                if wanted != REST:
                    return self._stop(desk, cells, answer)
                continue
            before = mine.get(stock)
            if before is None:
                done.append(self._hand_in(self._seal(desk, cells, wanted), answer))
            elif self._place(before) is None:  # it was killed before the ledger took the order
                done.append(self._hand_in(before, answer))
        if not any(one.code in AGAIN for one in done):
            self._over.add(number)
            write_line(self.diary, {"decided": number})
        return done

    def _open(self, number: int) -> list[Traded]:
        """Open this auction's orders; an order that never arrived is passed over."""
        done = []
        for one in self._sealed:
            if one.auction != number or one.salt in self._opened:
                continue
            place = self._place(one)
            if place is None:
                continue
            market = self.markets[one.stock]
            answer = self.trader.act([one.cells])[0]
            account = self.accounts.of(encode_record(Seen(one.cells, one.desk)), answer)
            code = self._submit(Act(account), Reveal(market, number, place, one.salt, one.order))
            if code not in AGAIN:
                self._opened.add(one.salt)
                write_line(self.diary, {"opened": one.salt.hex(), "code": code})
            done.append(Traded("open", number, one.stock, one.order, code))
        return done

    def _stop(self, desk: Desk, cells: Vector, answer: Weighed) -> list[Traded]:
        """Stop the agent's own key in every market."""
        account = self.accounts.of(encode_record(Seen(cells, desk.integers())), answer)
        stops = [StopKey(market, self.signer.key) for market in self.markets]
        code = self._submit(Act(account), *stops)
        self._stopped = True
        write_line(self.diary, {"stopped": desk.auction, "code": code})
        return [Traded("stop", desk.auction, desk.stock, None, code)]

    def _hand_in(self, one: Sealed, answer: Weighed) -> Traded:
        """Hand an order in, sealed: what opens its act stays in the vault until the order is opened."""
        account = self.accounts.of(encode_record(Seen(one.cells, one.desk)), answer, opened=False)
        owner, market = self.signer.owner, self.markets[one.stock]
        code = self._submit(Act(account), Commit(market, owner, one.auction, self._commitment(one)))
        return Traded("hand in", one.auction, one.stock, one.order, code)

    def _seal(self, desk: Desk, cells: Vector, wanted: Wanted) -> Sealed:
        """A new order, in the diary."""
        order = sealed_order(wanted)
        made = Sealed(desk.auction, desk.stock, secrets.token_bytes(32), order, desk.integers(), cells)
        self._sealed.append(made)
        kept = {"side": order.side, "limit": order.limit, "quantity": order.quantity}
        write_line(self.diary, {"sealed": kept, "salt": made.salt.hex(), "desk": made.desk, "cells": cells})
        return made

    def _commitment(self, one: Sealed) -> bytes:
        market = self.markets[one.stock]
        return sealed(Sealing(self.signer.network, market, one.auction, self.signer.key, one.salt, one.order))

    def _place(self, one: Sealed) -> int | None:
        """Where an order stands in its auction's book, or None where it does not."""
        wanted, first = self._commitment(one), 0
        while True:
            asked = {"market": self.markets[one.stock], "auction": one.auction, "first": first, "limit": PAGE}
            entries = self.door.ask("market.entries", asked)["entries"]
            for at, entry in enumerate(entries):
                if entry["commitment"] == wanted:
                    return first + at
            if len(entries) < PAGE:
                return None
            first += PAGE

    def _answers(self) -> list[tuple[Vector, Weighed]]:
        vectors = self.trader.observe(View(self._prices))
        return list(zip(vectors, self.trader.act(vectors), strict=True))

    def _caught_up(self, number: int) -> bool:
        """Take in the prices of the auctions before; False while one of them is not settled."""
        while self._next < number:
            states = []
            for market in self.markets:
                asked = {"market": market, "auction": self._next}
                state = self.door.ask("market.auction", asked)["auction"]
                if not is_done(state):
                    return False
                states.append(state)
            for row, state in zip(self._prices, states, strict=True):
                row.append(_price(state) or row[-1])
                del row[0]
            self._next += 1
        return True

    def _statement(self, market: bytes) -> Mapping[str, Any]:
        asked = {"market": market, "account": self.signer.owner}
        found: Mapping[str, Any] = self.door.ask("market.statement", asked)["statement"]
        return found

    def _market(self, stock: int) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.door.ask("market.market", {"market": self.markets[stock]})["market"]
        return found

    def _submit(self, *messages: Record) -> str:
        code = self.door.submit(*messages)
        if code in OVER:
            raise MandateOver(code)
        return code

    def _remember(self) -> None:
        """Take up what the diary says."""
        for line in read_lines(self.diary):
            if "sealed" in line:
                kept, desk = line["sealed"], tuple(line["desk"])
                order = Order(kept["side"], kept["limit"], kept["quantity"])
                salt, cells = bytes.fromhex(line["salt"]), tuple(line["cells"])
                self._sealed.append(Sealed(desk[1], desk[0], salt, order, desk, cells))
            elif "opened" in line:
                self._opened.add(bytes.fromhex(line["opened"]))
            elif "decided" in line:
                self._over.add(line["decided"])
            self._stopped = self._stopped or "stopped" in line


def is_done(state: Mapping[str, Any] | None) -> bool:
    """Whether nothing more comes of an auction: nobody handed in, it is void, or all of it is settled."""
    if state is None:
        return True
    return state["outcome"] is not None and state["settled"] == state["commits"]


def _price(state: Mapping[str, Any] | None) -> int | None:
    price: int | None = None
    if state is not None and not state["outcome"]["void"]:
        price = state["outcome"]["price"]
    return price
