"""A full, read-only or failing disk gives one clear error, and nothing that was committed is lost."""

import fcntl
import os
import re
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consortia.kernel.durable import BlockWrite
from consortia.store.errors import StoreError
from consortia.store.lmdb import FILE_NAME, LmdbStore
from tests.store.blocks import Chain, grown


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or not mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)):
        pytest.skip("no privilege to mount a small disk; the test with a file size limit stands in for it")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def file_size_limit(bytes_max: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def refused(chain: Chain, write: BlockWrite) -> str | None:
    """Commit; return what the store said if it refused."""
    try:
        chain.store.commit(write)
    except StoreError as error:
        return str(error)
    return None


def fill(chain: Chain):
    """Append until the disk is full; return the block that did not fit."""
    for _ in range(200):
        write, plan, frontier = chain.block(300, bytes_each=1000)
        refusal = refused(chain, write)
        if refusal:
            assert re.search(rf"{FILE_NAME}: the disk is full .*make room", refusal)
            return write, plan, frontier
        chain.settle(write, plan, frontier)
    raise AssertionError("the disk never became full")


def test_a_full_disk_refuses_the_block_and_goes_on_when_there_is_room(disk: Path) -> None:
    with LmdbStore(disk / "ledger") as store:
        chain = Chain(store)
        write, plan, frontier = fill(chain)
        assert chain.height > 0
        with store.snapshot() as view:
            chain.check(view)
        assert mount("-o", "remount,size=64m", str(disk))
        store.commit(write)
        chain.settle(write, plan, frontier)
    with LmdbStore(disk / "ledger") as store, store.snapshot() as view:
        chain.check(view)


def test_a_file_that_may_not_grow_refuses_the_block_and_goes_on_when_it_may(tmp_path: Path) -> None:
    with LmdbStore(tmp_path) as store:
        chain = Chain(store)
        chain.append()
        with file_size_limit(1 << 20):
            write, plan, frontier = fill(chain)
            with store.snapshot() as view:
                chain.check(view)
        store.commit(write)
        chain.settle(write, plan, frontier)
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        chain.check(view)


def test_a_full_disk_is_found_when_the_store_is_closed_and_opened_again(tmp_path: Path) -> None:
    with LmdbStore(tmp_path) as store:
        chain = Chain(store)
        chain.append()
        with file_size_limit(1 << 20):
            fill(chain)
    with LmdbStore(tmp_path) as store, store.snapshot() as view:
        chain.check(view)


def test_a_copy_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    chain = grown(tmp_path / "ledger", 12)
    with file_size_limit(1 << 14), pytest.raises(StoreError, match="the copy failed"):
        chain.store.copy(tmp_path / "copy")
    assert list((tmp_path / "copy").iterdir()) == []
    with chain.store.snapshot() as view:
        chain.check(view)
    chain.store.close()


def test_a_read_only_disk_can_be_read_but_not_written(disk: Path) -> None:
    chain = grown(disk / "ledger", 3)
    chain.store.close()
    assert mount("-o", "remount,ro", str(disk))
    with pytest.raises(
        StoreError, match=r"ledger: nothing can be written here \(Read-only file system\); make"
    ):
        LmdbStore(disk / "ledger")
    with pytest.raises(StoreError, match=r"other: the folder cannot be made \(Read-only file system\)"):
        LmdbStore(disk / "other")
    with LmdbStore(disk / "ledger", read_only=True) as store, store.snapshot() as view:
        chain.check(view)


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root; the read-only disk stands in")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    folder.mkdir(mode=0o500)
    with pytest.raises(StoreError, match=r"ledger: nothing can be written here \(Permission denied\)"):
        LmdbStore(folder)


def break_handle(file: Path, *, meta: bool) -> None:
    """Make every write of LMDB's data or meta handle fail."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        if entry.is_symlink() and entry.readlink() == file:
            handle = int(entry.name)
            if bool(fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_DSYNC) == meta:
                broken = os.open(file, os.O_RDONLY)
                os.dup2(broken, handle)
                os.close(broken)
                return
    raise AssertionError("LMDB has no such handle")


def test_a_disk_that_fails_to_write_refuses_the_block(tmp_path: Path) -> None:
    chain = grown(tmp_path, 3)
    write, plan, frontier = chain.block()
    break_handle(tmp_path / FILE_NAME, meta=False)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"full or failing \(.*\); make room, or look at the disk"):
            chain.store.commit(write)
        with chain.store.snapshot() as view:
            chain.check(view)
    chain.store.close()
    goes_on(chain, write, plan, frontier)


def test_a_disk_that_fails_in_the_last_moment_closes_the_store_and_loses_nothing(tmp_path: Path) -> None:
    chain = grown(tmp_path, 3)
    write, plan, frontier = chain.block()
    break_handle(tmp_path / FILE_NAME, meta=True)
    with pytest.raises(StoreError, match=r"the disk failed \(.*\); the store is closed; look at the disk"):
        chain.store.commit(write)
    with pytest.raises(StoreError, match="the store is closed; open it again"):
        chain.store.commit(write)
    goes_on(chain, write, plan, frontier)


def goes_on(chain: Chain, write: BlockWrite, plan, frontier) -> None:
    """Opened again, the store holds what it held, and takes the block."""
    with LmdbStore(chain.store.folder) as store:
        with store.snapshot() as view:
            chain.check(view)
        store.commit(write)
        chain.settle(write, plan, frontier)
        with store.snapshot() as view:
            chain.check(view)
