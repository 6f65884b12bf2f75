"""Forcing to disk what was written: the bytes of a file, the names in a folder."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Force a file's bytes, or a folder's names, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
