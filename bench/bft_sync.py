"""bft.sync: a ledger of 1,000,000 state entries restored from a snapshot, every chunk checked.

Two nodes' stores on one disk: one makes the snapshot, the other checks its metadata, takes chunk by chunk and
stands at the end where the first stood, on disk. CometBFT's own part (light blocks, fetching chunks over the
network) is not in it. Beside it, in the same run: a plain copy of the first store's file, made durable.
"""

import shutil
import tempfile
import time
from pathlib import Path

from bench.ledger_path import LIMITS, START
from consortia.drivers.cometbft.driver import CometBft
from consortia.drivers.cometbft.proposal import Proposal
from consortia.drivers.cometbft.snapshots import Every, Snapshots
from consortia.kernel.block import Block
from consortia.kernel.ledger import Ledger
from consortia.kernel.transaction import call, sign_transaction
from consortia.store.lmdb import LmdbStore
from consortia.testing.plain import QUOTA, Member, Write, application, genesis

ENTRIES = 1_000_000
CALLS = 16
BLOCK = 1_000
HEIGHT = 2


def filled(ledger: Ledger, member: Member) -> None:
    """Put the state's entries in, signatures unchecked: this is not measured."""
    sequence = 0
    for start in range(0, ENTRIES, CALLS * BLOCK):
        raws = []
        for at in range(start, min(start + CALLS * BLOCK, ENTRIES), CALLS):
            names = range(at, min(at + CALLS, ENTRIES))
            calls = tuple(call(Write(f"entry-{name}", bytes(64)), "plain", "write") for name in names)
            expires = START + 10**12
            raws.append(
                sign_transaction(member.operator, ledger.network, calls, sequence=sequence, expires=expires)
            )
            sequence += 1
        ledger.append(Block(ledger.tip.height + 1, START, tuple(raws)), lambda *_: True)


def run() -> list[dict[str, object]]:
    """The row."""
    member = Member("member-0")
    record = genesis([member], time=START, quota=QUOTA, limits=LIMITS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = CometBft(
            Ledger.create(LmdbStore(folder / "source"), application(), record),
            snapshots=Snapshots(folder / "snapshots", Every(HEIGHT)),
        )
        filled(source.ledger, member)
        source.finalize_block(Proposal(1, START, ()), START)
        source.commit()
        source.finalize_block(Proposal(HEIGHT, START, ()), START)
        begin = time.perf_counter()
        source.commit()
        made = time.perf_counter() - begin
        target = CometBft(Ledger.create(LmdbStore(folder / "target"), application(), record))
        *_, offer = source.snapshots.offered(HEIGHT + 2)
        begin, cpu = time.perf_counter(), time.process_time()
        target.accept(offer, source.info()[1])
        for number in range(offer.chunks):
            target.apply(number, source.chunk(offer.height, number, offer.format))
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
        assert target.ledger.tip == source.ledger.tip
        begin = time.perf_counter()
        source.ledger.store.copy(folder / "copy")
        copied = time.perf_counter() - begin
        source.ledger.store.close()
        target.ledger.store.close()
        shutil.rmtree(folder / "snapshots")
    return [
        {
            "id": "bft.sync",
            "value": round(wall, 1),
            "unit": "s",
            "peer": "a plain, durable copy of the store's file",
            "peer_value": round(copied, 1),
            "ratio": round(wall / copied, 1),
            "bar": "<= 60 s",
            "met": wall <= 60,
            "note": f"{ENTRIES:,} state entries in {offer.chunks} chunks, all checked; CPU {cpu:.1f} s; "
            f"the snapshot was made in {made:.1f} s",
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
