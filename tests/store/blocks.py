"""Blocks for store tests: a small machine's worth of tree, log and state, without the machine."""

import random
from dataclasses import dataclass, field
from pathlib import Path

from consortia.base import merkle, setcommit
from consortia.base.hashing import sha256
from consortia.kernel.durable import BlockWrite, LedgerStore, View
from consortia.kernel.tree import Tree, hashed, key_hash, value_hash


@dataclass
class Chain:
    """A chain of random blocks over a store, with a plain model of all it should hold."""

    store: LedgerStore
    seed: int = 0
    history: int = 4
    tree: Tree = field(init=False)
    frontier: merkle.Frontier = field(default_factory=merkle.Frontier)
    state: dict[bytes, bytes] = field(default_factory=dict)
    leaves: list[bytes] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    transactions: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.tree = Tree(-1, history=self.history)

    @property
    def height(self) -> int:
        return self.tree.height

    def block(self, entries: int = 60, bytes_each: int = 40):
        """The next block's write, its plan, and what becomes of this chain once it is durable."""
        draw, height, first = self.draw, self.height + 1, self.frontier.size
        changes: dict[bytes, bytes | None] = {
            b"m/t/%d" % draw.randrange(4 * entries): draw.randbytes(bytes_each) for _ in range(entries)
        }
        changes.update({b"m/t/%d" % draw.randrange(4 * entries): None for _ in range(entries // 4)})
        changes = dict(sorted(changes.items()))
        leaves = tuple(
            b"leaf %d %d " % (height, at) + draw.randbytes(20) for at in range(draw.randrange(1, 9))
        )
        frontier = self.frontier.copy()
        hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
        nodes = [(0, first + at, digest) for at, digest in enumerate(hashes)] + frontier.extend(hashes)
        with self.store.snapshot() as view:
            plan = self.tree.plan(view, hashed(changes))
        ids = tuple((sha256(leaf), first + at) for at, leaf in enumerate(leaves[:-1]))
        write = BlockWrite(
            height=height,
            block=b"block %d" % height,
            first=first,
            leaves=leaves,
            nodes=tuple(nodes),
            transactions=ids,
            changes=changes,
            buckets=plan.buckets,
            delta=plan.delta,
            forget=plan.forget,
            mark=plan.root + frontier.encode(),
        )
        return write, plan, frontier

    def append(self, entries: int = 60, bytes_each: int = 40) -> None:
        write, plan, frontier = self.block(entries, bytes_each)
        self.store.commit(write)
        self.settle(write, plan, frontier)

    def settle(self, write: BlockWrite, plan, frontier: merkle.Frontier) -> None:
        """Take a block that is durable into the model."""
        self.tree.adopt(plan)
        self.frontier = frontier
        self.leaves.extend(write.leaves)
        self.headers.append(len(self.leaves) - 1)
        self.transactions.update({tx: (write.height, index) for tx, index in write.transactions})
        for key, value in write.changes.items():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value

    def check(self, view: View) -> None:
        """The view holds exactly what this chain committed."""
        check(view, self.height, self.state, self.leaves, self.history)
        for height, header in enumerate(self.headers):
            assert view.block(height) == b"block %d" % height
            assert view.header(height) == header
        assert view.block(self.height + 1) is None
        assert view.header(self.height + 1) is None
        for tx, place in self.transactions.items():
            assert view.transaction(tx) == place
        for key in self.state:
            assert view.get(key) == self.state[key]


def check(view: View, height: int, state: dict[bytes, bytes], leaves: list[bytes], history: int) -> None:
    """State, tree, log and marker of a view fit together and are these."""
    assert view.height == height
    assert list(view.scan(b"")) == sorted(state.items())
    assert [view.leaf(at) for at in range(len(leaves) + 1)] == [*leaves, None]
    root = setcommit.root({key_hash(key): value_hash(value) for key, value in state.items()})
    mark = view.mark() or setcommit.EMPTY_ROOT + merkle.Frontier().encode()
    assert mark[:32] == root
    assert Tree.open(view, root, history=history).height == height
    frontier = merkle.Frontier()
    nodes = frontier.extend([merkle.leaf_hash(leaf) for leaf in leaves])
    assert merkle.Frontier.decode(mark[32:]) == frontier
    assert all(view.node(level, index) == digest for level, index, digest in nodes)
    assert view.node(1, len(leaves)) is None
    assert [h for h in range(height + 2) if view.delta(h) is not None] == kept(height, history)


def kept(height: int, history: int) -> list[int]:
    """The heights whose deltas a store keeps."""
    return [h for h in range(height + 1) if h > height - history or h == 0]


def grown(folder: Path, heights: int, seed: int = 0) -> Chain:
    """A chain of some heights on disk; the caller closes its store."""
    from consortia.store.lmdb import LmdbStore

    chain = Chain(LmdbStore(folder), seed)
    for _ in range(heights):
        chain.append()
    return chain
