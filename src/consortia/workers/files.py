"""Private files that a crash leaves whole, and that leave nothing behind when they go.

A file is written to one beside it, forced to disk, then renamed. Destroying one overwrites its blocks with
zeros before they are given back. On solid-state disks, on file systems that copy on write, in snapshots and
in backups the old bytes may survive all the same.
"""

import os
from pathlib import Path

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


def destroy(path: Path) -> None:
    """Remove a file, and overwrite what it held."""
    with path.open("r+b") as old:
        path.unlink()
        sync(path.parent)
        _wipe(old.fileno())


def private(folder: Path) -> Path:
    """The folder, made for its owner alone where it is not there."""
    if not folder.is_dir():
        private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def sync(folder: Path) -> None:
    """Force a folder's names to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _wipe(descriptor: int) -> None:
    """Overwrite a file that has no name any more with zeros, down to the disk."""
    left = os.fstat(descriptor).st_size
    while left > 0:
        left -= os.write(descriptor, _ZEROS[:left])
    os.fsync(descriptor)
