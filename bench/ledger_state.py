"""ledger.state: state tree updates a second, 2,000 changes a block, on top of 10^5 and 10^6 entries.

A change is counted from key and value to the new root: hashing both, planning the block, switching over;
the value is per second of one core. The note adds changes a second by the clock on the wall with the
durable LMDB transaction that holds state and tree included.
"""

import random
import statistics
import tempfile
import time
from pathlib import Path

from consortia.kernel.durable import BlockWrite
from consortia.kernel.tree import Tree, hashed
from consortia.store.lmdb import LmdbStore

CHANGES, BLOCKS = 2_000, 15
CASES = (("ledger.state", 10**5, 45_000), ("ledger.state.million", 10**6, 30_000))


def write(plan, changes):
    return BlockWrite(
        height=plan.height,
        block=b"",
        first=plan.height,
        leaves=(b"",),
        nodes=(),
        transactions=(),
        changes=changes,
        buckets=plan.buckets,
        delta=plan.delta,
        forget=plan.forget,
        mark=plan.root,
    )


def step(store, tree, changes):
    """Apply one block; return the CPU seconds of tree work and the seconds of everything."""
    start = time.perf_counter()
    with store.snapshot() as view:
        begun = time.thread_time()
        plan = tree.plan(view, hashed(changes))
        work = time.thread_time() - begun
    store.commit(write(plan, changes))
    begun = time.thread_time()
    tree.adopt(plan)
    return work + time.thread_time() - begun, time.perf_counter() - start


def measure(entries):
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as folder, LmdbStore(Path(folder)) as store:
        tree = Tree(-1)
        step(store, tree, {b"module/table/%012d" % at: draw.randbytes(64) for at in range(entries)})
        times = []
        for _ in range(BLOCKS):
            keys = sorted({b"module/table/%012d" % draw.randrange(entries) for _ in range(CHANGES)})
            times.append(
                [part / len(keys) for part in step(store, tree, {key: draw.randbytes(64) for key in keys})]
            )
        return [1 / statistics.median(part) for part in zip(*times, strict=True)]


def run():
    """One row per size of the state."""
    rows = []
    for name, entries, bar in CASES:
        tree_rate, durable_rate = measure(entries)
        rows.append(
            {
                "id": name,
                "value": round(tree_rate),
                "unit": "changes/s",
                "bar": f">= {bar:,} changes/s",
                "met": tree_rate >= bar,
                "note": f"{entries:,} entries, {CHANGES:,} a block, one core; durable: {durable_rate:,.0f}/s",
            }
        )
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
