"""ledger.state: state tree updates a second, 2,000 changes a block, on top of 10^5 and 10^6 entries.

A change is counted from key and value to the new root: hashing both, planning the block, switching over.
The note adds what the same blocks do with the durable LMDB transaction that holds state and tree included.
"""

import random
import statistics
import tempfile
import time
from pathlib import Path

from consortia.kernel.ledger import BlockWrite
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
    """Apply one block; return the seconds of tree work and of everything."""
    with store.snapshot() as view:
        start = time.perf_counter()
        plan = tree.plan(view, hashed(changes))
        planned = time.perf_counter()
    store.commit(write(plan, changes))
    committed = time.perf_counter()
    tree.adopt(plan)
    end = time.perf_counter()
    return planned - start + end - committed, end - start


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
                "note": f"{entries:,} entries, {CHANGES:,} changes a block; durable: {durable_rate:,.0f}/s",
            }
        )
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
