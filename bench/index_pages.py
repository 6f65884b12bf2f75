"""index.pages: any page of the searchable index of 1,000,000 events, with the JSON that a caller gets.

Pages of 200 rows from places all over the ledger: of all events, of a common name, of a rare one, of a name
that is not there; of all transactions and of one key's; of what common, rare and absent beginnings find. The
value is the slowest page of all, by the clock; the kinds are told beside it. No page is asked for twice.
"""

import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortia.base.hashing import sha256
from consortia.base.keys import SigningKey
from consortia.kernel.block import Block, Event, Header, Receipt
from consortia.kernel.transaction import Call, sign_transaction
from consortia.node.index import EVENTS_ALL, PAGE_MAX, Index
from consortia.sdk.jsonform import dump

EVENTS, EACH, BLOCK = 1_000_000, 16, 500
PAGES = 200
"""So many pages of each kind."""

RARE_EVERY = 5_000
KEYS = [SigningKey(bytes([number]) * 32) for number in range(1, 9)]
NETWORK = bytes(32)
MS_MAX = 50.0


@dataclass(frozen=True)
class Made:
    """A ledger as the index follows it: each block is made when it is asked for, the same every time."""

    height: int = EVENTS // EACH // BLOCK
    network: bytes = NETWORK
    first: int = 0

    def header(self, height: int) -> Header:
        """A block's header."""
        digest = sha256(b"%d" % height)
        return Header(height, 1_700_000_000_000 + height, digest, digest, height * (BLOCK + 1))

    def indexed(self, height: int) -> tuple[Block, Header, tuple[Receipt, ...]]:
        """A block of BLOCK transactions with EACH events."""
        raws, receipts = [], []
        for place in range(BLOCK):
            number = height * BLOCK + place
            name = sha256(b"asset %d" % number)
            call = Call("assets.register", {"name": f"batch-{number}", "commitment": name})
            key = KEYS[number % 7] if number % RARE_EVERY else KEYS[7]
            raws.append(sign_transaction(key, NETWORK, (call,), sequence=number, expires=1 << 50))
            receipts.append(Receipt(height, place, sha256(raws[-1]), "ok", 10, events(number, name)))
        header = self.header(height)
        return Block(height, header.time, tuple(raws)), header, tuple(receipts)


def events(number: int, asset: bytes) -> tuple[Event, ...]:
    """The events of a transaction; one in RARE_EVERY has a rare one among them."""
    rare = number % RARE_EVERY == 0
    named = ["guard.alert_raised" if rare and at == 0 else "assets.registered" for at in range(EACH)]
    body = {"asset": asset, "owner": f"clinic-{number % 30}", "title": "Readings of a day"}
    return tuple(Event(name, body) for name in named)


def timed(ask: Callable[[], list[Any]]) -> float:
    """Milliseconds of a page with its JSON."""
    begin = time.perf_counter()
    dump([{name: getattr(row, name) for name in row.__slots__} for row in ask()])
    return (time.perf_counter() - begin) * 1000


def kinds(index: Index, top: int) -> dict[str, Callable[[random.Random], list[Any]]]:
    """What is asked for, each at a place that is drawn."""

    def place(draw: random.Random) -> tuple[int, int]:
        return draw.randrange(-1, top), draw.randrange(BLOCK)

    def named(name: str) -> Callable[[random.Random], list[Any]]:
        return lambda draw: index.events((*place(draw), EVENTS_ALL), PAGE_MAX, name)

    def found(text: Callable[[random.Random], str]) -> Callable[[random.Random], list[Any]]:
        return lambda draw: index.search(text(draw), PAGE_MAX)

    return {
        "all events": named(""),
        "a common event": named("assets.registered"),
        "a rare event": named("guard.alert_raised"),
        "no such event": named("bank.paid"),
        "all transactions": lambda draw: index.transactions(place(draw), PAGE_MAX),
        "of a busy key": lambda draw: index.transactions(place(draw), PAGE_MAX, KEYS[0].key_id),
        "of a rare key": lambda draw: index.transactions(place(draw), PAGE_MAX, KEYS[7].key_id),
        "a common word": found(lambda draw: draw.choice(("batch-", "clinic-", "readings"))),
        "a word": found(lambda draw: f"batch-{draw.randrange(EVENTS // EACH)}"),
        "a hash": found(lambda draw: f"{draw.getrandbits(16):04x}"),
        "no such word": found(lambda draw: f"nothing-{draw.random()}"),
    }


def run() -> list[dict[str, object]]:
    """The row."""
    draw, ledger = random.Random(1), Made()
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder) / "index.sqlite")
        begin = time.process_time()
        while index.follow(ledger):
            pass
        made = time.process_time() - begin
        slowest = {
            kind: max(timed(lambda ask=ask: ask(draw)) for _ in range(PAGES))
            for kind, ask in kinds(index, ledger.height).items()
        }
        index.close()
    kind, worst = max(slowest.items(), key=lambda one: one[1])
    told = ", ".join(f"{name} {ms:.1f}" for name, ms in slowest.items())
    note = f"{kind}; slowest of {PAGES} pages of {PAGE_MAX} rows: {told}; built in {made:.0f} s of CPU"
    return [
        {
            "id": "index.pages",
            "value": round(worst, 1),
            "unit": "ms, the slowest page",
            "bar": f"<= {MS_MAX:.0f} ms, any page of {EVENTS:,} events",
            "met": worst <= MS_MAX,
            "note": note,
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
