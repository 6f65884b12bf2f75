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
    run = Run(world, m, whole(auction, book))
    for place in range(begin, end):
        run.order(place)
    if run.fees:
        run.account(market["operator"])["quote"] += run.fees
    for event, fields in run.told:
        world.tell(event, **fields)
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


def whole(auction: Plain, book: list[Plain]) -> dict[int, int]:
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
        self.told: list[tuple[str, Plain]] = []
        names = dict.fromkeys(entry["account"] for entry in self.book)
        self.faithful = [name for name in names if self._opened_all(name)]
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
        entry = self.book[place]
        self._one(entry, place)
        if place == self._mine(entry["account"])[-1]:
            self.end(entry["account"])

    def _one(self, entry: Plain, place: int) -> None:
        terms, void = self.market["terms"], self.auction["outcome"]["void"]
        account = self.account(entry["account"])
        account["quote_held"] -= terms["deposit"]
        if entry["cancelled"]:
            return
        if entry["order"] is None:
            if not void:
                account["quote"] -= terms["deposit"] if self.faithful else 0
                account["sealed"] += 1
                self.forfeits[entry["account"]] = self.forfeits.get(entry["account"], 0) + 1
            return
        self.keys.setdefault(entry["key"])
        trader = self.world.traders[self.where[0], entry["key"]]
        settle_order(terms, entry["order"], account, trader)
        if not void:
            self._trade(entry, account, trader, self.filled[place])
        self.opened += 1

    def _mine(self, name: str) -> list[int]:
        return [place for place, entry in enumerate(self.book) if entry["account"] == name]

    def _opened_all(self, name: str) -> bool:
        """Whether an account opened something, and everything that it did not take back."""
        mine = [self.book[place] for place in self._mine(name)]
        opened = [entry for entry in mine if entry["order"] is not None]
        return bool(opened) and all(entry["order"] or entry["cancelled"] for entry in mine)

    def end(self, name: str) -> None:
        """After an account's last order: its part of what others lost, and what it traded is told."""
        account, void = self.account(name), self.auction["outcome"]["void"]
        if name in self.faithful and not void:
            pot = self.lost * self.market["terms"]["deposit"]
            done = self.auction["rewarded"]
            share, rest = divmod(pot, len(self.faithful))
            account["quote"] += share + (done < rest)
            self.auction["rewarded"] += 1
        part = self.world.parts[(*self.where, name)]
        base = {"market": self.where[0], "auction": self.where[1]}
        if part["bought"] or part["sold"]:
            self.told.append(
                ("traded", base | {"account": name, "bought": part["bought"], "sold": part["sold"]})
            )
        shut = any(not self.book[at]["order"] and not self.book[at]["cancelled"] for at in self._mine(name))
        if shut and not void and account["all"] >= 8 and 4 * account["sealed"] >= account["all"]:
            self.told.append(("flagged", base | {"concern": "unrevealed", "accounts": [name]}))

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
        begin = self.market["terms"]["start"] + self.where[1] * self.market["terms"]["period_ms"]
        for name in self.touched:
            account = world.accounts[market, name]
            loss = max(0, account["basis"] - account["quote"] - account["base"] * price)
            limits = world.limits_at(self.market, name, begin)
            if account["lost"] is None and loss >= limits["loss_max"]:
                account["lost"] = time
                world.tell("stopped", market=market, account=name, loss=True)
        for key in self.keys:
            trader = world.traders[market, key]
            loss = max(0, -trader["quote"] - trader["base"] * price)
            limits = world.limits.get((market, key)) or self.market["terms"]["limits"]
            if trader["lost"] is None and loss >= limits["loss_max"]:
                trader["lost"] = time
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
    """What people should look at, once all is settled."""
    market, auction = run.market, run.auction
    mine = {key[2]: part for key, part in sorted(world.parts.items()) if key[:2] == run.where}
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
            told = {"market": m.market, "auction": m.auction, "concern": "push", "accounts": [pusher]}
            world.tell("flagged", **told)
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
