"""The store on disk refuses what it cannot do with one clear error, and stays usable or closed."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import lmdb
import pytest

from consortia.kernel.tree import Tree, TreeError
from consortia.store import lmdb as store_module
from consortia.store import view
from consortia.store.errors import StoreError
from consortia.store.lmdb import LmdbStore
from consortia.store.lock import FolderLock
from tests.store.blocks import Chain, grown


def meta(folder: Path, key: bytes, value: bytes | None) -> None:
    """Write straight into the meta database."""
    with lmdb.open(str(folder / "data.mdb"), subdir=False, max_dbs=9) as env:
        db = env.open_db(b"meta")
        with env.begin(write=True) as txn:
            if value is None:
                txn.delete(key, db=db)
            else:
                txn.put(key, value, db=db)


def test_a_ledger_is_found_again_after_closing(tmp_path: Path) -> None:
    chain = grown(tmp_path, 6)
    chain.store.close()
    chain.store.close()
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        chain.check(view)
        assert Tree.open(view, chain.tree.root).root == chain.tree.root


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    chain = grown(tmp_path, 1)
    write, _, _ = chain.block()
    chain.store.close()
    with pytest.raises(StoreError, match="closed"), chain.store.snapshot():
        pass
    with pytest.raises(StoreError, match="closed"):
        chain.store.commit(write)


def test_only_one_may_write(tmp_path: Path) -> None:
    with LmdbStore(tmp_path):
        with pytest.raises(StoreError, match="another process writes"):
            LmdbStore(tmp_path)
        with pytest.raises(StoreError, match="or read a copy"):
            LmdbStore(tmp_path, read_only=True)
        code = (
            "import sys, pathlib; from consortia.store.lmdb import LmdbStore; "
            "LmdbStore(pathlib.Path(sys.argv[1]))"
        )
        other = subprocess.run(
            [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False
        )
        assert "another process writes to this ledger; stop it first" in other.stderr
    LmdbStore(tmp_path).close()


def test_a_copy_can_be_made_while_the_ledger_grows_and_read_alone(tmp_path: Path) -> None:
    chain = grown(tmp_path / "one", 5)
    with chain.store.snapshot():
        chain.store.copy(tmp_path / "two")
    with pytest.raises(StoreError, match="a ledger already"):
        chain.store.copy(tmp_path / "two")
    with LmdbStore(tmp_path / "two", read_only=True) as copy:
        with copy.snapshot() as view:
            chain.check(view)
        with pytest.raises(StoreError, match="for reading only"):
            copy.put_note(1, b"")
        assert not (tmp_path / "two" / "data.mdb-lock").exists()
    chain.append()
    chain.store.close()


def test_reading_needs_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no ledger here; name a ledger's folder"):
        LmdbStore(tmp_path, read_only=True)
    lmdb.open(str(tmp_path / "data.mdb"), subdir=False).close()
    with pytest.raises(StoreError, match="not a whole ledger"):
        LmdbStore(tmp_path, read_only=True)


def test_another_format_is_refused(tmp_path: Path) -> None:
    grown(tmp_path, 1).store.close()
    meta(tmp_path, b"format", (1).to_bytes(8, "big"))
    with pytest.raises(StoreError, match="format is 1, this software writes 3; export it with the software"):
        LmdbStore(tmp_path)
    meta(tmp_path, b"format", None)
    with pytest.raises(StoreError, match="format version is missing"):
        LmdbStore(tmp_path)


def test_transactions_are_found_on_whatever_shelf_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "SHELF_LEAVES", 5)
    chain = grown(tmp_path, 6)
    assert len(chain.leaves) > 3 * view.SHELF_LEAVES
    with chain.store.snapshot() as found:
        chain.check(found)
        assert found.transaction(b"unknown") is found.transaction(b"") is None
    chain.store.close()


@pytest.mark.parametrize("at", [0, 31, 32, 39, 40, -1])
def test_a_damaged_commit_marker_is_refused(tmp_path: Path, at: int) -> None:
    chain = grown(tmp_path, 2)
    with chain.store.snapshot() as view:
        checked = view.height.to_bytes(8, "big") + (view.mark() or b"")
    chain.store.close()
    mark = bytearray(hashlib.sha256(checked).digest() + checked)
    mark[at] ^= 1
    meta(tmp_path, b"mark", bytes(mark))
    with pytest.raises(StoreError, match="commit marker is damaged"):
        LmdbStore(tmp_path)


def test_a_store_without_its_marker_is_an_empty_ledger_whose_tree_does_not_open(tmp_path: Path) -> None:
    chain = grown(tmp_path, 2)
    chain.store.close()
    meta(tmp_path, b"mark", None)
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        assert view.mark() is None
        with pytest.raises(TreeError):
            Tree.open(view, chain.tree.root[::-1])


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    for data in (b"hello", bytes(4096), bytes(100_000), os.urandom(100_000)):
        (tmp_path / "data.mdb").write_bytes(data)
        with pytest.raises(StoreError, match=r"data\.mdb: the file is damaged .*; restore it"):
            LmdbStore(tmp_path)


def test_a_cut_file_is_refused_or_whole(tmp_path: Path) -> None:
    chain = grown(tmp_path / "whole", 8)
    chain.store.close()
    data = (tmp_path / "whole" / "data.mdb").read_bytes()
    for cut in range(1, len(data), 4096 * 3 + 11):
        folder = tmp_path / "cut"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "data.mdb").write_bytes(data[:cut])
        for read_only in (True, False):
            with pytest.raises(StoreError, match="restore it"):
                LmdbStore(folder, read_only=read_only)


def test_the_map_grows_by_itself(tmp_path: Path) -> None:
    with LmdbStore(tmp_path, map_bytes=1 << 17) as store:
        chain = Chain(store, seed=6)
        for _ in range(8):
            chain.append(100, bytes_each=1500)
        with store.snapshot() as view:
            chain.check(view)
        assert store._env.info()["map_size"] > 1 << 17


def test_the_map_waits_for_readers_before_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "GROW_SECONDS_MAX", 0.05)
    with LmdbStore(tmp_path, map_bytes=1 << 17) as store:
        chain = Chain(store, seed=7)
        write, plan, frontier = chain.block(400, bytes_each=1500)
        with store.snapshot(), pytest.raises(StoreError, match="cannot grow while a snapshot is open"):
            store.commit(write)
        store.commit(write)
        chain.settle(write, plan, frontier)
        with store.snapshot() as view:
            chain.check(view)


def test_the_map_grows_once_another_threads_snapshot_ends(tmp_path: Path) -> None:
    with LmdbStore(tmp_path, map_bytes=1 << 17) as store:
        chain = Chain(store, seed=8)
        entered, leave = threading.Event(), threading.Event()

        def read() -> None:
            with store.snapshot() as view:
                entered.set()
                leave.wait()
                assert view.height == -1

        reader = threading.Thread(target=read)
        reader.start()
        entered.wait()
        write, plan, frontier = chain.block(400, bytes_each=1500)
        threading.Timer(0.1, leave.set).start()
        store.commit(write)
        reader.join()
        chain.settle(write, plan, frontier)
        with store.snapshot() as view:
            chain.check(view)


def test_a_key_that_is_too_long_changes_nothing(tmp_path: Path) -> None:
    with LmdbStore(tmp_path) as store:
        chain = Chain(store, seed=9)
        chain.append()
        write, plan, frontier = chain.block()
        changes = {**write.changes, b"k" * 512: b"v"}
        fields = {name: getattr(write, name) for name in write.__slots__}
        with pytest.raises(StoreError, match="a key is too long"):
            store.commit(type(write)(**{**fields, "changes": changes}))
        with store.snapshot() as view:
            chain.check(view)
        store.commit(write)
        chain.settle(write, plan, frontier)
        with store.snapshot() as view:
            chain.check(view)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=r"file/ledger: the folder cannot be made .*; look at the disk"):
        LmdbStore(tmp_path / "file" / "ledger")


def test_a_place_where_no_file_can_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").mkdir()
    with pytest.raises(StoreError, match=r"data\.mdb: it cannot be opened .*; look at the disk"):
        LmdbStore(tmp_path)
    LmdbStore(tmp_path / "other").close()  # the lock of the failed attempt is no hindrance


def test_reading_a_copy_without_a_lock_file_takes_none(tmp_path: Path) -> None:
    chain = grown(tmp_path / "one", 2)
    chain.store.copy(tmp_path / "two")
    chain.store.close()
    with (
        LmdbStore(tmp_path / "two", read_only=True) as first,
        LmdbStore(tmp_path / "one", read_only=True) as second,
    ):
        for store in (first, second):
            with store.snapshot() as view:
                chain.check(view)
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == ["data.mdb"]


def test_what_a_damaged_file_does_to_a_reader_is_one_clear_error(tmp_path: Path) -> None:
    chain = grown(tmp_path, 2)
    with pytest.raises(StoreError, match="the file is damaged"), chain.store.snapshot() as view:
        view.bucket(b"")  # LMDB's own complaint, here about an empty key
    chain.store.close()


def test_a_folder_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the folder is missing; make it, or name another"):
        FolderLock(tmp_path / "missing", write=True)


def test_a_note_that_was_laid_is_read_at_once_and_written_with_the_next_block_or_at_the_end(tmp_path):
    with LmdbStore(tmp_path / "ledger") as store:
        store.put_note(4, b"four")
        store.lay_note(9, b"nine")
        with store.snapshot() as view:
            assert view.newest_note() == (9, b"nine")
            assert list(view.notes()) == [(4, b"four"), (9, b"nine")]
        store.put_driver(b"a mark")
        store.lay_note(7, b"seven")
        with store.snapshot() as view:
            assert (view.note(7), view.newest_note()) == (b"seven", (9, b"nine"))
    with LmdbStore(tmp_path / "ledger") as store, store.snapshot() as view:
        assert list(view.notes()) == [(4, b"four"), (7, b"seven"), (9, b"nine")]
