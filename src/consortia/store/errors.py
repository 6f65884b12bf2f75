"""What can go wrong where bytes rest."""

import errno
from pathlib import Path

FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
"""What the system says where there is no room: on the disk, in the file, in the quota."""


class StoreError(RuntimeError):
    """The store cannot do what was asked. The text names the path, what is wrong, and the remedy."""

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        """`problem` and `remedy` are clauses without a full stop."""
        super().__init__(f"{path}: {problem}; {remedy}")
        self.path = path
        self.problem = problem
        self.remedy = remedy


class NoRoom(StoreError):
    """Nothing can be written just now, and nothing was; what is there stays, and goes on once it can be."""

    @classmethod
    def because(cls, path: Path, error: OSError) -> "NoRoom":
        """What the system's refusal to write at `path` means."""
        if error.errno in FULL:
            return cls(path, f"the disk is full ({error.strerror})", "make room, then go on")
        return cls(path, f"nothing can be written here ({error.strerror})", "make it writable, then go on")
