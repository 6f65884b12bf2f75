"""Random markets on a real machine, every answer and effect of which the auditor of markets foretells.

    play = Play(7)
    play.run(500)

Units are at the bank before the play begins, and only markets move them in it. The moves come from the
auditor's knowledge of the book, so that most are in good faith; some are named for the attack they try.
"""

from collections import Counter
from random import Random

from msgspec import to_builtins
from msgspec.structs import replace

from consortia.base.codec import Record
from consortia.base.keys import SigningKey
from consortia.base.refusals import Refused
from consortia.kernel.block import OK
from consortia.kernel.context import Context
from consortia.kernel.store import Overlay
from consortia.modules.bank.messages import NewUnit, Transfer
from consortia.modules.market import messages as asked
from consortia.modules.market.state import sealed
from consortia.modules.market.types import Limits, Order, Sealing, Terms
from consortia.testing.auditors import Entries, Found, Moment, No, Plain, Said, plain
from consortia.testing.auditors.market import Market, Short
from consortia.testing.machine import Bench

NAMES = ("north", "east", "south")
ROLES = ("operator", "analyst", "worker")
SUPPLY = 1_000_000
TABLES = ("markets", "accounts", "traders", "limits", "key_limits")


class Play:
    """One seed's members and markets."""

    def __init__(self, seed: int) -> None:
        """Found a network, make two units, hand them out, and open a market."""
        self.rng = Random(seed)
        self.bench = Bench(NAMES)
        self.auditor = Market({})
        self.auditor.members = set(NAMES)
        self.keys = {self.bench.key(name, role).key_id: (name, role) for name in NAMES for role in ROLES}
        for name in NAMES:
            for key in self.bench.parties[name].keys.values():
                self.auditor.owners[key.key_id] = name
        self.orders: dict[tuple[bytes, int, int], tuple[Order, bytes]] = {}
        self.moves, self.codes = 0, Counter[str]()
        self.base, self.quote = (self._unit(code) for code in ("share", "cash"))
        self.auditor.supply = Counter({self.base: SUPPLY, self.quote: SUPPLY * 100})
        self.market = b""
        self._begin()

    def run(self, moves: int) -> None:
        """So many moves; raises Found where the machine does otherwise than foretold."""
        for _ in range(moves):
            self._move()

    def _begin(self) -> None:
        labelled = self.rng.random() < 0.3
        tick = self.rng.choice((1, 2, 5))
        limits = self._limits(order_max=self.rng.choice((20, 100)))
        collar = self.rng.randint(3, 10)
        terms = Terms(
            base=self.base,
            quote=self.quote,
            start=self.bench.time,
            period_ms=30_000,
            commit_ms=10_000,
            reveal_ms=10_000,
            correct_ms=self.rng.choice((0, 2_000)),
            tick=tick,
            collar_ticks=collar,
            orders_max=self.rng.choice((6, 20, 40)),
            deposit=limits.order_max * 2 * collar * tick + self.rng.randint(0, 7),
            fee_ppm=self.rng.choice((0, 1_000, 33_333)),
            day_auctions=self.rng.choice((1, 3)),
            labelled=labelled,
            limits=limits,
        )
        self._try("north", "operator", asked.Open("harbour", "Shares", terms, 100))
        self.market = next(iter(self.auditor.markets))
        self.accounts = list(NAMES)
        if labelled:
            self.accounts += ["east/house-1", "east/house-2"]
        for account in self.accounts:
            for unit, amount in ((self.base, 3_000), (self.quote, 400_000)):
                self._try(
                    account.partition("/")[0], "operator", asked.Fund(self.market, account, unit, amount)
                )

    def _limits(self, order_max: int) -> Limits:
        return Limits(
            order_max=order_max,
            position_max=self.rng.choice((3_050, 5_000)),
            loss_max=self.rng.choice((60, 5_000, 10**9)),
            commits_max=self.rng.choice((2, 5, 20)),
        )

    # Moves --------------------------------------------------------------------------------

    def _move(self) -> None:
        """One move that suits the moment, and now and then one that does not."""
        self.bench.time += self.rng.choice((0, 0, 0, 200, 1_500))
        if self.rng.random() < 0.15:
            every = (self._stand, self._fund, self._nonsense, self._commit, self._reveal, self._end)
            return self.rng.choice(every)()
        terms = self.auditor.markets[self.market]["terms"]
        offset = (self.bench.time - terms["start"]) % terms["period_ms"]
        if offset < terms["commit_ms"]:
            return self._commit()
        if offset < terms["commit_ms"] + terms["reveal_ms"]:
            return self._reveal()
        if not self._waiting():
            self.bench.time += terms["period_ms"] - offset
            return self._commit()
        return self._end()

    def _waiting(self) -> list[int]:
        """The auctions that are not settled."""
        return [
            number
            for (_, number), one in self.auditor.auctions.items()
            if one["settled"] < len(self.auditor.books[self.market, number])
        ]

    def _number(self) -> int:
        """The auction of the moment; sometimes a neighbour."""
        terms = self.auditor.markets[self.market]["terms"]
        number: int = (self.bench.time - terms["start"]) // terms["period_ms"]
        return max(0, number + self.rng.choice((0,) * 12 + (-1, 1)))

    def _commit(self) -> None:
        market, number = self.auditor.markets[self.market], self._number()
        terms = market["terms"]
        offset = (self.bench.time - terms["start"]) % terms["period_ms"]
        if offset >= terms["commit_ms"] and self.rng.random() < 0.8:
            return self._end()
        if self.rng.random() < 0.1:
            return self._cancel(number)
        account = self.rng.choice(self.accounts)
        name, role = account.partition("/")[0], self.rng.choice(ROLES)
        reference = self.auditor.auctions.get((self.market, number), market)["reference"]
        limit = (
            reference
            + self.rng.randint(-terms["collar_ticks"] - 1, terms["collar_ticks"] + 1) * terms["tick"]
        )
        limit = max(1, limit + (self.rng.random() < 0.05))
        most = terms["limits"]["order_max"]
        order = Order(
            self.rng.choice(("buy", "sell")), limit, self.rng.randint(1, most + (self.rng.random() < 0.1))
        )
        salt = self.rng.randbytes(32)
        place = len(self.auditor.books.get((self.market, number), ()))
        self.orders[self.market, number, place] = (order, salt)
        key = self.bench.key(name, role).key_id
        seal = sealed(Sealing(self.bench.network, self.market, number, key, salt, order))
        return self._try(name, role, asked.Commit(self.market, account, number, seal))

    def _cancel(self, number: int) -> None:
        book = self.auditor.books.get((self.market, number), [])
        place = self.rng.randrange(len(book) + 1)
        name, role = self.keys[book[place]["key"]] if place < len(book) else ("north", "operator")
        if self.rng.random() < 0.1:
            name = self.rng.choice(NAMES)
        self._try(name, role, asked.Cancel(self.market, number, place))

    def _reveal(self) -> None:
        number = self._number()
        book = self.auditor.books.get((self.market, number))
        if not book:
            return self._end()
        shut = [at for at, e in enumerate(book) if e["order"] is None and not e["cancelled"]]
        place = self.rng.choice(shut if shut and self.rng.random() < 0.9 else range(len(book) + 1))
        order, salt = self.orders.get((self.market, number, place), (Order("buy", 1, 1), bytes(32)))
        if self.rng.random() < 0.05:
            order = Order(order.side, order.limit, order.quantity + 1)
        name, role = ("north", "operator")
        if place < len(book) and self.rng.random() < 0.95:
            name, role = self.keys[book[place]["key"]]
        return self._try(name, role, asked.Reveal(self.market, number, place, salt, order))

    def _end(self) -> None:
        """Clear or settle what waits for it, or correct it."""
        waits = self._waiting()
        number = self.rng.choice(waits) if waits and self.rng.random() < 0.97 else self._number()
        auction = self.auditor.auctions.get((self.market, number))
        by, role = self.rng.choice(NAMES), self.rng.choice(ROLES)
        if auction is None or auction["outcome"] is None or self.rng.random() < 0.05:
            if self.rng.random() < 0.05:
                return self._try("north", "operator", asked.Annul(self.market, number, "too early"))
            return self._try(by, role, asked.Clear(self.market, number, self._margin(number)))
        if self.rng.random() < 0.1:
            return self._try(by, "operator", asked.Annul(self.market, number, "a wrong feed"))
        return self._try(by, role, asked.Settle(self.market, number, self.rng.choice((1, 3, 100))))

    def _margin(self, number: int) -> bytes:
        """The bits of the margin; sometimes with one place more or less."""
        if (self.market, number) not in self.auditor.auctions:
            return b""
        places = self.auditor.margin(self.market, number)
        if places and self.rng.random() < 0.15:
            places = places - {self.rng.choice(sorted(places))}
        elif self.rng.random() < 0.15:
            places = places ^ {self.rng.randrange(6)}
        bits = bytearray(6)
        for place in places:
            bits[place // 8] |= 0x80 >> place % 8
        return bytes(bits).rstrip(b"\0")

    def _stand(self) -> None:
        """Halts, stops and limits."""
        account = self.rng.choice(self.accounts)
        name = self.rng.choice(NAMES) if self.rng.random() < 0.2 else account.partition("/")[0]
        key = self.rng.choice(sorted(self.auditor.owners)) if self.rng.random() < 0.2 else self._key(name)
        limits = self._limits(self.rng.choice((5, 20, 101)))
        market = self.market
        halt = asked.Resume(market) if self.auditor.markets[market]["halted"] else asked.Halt(market)
        by, message = self.rng.choice(
            (
                *(("north", halt),) * (4 if isinstance(halt, asked.Resume) else 1),
                (name, asked.Stop(market, account)),
                (name, asked.StopKey(market, key)),
                *((name, asked.Restart(market, account)),) * 4,
                *((name, asked.RestartKey(market, key)),) * 4,
                ("north", asked.Limit(market, account, limits)),
                (name, asked.LimitKey(market, key, limits)),
            )
        )
        if by == "north" and self.rng.random() < 0.1:
            by = "east"
        self._try(by, "operator", message)

    def _key(self, name: str) -> bytes:
        return self.bench.key(name, self.rng.choice(ROLES)).key_id

    def _fund(self) -> None:
        account = self.rng.choice(self.accounts)
        name = account.partition("/")[0] if self.rng.random() < 0.9 else "south"
        unit = self.rng.choice((self.base, self.quote, self.quote, bytes(32)))
        kind = asked.Fund if self.rng.random() < 0.6 else asked.Take
        amount = self.rng.choice((1, 50, 2_000, 300_000, 5_000_000))
        self._try(name, "operator", kind(self.market, account, unit, amount))

    def _nonsense(self) -> None:
        """Messages about markets, accounts and names that are not there, or are taken."""
        market, terms = self.market, self.bench.query("market.market", market=self.market).market.terms
        name, key = self.rng.choice(NAMES[:2]), self._key("east")
        message = self.rng.choice(
            (
                asked.Halt(bytes(32)),
                asked.Halt(market),
                *(asked.Resume(market),) * 3,
                *(asked.Stop(market, name),) * 2,
                *(asked.StopKey(market, key),) * 2,
                asked.Commit(market, "east/nobody", self._number(), bytes(32)),
                asked.Limit(market, "nobody", self._limits(5)),
                *(asked.Limit(market, "east", self._limits(101)),) * 3,
                asked.Open("harbour", "Again", terms, 100),
                asked.Open("quay", "In nothing", replace(terms, quote=bytes(32)), 100),
                asked.Open("quay", "For nothing", replace(terms, deposit=0), 100),
                asked.Settle(market, 999, 1),
            )
        )
        self._try(name, "operator", message)

    # The machine --------------------------------------------------------------------------

    def _unit(self, code: str) -> bytes:
        supply = SUPPLY * (100 if code == "cash" else 1)
        self.bench.ok("north", "operator", NewUnit(code, f"The unit {code}", 0, "fixed", None, supply))
        unit = bytes(self.bench.query("bank.by_code", issuer="north", code=code).unit.id)
        self.auditor.units.add(unit)
        self.auditor.purses["north", unit] = supply
        for account in ("east", "south", "east/house-1", "east/house-2"):
            payer = account.partition("/")[0] if "/" in account else "north"
            amount = supply // 20 if "/" in account else supply // 4
            self.bench.ok(payer, "operator", Transfer(payer, account, unit, amount))
            self.auditor.purses[payer, unit] -= amount
            self.auditor.purses[account, unit] = amount
        return unit

    def _try(self, member: str, role: str, message: Record) -> None:
        """Put one message into a block of its own, and compare all that comes of it."""
        self.moves += 1
        bench = self.bench
        key: SigningKey = bench.key(member, role)
        raw = bench.sign(member, role, message)
        moment = Moment(bench.network, bench.tip.height + 1, bench.time, bench.tip.size)
        id_ = bench.machine.admission(bench.state, bench.tip, bench.time).admit(raw).parsed.id
        try:
            foretold, told = OK, self.auditor.judge(Said(key.key_id, member, id_, 0, moment), message)
        except No as no:
            foretold, told = f"market.{no.reason}", ()
        except Short:
            foretold, told = "bank.short_balance", ()
        try:
            (receipt,) = bench.block(raw)
        except Refused as refused:
            raise Found(f"move {self.moves}: {refused}") from None
        bench.time -= 1_000
        what = f"move {self.moves}, {type(message).__name__}"
        self.codes[receipt.code] += 1
        if receipt.code != foretold:
            raise Found(f"{what}: the machine said {receipt.code}, the auditor {foretold}")
        events = [(event.name, to_builtins(event.body, builtin_types=(bytes,))) for event in receipt.events]
        mine = [(name, _listed(fields)) for name, fields in events if name.startswith("market.")]
        if mine != [(name, _listed(fields)) for name, fields in told]:
            raise Found(f"{what}: the events are {mine}, foretold {told}")
        self._compare(what)

    def _compare(self, what: str) -> None:
        """Every account, key, market and limit is as foretold."""
        now, foretold = self._entries(), self.auditor.entries()
        for key in {**now, **foretold}:
            if now.get(key) != foretold.get(key):
                raise Found(f"{what}: {key} is {now.get(key)}, foretold {foretold.get(key)}")
        for promise in self.auditor.broken({}, now):
            raise Found(f"{what}: {promise}")

    def _entries(self) -> Entries:
        bench = self.bench
        ctx = Context(Overlay(bench.state), bench.network, bench.tip.height, bench.time)
        module = next(one for one in bench.app.modules if one.name == "market")
        tables = [table for table in module.tables if table.name in TABLES]
        return {(table.name, *key): plain(record) for table in tables for key, record in table.scan(ctx)}


def _listed(fields: Plain) -> Plain:
    return {name: list(each) if isinstance(each, tuple) else each for name, each in fields.items()}
