"""What keeps a node from going on: a disk that is full, that may not be written to, or that fails.

Whatever a node promises it has written first, so it then takes nothing new and says why, answers what it
knows, and looks again every second. Once it can write it starts its core anew from what is durable, as after
a crash: there is one way back, and it is the one that is tested most. An orderer whose clock leapt (see
`clockwatch`) is hindered in the same way.
"""

import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path

PROBE, PROBE_BYTES = "probe.new", 1 << 20
PAUSE_SECONDS = 1.0
_LOG = logging.getLogger("consortia.node")


class Hindrance:
    """Whether a node can go on; `text` says what keeps it from that, or is empty."""

    def __init__(self, *folders: Path) -> None:
        """Watch over these folders."""
        self._folders = folders
        self.text = ""

    def meet(self, text: str) -> None:
        """Take note that the node cannot go on, and say so once."""
        if text != self.text:
            self.text = text
            _LOG.critical("%s", text)

    def look(self) -> bool:
        """Meet a disk that has no room, or may not be written to; gives whether something is in the way.

        For what another program met, whose writes are not ours.
        """
        if not self.text and not self.is_gone():
            self.meet("the disk is full, or may not be written to; make room, or make it writable")
        return bool(self.text)

    def is_tight(self) -> bool:
        """Whether the disk says that it has no room for the file that `is_gone` writes; cheap."""
        return any(shutil.disk_usage(folder).free < PROBE_BYTES for folder in self._folders)

    def end(self, text: str) -> None:
        """The node goes on; say that."""
        self.text = ""
        _LOG.critical("%s", text)

    def is_gone(self) -> bool:
        """Whether each folder takes a file of 1 MiB again."""
        try:
            for folder in self._folders:
                _probe(folder / PROBE)
        except OSError:
            return False
        return True


def _probe(path: Path) -> None:
    """Write a file as durably as a block is written, and remove it; raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    finally:
        with suppress(OSError):
            path.unlink()
