"""ledger.full_path, ledger.anvil: the whole path of a transaction, on disk, in blocks of 1,000.

Over a state of 100,000 entries. Bytes come in; signatures are checked by one worker process, one chunk
ahead of the writer; the writer decodes, admits, executes, appends to the log and the state tree, and
makes each block durable. The method is `plain.write` (an entry and a member's total, besides the key's
sequence and the member's use of its quota), signed by 20 keys. Beside it, in the same run: two cores that
check signatures and do nothing else, and anvil's queued transfers, where npm has it.
"""

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from bench.peers import anvil
from bench.peers.anvil_queued import queued_transfers
from consortia.base.keys import SigningKey, verify
from consortia.drivers.embedded import Embedded, Grouping
from consortia.kernel.block import Block
from consortia.kernel.genesis import Limits
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, sign_transaction
from consortia.node.collector import settle
from consortia.node.signatures import Signatures, known
from consortia.store.lmdb import LmdbStore
from consortia.testing.plain import QUOTA, Member, Write, application, genesis

START = 1_700_000_000_000
BLOCK = 1000
ENTRIES = 100_000
SIGNERS = 20
BLOCKS = 20
LIMITS = Limits(block_cost=1 << 40, block_transactions=20_000, epoch_milliseconds=3_600_000)
FILL = 10_000


def transactions(members: list[Member], network: bytes, first: int, count: int) -> list[bytes]:
    """`count` writes, each to an entry of its own, by the members in turn; `first` is the first's number."""
    made = []
    for number in range(first, first + count):
        message = Write(f"entry-{number % (ENTRIES + 20 * BLOCK)}", number.to_bytes(8, "big"))
        key = members[number % len(members)].operator
        sequence = number // len(members)
        calls = (call(message, "plain", "write"),)
        made.append(sign_transaction(key, network, calls, sequence=sequence, expires=START + 10**12))
    return made


def fill(ledger: Ledger, members: list[Member]) -> None:
    """Put the state's entries in, 16 writes a transaction, signatures unchecked: this is not measured."""
    key = members[0].operator
    sequence = 0
    for start in range(0, ENTRIES, FILL):
        raws = []
        for at in range(start, start + FILL, 16):
            names = range(at, min(at + 16, start + FILL))
            calls = tuple(call(Write(f"entry-{name}", bytes(8)), "plain", "write") for name in names)
            raws.append(
                sign_transaction(
                    key, ledger.network, calls, lane=15, sequence=sequence, expires=START + 10**12
                )
            )
            sequence += 1
        ledger.append(Block(ledger.tip.height + 1, START, tuple(raws)), lambda *_: True)


def full_path(folder: Path, members: list[Member], workers: int) -> tuple[float, list[bytes], bytes]:
    """Transactions a second through the whole path; the transactions, and the network's id."""
    record = genesis(members, time=START, quota=QUOTA, limits=LIMITS)
    store = LmdbStore(folder)
    ledger = Ledger.create(store, application(), record)
    fill(ledger, members)
    signatures = Signatures(workers)
    driver = Embedded(ledger, signatures.check, Grouping(transactions_max=BLOCK))
    raws = transactions(members, ledger.network, 0, BLOCK * (BLOCKS + 1))
    blocks = [raws[start : start + BLOCK] for start in range(0, len(raws), BLOCK)]
    settle()
    rates = []
    ahead = signatures.ahead(ledger.network, known(ledger, blocks[0]))
    for number, block in enumerate(blocks):
        begin = time.perf_counter()
        for future in ahead:
            future.result()
        if number + 1 < len(blocks):
            ahead = signatures.ahead(ledger.network, known(ledger, blocks[number + 1]))
        for raw in block:
            driver.submit(raw, START + number)
        outcome = driver.step(START + number)
        if outcome.committed is None or len(outcome.committed.result.receipts) != BLOCK:
            raise RuntimeError("a block was not whole")
        rates.append(BLOCK / (time.perf_counter() - begin))
    signatures.close()
    store.close()
    return median(rates[1:]), raws, ledger.network


def bare(seconds: float) -> float:
    """In a process of its own: signatures checked a second, and nothing else done, for so many seconds."""
    key = SigningKey(bytes(32))
    message = bytes(330)
    signature = key.sign(message)
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        for _ in range(100):
            verify(key.public, message, signature)
        done += 100
    return done / (time.perf_counter() - begun)


def two_cores() -> float:
    """What two cores of bare signature verification give."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(bare, (0.2, 0.2)))
        return sum(pool.map(bare, (2.0, 2.0)))


def run() -> list[dict[str, object]]:
    """The rows."""
    members = [Member(f"member-{number}") for number in range(SIGNERS)]
    limit = two_cores()
    with tempfile.TemporaryDirectory() as folder:
        rate, _, _ = full_path(Path(folder), members, 1)
    program = anvil()
    queued = None if program is None else queued_transfers(program)
    ratio = rate / limit
    return [
        {
            "id": "ledger.full_path",
            "value": round(rate),
            "unit": "tx/s",
            "peer": "two cores of bare signature verification",
            "peer_value": round(limit),
            "ratio": round(ratio, 2),
            "bar": ">= 8000, ratio >= 0.3",
            "met": rate >= 8000 and ratio >= 0.3,
            "note": f"median of {BLOCKS} durable blocks of {BLOCK}, {ENTRIES:,} state entries, two cores",
        },
        {
            "id": "ledger.anvil",
            "value": round(rate),
            "unit": "tx/s",
            "peer": "anvil 1.7.1, queued transfers, one block",
            "peer_value": None if queued is None else round(queued),
            "ratio": None if queued is None else round(rate / queued, 2),
            "bar": "ratio >= 2",
            "met": queued is not None and rate >= 2 * queued,
            "note": "anvil keeps all in memory and checks no signature of its unlocked accounts"
            if queued is not None
            else "anvil is not installed here",
        },
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
