"""A ledger's store on disk: one LMDB environment, `data.mdb`, in the ledger's folder.

| database | key | value |
|---|---|---|
| state | state key | value |
| buckets | bucket name | packed entries of the state tree |
| deltas | height | what leads the state tree back from that height |
| blocks | height | leaf index of its header (8 bytes), then the encoded block |
| leaves | leaf index | leaf bytes |
| nodes | level (1 byte), index | hash of a complete interior node of the log |
| transactions | shelf, transaction id | height, leaf index of the receipt |
| vouched | height | below a restored ledger's base: a change of the member set, with what proves it |
| notes | log size | final checkpoint note |
| meta | `format`, `mark` | format version; the checked commit marker |
| meta | `driver`, `base` | the driver's mark; where a restored ledger begins |

Numbers are 8 bytes, big endian, so they are in order. A block is one durable write transaction (data
pages synced, then the meta page that makes them count), so after any crash the store is as before or
after it. Notes are written outside blocks, or with the next one.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import lmdb

from consortia.kernel.durable import BlockWrite, RestoreWrite
from consortia.store.disk import sync
from consortia.store.errors import FULL, NoRoom, StoreError
from consortia.store.lock import FolderLock
from consortia.store.pages import PageError, check_pages, file_bytes
from consortia.store.view import BASE, DRIVER, FORMAT, MARK, Databases, LmdbView, key_of, node_key, number_of
from consortia.store.writing import put_all, put_mark, put_transactions, write_changes

FILE_NAME = "data.mdb"
FORMAT_VERSION = 3
"""1: blocks had no accusations, and nothing was kept of what stands below a restored ledger. 2: transactions
stood by id alone."""

MAP_BYTES = 1 << 30
"""Address space to start with; it doubles when it is full. Disk is used only as far as it is written."""

HOLD_BYTES = 4 << 30
"""Address space that a long reader finds free: more than blocks write before it ends."""

GROW_SECONDS_MAX = 10.0
"""So long the store waits for open snapshots to end before it may enlarge its map."""

_DATABASES = (
    "state",
    "buckets",
    "deltas",
    "blocks",
    "leaves",
    "nodes",
    "transactions",
    "vouched",
    "notes",
    "meta",
)
_RESTORE = "restore it from a backup or from another member's node"
_OTHER = "export it with the software that wrote it, and import that here: consortia import FILE --home NEW"
_LOOK = "look at the disk, its mount and its permissions"


class LmdbStore:
    """The store of one ledger folder. One process may write; reading without it needs a copy."""

    def __init__(self, folder: Path, *, read_only: bool = False, map_bytes: int = MAP_BYTES) -> None:
        """Open the store in `folder`, made on first use unless `read_only`.

        Raise StoreError when another process writes, the place cannot be written to, the file is cut,
        corrupt or of another format.
        """
        self.folder = folder
        self.path = folder / FILE_NAME
        self.read_only = read_only
        self._free = threading.Condition()
        self._views = 0
        self._laid = dict[int, bytes]()
        self._closed = False
        if not read_only:
            _make_folder(folder)
        elif not self.path.is_file():
            raise StoreError(self.path, "there is no ledger here", "name a ledger's folder")
        self._lock = FolderLock(folder, write=not read_only)
        try:
            self._env = self._open_environment(map_bytes)
            try:
                self._dbs = self._open_databases()
            except BaseException:
                self._env.close()
                raise
        except BaseException:
            self._lock.release()
            raise

    @contextmanager
    def snapshot(self) -> Iterator[LmdbView]:
        """A consistent view of what is committed. Raise StoreError when the file is damaged."""
        with self._reading(), self._env.begin(buffers=False) as txn:
            yield LmdbView(txn, self._dbs, dict(self._laid))

    @contextmanager
    def hold(self) -> Iterator[LmdbView]:
        """A view for a long reader, in another thread or not, while blocks are written.

        Nothing that it sees is overwritten and the map cannot grow meanwhile, so room is made before.
        """
        used = (self._env.info()["last_pgno"] + 1) * self._env.stat()["psize"]
        if self._env.info()["map_size"] < used + HOLD_BYTES:
            self._grow(used + 2 * HOLD_BYTES)
        with self.snapshot() as view:
            yield view

    def commit(self, write: BlockWrite) -> None:
        """Make a block durable, all or nothing. Raise StoreError, with nothing done, where that fails.

        After a full disk the store goes on as soon as there is room. It is closed, and must be opened
        again, when the disk failed in the very moment in which the block became valid.
        """
        self._transact(lambda txn: self._write_block(txn, write))

    def put_driver(self, mark: bytes) -> None:
        """Keep the driver's mark, durably, without a block. Raise as `commit` does."""
        self._transact(lambda txn: txn.put(DRIVER, mark, db=self._dbs.meta))

    def clear(self) -> None:
        """Forget everything, durably: the store holds no ledger. Raise as `commit` does."""
        self._laid = {}
        self._transact(self._clear)

    def restore(self, write: RestoreWrite) -> None:
        """Hold this ledger in the place of the one that was here, all or nothing. Raise as `commit` does.

        It is one write transaction: whoever reads meanwhile reads the ledger that was here.
        """

        def put(txn: "lmdb.Transaction[bytes]") -> None:
            dbs = self._dbs
            height, index, leaf = write.header
            self._clear(txn)
            for entries, buckets in write.parts():
                put_all(txn, dbs.state, sorted(entries.items()))
                put_all(txn, dbs.buckets, sorted(buckets.items()))
            txn.put(key_of(index), leaf, db=dbs.leaves)
            txn.put(key_of(height), key_of(index), db=dbs.blocks)
            put_all(txn, dbs.nodes, sorted((node_key(level, at), hash_) for level, at, hash_ in write.nodes))
            txn.put(DRIVER, write.driver(LmdbView(txn, dbs)), db=dbs.meta)
            txn.put(BASE, write.base, db=dbs.meta)
            put_mark(txn, dbs.meta, height, write.mark)

        self._laid = {}
        self._transact(put)

    def put_vouched(self, height: int, change: bytes) -> None:
        """Keep what vouches for a change of the member set below the base. Raise as `commit` does."""
        self._transact(lambda txn: txn.put(key_of(height), change, db=self._dbs.vouched))

    def put_note(self, size: int, note: bytes) -> None:
        """Keep the final note of a log size, durably, in place of an earlier one. Raise as `commit` does."""
        self._transact(lambda txn: txn.put(key_of(size), note, db=self._dbs.notes))

    def lay_note(self, size: int, note: bytes) -> None:
        """Keep a note in memory until the next write transaction, or `close`. A crash before may lose it."""
        self._laid[size] = note

    def copy(self, folder: Path) -> None:
        """Write a consistent, compact copy into an empty folder while the store is in use."""
        _make_folder(folder)
        self._write_laid()
        target = folder / FILE_NAME
        if target.exists():
            raise StoreError(target, "there is a ledger already", "name an empty folder")
        try:
            with self._reading(), target.open("xb") as file:
                self._env.copyfd(file.fileno(), compact=True)
                file.flush()
                os.fsync(file.fileno())
            sync(folder)
        except (StoreError, OSError) as error:
            target.unlink(missing_ok=True)
            raise StoreError(target, f"the copy failed ({error})", "see that the disk has room") from error

    def close(self) -> None:
        """Release the store; more than once is harmless."""
        if self._closed:
            return
        if self._laid:
            with suppress(StoreError):  # on a full or failing disk they are lost, as in a crash
                self._write_laid()
        if not self._closed:
            self._closed = True
            self._env.close()
            self._lock.release()

    def _write_laid(self) -> None:
        """Write the notes that wait for a block; they do not wait again where that fails."""
        laid, self._laid = self._laid, {}
        if laid:
            self._transact(lambda txn: self._put_notes(txn, laid))

    def _put_notes(self, txn: "lmdb.Transaction[bytes]", notes: Mapping[int, bytes]) -> None:
        put_all(txn, self._dbs.notes, [(key_of(size), note) for size, note in sorted(notes.items())])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_environment(self, map_bytes: int) -> lmdb.Environment:
        try:
            size = self.path.stat().st_size if self.path.exists() else 0
            if size and (self.read_only or size < file_bytes(self.path)):
                check_pages(self.path)
            return lmdb.open(
                str(self.path),
                subdir=False,
                map_size=max(map_bytes, 2 * size),
                max_dbs=len(_DATABASES),
                readonly=self.read_only,
                create=not self.read_only,
                lock=not self.read_only,
                mode=0o600,
                meminit=False,
            )
        except (lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.CorruptedError, PageError) as error:
            raise StoreError(self.path, f"the file is damaged ({error})", _RESTORE) from error
        except (lmdb.Error, OSError) as error:
            raise StoreError(self.path, f"it cannot be opened ({error})", _LOOK) from error

    def _open_databases(self) -> Databases:
        """Handles of all databases; a new file gets them, and the format version, in one transaction."""
        env = self._env
        try:
            if not self.read_only:
                env.reader_check()
            with env.begin() as txn:
                fresh = txn.stat(env.open_db(None, txn=txn))["entries"] == 0
            if fresh and not self.read_only:
                with env.begin(write=True) as txn:
                    meta = env.open_db(b"meta", txn=txn)
                    for name in _DATABASES:
                        env.open_db(name.encode(), txn=txn)
                    txn.put(FORMAT, key_of(FORMAT_VERSION), db=meta)
                sync(self.folder)
            dbs = Databases(*[env.open_db(name.encode(), create=False) for name in _DATABASES])
            with env.begin() as txn:
                self._check_meta(txn.get(FORMAT, db=dbs.meta), txn.get(MARK, db=dbs.meta))
            return dbs
        except (lmdb.Error, OSError) as error:
            raise StoreError(self.path, f"the file is not a whole ledger ({error})", _RESTORE) from error

    def _check_meta(self, version: bytes | None, mark: bytes | None) -> None:
        if version is None:
            raise StoreError(self.path, "the format version is missing", _RESTORE)
        if version != key_of(FORMAT_VERSION):
            problem = f"its format is {number_of(version)}, this software writes {FORMAT_VERSION}"
            raise StoreError(self.path, problem, _OTHER)
        if mark is not None and hashlib.sha256(mark[32:]).digest() != mark[:32]:
            raise StoreError(self.path, "the commit marker is damaged", _RESTORE)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """While this is entered, the map stays where it is."""
        if self._closed:
            raise StoreError(self.path, "the store is closed", "open it again")
        with self._free:
            self._views += 1
        try:
            yield
        except lmdb.Error as error:
            raise StoreError(self.path, f"the file is damaged ({error})", _RESTORE) from error
        finally:
            with self._free:
                self._views -= 1
                self._free.notify_all()

    def _transact(self, body: "Callable[[lmdb.Transaction[bytes]], object]") -> None:
        """Run `body` in one durable write transaction, with as much map as it takes."""
        if self._closed:
            raise StoreError(self.path, "the store is closed", "open it again")
        if self.read_only:
            raise StoreError(self.path, "it was opened for reading only", "open it for writing")
        while True:
            try:
                laid = dict(self._laid)
                with self._env.begin(write=True) as txn:
                    body(txn)
                    self._put_notes(txn, laid)
                self._laid = {size: note for size, note in self._laid.items() if laid.get(size) != note}
                return
            except lmdb.MapFullError:
                self._grow()
            except lmdb.BadValsizeError as error:
                raise StoreError(self.path, f"a key is too long ({error})", "shorten it") from error
            except lmdb.Error as error:
                raise self._disk_error(error) from error

    def _disk_error(self, error: lmdb.Error) -> StoreError:
        """What a failed commit means. Its transaction is undone, and the next one writes its pages anew.

        A short write on a full disk and a failing disk look the same to LMDB. Where it could not even
        put the old meta page back, it refuses to go on; so does the store.
        """
        try:
            with self._env.begin():
                pass
        except lmdb.Error:
            self.close()
            return StoreError(self.path, f"the disk failed ({error}); the store is closed", _LOOK)
        if any(os.strerror(number) in str(error) for number in FULL):
            return NoRoom(self.path, f"the disk is full ({error})", "make room, then go on")
        return NoRoom(self.path, f"the disk is full or failing ({error})", f"make room, or {_LOOK}")

    def _grow(self, size: int = 0) -> None:
        """Double the map, or make it of this size, once no snapshot is open in it."""
        with self._free:
            if not self._free.wait_for(lambda: self._views == 0, GROW_SECONDS_MAX):
                problem = "the map is full and cannot grow while a snapshot is open"
                raise StoreError(self.path, problem, "end the snapshot first")
            self._env.set_mapsize(size or 2 * self._env.info()["map_size"])

    def _write_block(self, txn: "lmdb.Transaction[bytes]", write: BlockWrite) -> None:
        dbs, first = self._dbs, write.first
        write_changes(txn, dbs.state, write.changes.items())
        write_changes(txn, dbs.buckets, write.buckets.items())
        txn.put(key_of(write.height), write.delta, db=dbs.deltas)
        if write.forget:
            txn.delete(key_of(write.forget), db=dbs.deltas)
        header = key_of(first + len(write.leaves) - 1)
        txn.put(key_of(write.height), header + write.block, db=dbs.blocks)
        places = range(first, first + len(write.leaves))
        put_all(txn, dbs.leaves, zip(map(key_of, places), write.leaves, strict=True))
        nodes = sorted([(node_key(level, index), digest) for level, index, digest in write.nodes if level])
        put_all(txn, dbs.nodes, nodes)
        put_transactions(txn, dbs.transactions, write.height, write.transactions)
        if write.driver is not None:
            txn.put(DRIVER, write.driver, db=dbs.meta)
        put_mark(txn, dbs.meta, write.height, write.mark)

    def _clear(self, txn: "lmdb.Transaction[bytes]") -> None:
        for name in _DATABASES:
            if name != "meta":
                txn.drop(getattr(self._dbs, name), delete=False)
        for key in (MARK, DRIVER, BASE):
            txn.delete(key, db=self._dbs.meta)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(folder, f"the folder cannot be made ({error.strerror})", _LOOK) from error
