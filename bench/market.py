"""market.clear, market.brute, market.orders, market.fuzz: the call auction in memory and on the ledger.

`market.clear` finds price and fills of 100,000 orders in memory, and clears and settles as many sealed orders
of 1,000 accounts on a durable ledger. `market.brute` holds random books to trying every price and every unit.
`market.orders` takes sealed orders through the ledger one a transaction, handed in and opened, signatures
checked by one worker process. `market.fuzz` counts what fuzzed orders do that an auditor did not foretell.
"""

import random
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from consortia.base.codec import to_value
from consortia.drivers.embedded import Embedded, Grouping
from consortia.exact.auction import BUY, SELL
from consortia.exact.book import Book, clear, fills
from consortia.kernel.block import OK
from consortia.kernel.genesis import Limits
from consortia.kernel.ledger import Ledger
from consortia.kernel.ports import Quota
from consortia.kernel.transaction import Call, sign_transaction
from consortia.modules.bank.messages import NewUnit, Transfer
from consortia.modules.bank.queries import ByCode
from consortia.modules.market import messages as asked
from consortia.modules.market.queries import AtAuction, ByName
from consortia.modules.market.state import sealed
from consortia.modules.market.types import Limits as Bounds
from consortia.modules.market.types import Order, Sealing, Terms
from consortia.node.collector import settle
from consortia.node.signatures import Signatures, known
from consortia.store.lmdb import LmdbStore
from consortia.testing.auction import Order as PlainOrder
from consortia.testing.auction import fills_of, price_of, trades
from consortia.testing.auditors import Found
from consortia.testing.auditors.market_play import Play
from consortia.testing.machine import START, Bench, BenchError

NAMES = ("east", "north", "south", "west")
QUOTA = Quota(1 << 40, 1 << 50, 1 << 45, 1 << 20)
LIMITS = Limits(block_cost=1 << 40, block_transactions=20_000, epoch_milliseconds=3_600_000)
PHASE = 4_000_000
ORDERS, ACCOUNTS, CALLS, BLOCK = 100_000, 1_000, 16, 1_000
REFERENCE, COLLAR, LARGEST = 10_000, 100, 50
SINGLE = 8_000
"""Orders that come one a transaction."""

BOOKS = 100_000
FUZZED = 100_000
PLAY = 500


class Exchange:
    """A durable ledger with one market in which these accounts have what they need."""

    def __init__(self, folder: Path, accounts, check):
        bench = Bench(NAMES, quota=QUOTA, limits=LIMITS)
        self.keys = {name: bench.key(name, "operator") for name in NAMES}
        self.ledger = Ledger.create(LmdbStore(folder), bench.app, bench.genesis)
        self.driver = Embedded(self.ledger, check, Grouping(transactions_max=BLOCK))
        self.sequences = dict.fromkeys(NAMES, 0)
        self.accounts, self.now = accounts, START
        made = [NewUnit(code, code, 0, "fixed", None, 1 << 60) for code in ("share", "cash")]
        self.run([self.sign("north", *made)])
        units = [self.ledger.query("bank.by_code", ByCode("north", one.code)).unit.id for one in made]
        rest = [account for account in accounts if account != "north"]
        self.calls([("north", Transfer("north", one, unit, 1 << 41)) for one in rest for unit in units])
        self.run([self.sign("north", asked.Open("bench", "Shares for cash", self.terms(*units), REFERENCE))])
        self.market = self.ledger.query("market.by_name", ByName("bench")).market.id
        self.calls([(one, asked.Fund(self.market, one, unit, 1 << 40)) for one in accounts for unit in units])

    def terms(self, base, quote):
        return Terms(
            base=base,
            quote=quote,
            start=START,
            period_ms=4 * PHASE,
            commit_ms=PHASE,
            reveal_ms=PHASE,
            correct_ms=0,
            tick=1,
            collar_ticks=COLLAR,
            orders_max=ORDERS,
            deposit=LARGEST * 2 * COLLAR,
            fee_ppm=100,
            day_auctions=1000,
            labelled=len(self.accounts) > len(NAMES),
            limits=Bounds(LARGEST, 1 << 50, 1 << 60, 1 << 17),
        )

    def sign(self, account, *messages):
        name = account.partition("/")[0]
        calls = tuple(Call(self.ledger.app.messages[type(one)], dict(to_value(one))) for one in messages)
        number = self.sequences[name]
        self.sequences[name] += 1
        until = START + 10 * PHASE
        return sign_transaction(self.keys[name], self.ledger.network, calls, sequence=number, expires=until)

    def run(self, raws):
        """One durable block of these; raises when any of them is refused."""
        for raw in raws:
            self.driver.submit(raw, self.now)
        committed = self.driver.step(self.now + 5).committed
        codes = {receipt.code for receipt in committed.result.receipts}
        if codes != {OK} or len(committed.result.receipts) != len(raws):
            raise RuntimeError(f"a block was not whole: {codes}")

    def calls(self, pairs):
        """Messages by account, sixteen a transaction, the transactions of one member after another."""
        for name in NAMES:
            mine = [message for account, message in pairs if account.partition("/")[0] == name]
            raws = [self.sign(name, *mine[at : at + CALLS]) for at in range(0, len(mine), CALLS)]
            for at in range(0, len(raws), BLOCK):
                self.run(raws[at : at + BLOCK])

    def orders(self, count):
        """Random orders in the order of the book: account, order, salt. An account buys or sells."""
        rng, made = random.Random(3), []
        for number in range(count):
            at = number % len(self.accounts)
            side = "buy" if at < len(self.accounts) // 2 else "sell"
            limit, quantity = REFERENCE + rng.randint(-COLLAR, COLLAR), rng.randint(1, LARGEST)
            made.append((self.accounts[at], Order(side, limit, quantity), rng.randbytes(32)))
        return sorted(made, key=lambda one: NAMES.index(one[0].partition("/")[0]))

    def commit(self, account, order, salt):
        key = self.keys[account.partition("/")[0]].key_id
        seal = sealed(Sealing(self.ledger.network, self.market, 0, key, salt, order))
        return account, asked.Commit(self.market, account, 0, seal)

    def reveal(self, place, account, order, salt):
        return account, asked.Reveal(self.market, 0, place, salt, order)

    def end(self):
        """Clear the auction and settle all of it, in durable blocks; its state."""
        margin = self.ledger.query("market.margin", AtAuction(self.market, 0)).margin
        self.run([self.sign("west", asked.Clear(self.market, 0, margin))])
        count = self.ledger.query("market.auction", AtAuction(self.market, 0)).auction.commits
        for _ in range(0, count, asked.SETTLED_MAX):
            self.run([self.sign("west", asked.Settle(self.market, 0, asked.SETTLED_MAX))])
        state = self.ledger.query("market.auction", AtAuction(self.market, 0)).auction
        if state.settled != count or state.base_due or state.quote_due:
            raise RuntimeError("the auction did not settle")
        return state


def on_the_ledger() -> float:
    """Seconds to clear and settle ORDERS sealed orders of ACCOUNTS accounts."""
    accounts = [f"{name}/a{number}" for name in NAMES for number in range(ACCOUNTS // len(NAMES))]
    with tempfile.TemporaryDirectory() as folder:
        exchange = Exchange(Path(folder), accounts, lambda *_: True)
        made = exchange.orders(ORDERS)
        exchange.calls([exchange.commit(*one) for one in made])
        exchange.now = START + PHASE
        exchange.calls([exchange.reveal(place, *one) for place, one in enumerate(made)])
        exchange.now = START + 2 * PHASE
        settle()
        begin = time.perf_counter()
        exchange.end()
        return time.perf_counter() - begin


def in_memory() -> float:
    """Seconds for price and fills of ORDERS orders: median of nine."""
    rng, taken = random.Random(1), []
    for _ in range(9):
        sides = [rng.choice((BUY, SELL)) for _ in range(ORDERS)]
        limits = [rng.randint(REFERENCE - 1000, REFERENCE + 1000) for _ in range(ORDERS)]
        quantities = [rng.randint(1, 1000) for _ in range(ORDERS)]
        begin = time.perf_counter()
        book = Book.of(sides, limits, quantities)
        fills(book, clear(book, REFERENCE))
        taken.append(time.perf_counter() - begin)
    return median(taken)


def differences(books: int) -> int:
    """Random books, half of them with ties, that another outcome than the plain one's was found for."""
    rng, apart = random.Random(2), 0
    for number in range(books):
        prices, quantities = (4, 3) if number % 2 else (60, 50)
        orders = [
            PlainOrder(rng.choice((BUY, SELL)), rng.randint(1, prices), rng.randint(1, quantities))
            for _ in range(rng.randint(1, 40))
        ]
        reference = rng.randint(1, 70)
        book = Book.of(*zip(*((one.side, one.limit, one.quantity) for one in orders), strict=True))
        clearing = clear(book, reference)
        price, filled = price_of(orders, reference), fills(book, clearing).tolist()
        wrong = clearing.price != price or filled != fills_of(orders, price)
        cash = sum(one.side * got for one, got in zip(orders, filled, strict=True))
        pressed = any(got and not trades(one, price) for one, got in zip(orders, filled, strict=True))
        apart += wrong or cash != 0 or pressed
    return apart


def rate() -> tuple[float, float]:
    """Orders a second, each handed in and opened in transactions of its own; and seconds to end them."""
    with tempfile.TemporaryDirectory() as folder:
        signatures = Signatures(1)
        exchange = Exchange(Path(folder), list(NAMES), signatures.check)
        made = exchange.orders(SINGLE)
        phases = [
            [exchange.sign(*exchange.commit(*one)) for one in made],
            [exchange.sign(*exchange.reveal(place, *one)) for place, one in enumerate(made)],
        ]
        settle()
        seconds = 0.0
        for number, raws in enumerate(phases):
            exchange.now = START + number * PHASE
            blocks = [raws[at : at + BLOCK] for at in range(0, len(raws), BLOCK)]
            begin = time.perf_counter()
            ahead = signatures.ahead(exchange.ledger.network, known(exchange.ledger, blocks[0]))
            for at, block in enumerate(blocks):
                for future in ahead:
                    future.result()
                if at + 1 < len(blocks):
                    ahead = signatures.ahead(exchange.ledger.network, known(exchange.ledger, blocks[at + 1]))
                exchange.run(block)
            seconds += time.perf_counter() - begin
        exchange.now = START + 2 * PHASE
        begin = time.perf_counter()
        exchange.end()
        ended = time.perf_counter() - begin
        signatures.close()
        return SINGLE / seconds, ended


def play(seed: int) -> tuple[bool, int]:
    """Whether a play met a breach, and how many messages it had."""
    found = Play(1_000_000 + seed)
    try:
        found.run(PLAY)
    except (Found, BenchError):
        return True, found.moves
    return False, found.moves


def breaches(messages: int) -> tuple[int, int]:
    """Plays in which a limit was passed or anything was not as foretold; and how many messages there were."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        played = list(pool.map(play, range(-(-messages // PLAY))))
    return sum(broken for broken, _ in played), sum(count for _, count in played)


def row(name, value, unit, bar, met, **rest):
    return {"id": name, "value": value, "unit": unit, "bar": bar, "met": met, "ratio": None} | rest


def run() -> list[dict]:
    """The rows."""
    memory, ledger = in_memory(), on_the_ledger()
    apart = differences(BOOKS)
    orders, ended = rate()
    broken, moves = breaches(FUZZED)
    none = {"peer": None, "peer_value": None}
    return [
        row(
            *("market.clear", round(memory, 4), "s"),
            *("<= 0.13 in memory, <= 5 on the ledger", memory <= 0.13 and ledger <= 5),
            peer="cleared and settled on a durable ledger, s",
            peer_value=round(ledger, 2),
            note=f"{ORDERS:,} orders of {ACCOUNTS:,} accounts; median of 9 in memory",
        ),
        row(
            *("market.brute", apart, "differences", "0", apart == 0),
            **none,
            note=f"{BOOKS:,} random books of 1 to 40 orders, half with ties, as every price and unit tried",
        ),
        row(
            *("market.orders", round(orders), "orders/s", ">= 3000", orders >= 3000),
            **none,
            note=f"{SINGLE:,} sealed orders, each two transactions; ended in {ended:.2f} s more",
        ),
        row(
            *("market.fuzz", broken, "breaches", "0", broken == 0),
            **none,
            note=f"{moves:,} fuzzed messages, each answer and effect foretold by an auditor",
        ),
    ]


if __name__ == "__main__":
    for each in run():
        print(each)
