"""Disks that become full or may not be written to, under the feet of a running node."""

import resource
import subprocess
from pathlib import Path

from tests.loud import loudly

BALLAST = "ballast"


def can(*command):
    """Whether a command of the system works here."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


class SmallDisk:
    """A disk of 48 MiB under a member's home; without the privilege to mount one, a limit on file sizes."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.mounted = can("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder))
        if not self.mounted:
            loudly("no privilege to mount a small disk: a limit on file sizes stood in for a full one")

    def fill(self, pid):
        """Let nothing more fit."""
        if self.mounted:
            with (self.folder / BALLAST).open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(1 << 16))
                except OSError:
                    return
        largest = (self.folder / "ledger" / "data.mdb").stat().st_size
        self._limit(pid, largest)

    def make_room(self, pid):
        """Let things fit again."""
        if self.mounted:
            (self.folder / BALLAST).unlink()
        else:
            self._limit(pid, resource.RLIM_INFINITY)

    def unmount(self):
        """Give the disk back."""
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)

    @staticmethod
    def _limit(pid, bytes_max):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (min(bytes_max, hard) if hard >= 0 else bytes_max, hard))


class ReadOnly:
    """While entered, nothing in some folders may be written, not even through files that are open already.

    `possible` says whether this machine lets us: it takes the immutable flag of the file system. LMDB's lock
    file stays out, for it is mapped, and the system ends a process that writes to such a page.
    """

    def __init__(self, *folders):
        found = [path for folder in folders for path in (folder, *Path(folder).iterdir())]
        self._paths = [path for path in found if not path.name.endswith("-lock")]

    @staticmethod
    def possible(folder):
        probe = Path(folder) / "probe"
        probe.touch()
        done = can("chattr", "+i", str(probe)) and can("chattr", "-i", str(probe))
        probe.unlink()
        return done

    def __enter__(self):
        subprocess.run(["chattr", "+i", *map(str, self._paths)], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["chattr", "-i", *map(str, self._paths)], check=True)
