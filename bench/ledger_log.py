"""ledger.log: log appends a second beside pymerkle, both in memory, one leaf after the other."""

import statistics
import time

from consortia.base.merkle import Frontier, leaf_hash

LEAVES, RUNS = 20_000, 5


def ours(leaves):
    frontier, nodes = Frontier(), 0
    for leaf in leaves:
        nodes += len(frontier.append(leaf_hash(leaf)))
    return frontier.root()


def theirs(leaves):
    from pymerkle import InmemoryTree

    tree = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        tree.append_entry(leaf)
    return tree.get_root()


def rate(build, leaves):
    start = time.perf_counter()
    root = build(leaves)
    return len(leaves) / (time.perf_counter() - start), root


def run():
    """One row: appends a second, and the ratio to pymerkle's in the same run."""
    leaves = [b"leaf %d of the log, as long as a short receipt is" % at for at in range(LEAVES)]
    pairs = [(rate(ours, leaves), rate(theirs, leaves)) for _ in range(RUNS)]
    if any(mine[1] != peer[1] for mine, peer in pairs):
        raise RuntimeError("the two logs have different roots")
    value = statistics.median(mine[0] for mine, _ in pairs)
    peer_value = statistics.median(peer[0] for _, peer in pairs)
    return [
        {
            "id": "ledger.log",
            "value": round(value),
            "unit": "appends/s",
            "peer": "pymerkle",
            "peer_value": round(peer_value),
            "ratio": round(value / peer_value, 2),
            "bar": ">= 3 times pymerkle",
            "met": value >= 3 * peer_value,
            "note": "complete nodes handed out for the store; same root as pymerkle",
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
