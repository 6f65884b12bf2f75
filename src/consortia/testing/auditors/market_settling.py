"""Settlement as the auditor of markets foretells it: the whole book first, then the orders that are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consortia.modules.market import messages as asked
from consortia.testing import auction as plainly
from consortia.testing.auditors import Plain, Said

if TYPE_CHECKING:
    from consortia.testing.auditors.market import Market

BACK = 8
"""A wash trade is looked for so many auctions back."""


def settlement(world: Market, said: Said, m: asked.Settle) -> None:
    """Settle the next orders of an auction."""
    where = (m.market, m.auction)
    market, auction, book = world.markets[m.market], world.auctions[where], world.books[where]
    begin, end = auction["settled"], min(len(book), auction["settled"] + m.orders)
    done = end == len(book)
    run = Run(world, m, whole(market, auction, book))
    for place in range(begin, end):
        run.order(place)
    if run.fees:
        run.account(market["operator"])["quote"] += run.fees
    for account, lost in run.forfeits.items():
        world.tell("forfeited", market=m.market, auction=m.auction, account=account, orders=lost)
    if auction["outcome"]["price"] is not None:
        run.stop_losers(said.at.time)
    after = run.inside()
    auction["base_due"] += run.before[0] - after[0]
    auction["quote_due"] += run.before[1] - after[1]
    auction.update(settled=end, opened=run.opened)
    if done:
        _tell_patterns(world, m, run)
    world.tell("settled", market=m.market, auction=m.auction, orders=end - begin, done=done)


def whole(market: Plain, auction: Plain, book: list[Plain]) -> dict[int, int]:
    """What every order of the book trades, by place, unit by unit."""
    opened = [place for place, entry in enumerate(book) if entry["order"]]
    orders = [
        plainly.Order(1 if o["side"] == "buy" else -1, o["limit"], o["quantity"])
        for o in (book[place]["order"] for place in opened)
    ]
    filled = plainly.fills_of(orders, auction["outcome"]["price"])
    return dict(zip(opened, filled, strict=True))


class Run:
    """One message's settlement."""

    def __init__(self, world: Market, m: asked.Settle, filled: dict[int, int]) -> None:
        """Begin where the auction stands."""
        self.world, self.market, self.where = world, world.markets[m.market], (m.market, m.auction)
        self.auction, self.book, self.filled = world.auctions[self.where], world.books[self.where], filled
        self.opened, self.fees = self.auction["opened"], 0
        self.touched: dict[str, None] = {}
        self.keys: dict[bytes, None] = {}
        self.forfeits: dict[str, int] = {}
        self.reveals = sum(entry["order"] is not None for entry in self.book)
        self.lost = sum(entry["order"] is None and not entry["cancelled"] for entry in self.book)
        self.before = self.inside()

    def account(self, name: str) -> Plain:
        """An account of the market, remembered as touched."""
        self.touched.setdefault(name)
        return self.world._account(self.where[0], name)  # noqa: SLF001 (two halves of one auditor)

    def inside(self) -> tuple[int, int]:
        """Base and quote in all accounts of the market."""
        held = [account for key, account in self.world.accounts.items() if key[0] == self.where[0]]
        return sum(one["base"] for one in held), sum(one["quote"] for one in held)

    def order(self, place: int) -> None:
        """End one order."""
        entry, terms, void = self.book[place], self.market["terms"], self.auction["outcome"]["void"]
        if entry["cancelled"]:
            return
        account = self.account(entry["account"])
        account["quote_held"] -= terms["deposit"]
        if entry["order"] is None:
            if not void:
                account["quote"] -= terms["deposit"] if self.reveals else 0
                account["sealed"] += 1
                self.forfeits[entry["account"]] = self.forfeits.get(entry["account"], 0) + 1
            return
        self.keys.setdefault(entry["key"])
        trader = self.world.traders[self.where[0], entry["key"]]
        settle_order(terms, entry["order"], account, trader)
        if not void:
            self._bonus(account)
            self._trade(entry, account, trader, self.filled[place])
        self.opened += 1

    def _bonus(self, account: Plain) -> None:
        pot = self.lost * self.market["terms"]["deposit"]
        account["quote"] += pot // self.reveals + (self.opened < pot % self.reveals)

    def _trade(self, entry: Plain, account: Plain, trader: Plain, filled: int) -> None:
        """Units one way and cash the other, and a fee from either side."""
        price, terms = self.auction["outcome"]["price"], self.market["terms"]
        if not filled:
            return
        value = filled * price
        fee = value * terms["fee_ppm"] // 1_000_000
        sign = 1 if entry["order"]["side"] == "buy" else -1
        for one in (account, trader):
            one["base"] += sign * filled
            one["quote"] -= sign * value + fee
        self.fees += fee
        part = self.world._part(*self.where, entry["account"])  # noqa: SLF001
        part["bought" if sign == 1 else "sold"] += filled

    def stop_losers(self, time: int) -> None:
        """Who lost as much as its limit says trades no more."""
        price, world, market = self.auction["outcome"]["price"], self.world, self.where[0]
        for name in self.touched:
            account = world.accounts[market, name]
            loss = max(0, account["basis"] - account["quote"] - account["base"] * price)
            limits = world.limits.get((market, name)) or self.market["terms"]["limits"]
            if account["stopped"] is None and loss >= limits["loss_max"]:
                account["stopped"] = time
                world.tell("stopped", market=market, account=name, loss=True)
        for key in self.keys:
            trader = world.traders[market, key]
            loss = max(0, -trader["quote"] - trader["base"] * price)
            limits = world.limits.get((market, key)) or self.market["terms"]["limits"]
            if trader["stopped"] is None and loss >= limits["loss_max"]:
                trader["stopped"] = time
                world.tell("key_stopped", market=market, member=trader["member"], key=key, loss=True)


def settle_order(terms: Plain, order: Plain, account: Plain, trader: Plain) -> None:
    """What an open order held is free, and it is open no more."""
    value = order["limit"] * order["quantity"]
    if order["side"] == "buy":
        account["quote_held"] -= value + value * terms["fee_ppm"] // 1_000_000
    else:
        account["base_held"] -= order["quantity"]
    for one in (account, trader):
        one["buying" if order["side"] == "buy" else "selling"] -= order["quantity"]


def _tell_patterns(world: Market, m: asked.Settle, run: Run) -> None:
    """Who traded what, and what people should look at."""
    market, auction = run.market, run.auction
    mine = {key[2]: part for key, part in sorted(world.parts.items()) if key[:2] == run.where}
    base = {"market": m.market, "auction": m.auction}
    for name, part in mine.items():
        if part["bought"] or part["sold"]:
            world.tell("traded", **base, account=name, bought=part["bought"], sold=part["sold"])
    for name in mine:
        account = world.accounts[m.market, name]
        if name in run.forfeits and account["all"] >= 8 and 4 * account["sealed"] >= account["all"]:
            world.tell("flagged", **base, concern="unrevealed", accounts=[name])
    price, volume = auction["outcome"]["price"], auction["outcome"]["volume"]
    if price is not None:
        buyer, seller = (_most(mine, side, volume) for side in ("bought", "sold"))
        if buyer and seller:
            _wash(world, m, (buyer, seller), volume)
        pusher = buyer if price > auction["reference"] else seller
        terms = market["terms"]
        last = m.auction % terms["day_auctions"] == terms["day_auctions"] - 1
        far = 2 * abs(price - auction["reference"]) > terms["collar_ticks"] * terms["tick"]
        if last and far and pusher:
            world.tell("flagged", **base, concern="push", accounts=[pusher])
    for name in mine:
        del world.parts[m.market, m.auction, name]


def _most(parts: dict[str, Plain], side: str, volume: int) -> str | None:
    """Who traded four fifths of one side, if somebody did."""
    return next((name for name, part in parts.items() if 5 * part[side] >= 4 * volume > 0), None)


def _wash(world: Market, m: asked.Settle, pair: tuple[str, str], volume: int) -> None:
    for (market, number), earlier in world.pairs.items():
        if market != m.market or not m.auction - BACK <= number < m.auction or pair[0] == pair[1]:
            continue
        near = 4 * abs(earlier["volume"] - volume) <= max(earlier["volume"], volume)
        if (earlier["seller"], earlier["buyer"]) == pair and near:
            told = {"market": m.market, "auction": m.auction, "concern": "wash", "accounts": sorted(pair)}
            world.tell("flagged", **told)
            break
    world.pairs[m.market, m.auction] = {"buyer": pair[0], "seller": pair[1], "volume": volume}
