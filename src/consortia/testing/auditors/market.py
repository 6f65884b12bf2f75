# Long because each message of the module is foretold whole in one place
"""The auditor of markets: what each message must meet and do, in dictionaries and sentences.

It knows the book order by order and clears it by trying every price (`testing.auction`); it keeps balances at
the bank for the units that markets trade, which in its world only markets move.
"""

from collections import Counter
from collections.abc import Iterator

from consortia.base.codec import encode_record
from consortia.base.hashing import tagged
from consortia.modules.market import messages as asked
from consortia.modules.market.types import Order, Sealing
from consortia.testing import auction as plainly
from consortia.testing.auditors import Entries, Model, Plain, Said, plain, refuse
from consortia.testing.auditors.market_settling import settlement

LARGEST = (1 << 63) - 1
_COUNTS = ("base", "quote", "base_held", "quote_held", "buying", "selling", "basis", "all", "sealed")
EMPTY: Plain = dict.fromkeys(_COUNTS, 0) | {"stopped": None, "lost": None}


class Market(Model):
    """All markets of one network."""

    module = "market"

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with none, and with nobody: `members`, `owners` of keys and `purses` are given."""
        super().__init__(others)
        self.members: set[str] = set()
        self.owners: dict[bytes, str] = {}
        self.purses: dict[tuple[str, bytes], int] = {}
        self.units: set[bytes] = set()
        self.markets: dict[bytes, Plain] = {}
        self.accounts: dict[tuple[bytes, str], Plain] = {}
        self.traders: dict[tuple[bytes, bytes], Plain] = {}
        self.auctions: dict[tuple[bytes, int], Plain] = {}
        self.books: dict[tuple[bytes, int], list[Plain]] = {}
        self.parts: dict[tuple[bytes, int, str], Plain] = {}
        self.limits: dict[tuple[bytes, str | bytes], Plain] = {}
        self.pairs: dict[tuple[bytes, int], Plain] = {}

    # Standing -----------------------------------------------------------------------------

    def open(self, said: Said, m: asked.Open) -> None:
        """A market opens under a free name, between two units; its phases fit and its deposit binds."""
        terms = plain(m.terms)
        refuse("name_taken", when=any(one["name"] == m.name for one in self.markets.values()))
        refuse("unknown_unit", when=not {terms["base"], terms["quote"]} <= self.units)
        short = terms["deposit"] < terms["limits"]["order_max"] * 2 * terms["collar_ticks"] * terms["tick"]
        long = terms["commit_ms"] + terms["reveal_ms"] > terms["period_ms"]
        same = terms["base"] == terms["quote"]
        refuse("bad_terms", when=short or long or same or m.reference % terms["tick"])
        place = said.at.network + said.transaction + said.call.to_bytes(8, "big")
        id_ = tagged("consortia/market", place)
        self.markets[id_] = {
            "id": id_,
            "name": m.name,
            "title": m.title,
            "operator": said.member,
            "terms": terms,
            "reference": m.reference,
            "halted": False,
            "halt": None,
            "metering": None,
        }
        self.tell("opened", market=id_, name=m.name, operator=said.member)

    def halt(self, said: Said, m: asked.Halt) -> None:
        """The operator stops what runs."""
        market = self._operated(said, m.market)
        refuse("halted", when=market["halted"])
        market.update(halted=True, halt=said.at.time)
        self.tell("halted", market=m.market, halted=True)

    def resume(self, said: Said, m: asked.Resume) -> None:
        """The operator lets what is stopped go on; what began before stays void."""
        market = self._operated(said, m.market)
        refuse("not_halted", when=not market["halted"])
        market.update(halted=False, halt=said.at.time)
        self.tell("halted", market=m.market, halted=False)

    def stop(self, said: Said, m: asked.Stop) -> None:
        """A member stops an account of its own."""
        account = self._own(said, self._market(m.market), m.account)
        refuse("stopped", when=account["stopped"] is not None)
        self._account(m.market, m.account)["stopped"] = said.at.time
        self.tell("stopped", market=m.market, account=m.account, loss=False)

    def stop_key(self, said: Said, m: asked.StopKey) -> None:
        """A member stops a key of its own."""
        trader = self._own_key(said, m.market, m.key)
        refuse("stopped", when=trader["stopped"] is not None)
        self._trader(m.market, said.member, m.key)["stopped"] = said.at.time
        self.tell("key_stopped", market=m.market, member=said.member, key=m.key, loss=False)

    def restart(self, said: Said, m: asked.Restart) -> None:
        """A member lets an account trade again; it starts without a loss."""
        market = self._market(m.market)
        account = self._own(said, market, m.account)
        refuse("not_stopped", when=account["stopped"] is None and account["lost"] is None)
        worth = account["quote"] + account["base"] * market["reference"]
        account.update(stopped=None, lost=None, basis=min(LARGEST, worth))
        self.tell("restarted", market=m.market, account=m.account)

    def restart_key(self, said: Said, m: asked.RestartKey) -> None:
        """A member lets a key trade again; it starts without a loss."""
        trader = self._own_key(said, m.market, m.key)
        refuse("not_stopped", when=trader["stopped"] is None and trader["lost"] is None)
        quote = -trader["base"] * self.markets[m.market]["reference"]
        trader.update(stopped=None, lost=None, quote=max(-LARGEST, min(LARGEST, quote)))
        self.tell("key_restarted", market=m.market, member=said.member, key=m.key)

    def limit(self, said: Said, m: asked.Limit) -> None:
        """The operator limits an account."""
        market = self._operated(said, m.market)
        member, _, label = m.account.partition("/")
        odd = member not in self.members or (label and not market["terms"]["labelled"])
        refuse("wrong_account", when=odd)
        refuse("bad_terms", when=m.limits.order_max > market["terms"]["limits"]["order_max"])
        terms = market["terms"]
        began = max(0, said.at.time - terms["start"]) // terms["period_ms"] * terms["period_ms"]
        before = self.limits_at(market, m.account, terms["start"] + began)
        fresh = {"limits": plain(m.limits), "since": said.at.time, "before": before}
        self.limits[m.market, m.account] = fresh
        self.tell("limited", market=m.market, account=m.account, limits=plain(m.limits))

    def limit_key(self, said: Said, m: asked.LimitKey) -> None:
        """A member limits a key of its own."""
        self._own_key(said, m.market, m.key)
        most, asked_ = self.markets[m.market]["terms"]["limits"], plain(m.limits)
        refuse("bad_terms", when=any(asked_[name] > most[name] for name in most))
        self.limits[m.market, m.key] = plain(m.limits)
        self.tell("key_limited", market=m.market, member=said.member, key=m.key, limits=plain(m.limits))

    # Trading ------------------------------------------------------------------------------

    def fund(self, said: Said, m: asked.Fund) -> None:
        """Units come from the bank; they are no gain."""
        market = self._market(m.market)
        account = self._own(said, market, m.account)
        sign = self._kind(market, m.unit)
        value = m.amount * (market["reference"] if sign == "base" else 1)
        held = self.purses.get((m.account, m.unit), 0)
        if held < m.amount:
            raise Short
        self.purses[m.account, m.unit] = held - m.amount
        account = self._account(m.market, m.account)
        account[sign] += m.amount
        account["basis"] += value
        self.tell("funded", market=m.market, account=m.account, unit=m.unit, amount=m.amount, paid=True)

    def take(self, said: Said, m: asked.Take) -> None:
        """Units that nothing holds go back to the bank."""
        market = self._market(m.market)
        account = self._own(said, market, m.account)
        sign = self._kind(market, m.unit)
        refuse("no_funds", when=m.amount > account[sign] - account[f"{sign}_held"])
        value = m.amount * (market["reference"] if sign == "base" else 1)
        account[sign] -= m.amount
        account["basis"] -= value
        self.purses[m.account, m.unit] = self.purses.get((m.account, m.unit), 0) + m.amount
        self.tell("funded", market=m.market, account=m.account, unit=m.unit, amount=m.amount, paid=False)

    def commit(self, said: Said, m: asked.Commit) -> None:
        """A sealed order comes in time, within the rates, with its deposit."""
        market = self._market(m.market)
        terms = market["terms"]
        begin = terms["start"] + m.auction * terms["period_ms"]
        refuse("halted", when=market["halted"])
        refuse("too_early", when=said.at.time < begin)
        refuse("too_late", when=said.at.time >= begin + terms["commit_ms"])
        account, trader = self._running(said, market, m.account)
        refuse("stopped", when=account["lost"] is not None or trader["lost"] is not None)
        book = self.books.get((m.market, m.auction), [])
        refuse("book_full", when=len(book) >= terms["orders_max"])
        by_key = sum(one["key"] == said.key for one in book)
        by_account = sum(one["account"] == m.account for one in book)
        refuse("too_many", when=by_key >= self._limits(market, said.key, begin)["commits_max"])
        refuse("too_many", when=by_account >= self._limits(market, m.account, begin)["commits_max"])
        refuse("no_funds", when=account["quote"] - account["quote_held"] < terms["deposit"])
        place = len(book)
        entry: Plain = {"account": m.account, "key": said.key, "commitment": m.commitment}
        entry |= {"order": None, "cancelled": False}
        first = {"reference": market["reference"], "outcome": None, "settled": 0, "opened": 0}
        first |= {"rewarded": 0}
        self.auctions.setdefault((m.market, m.auction), first | {"base_due": 0, "quote_due": 0})
        self.books.setdefault((m.market, m.auction), []).append(entry)
        account = self._account(m.market, m.account)
        account["quote_held"] += terms["deposit"]
        account["all"] += 1
        trader = self._trader(m.market, said.member, said.key)
        trader.update(auction=m.auction, commits=by_key + 1)
        self._part(m.market, m.auction, m.account)["commits"] += 1
        self.tell("committed", market=m.market, auction=m.auction, place=place, account=m.account)

    def cancel(self, said: Said, m: asked.Cancel) -> None:
        """An order is taken back by its key, while others can be handed in."""
        market = self._market(m.market)
        terms = market["terms"]
        end = terms["start"] + m.auction * terms["period_ms"] + terms["commit_ms"]
        refuse("too_late", when=said.at.time >= end)
        self._auction(m.market, m.auction)
        entry = self._sealed(said, self.books[m.market, m.auction], m.place)
        entry["cancelled"] = True
        self.tell("cancelled", market=m.market, auction=m.auction, place=m.place)

    def reveal(self, said: Said, m: asked.Reveal) -> None:
        """An order is opened in time by its key, and is one that its limits and its account bear."""
        market = self._market(m.market)
        terms, order = market["terms"], plain(m.order)
        begin = terms["start"] + m.auction * terms["period_ms"] + terms["commit_ms"]
        refuse("halted", when=market["halted"])
        refuse("too_early", when=said.at.time < begin)
        refuse("too_late", when=said.at.time >= begin + terms["reveal_ms"])
        auction = self._auction(m.market, m.auction)
        book = self.books[m.market, m.auction]
        entry = self._sealed(said, book, m.place)
        sealing = Sealing(said.at.network, m.market, m.auction, said.key, m.salt, m.order)
        wrong = tagged("consortia/market/order", encode_record(sealing)) != entry["commitment"]
        refuse("wrong_commitment", when=wrong)
        account, trader = self._running(said, market, entry["account"])
        refuse("off_tick", when=m.order.limit % terms["tick"])
        far = abs(m.order.limit - auction["reference"]) > terms["collar_ticks"] * terms["tick"]
        refuse("outside_collar", when=far)
        for limits, position in ((said.key, trader), (entry["account"], account)):
            self._bear(self._limits(market, limits, begin - terms["commit_ms"]), m.order, position)
        refuse("self_trade", when=self._crosses(book, entry["account"], order))
        cost = cost_of(terms, order)
        sign = "quote" if m.order.side == "buy" else "base"
        refuse("no_funds", when=cost > account[sign] - account[f"{sign}_held"])
        entry["order"] = order
        account[f"{sign}_held"] += cost
        for one in (account, trader):
            one["buying" if m.order.side == "buy" else "selling"] += m.order.quantity
        part = self._part(m.market, m.auction, entry["account"])
        if m.order.side == "buy":
            part["buy_high"] = max(part["buy_high"], m.order.limit)
        else:
            part["sell_low"] = min(part["sell_low"] or m.order.limit, m.order.limit)
        self.tell("revealed", market=m.market, auction=m.auction, place=m.place)

    # Clearing -----------------------------------------------------------------------------

    def clear(self, said: Said, m: asked.Clear) -> None:
        """The price is that of trying every price; the margin names every order at its limit, no other."""
        market = self._market(m.market)
        terms = market["terms"]
        begin = terms["start"] + m.auction * terms["period_ms"]
        auction = self._auction(m.market, m.auction)
        refuse("too_early", when=said.at.time < begin + terms["commit_ms"] + terms["reveal_ms"])
        refuse("too_late", when=auction["outcome"] is not None)
        void = market["halt"] is not None and market["halt"] >= begin
        price = None if void else self._price(m.market, m.auction)
        named = {
            8 * at + bit for at, byte in enumerate(m.margin) for bit in range(8) if byte >> (7 - bit) & 1
        }
        if not void:
            refuse("wrong_margin", when=named != self.margin(m.market, m.auction))
        orders = self._orders(m.market, m.auction)
        sums = [0 if price is None else plainly.at(orders, side, price) for side in (1, -1)]
        auction["outcome"] = {
            "price": price,
            "volume": min(sums),
            "demand": sums[0],
            "supply": sums[1],
            "time": said.at.time,
            "void": void,
        }
        market["reference"] = price or market["reference"]
        told = {"price": price, "volume": min(sums), "void": void}
        self.tell("cleared", market=m.market, auction=m.auction, **told)

    def settle(self, said: Said, m: asked.Settle) -> None:
        """The next orders end: deposits, holds, what they traded; then losers stop, and patterns are told."""
        market = self._market(m.market)
        auction = self._auction(m.market, m.auction)
        outcome, book = auction["outcome"], self.books[m.market, m.auction]
        early = outcome is None or said.at.time < outcome["time"] + market["terms"]["correct_ms"]
        refuse("too_early", when=early)
        refuse("too_late", when=auction["settled"] >= len(book))
        settlement(self, said, m)

    def annul(self, said: Said, m: asked.Annul) -> None:
        """The operator makes what has a price and is not settled void."""
        market = self._operated(said, m.market)
        auction = self._auction(m.market, m.auction)
        outcome = auction["outcome"]
        refuse("too_early", when=outcome is None)
        refuse("too_late", when=auction["settled"] or outcome["void"])
        price = outcome["price"]
        outcome.update(price=None, volume=0, demand=0, supply=0, void=True)
        if market["reference"] == price:
            market["reference"] = auction["reference"]
        self.tell("annulled", market=m.market, auction=m.auction, reason=m.reason)

    def margin(self, market: bytes, number: int) -> set[int]:
        """The places at the limit that is cut short: the worst that trades of the longer side."""
        price = self._price(market, number)
        if price is None:
            return set()
        orders = self._orders(market, number)
        demand, supply = (plainly.at(orders, side, price) for side in (1, -1))
        if demand == supply:
            return set()
        side = "buy" if demand > supply else "sell"
        opened = [(at, e["order"]) for at, e in enumerate(self.books[market, number]) if e["order"]]
        worst = min if side == "buy" else max
        content = [o["limit"] for _, o in opened if o["side"] == side and self._trades(o, price)]
        return {at for at, o in opened if (o["side"], o["limit"]) == (side, worst(content))}

    # Inside -------------------------------------------------------------------------------

    def _market(self, market: bytes) -> Plain:
        refuse("unknown_market", when=market not in self.markets)
        return self.markets[market]

    def _operated(self, said: Said, market: bytes) -> Plain:
        found = self._market(market)
        refuse("not_operator", when=found["operator"] != said.member)
        return found

    def _auction(self, market: bytes, number: int) -> Plain:
        refuse("unknown_auction", when=(market, number) not in self.auctions)
        return self.auctions[market, number]

    def _own(self, said: Said, market: Plain, account: str) -> Plain:
        member, _, label = account.partition("/")
        refuse("wrong_account", when=member != said.member or (label and not market["terms"]["labelled"]))
        return self.accounts.get((market["id"], account)) or dict(EMPTY)

    def _own_key(self, said: Said, market: bytes, key: bytes) -> Plain:
        self._market(market)
        refuse("unknown_key", when=self.owners.get(key) != said.member)
        return self.traders.get((market, key)) or trader_of(said.member)

    @staticmethod
    def _sealed(said: Said, book: list[Plain], place: int) -> Plain:
        """The signer's own order, neither opened nor taken back."""
        refuse("unknown_place", when=place >= len(book))
        entry = book[place]
        refuse("not_yours", when=entry["key"] != said.key)
        refuse("already_open", when=entry["order"] is not None)
        refuse("gone", when=entry["cancelled"])
        return entry

    def _running(self, said: Said, market: Plain, account: str) -> tuple[Plain, Plain]:
        held = self._own(said, market, account)
        refuse("stopped", when=held["stopped"] is not None)
        trader = self.traders.get((market["id"], said.key)) or trader_of(said.member)
        refuse("stopped", when=trader["stopped"] is not None)
        return held, trader

    def _account(self, market: bytes, account: str) -> Plain:
        return self.accounts.setdefault((market, account), dict(EMPTY))

    def _trader(self, market: bytes, member: str, key: bytes) -> Plain:
        return self.traders.setdefault((market, key), trader_of(member))

    def _part(self, market: bytes, number: int, account: str) -> Plain:
        empty = dict.fromkeys(("commits", "buy_high", "sell_low", "bought", "sold"), 0)
        return self.parts.setdefault((market, number, account), empty)

    def _limits(self, market: Plain, whose: str | bytes, begin: int) -> Plain:
        if isinstance(whose, bytes):
            found: Plain = self.limits.get((market["id"], whose)) or market["terms"]["limits"]
            return found
        return self.limits_at(market, whose, begin)

    def limits_at(self, market: Plain, account: str, begin: int) -> Plain:
        """The operator's limits of an account as they stood at a block time, or the market's."""
        found = self.limits.get((market["id"], account))
        standing = None if found is None else found["before"] if found["since"] >= begin else found["limits"]
        own: Plain = standing or market["terms"]["limits"]
        return own

    def _kind(self, market: Plain, unit: bytes) -> str:
        terms = market["terms"]
        refuse("unknown_unit", when=unit not in (terms["base"], terms["quote"]))
        return "base" if unit == terms["base"] else "quote"

    def _orders(self, market: bytes, number: int) -> list[plainly.Order]:
        opened = [entry["order"] for entry in self.books[market, number] if entry["order"]]
        return [plainly.Order(1 if o["side"] == "buy" else -1, o["limit"], o["quantity"]) for o in opened]

    def _price(self, market: bytes, number: int) -> int | None:
        tick = self.markets[market]["terms"]["tick"]
        fine = [
            plainly.Order(one.side, one.limit // tick, one.quantity) for one in self._orders(market, number)
        ]
        found = plainly.price_of(fine, self.auctions[market, number]["reference"] // tick)
        return None if found is None else found * tick

    @staticmethod
    def _trades(order: Plain, price: int) -> bool:
        better: bool = order["limit"] >= price if order["side"] == "buy" else order["limit"] <= price
        return better

    @staticmethod
    def _bear(limits: Plain, order: Order, held: Plain) -> None:
        """One's limits bear an order beside the position and what else is open."""
        refuse("too_large", when=order.quantity > limits["order_max"])
        more = {"buy": 0, "sell": 0} | {order.side: order.quantity}
        long = held["base"] + held["buying"] + more["buy"]
        short = held["selling"] + more["sell"] - held["base"]
        refuse("position", when=max(long, short) > limits["position_max"])

    @staticmethod
    def _crosses(book: list[Plain], account: str, order: Plain) -> bool:
        """Whether an opened order of the same account stands across."""
        others = [e["order"] for e in book if e["account"] == account and e["order"]]
        across = [one["limit"] for one in others if one["side"] != order["side"]]
        if order["side"] == "buy":
            return any(order["limit"] >= limit for limit in across)
        return any(order["limit"] <= limit for limit in across)

    def entries(self) -> Entries:
        """The tables of markets, accounts, keys and limits; books and parts are seen in the answers."""
        found: Entries = {("markets", id_): market for id_, market in self.markets.items()}
        found |= {("accounts", *key): account for key, account in self.accounts.items()}
        found |= {("traders", *key): trader for key, trader in self.traders.items()}
        for (market, whose), limits in self.limits.items():
            found["limits" if isinstance(whose, str) else "key_limits", market, whose] = limits
        return found

    def broken(self, before: Entries, after: Entries) -> Iterator[str]:
        """What no step may do: holds beyond what is there, a market's terms changed, a unit made or lost."""
        for key, entry in after.items():
            if key[0] == "accounts" and (
                entry["base_held"] > entry["base"] or entry["quote_held"] > entry["quote"]
            ):
                yield f"{key[2]!r} holds more than it has"
            if key[0] == "markets" and key in before and entry["terms"] != before[key]["terms"]:
                yield "the terms of a market are others"
        yield from self._conserved()

    def _conserved(self) -> Iterator[str]:
        """What was paid in and not taken out is in the accounts, or due to orders in settlement."""
        inside = Counter[bytes]()
        for (market, _), account in self.accounts.items():
            terms = self.markets[market]["terms"]
            inside[terms["base"]] += account["base"]
            inside[terms["quote"]] += account["quote"]
        for (market, _), auction in self.auctions.items():
            terms = self.markets[market]["terms"]
            inside[terms["base"]] += auction["base_due"]
            inside[terms["quote"]] += auction["quote_due"]
        outside = Counter[bytes]()
        for (_, unit), held in self.purses.items():
            outside[unit] += held
        for unit in self.units:
            if inside[unit] + outside[unit] != self.supply[unit]:
                yield "units came or went"

    @property
    def supply(self) -> Counter[bytes]:
        """What there is of each unit."""
        return self._supply

    @supply.setter
    def supply(self, supply: Counter[bytes]) -> None:
        self._supply = supply


class Short(Exception):
    """The bank refuses: the purse holds less."""


def trader_of(member: str) -> Plain:
    """A key that did nothing yet."""
    names = ("base", "quote", "buying", "selling", "auction", "commits")
    return {"member": member} | dict.fromkeys(names, 0) | {"stopped": None, "lost": None}


def fee_of(terms: Plain, value: int) -> int:
    """The operator's part of a value, rounded down."""
    fee: int = value * terms["fee_ppm"] // 1_000_000
    return fee


def cost_of(terms: Plain, order: Plain) -> int:
    """What an order may take at worst."""
    value: int = order["limit"] * order["quantity"]
    return value + fee_of(terms, value) if order["side"] == "buy" else int(order["quantity"])


AUDITOR = Market
