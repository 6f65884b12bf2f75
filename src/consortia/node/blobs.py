"""Blobs by their hash, in a folder; a blob half fetched is continued where it broke off.

    blobs/ab/abcd...         the bytes of the blob abcd...
    blobs/ab/abcd....tree    its chunk hashes, when it has more than one chunk
    blobs/part/abcd....*     what has come so far: .tree, .data, and .have with one byte a chunk
    blobs/left/MEMBER/       what other members left (`allowances`)

A blob is in its place only when it is whole, checked and on the disk. What is read is checked again, so
a byte that changed on the disk is found and named, never served.
"""

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from consortia.base.codec import Malformed
from consortia.engines.commit.chunks import (
    BLOB_BYTES_MAX,
    CHUNK_BYTES,
    ChunkTree,
    WrongChunk,
    chunk_count,
    hash_bytes,
    hash_file,
)
from consortia.node.allowances import Allowances, AllowanceSpent
from consortia.node.home import write_private
from consortia.store.disk import sync

ID_BYTES = 32
PART_SECONDS_MAX = 86_400
_COPY_BYTES = 1 << 20
_LEFT = re.compile(r"[0-9a-f]{16}\.left")


class BlobError(RuntimeError):
    """A blob that cannot be kept or read; the text names it and says why."""


class NoBlob(BlobError):
    """This node does not hold the blob."""


class TooLarge(BlobError):
    """The blob, or all blobs together, would pass the limit."""


@dataclass(frozen=True, slots=True)
class BlobLimits:
    """Sizes in bytes: of one blob, of all together, of what each other member leaves; what stays free."""

    blob_bytes_max: int = 4 << 30
    total_bytes_max: int = 256 << 30
    member_bytes_max: int = 32 << 30
    free_bytes_min: int = 0


class Blobs:
    """The blobs of one home. Safe to use from several threads of one process."""

    def __init__(self, folder: Path, limits: BlobLimits | None = None) -> None:
        """Keep blobs under `folder`, which is made when missing."""
        self.folder = folder
        self.limits = limits or BlobLimits()
        self._parts = folder / "part"
        self._parts.mkdir(parents=True, exist_ok=True, mode=0o700)
        for kind in ("*.new", "*.left"):
            for leftover in self._parts.glob(kind):
                leftover.unlink()
        self._newest: tuple[bytes, bytes] | None = None
        self._placing = Lock()
        self._whole = sum(self.size(blob) for blob in self.ids())
        self._begun: dict[bytes, int] = {}
        for path in self._parts.glob("*.tree"):
            tree = self.begun(bytes.fromhex(path.stem))
            if tree is not None:
                self._begun[tree.id] = tree.size
        self.allowances = Allowances(
            folder / "left",
            member_bytes_max=self.limits.member_bytes_max,
            free_bytes_min=self.limits.free_bytes_min,
            size=self._expected,
        )

    def put(self, data: bytes, by: str = "") -> bytes:
        """Keep bytes and give their id; raises TooLarge.

        They are charged to another member that leaves them (`by`); raises AllowanceSpent.
        """
        tree = hash_bytes(data)
        self._keep(tree, data, by)
        return tree.id

    def keep(self, blob: bytes, data: bytes, by: str = "") -> None:
        """Keep the bytes of a blob that came from elsewhere whole; raises WrongChunk, and as `put`."""
        tree = hash_bytes(data)
        if tree.id != blob:
            raise WrongChunk("the bytes do not have the blob's hash")
        self._keep(tree, data, by)

    def put_file(self, path: Path) -> bytes:
        """Keep a copy of a file and give its id; raises TooLarge, OSError."""
        temporary = self._parts / f"{secrets.token_hex(8)}.new"
        try:
            with path.open("rb") as source, temporary.open("xb") as target:
                while data := source.read(_COPY_BYTES):
                    target.write(data)
                target.flush()
                os.fsync(target.fileno())
            tree = hash_file(temporary)
            self._check_room(tree)
            if not self.has(tree.id):
                self._place(tree, temporary)
        finally:
            temporary.unlink(missing_ok=True)
        return tree.id

    def adopt(self, name: str) -> bytes:
        """Keep a file that a program of the home wrote to be adopted (`left_blob`), and give its id.

        It is hashed and moved, not copied. Raises NoBlob when there is no such file, TooLarge. Such a program
        could write among the blobs anyway: what protects their readers is that each read is checked.
        """
        path = self._parts / name
        if _LEFT.fullmatch(name) is None or path.is_symlink() or not path.is_file():
            raise NoBlob(f"no file {name[:80]!r} to be adopted")
        try:
            data = path.read_bytes() if path.stat().st_size <= CHUNK_BYTES else None
            tree = hash_file(path) if data is None else hash_bytes(data)
            self._check_room(tree)
            if not self.has(tree.id):
                self._place(tree, path)
            if data is not None:
                self._newest = tree.id, data  # all members are about to ask for it
        except FileNotFoundError:  # its writer took it back
            raise NoBlob(f"no file {name} to be adopted any more") from None
        finally:
            path.unlink(missing_ok=True)
        return tree.id

    def has(self, blob: bytes) -> bool:
        """Whether the whole blob is here."""
        return self._path(blob).is_file()

    def size(self, blob: bytes) -> int:
        """The blob's size in bytes; raises NoBlob."""
        try:
            return self._path(blob).stat().st_size
        except FileNotFoundError:
            raise NoBlob(f"no blob {blob.hex()}") from None

    def read(self, blob: bytes) -> bytes:
        """The blob's bytes, checked; raises NoBlob, or BlobError when they changed on the disk."""
        return read_blob(self.folder, blob)

    def chunk(self, blob: bytes, index: int) -> bytes:
        """One chunk of 4 MiB (the last is what is left), checked; raises NoBlob, IndexError, BlobError."""
        if index == 0 and 0 < self.size(blob) <= CHUNK_BYTES:
            newest = self._newest
            return newest[1] if newest is not None and newest[0] == blob else self.read(blob)
        tree = self.tree(blob)
        expected = tree.chunk_bytes(index)
        with self._path(blob).open("rb") as file:
            file.seek(index * CHUNK_BYTES)
            data = file.read(expected)
        try:
            tree.verify(index, data)
        except WrongChunk as error:
            raise BlobError(f"blob {blob.hex()} changed on the disk: {error}") from None
        return data

    def slice(self, blob: bytes, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`, in pieces, each checked; raises as `chunk` does."""
        for index in range(start // CHUNK_BYTES, chunk_count(end) if end > start else 0):
            base = index * CHUNK_BYTES
            yield self.chunk(blob, index)[max(0, start - base) : end - base]

    def tree(self, blob: bytes) -> ChunkTree:
        """The blob's chunk tree; raises NoBlob, BlobError when it changed on the disk."""
        size = self.size(blob)
        listed = self._tree_path(blob)
        try:
            if listed.is_file():
                tree = ChunkTree.decode(listed.read_bytes(), blob)
            elif size > CHUNK_BYTES:
                raise BlobError(f"the chunk hashes of blob {blob.hex()} are missing")
            else:
                tree = hash_file(self._path(blob))
        except (Malformed, WrongChunk) as error:
            raise BlobError(f"blob {blob.hex()} changed on the disk: {error}") from None
        if tree.id != blob or tree.size != size:
            raise BlobError(f"blob {blob.hex()} changed on the disk")
        return tree

    def delete(self, blob: bytes) -> None:
        """Remove a blob, if it is here."""
        if self._newest is not None and self._newest[0] == blob:
            self._newest = None
        if self.has(blob):
            self._whole -= self.size(blob)
            self._path(blob).unlink()
            self._tree_path(blob).unlink(missing_ok=True)
            self.allowances.release(blob)

    def ids(self) -> Iterator[bytes]:
        """The ids of all whole blobs, in order."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            if len(path.name) == 2 * ID_BYTES:
                yield bytes.fromhex(path.name)

    def receive(self, tree: ChunkTree, by: str = "") -> "Arrival":
        """Begin, or go on with, the arrival of a blob with this tree; raises TooLarge.

        When it begins it is charged to another member that leaves it (`by`), even if it is here, which that
        member is not to learn; raises AllowanceSpent.
        """
        if tree.id not in self._begun:
            self._check_room(tree)
            if by and not self.allowances.left(by, tree.id):
                self._charge(by, tree)
            self._begun[tree.id] = tree.size
        return Arrival(self, self._parts / tree.id.hex(), tree)

    def forget(self, blob: bytes) -> None:
        """Forget what came of a blob; what is whole stays."""
        for kind in ("data", "have", "tree"):
            (self._parts / f"{blob.hex()}.{kind}").unlink(missing_ok=True)
        self._begun.pop(blob, None)
        if not self.has(blob):
            self.allowances.release(blob)

    def begun(self, blob: bytes) -> ChunkTree | None:
        """The tree of a blob whose arrival began before, or None."""
        path = self._parts / f"{blob.hex()}.tree"
        try:
            return ChunkTree.decode(path.read_bytes(), blob)
        except (FileNotFoundError, Malformed, WrongChunk):
            return None

    def _check_room(self, tree: ChunkTree) -> None:
        limit = min(self.limits.blob_bytes_max, BLOB_BYTES_MAX)
        if tree.size > limit:
            raise TooLarge(f"a blob of {tree.size} bytes, at most {limit} are kept")
        total = self._whole + sum(self._begun.values())
        if total + tree.size > self.limits.total_bytes_max and not self.has(tree.id):
            raise TooLarge(f"the blobs have {total} bytes, at most {self.limits.total_bytes_max}")

    def _charge(self, member: str, tree: ChunkTree) -> None:
        """Charge a member for a blob; where its allowance is spent, on what broke off long ago, anew."""
        try:
            self.allowances.charge(member, tree.id, tree.size, coming=sum(self._begun.values()))
        except AllowanceSpent:
            if not self._forget_old():
                raise
            self.allowances.charge(member, tree.id, tree.size, coming=sum(self._begun.values()))

    def _forget_old(self) -> int:
        """Forget arrivals to which nothing came for a day; gives how many."""
        oldest = time.time() - PART_SECONDS_MAX
        old = [path for path in self._parts.glob("*.data") if path.stat().st_mtime < oldest]
        for path in old:
            self.forget(bytes.fromhex(path.stem))
        return len(old)

    def _expected(self, blob: bytes) -> int | None:
        """The size of a blob that is here or on its way."""
        return self.size(blob) if self.has(blob) else self._begun.get(blob)

    def _keep(self, tree: ChunkTree, data: bytes, by: str) -> None:
        """Put bytes that are checked where they belong, durably; what came of them in parts is let go of."""
        self._check_room(tree)
        if by and tree.id not in self._begun and not self.allowances.left(by, tree.id):
            self._charge(by, tree)
        if self.has(tree.id):
            return
        temporary = self._parts / f"{secrets.token_hex(8)}.new"
        try:
            _write(temporary, data)
            self._place(tree, temporary)
        finally:
            temporary.unlink(missing_ok=True)
            self.forget(tree.id)

    def _place(self, tree: ChunkTree, temporary: Path) -> None:
        """Move a whole, checked, durable file to where it belongs."""
        target = self._path(tree.id)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        if len(tree.chunks) > 1:
            write_private(self._tree_path(tree.id), tree.encode())
        with self._placing:  # several may bring the same: it takes its room once
            self._whole += 0 if self.has(tree.id) else tree.size
            temporary.replace(target)
        sync(target.parent)

    def _path(self, blob: bytes) -> Path:
        return _path_in(self.folder, blob)

    def _tree_path(self, blob: bytes) -> Path:
        return self._path(blob).with_suffix(".tree")


class Arrival:
    """A blob on its way in: chunks in any order, each checked; what came stays over a break."""

    def __init__(self, blobs: Blobs, stem: Path, tree: ChunkTree) -> None:
        self.tree = tree
        self._blobs = blobs
        self._data, self._have = stem.with_suffix(".data"), stem.with_suffix(".have")
        self._tree_file = stem.with_suffix(".tree")
        if not self._tree_file.exists():
            write_private(self._tree_file, tree.encode())
        for path, size in ((self._data, tree.size), (self._have, len(tree.chunks))):
            with path.open("ab") as file:
                file.truncate(size)

    def missing(self) -> list[int]:
        """The chunks that have not come yet."""
        return [index for index, flag in enumerate(self._have.read_bytes()) if not flag]

    def put(self, index: int, chunk: bytes) -> None:
        """Keep a chunk; raises WrongChunk for one that is not the blob's."""
        self.tree.verify(index, chunk)
        _write_at(self._data, index * CHUNK_BYTES, chunk)
        _write_at(self._have, index, b"\x01")

    def finish(self) -> None:
        """Put the whole blob in its place; raises BlobError while chunks are missing.

        What lies on the disk is hashed once more: a break may have kept the flag and lost the bytes.
        """
        if missing := self.missing():
            raise BlobError(f"{len(missing)} chunks of blob {self.tree.id.hex()} are missing")
        if hash_file(self._data).id != self.tree.id:
            self.discard()
            raise BlobError(f"blob {self.tree.id.hex()} was damaged on the disk while it arrived")
        if not self._blobs.has(self.tree.id):
            self._blobs._place(self.tree, self._data)  # noqa: SLF001 (an arrival is a part of its store)
        self.discard()

    def discard(self) -> None:
        """Forget what came."""
        self._blobs.forget(self.tree.id)


@contextmanager
def left_blob(folder: Path, data: bytes) -> Iterator[str]:
    """Bytes in a file in a home's folder of blobs, durably, for its node to adopt under the name given.

    Raises OSError as the system does. What was not adopted by the end goes; if not then, at the next start.
    """
    path = folder / "part" / f"{secrets.token_hex(8)}.left"
    try:
        _write(path, data)
        yield path.name
    finally:
        path.unlink(missing_ok=True)


def read_blob(folder: Path, blob: bytes) -> bytes:
    """The bytes of a blob in a home's folder of blobs, checked; raises NoBlob, or BlobError as they changed.

    A blob in its place never changes, so the home's other programs may read it beside its node.
    """
    try:
        data = _path_in(folder, blob).read_bytes()
    except FileNotFoundError:
        raise NoBlob(f"no blob {blob.hex()}") from None
    if hash_bytes(data).id != blob:
        raise BlobError(f"the bytes of blob {blob.hex()} changed on the disk")
    return data


def _path_in(folder: Path, blob: bytes) -> Path:
    if len(blob) != ID_BYTES:
        raise NoBlob("a blob's id has 32 bytes")
    name = blob.hex()
    return folder / name[:2] / name


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _write_at(path: Path, at: int, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(descriptor, data, at)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
