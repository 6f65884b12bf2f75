"""market.clear, market.brute, market.orders, market.fuzz: the call auction in memory and on the ledger.

`market.clear` finds price and fills of 100,000 orders in memory, and clears and settles as many sealed orders of
1,000 accounts on a durable ledger. `market.brute` holds random books to trying every price and every unit.
`market.orders` takes sealed orders through the ledger one a transaction, handed in and opened, signatures
checked by one worker process. `market.fuzz` counts the limits that fuzzed orders broke.
"""

import random
import tempfile
import time
from pathlib import Path
from statistics import median

from consortia.app import application
from consortia.base.codec import to_value
from consortia.drivers.embedded import Embedded, Grouping
from consortia.exact.auction import Book, clear, fills
from consortia.kernel.block import OK
from consortia.kernel.genesis import PROTOCOL_VERSION, Genesis, Limits
from consortia.kernel.ledger import Ledger
from consortia.kernel.ports import Quota
from consortia.kernel.transaction import Call, sign_transaction
from consortia.modules.bank.messages import NewUnit, Transfer
from consortia.modules.bank.queries import ByCode
from consortia.modules.identity.types import Founder, IdentityGenesis
from consortia.modules.market import messages as asked
from consortia.modules.market import queries
from consortia.modules.market.state import sealed
from consortia.modules.market.types import Limits as Bounds
from consortia.modules.market.types import Order, Sealing, Terms
from consortia.node.collector import settle
from consortia.node.signatures import Signatures, known
from consortia.store.lmdb import LmdbStore
from consortia.testing.auction import Order as PlainOrder
from consortia.testing.auction import fills_of, price_of
from consortia.testing.auditors import Found
from consortia.testing.auditors.market_play import Play
from consortia.testing.machine import Party

START = 1_700_000_000_000
NAMES = ("east", "north", "south", "west")
QUOTA = Quota(1 << 40, 1 << 50, 1 << 45, 1 << 20)
LIMITS = Limits(block_cost=1 << 40, block_transactions=20_000, epoch_milliseconds=3_600_000)
PHASE = 4_000_000
ORDERS, ACCOUNTS, CALLS, BLOCK = 100_000, 1_000, 16, 1_000
REFERENCE, COLLAR, LARGEST = 10_000, 100, 50
DEPOSIT = LARGEST * 2 * COLLAR
FUZZED = 100_000
"""Transactions, of which about three in four hand in or open an order."""


class Exchange:
    """A durable ledger with one market, funded, and a lane of sequences for each key."""

    def __init__(self, folder: Path, accounts: list[str], check) -> None:
        parties = {name: Party.named(name) for name in NAMES}
        self.keys = {name: party.keys["operator"] for name, party in parties.items()}
        founders = tuple(Founder(name, name, party.specs, QUOTA) for name, party in parties.items())
        app = application()
        state = {"identity": to_value(IdentityGenesis(founders, QUOTA))}
        state |= {
            module.name: to_value(module.genesis.default())
            for module in app.modules
            if module.genesis is not None and module.name != "identity"
        }
        genesis = Genesis(PROTOCOL_VERSION, "exchange", START, LIMITS, app.versions(), state)
        self.ledger = Ledger.create(LmdbStore(folder), app, genesis)
        self.driver = Embedded(self.ledger, check, Grouping(transactions_max=BLOCK))
        self.sequences = dict.fromkeys(NAMES, 0)
        self.accounts, self.now = accounts, START
        self.base, self.quote = self._units()
        self.market = self._open(len(accounts))

    def sign(self, name, *messages):
        calls = tuple(Call(self.ledger.app.messages[type(one)], dict(to_value(one))) for one in messages)
        sequence, self.sequences[name] = self.sequences[name], self.sequences[name] + 1
        return sign_transaction(
            self.keys[name], self.ledger.network, calls, sequence=sequence, expires=START + 10**9
        )

    def run(self, raws):
        """A durable block of these; raises when one of them is refused."""
        for raw in raws:
            self.driver.submit(raw, self.now)
        committed = self.driver.step(self.now + 5).committed
        codes = {receipt.code for receipt in committed.result.receipts}
        if codes != {OK} or len(committed.result.receipts) != len(raws):
            raise RuntimeError(f"a block was not whole: {codes}")

    def ask(self, name, arguments):
        return self.ledger.query(name, arguments)

    def _units(self):
        made = [NewUnit(code, code, 0, "fixed", None, 1 << 60) for code in ("share", "cash")]
        self.run([self.sign("north", *made)])
        share, cash = (self.ask("bank.by_code", ByCode("north", one.code)).unit.id for one in made)
        legs = [
            Transfer("north", account, unit, amount)
            for account in self.accounts
            if account != "north"
            for unit, amount in ((share, 1 << 40), (cash, 1 << 45))
        ]
        self._calls([("north", leg) for leg in legs])
        return share, cash

    def _open(self, labelled):
        bounds = Bounds(LARGEST, 1 << 50, 1 << 60, 1 << 17)
        terms = Terms(
            base=self.base,
            quote=self.quote,
            start=START,
            period_ms=4 * PHASE,
            commit_ms=PHASE,
            reveal_ms=PHASE,
            correct_ms=0,
            tick=1,
            collar_ticks=COLLAR,
            orders_max=ORDERS,
            deposit=DEPOSIT,
            fee_ppm=100,
            day_auctions=1000,
            labelled=labelled > len(NAMES),
            limits=bounds,
        )
        self.run([self.sign("north", asked.Open("bench", "Shares for cash", terms, REFERENCE))])
        market = self.ask("market.by_name", queries.ByName("bench")).market.id
        paid = [
            (account.partition("/")[0], asked.Fund(market, account, unit, amount))
            for account in self.accounts
            for unit, amount in ((self.base, 1 << 39), (self.quote, 1 << 44))
        ]
        self._calls(paid)
        return market

    def _calls(self, pairs):
        """Messages by signer, sixteen a transaction."""
        for name in NAMES:
            mine = [message for signer, message in pairs if signer == name]
            groups = [mine[at : at + CALLS] for at in range(0, len(mine), CALLS)]
            if groups:
                self.run([self.sign(name, *group) for group in groups])

    def orders(self, count):
        """Random orders: signer, account, order, salt, commitment."""
        rng, made = random.Random(3), []
        for number in range(count):
            account = self.accounts[number % len(self.accounts)]
            name = account.partition("/")[0]
            buys = number % (2 * len(self.accounts)) < len(self.accounts)
            limit = REFERENCE + rng.randint(-COLLAR, COLLAR)
            order = Order("buy" if buys else "sell", limit, rng.randint(1, LARGEST))
            made.append((name, account, order, rng.randbytes(32)))
        return made

    def seal(self, name, order, salt):
        key = self.keys[name].key_id
        return sealed(Sealing(self.ledger.network, self.market, 0, key, salt, order))


def plain_accounts():
    """250 accounts of each member, or of the members alone."""
    return [f"{name}/a{number}" for number in range(ACCOUNTS // len(NAMES)) for name in NAMES]


def settled(folder) -> tuple[float, float, int]:
    """Seconds to clear, and to clear and settle, on a durable ledger; and the volume."""
    exchange = Exchange(folder, plain_accounts(), lambda *_: True)
    made = [one for one in exchange.orders(ORDERS)]
    made = [(name, account, Order(one_sided(account), order.limit, order.quantity), salt) for name, account, order, salt in made]
    places = {}
    batches = {name: [] for name in NAMES}
    for name, account, order, salt in made:
        batches[name].append((account, order, salt))
    place = 0
    for name, mine in batches.items():
        for at in range(0, len(mine), CALLS * 200):
            raws = []
            for first in range(at, min(at + CALLS * 200, len(mine)), CALLS):
                group = mine[first : first + CALLS]
                for one in group:
                    places[name, len(places)] = place
                    place += 1
                raws.append(
                    exchange.sign(
                        name,
                        *(
                            asked.Commit(exchange.market, account, 0, exchange.seal(name, order, salt))
                            for account, order, salt in group
                        ),
                    )
                )
            exchange.run(raws)
    exchange.now = START + PHASE
    place = 0
    for name, mine in batches.items():
        for at in range(0, len(mine), CALLS * 200):
            raws = []
            for first in range(at, min(at + CALLS * 200, len(mine)), CALLS):
                messages = []
                for _, order, salt in mine[first : first + CALLS]:
                    messages.append(asked.Reveal(exchange.market, 0, place, salt, order))
                    place += 1
                raws.append(exchange.sign(name, *messages))
            exchange.run(raws)
    exchange.now = START + 2 * PHASE
    settle()
    begin = time.perf_counter()
    margin = exchange.ask("market.margin", queries.AtAuction(exchange.market, 0)).margin
    exchange.run([exchange.sign("west", asked.Clear(exchange.market, 0, margin))])
    cleared = time.perf_counter() - begin
    for _ in range(0, ORDERS, 10_000):
        exchange.run([exchange.sign("west", asked.Settle(exchange.market, 0, 10_000))])
    seconds = time.perf_counter() - begin
    state = exchange.ask("market.auction", queries.AtAuction(exchange.market, 0)).auction
    if state.settled != ORDERS or state.base_due or state.quote_due:
        raise RuntimeError("the auction did not settle")
    return cleared, seconds, state.outcome.volume


def one_sided(account: str) -> str:
    """Accounts buy or sell, so that none crosses itself."""
    return "buy" if int(account.partition("/a")[2]) % 2 else "sell"
