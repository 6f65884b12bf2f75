"""Blobs by their hash, in a folder; a blob half fetched is continued where it broke off.

    blobs/ab/abcd...         the bytes of the blob abcd...
    blobs/ab/abcd....tree    its chunk hashes, when it has more than one chunk
    blobs/part/abcd....*     what has come so far: .tree, .data, and .have with one byte a chunk

A blob is in its place only when it is whole, checked and on the disk. What is read is checked again, so
a byte that changed on the disk is found and named, never served.
"""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
from consortia.node.home import write_private

ID_BYTES = 32
_COPY_BYTES = 1 << 20


class BlobError(RuntimeError):
    """A blob that cannot be kept or read; the text names it and says why."""


class NoBlob(BlobError):
    """This node does not hold the blob."""


class TooLarge(BlobError):
    """The blob, or all blobs together, would pass the limit."""


@dataclass(frozen=True, slots=True)
class BlobLimits:
    """Sizes in bytes: of one blob, and of all together."""

    blob_bytes_max: int = 4 << 30
    total_bytes_max: int = 256 << 30


class Blobs:
    """The blobs of one home. Safe to use from several threads of one process."""

    def __init__(self, folder: Path, limits: BlobLimits | None = None) -> None:
        """Keep blobs under `folder`, which is made when missing."""
        self.folder = folder
        self.limits = limits or BlobLimits()
        self._parts = folder / "part"
        self._parts.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in self._parts.glob("*.new"):
            leftover.unlink()
        self._total = sum(self.size(blob) for blob in self.ids())

    def put(self, data: bytes) -> bytes:
        """Keep bytes and give their id; raises TooLarge."""
        tree = hash_bytes(data)
        self._check_room(tree)
        if not self.has(tree.id):
            temporary = self._parts / f"{secrets.token_hex(8)}.new"
            _write(temporary, data)
            self._place(tree, temporary)
        return tree.id

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
        try:
            data = self._path(blob).read_bytes()
        except FileNotFoundError:
            raise NoBlob(f"no blob {blob.hex()}") from None
        if hash_bytes(data).id != blob:
            raise BlobError(f"the bytes of blob {blob.hex()} changed on the disk")
        return data

    def chunk(self, blob: bytes, index: int) -> bytes:
        """One chunk of 4 MiB (the last is what is left), checked; raises NoBlob, IndexError, BlobError."""
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
        if self.has(blob):
            self._total -= self.size(blob)
            self._path(blob).unlink()
            self._tree_path(blob).unlink(missing_ok=True)

    def ids(self) -> Iterator[bytes]:
        """The ids of all whole blobs, in order."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            if len(path.name) == 2 * ID_BYTES:
                yield bytes.fromhex(path.name)

    def receive(self, tree: ChunkTree) -> "Arrival":
        """Begin, or go on with, the arrival of a blob with this tree; raises TooLarge."""
        self._check_room(tree)
        return Arrival(self, self._parts / tree.id.hex(), tree)

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
        if self._total + tree.size > self.limits.total_bytes_max and not self.has(tree.id):
            raise TooLarge(f"the blobs have {self._total} bytes, at most {self.limits.total_bytes_max}")

    def _place(self, tree: ChunkTree, temporary: Path) -> None:
        """Move a whole, checked, durable file to where it belongs."""
        target = self._path(tree.id)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        if len(tree.chunks) > 1:
            write_private(self._tree_path(tree.id), tree.encode())
        temporary.replace(target)
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._total += tree.size

    def _path(self, blob: bytes) -> Path:
        if len(blob) != ID_BYTES:
            raise NoBlob("a blob's id has 32 bytes")
        name = blob.hex()
        return self.folder / name[:2] / name

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
        for path in (self._data, self._have, self._tree_file):
            path.unlink(missing_ok=True)


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
