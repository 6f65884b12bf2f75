"""A block is durable whole or not at all, and a ledger opened again stands where it stood."""

import pytest
from msgspec.structs import replace

from consortia.base.codec import Malformed, decode_record, encode_record
from consortia.base.merkle import Frontier, PathError, leaf_hash, verify_consistency
from consortia.kernel.block import Block
from consortia.kernel.durable import Base, DriverMark, Mark, Power, RestoreWrite
from consortia.kernel.ledger import Ledger
from consortia.kernel.machine import InvalidBlock
from consortia.kernel.tree import TreeError
from consortia.modules.identity.messages import SetEndpoint
from consortia.modules.identity.state import ENDPOINTS
from consortia.store.lmdb import LmdbStore
from consortia.store.memory import MemoryStore
from consortia.testing.machine import Bench


class FullDisk(MemoryStore):
    """A store that takes no more."""

    full = False

    def commit(self, write):
        if self.full:
            raise OSError("no space left")
        super().commit(write)


@pytest.fixture(params=["memory", "lmdb"])
def store(request, tmp_path):
    made = MemoryStore() if request.param == "memory" else LmdbStore(tmp_path / "ledger")
    yield made
    made.close()


@pytest.fixture(scope="module")
def bench():
    bench = Bench(4)
    for at in range(3):
        bench.ok("north", "admin", SetEndpoint(f"http://127.0.0.1:700{at}", None))
    return bench


def filled(store, bench):
    ledger = Ledger.create(store, bench.app, bench.genesis)
    for block in bench.blocks:
        ledger.append(block)
    return ledger


def test_every_kind_of_store_leads_to_the_benchs_roots(store, bench):
    assert filled(store, bench).tip == bench.tip


def test_a_ledger_opened_again_stands_where_it_stood(store, bench):
    ledger = filled(store, bench)
    again = Ledger.open(store, bench.app)
    assert (again.tip, again.network, again.genesis) == (ledger.tip, bench.network, bench.genesis)
    assert again.members() == ledger.members()
    assert again.violations() == []
    with pytest.raises(InvalidBlock, match="holds a ledger already"):
        Ledger.create(store, bench.app, bench.genesis)


def test_a_state_that_its_root_does_not_commit_to_is_found(bench):
    store = MemoryStore()
    ledger = filled(store, bench)
    ledger.check_state()
    with store.snapshot() as view:
        key, value = next(view.scan(b""))
    for changes in ({key: value + b"x"}, {key: value, b"never/written": b"x"}):
        view.update(changes)
        with pytest.raises(TreeError, match="the state is not the one"):
            ledger.check_state()
    view.update({b"never/written": None})
    ledger.check_state()


def test_an_empty_store_is_no_ledger(store, bench):
    with pytest.raises(Malformed, match="holds no ledger"):
        Ledger.open(store, bench.app)


def restore(store, bench):
    """Put into a store, in place of what it holds, the state of the bench's ledger and the end of its log."""
    source, tip = MemoryStore(), bench.tip
    filled(source, bench)
    hashes = [leaf_hash(leaf) for leaf in bench.leaves]
    with source.snapshot() as view:
        parts = [(dict(view.scan(b"")), dict(view.buckets()))]
        write = RestoreWrite(
            mark=view.mark(),
            driver=lambda _state: encode_record(DriverMark(9, bytes(32), 0, ())),
            base=encode_record(Base(tip.height, tip.size)),
            header=(tip.height, tip.size - 1, bench.leaves[-1]),
            nodes=(*((0, at, digest) for at, digest in enumerate(hashes)), *Frontier().extend(hashes)),
            parts=lambda: parts,
        )
    store.restore(write)


def test_a_ledger_into_whose_store_another_was_restored_stands_where_that_one_stood(store, bench):
    ledger = Ledger.create(store, bench.app, bench.genesis)
    assert ledger.base is None
    restore(store, bench)
    ledger.reload()
    assert (ledger.tip, ledger.base) == (bench.tip, Base(bench.tip.height, bench.tip.size))
    assert ledger.root(bench.tip.size) == bench.tip.root
    ledger.check_state()
    assert [ledger.block(block.height) for block in bench.blocks] == [None] * len(bench.blocks)
    ledger.append(Block(bench.tip.height + 1, bench.time, ()))


def test_the_ledger_of_another_network_is_not_taken_for_this_one(store, bench):
    other = Bench(2)
    ledger = Ledger.create(store, other.app, other.genesis)
    restore(store, bench)
    tip = ledger.tip
    with pytest.raises(Malformed, match="another network"):
        ledger.reload()
    assert ledger.tip == tip


def test_a_drivers_mark_is_kept_with_a_block_or_without_one(store, bench):
    ledger = Ledger.create(store, bench.app, bench.genesis)
    assert ledger.driver_mark() is None
    first, second = (DriverMark(height, bytes(32), 1, (Power(bytes(32), 1),)) for height in (5, 6))
    ledger.commit(ledger.prepare(bench.blocks[0]), first)
    assert ledger.driver_mark() == first
    ledger.append(bench.blocks[1])
    assert ledger.driver_mark() == first
    ledger.mark_driver(second)
    assert Ledger.open(store, bench.app).driver_mark() == second


def test_what_dies_between_prepare_and_commit_was_never_there(store, bench):
    ledger = Ledger.create(store, bench.app, bench.genesis)
    prepared = ledger.prepare(bench.blocks[0])
    again = Ledger.open(store, bench.app)
    assert again.tip.height == 0
    again.commit(prepared)
    assert again.tip == prepared.tip


def test_a_commit_that_the_store_refuses_leaves_the_ledger_as_it_was(bench):
    store = FullDisk()
    ledger = Ledger.create(store, bench.app, bench.genesis)
    store.full = True
    with pytest.raises(OSError, match="no space"):
        ledger.append(bench.blocks[0])
    assert (ledger.tip.height, ledger.block(1)) == (0, None)
    store.full = False
    for block in bench.blocks:
        ledger.append(block)
    assert ledger.tip == bench.tip


def test_a_block_commits_only_at_its_height(store, bench):
    ledger = Ledger.create(store, bench.app, bench.genesis)
    prepared = ledger.prepare(bench.blocks[0])
    ledger.commit(prepared)
    with pytest.raises(InvalidBlock, match="does not follow height 1"):
        ledger.commit(prepared)
    with pytest.raises(InvalidBlock, match="does not follow"):
        ledger.append(Block(7, bench.time, ()))


def test_blocks_leaves_and_receipts_are_read_where_they_stand(store, bench):
    ledger = filled(store, bench)
    assert [ledger.block(block.height) for block in bench.blocks] == bench.blocks
    assert [ledger.leaf(at) for at in range(ledger.tip.size)] == bench.leaves
    assert (ledger.leaves(1, 2), ledger.leaves(3, 99)) == (bench.leaves[1:3], bench.leaves[3:])
    placed = ledger.receipt(ledger.transaction_at(1))
    assert (placed.height, placed.leaf, placed.receipt.code) == (1, 1, "ok")
    assert ledger.header(1).first == 1
    assert (ledger.header(9), ledger.block(9), ledger.leaf(99), ledger.receipt(bytes(32))) == (None,) * 4
    for index in (2, 99):
        with pytest.raises(Malformed, match="is no receipt"):
            ledger.transaction_at(index)


def test_a_block_of_what_was_just_admitted_is_the_block_that_is_executed_anew(store, bench):
    ledger = Ledger.create(store, bench.app, bench.genesis)
    block = bench.blocks[0]
    with store.snapshot() as view:
        fold = ledger.admission(view, block.time)
        admitted = tuple(fold.admit(raw) for raw in block.transactions)
    quick, whole = ledger.prepare_admitted(block, fold, admitted), ledger.prepare(block)
    assert (quick.result, quick.tip, quick.write) == (whole.result, whole.tip, whole.write)


def test_a_question_is_answered_from_the_newest_state(store, bench):
    ledger = filled(store, bench)
    endpoint = ledger.ask(lambda ctx: ENDPOINTS.get(ctx, "north"))
    assert endpoint.url == "http://127.0.0.1:7002"
    assert ledger.ask(lambda ctx: None) is None


def test_a_marker_that_holds_no_frontier_opens_nothing(bench):
    store = MemoryStore()
    filled(store, bench)
    with store.snapshot() as view:
        mark = decode_record(Mark, view.mark())
        view._mark = encode_record(replace(mark, frontier=mark.frontier + b"x"))
    with pytest.raises(Malformed):
        Ledger.open(store, bench.app)


def test_any_log_size_continues_any_smaller_one(store, bench):
    ledger = filled(store, bench)
    sizes = range(ledger.tip.size + 1)
    for old in sizes:
        for size in sizes[old:]:
            path = ledger.consistency(old, size)
            verify_consistency(old, ledger.root(old), size, ledger.root(size), path)
    with pytest.raises((Malformed, PathError)):
        ledger.root(ledger.tip.size + 1)
    with pytest.raises(LookupError):
        ledger.query("identity.nothing", bench.genesis)
