"""One writer a ledger folder, kept by a lock that the system releases when its process ends."""

import fcntl
import os
from pathlib import Path

from consortia.store.errors import StoreError

LOCK_NAME = "writer.lock"


class FolderLock:
    """A lock on a folder: one writer, or any number of readers."""

    def __init__(self, folder: Path, *, write: bool) -> None:
        """Take the lock. Raise StoreError when another process writes, or nothing can be written here.

        A reader takes no lock where the folder has never had a writer.
        """
        self._file: int | None = None
        path = folder / LOCK_NAME
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT if write else os.O_RDONLY, 0o600)
            fcntl.flock(self._file, (fcntl.LOCK_EX if write else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            remedy = "stop it first" if write else "stop it first, or read a copy"
            raise StoreError(folder, "another process writes to this ledger", remedy) from None
        except FileNotFoundError:
            if write:
                raise StoreError(folder, "the folder is missing", "make it, or name another") from None
        except OSError as error:
            self.release()
            problem = f"nothing can be written here ({error.strerror})"
            raise StoreError(folder, problem, "make the folder writable, or name another") from None

    def release(self) -> None:
        """Give the lock back; more than once is harmless."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
