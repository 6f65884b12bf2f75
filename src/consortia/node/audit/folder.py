"""What an audit reads of a home, maybe a stranger's: files in it, of bounded size; it writes nothing there.

A link could lead to the reader's own files, a pipe never end, a file be of a terabyte that is nowhere: a
sparse file costs whoever makes it nothing, and whoever reads it all of its length.
"""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from consortia.base.codec import Malformed
from consortia.engines.commit.chunks import CHUNK_BYTES, ChunkTree, WrongChunk, hash_file
from consortia.node.blobs import BlobError, NoBlob, read_blob
from consortia.node.config import FILE
from consortia.node.home import Home

READ_BYTES_MAX = 1 << 30
"""No file is read at once that has more; blobs are hashed, and the ledger copied, piece by piece."""

BLOB_BYTES_MAX = 4 << 30
"""Of a blob that has more nothing is read."""

_COPY_BYTES = 4 << 20
_BLOCK_BYTES = 512
"""What `st_blocks` counts in, whatever the file system."""


def unreadable(home: Home) -> Iterator[tuple[str, str]]:
    """What an audit of this home would not read, by place, with why."""
    for path in (home.path / FILE, home.genesis_file):
        yield from _unreadable(home, path, READ_BYTES_MAX)
    for folder in (home.snapshots, home.private):
        yield from _unreadable(home, folder, READ_BYTES_MAX)
    for folder in (home.ledger, home.blobs):
        yield from _unreadable(home, folder, None)


def _unreadable(home: Home, path: Path, most: int | None) -> Iterator[tuple[str, str]]:
    """The same of a path and all below it; a file has `most` bytes, if that is given."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    place, limit = str(path.relative_to(home.path)), READ_BYTES_MAX if path.suffix == ".tree" else most
    if stat.S_ISLNK(found.st_mode):
        yield place, "is a link, and an audit follows none: put what it leads to in its place, in a copy"
    elif stat.S_ISDIR(found.st_mode):
        for one in sorted(path.iterdir()):
            yield from _unreadable(home, one, most)
    elif not stat.S_ISREG(found.st_mode):
        yield place, "is neither a file nor a folder"
    elif limit is not None and found.st_size > limit:
        yield place, f"has {found.st_size:,} bytes, and an audit reads {limit:,} at most"


def copied(ledger: Path, target: Path) -> str | None:
    """Copy a ledger's folder into a new one; gives why not, where there is no room.

    Holes stay holes: a copy takes no more room than what is copied.
    """
    files = [path for path in sorted(ledger.iterdir()) if path.is_file()]
    taken, free = (
        sum(path.stat().st_blocks * _BLOCK_BYTES for path in files),
        shutil.disk_usage(target.parent).free,
    )
    if taken > free:
        return f"takes {taken:,} bytes, and {target.parent} has room for {free:,}"
    target.mkdir()
    for path in files:
        with path.open("rb") as source, (target / path.name).open("xb") as made:
            _copy(source.fileno(), made.fileno())
    return None


def _copy(source: int, target: int) -> None:
    size, at = os.fstat(source).st_size, 0
    os.truncate(target, size)
    while at < size:
        try:
            at = os.lseek(source, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                return
            raise
        end = os.lseek(source, at, os.SEEK_HOLE)
        while at < end:
            piece = os.pread(source, min(_COPY_BYTES, end - at), at)
            if not piece:
                return
            at += os.pwrite(target, piece, at)


class Shelf:
    """The blobs in a home's folder, for reading alone: a node's own object tidies the folder up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[Path]:
        """Where blobs are, and what stands among them under other names, in order."""
        found = sorted(self.folder.glob("[0-9a-f][0-9a-f]/*"))
        return [path for path in found if path.suffix != ".tree"]

    def check(self, path: Path) -> None:
        """Hash a file of a blob, whatever its size up to 4 GiB; raises BlobError."""
        try:
            blob = bytes.fromhex(path.name)
        except ValueError:
            raise BlobError("stands among the blobs and is none") from None
        size, listed = path.stat().st_size, path.with_suffix(".tree")
        if size > BLOB_BYTES_MAX:
            raise BlobError(f"has {size:,} bytes, and an audit reads {BLOB_BYTES_MAX:,} of a blob at most")
        try:
            tree = ChunkTree.decode(listed.read_bytes(), blob) if listed.is_file() else None
            if tree is None and size > CHUNK_BYTES:
                raise BlobError(f"the chunk hashes of blob {blob.hex()} are missing")
            if hash_file(path).id != blob or (tree is not None and (tree.id, tree.size) != (blob, size)):
                raise BlobError(f"blob {blob.hex()} changed on the disk")
        except (Malformed, WrongChunk) as error:
            raise BlobError(f"blob {blob.hex()} changed on the disk: {error}") from None

    def read(self, blob: bytes) -> bytes:
        """A blob's bytes, checked; raises NoBlob, BlobError."""
        path = self.folder / blob.hex()[:2] / blob.hex()
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            raise NoBlob(f"no blob {blob.hex()}") from None
        if size > READ_BYTES_MAX:
            raise BlobError(
                f"blob {blob.hex()} has {size:,} bytes, and an audit reads {READ_BYTES_MAX:,} at once"
            )
        return read_blob(self.folder, blob)
