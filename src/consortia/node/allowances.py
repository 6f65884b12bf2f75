"""What members leave at a node is counted by member, and ends at what the node keeps for each.

    blobs/left/MEMBER/abcd...   an empty file for each blob that MEMBER left, or began to leave

Whoever leaves a blob is charged for it, at once and in full, however many of its chunks have come, and even
if it is here for another reason.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from consortia.node.refusals import BLOBS_FULL

ENTRY_BYTES = 8_192
"""What every blob is charged on top of its size: the files that it takes, however small."""


class AllowanceSpent(Exception):
    """A member has left as much as this node keeps for it, or the disk has no room for what others leave."""

    code = BLOBS_FULL.code


class Allowances:
    """Who left which blobs. Safe to use from several threads of one process."""

    def __init__(
        self, folder: Path, *, member_bytes_max: int, free_bytes_min: int, size: Callable[[bytes], int | None]
    ) -> None:
        """Read what is kept in `folder`; `size` is that of a blob here or on its way, None for any other."""
        self._folder, self._member_max, self._free_min = folder, member_bytes_max, free_bytes_min
        self._lock = Lock()
        self._charged: dict[str, dict[bytes, int]] = {}
        self._used: dict[str, int] = {}
        for entry in sorted(folder.glob("*/*")):
            blob = bytes.fromhex(entry.name)
            bytes_here = size(blob)
            if bytes_here is None:
                entry.unlink()
            else:
                self._note(entry.parent.name, blob, bytes_here + ENTRY_BYTES)

    def used(self, member: str) -> int:
        """The bytes that a member is charged."""
        return self._used.get(member, 0)

    def left(self, member: str, blob: bytes) -> bool:
        """Whether a member left, or began to leave, a blob that is here."""
        return blob in self._charged.get(member, ())

    def charge(self, member: str, blob: bytes, size: int, *, coming: int = 0) -> None:
        """Charge a member for a blob that it begins to leave; raises AllowanceSpent.

        `coming` bytes of blobs that are on their way will take room on the disk as well.
        """
        with self._lock:
            used, more = self.used(member), size + ENTRY_BYTES
            if used + more > self._member_max:
                text = f"{member} has left {used} bytes here, and {self._member_max} are kept for each member"
                raise AllowanceSpent(text)
            free = shutil.disk_usage(self._folder.parent).free
            if free - coming - more < self._free_min:
                raise AllowanceSpent(f"{free} bytes of the disk are free, too few for what others leave")
            path = self._folder / member / blob.hex()
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            self._note(member, blob, more)

    def release(self, blob: bytes) -> None:
        """Forget a blob that is gone, whoever left it."""
        with self._lock:
            for member, blobs in self._charged.items():
                charged = blobs.pop(blob, None)
                if charged is not None:
                    self._used[member] -= charged
                    (self._folder / member / blob.hex()).unlink(missing_ok=True)

    def _note(self, member: str, blob: bytes, charged: int) -> None:
        blobs = self._charged.setdefault(member, {})
        self._used[member] = self._used.get(member, 0) + charged - blobs.get(blob, 0)
        blobs[blob] = charged
