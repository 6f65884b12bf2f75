"""Private files that a crash leaves whole, and that leave nothing behind when they go.

A file is written to one beside it, forced to disk, then renamed. One that is written once and never replaced
(`keep`) is written where it belongs, with a digest at its end that tells whether it is whole: so the file
system's journal, for which everybody on the disk waits, is written once and not twice. Destroying a file
overwrites its blocks with zeros before they are given back. On solid-state disks, on file systems that copy
on write, in snapshots and in backups the old bytes may survive all the same.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from consortia.base.hashing import DIGEST_BYTES, sha256
from consortia.store.disk import sync

_ZEROS = bytes(1 << 20)


def write(path: Path, data: bytes, *, wipe: bool = False) -> None:
    """Put `data` in the place of the file, durably and at once; with `wipe` overwrite what stood there."""
    private(path.parent)
    beside = path.with_name(f".{path.name}.new")
    if beside.exists():  # a crash left it
        destroy(beside)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    old = os.open(path, os.O_RDWR) if wipe else None
    try:
        beside.replace(path)
        sync(path.parent)
        if old is not None:
            _wipe(old)
    finally:
        if old is not None:
            os.close(old)


def keep(path: Path, data: bytes) -> None:
    """Put `data` into a file that is not there yet, or that a crash left unfinished, durably."""
    private(path.parent)
    if path.exists():  # a crash left it unfinished
        destroy(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        for piece in (data, sha256(data)):
            _write_all(file.fileno(), piece)
        os.fsync(file.fileno())
    sync(path.parent)


def kept(path: Path) -> bytes | None:
    """What was put into a file by `keep`; None where it is missing or not whole."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    held, digest = data[:-DIGEST_BYTES], data[-DIGEST_BYTES:]
    return held if sha256(held) == digest else None


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a file's lock while inside; raises BlockingIOError while another process does."""
    private(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def destroy(*paths: Path) -> None:
    """Remove files of one folder, and overwrite what they held."""
    with ExitStack() as opened:
        olds = [opened.enter_context(path.open("r+b")) for path in paths]
        for path in paths:
            path.unlink()
        for folder in {path.parent for path in paths}:
            sync(folder)
        for old in olds:
            _wipe(old.fileno())


def private(folder: Path) -> Path:
    """The folder, made for its owner alone where it is not there."""
    if not folder.is_dir():
        private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _wipe(descriptor: int) -> None:
    """Overwrite a file that has no name any more with zeros, down to the disk."""
    left = os.fstat(descriptor).st_size
    while left > 0:
        left -= os.write(descriptor, _ZEROS[:left])
    os.fsync(descriptor)
