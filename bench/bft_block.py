"""bft.block: FinalizeBlock and Commit of 1,000 transactions already checked, over 100,000 state entries.

The driver alone, without CometBFT: the bundles went through CheckTx and ProcessProposal before, as they do
on every node; what is measured is what stands between a decision and the next height. Beside it, in the same
run, the embedded driver closing a block of 1,000 such transactions: the same machine, tree and durable store.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

from bench.ledger_path import BLOCK, ENTRIES, LIMITS, SIGNERS, START, fill, transactions
from consortia.base.keys import verify
from consortia.drivers.cometbft.bundle import pack
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.pool import ACCEPTED
from consortia.drivers.cometbft.proposal import Proposal
from consortia.drivers.cometbft.readings import Signatures
from consortia.drivers.embedded import Embedded, Grouping
from consortia.kernel.ledger import Ledger
from consortia.node.collector import settle
from consortia.store.lmdb import LmdbStore
from consortia.testing.plain import QUOTA, Member, application, genesis

BLOCKS = 9
BUNDLE = 64


def filled(folder: Path, members: list[Member]) -> Ledger:
    """A ledger on disk with so many state entries."""
    record = genesis(members, time=START, quota=QUOTA, limits=LIMITS)
    ledger = Ledger.create(LmdbStore(folder), application(), record)
    fill(ledger, members)
    return ledger


def by_cometbft(ledger: Ledger, blocks: list[list[bytes]]) -> list[tuple[float, float]]:
    """(seconds, CPU seconds) of FinalizeBlock and Commit, for each block."""
    driver, found = CometBft(ledger), []
    for number, raws in enumerate(blocks, start=1):
        entries = tuple(pack(raws[at : at + BUNDLE]) for at in range(0, len(raws), BUNDLE))
        proposal = Proposal(number, START + number, entries)
        assert all(driver.check_tx(entry, START).code == ACCEPTED for entry in entries)
        assert driver.process_proposal(proposal)
        begin, cpu = time.perf_counter(), time.process_time()
        driver.finalize_block(proposal, START)
        driver.commit()
        found.append((time.perf_counter() - begin, time.process_time() - cpu))
        assert len(driver.drain()[0].prepared.result.receipts) == len(raws)
    return found


def by_embedded(ledger: Ledger, blocks: list[list[bytes]]) -> list[tuple[float, float]]:
    """(seconds, CPU seconds) of closing a block, for each."""
    driver, found = Embedded(ledger, Signatures(verify), Grouping(transactions_max=BLOCK)), []
    for number, raws in enumerate(blocks, start=1):
        for raw in raws:
            driver.submit(raw, START + number)
        begin, cpu = time.perf_counter(), time.process_time()
        assert driver.step(START + number).committed is not None
        found.append((time.perf_counter() - begin, time.process_time() - cpu))
    return found


def run() -> list[dict[str, object]]:
    """The row."""
    members = [Member(f"member-{number}") for number in range(SIGNERS)]
    figures = []
    for measure in (by_cometbft, by_embedded):
        with tempfile.TemporaryDirectory() as folder:
            ledger = filled(Path(folder), members)
            raws = transactions(members, ledger.network, 0, BLOCK * BLOCKS)
            settle()
            found = measure(ledger, [raws[at : at + BLOCK] for at in range(0, len(raws), BLOCK)])
            figures.append([1000 * median(column) for column in zip(*found, strict=True)])
            ledger.store.close()
    (wall, cpu), (peer, peer_cpu) = figures
    return [
        {
            "id": "bft.block",
            "value": round(wall, 1),
            "unit": "ms",
            "peer": "the embedded driver closing such a block",
            "peer_value": round(peer, 1),
            "ratio": round(wall / peer, 2),
            "bar": "<= 100 ms",
            "met": wall <= 100,
            "note": f"median of {BLOCKS} durable blocks of {BLOCK}, {ENTRIES:,} state entries; of it CPU "
            f"{cpu:.0f} ms, the embedded driver's {peer_cpu:.0f} ms",
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
