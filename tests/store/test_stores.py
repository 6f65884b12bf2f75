"""Every store keeps exactly what was committed, and shows it consistently."""

from collections.abc import Callable
from pathlib import Path

import pytest

from consortia.kernel.durable import LedgerStore
from consortia.store.lmdb import LmdbStore
from consortia.store.memory import MemoryStore
from tests.store.blocks import Chain

MAKERS: dict[str, Callable[[Path], LedgerStore]] = {
    "lmdb": lambda folder: LmdbStore(folder / "ledger"),
    "memory": lambda _folder: MemoryStore(),
}


@pytest.fixture(params=MAKERS)
def store(request, tmp_path):
    made = MAKERS[request.param](tmp_path)
    yield made
    made.close()


def test_an_empty_store_holds_nothing(store: LedgerStore) -> None:
    with store.snapshot() as view:
        assert view.height == -1
        assert view.mark() is None
        assert view.newest_note() is None
        assert list(view.scan(b"")) == list(view.buckets()) == []
        for found in (view.get(b"k"), view.get(b""), view.bucket(b"\x01"), view.delta(0), view.block(0)):
            assert found is None
        for found in (view.header(0), view.leaf(0), view.node(0, 0), view.node(1, 0), view.transaction(b"")):
            assert found is None
        assert view.note(1) is None


def test_what_was_committed_is_there(store: LedgerStore) -> None:
    chain = Chain(store, seed=1)
    for _ in range(12):
        chain.append()
        with store.snapshot() as view:
            chain.check(view)


def test_a_scan_gives_one_prefix_in_order(store: LedgerStore) -> None:
    chain = Chain(store, seed=2)
    chain.append(200)
    with store.snapshot() as view:
        for prefix in (b"m/t/1", b"m/t/12", b"m/", b"n", b"m/t/\xff"):
            wanted = sorted(item for item in chain.state.items() if item[0].startswith(prefix))
            assert list(view.scan(prefix)) == wanted
            keys = [key for key, _ in wanted[::7]]
            for last in [b"m", b"m/t/\xff", b"z", *keys, *[key + b"0" for key in keys]]:
                assert list(view.scan(prefix, last)) == [item for item in wanted if item[0] > last]


def test_notes_are_kept_by_size_beside_the_blocks(store: LedgerStore) -> None:
    chain = Chain(store, seed=3)
    chain.append()
    for size, note in ((5, b"five"), (300, b"three hundred"), (7, b"seven"), (300, b"three hundred again")):
        store.put_note(size, note)
    with store.snapshot() as view:
        assert view.note(5) == b"five"
        assert view.note(6) is None
        assert view.newest_note() == (300, b"three hundred again")
        assert list(view.notes()) == [(5, b"five"), (7, b"seven"), (300, b"three hundred again")]
        chain.check(view)


def test_a_leaf_hash_is_its_leafs(store: LedgerStore) -> None:
    from consortia.base.merkle import leaf_hash

    chain = Chain(store, seed=4)
    chain.append()
    with store.snapshot() as view:
        assert [view.node(0, at) for at in range(len(chain.leaves))] == [leaf_hash(x) for x in chain.leaves]


def test_in_memory_nothing_may_be_written_under_a_reader() -> None:
    store = MemoryStore()
    with store.snapshot(), pytest.raises(RuntimeError, match="a snapshot is open"):
        store.put_note(1, b"")


def test_a_snapshot_on_disk_stays_as_it_was_while_blocks_are_committed(tmp_path: Path) -> None:
    with LmdbStore(tmp_path) as store:
        chain = Chain(store, seed=5)
        chain.append()
        state, height = dict(chain.state), chain.height
        with store.snapshot() as view:
            for _ in range(5):
                chain.append()
            assert view.height == height
            assert list(view.scan(b"")) == sorted(state.items())
        with store.snapshot() as view:
            chain.check(view)
