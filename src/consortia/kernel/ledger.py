"""The ledger: the machine bound to a store, one durable step a block.

`prepare` executes a block in memory, `commit` makes it durable in one transaction of the store and
only then moves the tip; a failed commit leaves nothing half done. Everything that can be proved (log
paths, state paths at recent heights, receipts) is read from here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from consortia.base.codec import Malformed, Record, decode_record, encode_record
from consortia.base.keys import verify
from consortia.base.merkle import (
    Frontier,
    leaf_hash,
    read_consistency_path,
    read_inclusion_path,
    root_at,
)
from consortia.base.setcommit import SetPath, unpack
from consortia.kernel.admission import Admission, Check
from consortia.kernel.application import Application
from consortia.kernel.batch import Admitted
from consortia.kernel.block import Block, Header, MemberSet, Receipt, parse_leaf
from consortia.kernel.context import Alarm, Context
from consortia.kernel.durable import Base, BlockWrite, DriverMark, LedgerStore, Mark, View
from consortia.kernel.genesis import Genesis
from consortia.kernel.machine import Changes, InvalidBlock, Machine, Result, Tip, no_alarm
from consortia.kernel.ports import SetStep
from consortia.kernel.store import MemoryReader, Overlay, Reader
from consortia.kernel.tree import Plan, Tree, TreeError, hashed, key_hash, value_hash


@dataclass(frozen=True, slots=True)
class Prepared:
    """A block executed in memory: what it does, and where the ledger will stand once it is durable."""

    block: Block
    result: Result
    tip: Tip
    write: BlockWrite
    plan: Plan
    frontier: Frontier


@dataclass(frozen=True, slots=True)
class Placed:
    """A receipt with its block's height and its leaf index in the log."""

    receipt: Receipt
    height: int
    leaf: int


class Ledger:
    """One network's ledger over one store. Not for use from two threads at once."""

    def __init__(
        self, store: LedgerStore, machine: Machine, tree: Tree, frontier: Frontier, tip: Tip
    ) -> None:
        """Use `create` or `open`; `genesis_bytes` is the encoded genesis, part of every block and proof."""
        self.store, self.machine = store, machine
        self.tip = tip
        self._tree, self._frontier = tree, frontier
        self.genesis_bytes = encode_record(machine.genesis)

    @classmethod
    def create(
        cls, store: LedgerStore, app: Application, genesis: Genesis, alarm: Alarm = no_alarm
    ) -> "Ledger":
        """Write the genesis block to an empty store; raises InvalidBlock if it is bad or the store in use."""
        with store.snapshot() as view:
            if view.mark() is not None:
                raise InvalidBlock("the store holds a ledger already")
        machine = Machine(app, genesis, genesis.network(), alarm)
        start = Tip(-1, genesis.time, 0, b"", b"")
        ledger = cls(store, machine, Tree(-1), Frontier(), start)
        with store.snapshot() as view:
            plans: list[Plan] = []
            result = machine.start(MemoryReader(), ledger._root_of(view, plans))
            prepared = ledger._prepare(Block(0, genesis.time, ()), result, plans[0])
        ledger.commit(prepared)
        return ledger

    @classmethod
    def open(cls, store: LedgerStore, app: Application, alarm: Alarm = no_alarm) -> "Ledger":
        """Open the ledger of a store; raises Malformed or TreeError when the store does not fit together."""
        genesis, tree, frontier, tip = _read(store)
        return cls(store, Machine(app, genesis, genesis.network(), alarm), tree, frontier, tip)

    def reload(self) -> None:
        """Stand where the store stands now, after another ledger of this network was restored into it.

        Raises as `open`, and Malformed for the ledger of another network; then nothing has moved.
        """
        genesis, tree, frontier, tip = _read(self.store)
        if genesis.network() != self.network:
            raise Malformed("the store holds the ledger of another network")
        self._tree, self._frontier, self.tip = tree, frontier, tip

    @property
    def base(self) -> Base | None:
        """Where this ledger begins, if it was restored from a snapshot."""
        with self.store.snapshot() as view:
            data = view.base()
        return None if data is None else decode_record(Base, data)

    @property
    def network(self) -> bytes:
        """The network id, 32 bytes."""
        return self.machine.network

    @property
    def app(self) -> Application:
        """The modules in force."""
        return self.machine.app

    @property
    def genesis(self) -> Genesis:
        """The network's genesis."""
        return self.machine.genesis

    def admission(self, view: Reader, time: int) -> Admission:
        """A fold that admits transactions to the next block at block time `time`, over `view`."""
        return self.machine.admission(view, self.tip, time)

    def check_versions(self, time: int) -> None:
        """Raise Outdated where a block at `time` would take rules that this software does not have."""
        with self.store.snapshot() as view:
            self.machine.admission(view, self.tip, time)

    def prepare(self, block: Block, check: Check = verify) -> Prepared:
        """Execute a block in memory; raises InvalidBlock and changes nothing when it does not fit."""
        with self.store.snapshot() as view:
            plans: list[Plan] = []
            result = self.machine.execute(view, self.tip, block, self._root_of(view, plans), check)
            return self._prepare(block, result, plans[0])

    def prepare_admitted(
        self, block: Block, admission: Admission, admitted: tuple[Admitted, ...]
    ) -> Prepared:
        """As `prepare`, for the block whose transactions `admission` has just admitted over this state."""
        with self.store.snapshot() as view:
            plans: list[Plan] = []
            root_of = self._root_of(view, plans)
            result = self.machine.run(view, self.tip, block, admission, admitted, root_of=root_of)
            return self._prepare(block, result, plans[0])

    def commit(self, prepared: Prepared, driver: DriverMark | None = None) -> None:
        """Make a prepared block durable, then move the tip; what the store raises leaves nothing done.

        The mark of a driver that keeps one is written with it.
        """
        if prepared.block.height != self.tip.height + 1:
            raise InvalidBlock(f"block {prepared.block.height} does not follow height {self.tip.height}")
        write = prepared.write
        self.store.commit(write if driver is None else replace(write, driver=encode_record(driver)))
        self._tree.adopt(prepared.plan)
        self._frontier = prepared.frontier
        self.tip = prepared.tip

    def driver_mark(self) -> DriverMark | None:
        """The mark that a driver keeps here, or None."""
        with self.store.snapshot() as view:
            data = view.driver()
        return None if data is None else decode_record(DriverMark, data)

    def mark_driver(self, mark: DriverMark) -> None:
        """Keep a driver's mark where no block is appended."""
        self.store.put_driver(encode_record(mark))

    def append(self, block: Block, check: Check = verify) -> Result:
        """Execute a block and make it durable."""
        prepared = self.prepare(block, check)
        self.commit(prepared)
        return prepared.result

    def query(self, name: str, arguments: Record) -> Record:
        """Answer a query on the newest state; raises LookupError for an unknown one."""
        with self.store.snapshot() as view:
            return self.machine.query(view, self.tip, name, arguments)

    def ask(self, question: Callable[[Context], Record | None]) -> Record | None:
        """What `question` finds in the newest state, read only."""
        with self.store.snapshot() as view:
            return question(self._context(view))

    def members(self) -> MemberSet:
        """The member set in force after the newest block: it cosigns the block that comes next."""
        with self.store.snapshot() as view:
            return self.app.keys.member_set(self._context(view))

    def set_changes(self) -> tuple[SetStep, ...]:
        """Every change of the member set since the genesis, oldest first."""
        with self.store.snapshot() as view:
            return self.app.keys.set_changes(self._context(view))

    def block(self, height: int) -> Block | None:
        """The block at a height, or None, as where a restored ledger begins."""
        with self.store.snapshot() as view:
            data = view.block(height)
        return decode_record(Block, data) if data else None

    def leaf(self, index: int) -> bytes | None:
        """The bytes of a log leaf, or None."""
        with self.store.snapshot() as view:
            return view.leaf(index)

    def leaves(self, first: int, count: int) -> list[bytes]:
        """The bytes of the log leaves from index `first` on, `count` of them or as many as there are."""
        with self.store.snapshot() as view:
            found = [view.leaf(index) for index in range(first, first + count)]
        return [data for data in found if data is not None]

    def header_index(self, height: int) -> int | None:
        """The leaf index of a block's header, or None."""
        with self.store.snapshot() as view:
            return view.header(height)

    def header(self, height: int) -> Header | None:
        """The header of a block, or None."""
        with self.store.snapshot() as view:
            index = view.header(height)
            data = None if index is None else view.leaf(index)
        found = None if data is None else parse_leaf(data)
        return found if isinstance(found, Header) else None

    def receipt(self, transaction: bytes) -> Placed | None:
        """The receipt of a transaction by id, with its place in the log, or None."""
        with self.store.snapshot() as view:
            place = view.transaction(transaction)
            if place is None:
                return None
            index = place[1]
            data = view.leaf(index)
        found = None if data is None else parse_leaf(data)
        return Placed(found, place[0], index) if isinstance(found, Receipt) else None

    def transaction_at(self, index: int) -> bytes:
        """The id of the transaction whose receipt is the leaf `index`; raises Malformed otherwise."""
        data = self.leaf(index)
        found = None if data is None else parse_leaf(data)
        if not isinstance(found, Receipt):
            raise Malformed(f"leaf {index} is no receipt")
        return found.transaction

    def root(self, size: int) -> bytes:
        """The log's root when it had `size` leaves; raises PathError beyond the newest size."""
        with self.store.snapshot() as view:
            return root_at(_nodes(view), size)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The inclusion path of a leaf in the log of `size` leaves."""
        with self.store.snapshot() as view:
            return tuple(read_inclusion_path(_nodes(view), index, size))

    def consistency(self, old_size: int, size: int) -> tuple[bytes, ...]:
        """The path which shows that the log of `size` continues that of `old_size`."""
        with self.store.snapshot() as view:
            return tuple(read_consistency_path(_nodes(view), old_size, size))

    def entry(self, key: bytes, height: int) -> tuple[bytes | None, SetPath]:
        """What stands at a state key now, or None, and its path under the state root of a recent height.

        Raises TreeError out of reach.
        """
        with self.store.snapshot() as view:
            return view.get(key), self._tree.path(view, key_hash(key), height)

    def check_state(self) -> None:
        """Raise TreeError unless the state, as it rests in the store, is the one that the tip commits to.

        The records of its tree must give the root. Whether they list the very entries that are there is told
        by a sum of all pairs of hashes, in whatever order: damage on a disk is no adversary.
        """
        with self.store.snapshot() as view:
            Tree.open(view, self.tip.state)
            listed = _sum(key + value for _, packed in view.buckets() for key, value in unpack(packed))
            there = _sum(key_hash(key) + value_hash(value) for key, value in view.scan(b""))
        if there != listed:
            raise TreeError("the state is not the one that the state tree commits to")

    def violations(self) -> list[str]:
        """Every invariant that does not hold, in words."""
        with self.store.snapshot() as view:
            return self.machine.violations(view, self.tip)

    def _context(self, view: View) -> Context:
        return Context(Overlay(view), self.network, self.tip.height, self.tip.time, self.tip.size)

    def _root_of(self, view: View, plans: list[Plan]) -> Callable[[Changes], bytes]:
        """A function that plans the state tree's change, keeps the plan, and gives the new root."""

        def root_of(changes: Changes) -> bytes:
            plans.append(self._tree.plan(view, hashed(changes)))
            return plans[-1].root

        return root_of

    def _prepare(self, block: Block, result: Result, plan: Plan) -> Prepared:
        frontier, first = self._frontier.copy(), self._frontier.size
        hashes = [leaf_hash(leaf) for leaf in result.leaves]
        nodes = [(0, first + at, digest) for at, digest in enumerate(hashes)] + frontier.extend(hashes)
        tip = Tip(block.height, block.time, frontier.size, plan.root, frontier.root())
        write = BlockWrite(
            height=block.height,
            block=encode_record(block),
            first=first,
            leaves=result.leaves,
            nodes=tuple(nodes),
            transactions=tuple((r.transaction, first + r.index) for r in result.receipts),
            changes=result.changes,
            buckets=plan.buckets,
            delta=plan.delta,
            forget=plan.forget,
            mark=encode_record(Mark(tip.height, tip.time, tip.state, frontier.encode(), self.genesis_bytes)),
        )
        return Prepared(block, result, tip, write, plan, frontier)


def _read(store: LedgerStore) -> tuple[Genesis, Tree, Frontier, Tip]:
    """Where the ledger of a store stands; raises as `Ledger.open`."""
    with store.snapshot() as view:
        data = view.mark()
        if data is None:
            raise Malformed("the store holds no ledger")
        mark = decode_record(Mark, data)
        genesis = decode_record(Genesis, mark.genesis)
        try:
            frontier = Frontier.decode(mark.frontier)
        except ValueError as error:
            raise Malformed(str(error)) from None
        tree = Tree.open(view, mark.state)
    return genesis, tree, frontier, Tip(mark.height, mark.time, frontier.size, mark.state, frontier.root())


def _nodes(view: View) -> Callable[[int, int], bytes]:
    """A reader of complete log nodes; raises Malformed where the store lacks one it should have."""

    def node(level: int, index: int) -> bytes:
        found = view.node(level, index)
        if found is None:
            raise Malformed(f"the store lacks node {index} of level {level} of the log")
        return found

    return node


def _sum(entries: Iterable[bytes]) -> int:
    """The sum of entries, read as numbers: the same in any order."""
    return sum(int.from_bytes(entry, "big") for entry in entries)
