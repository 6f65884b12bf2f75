"""What a node must not forget, kept beside its ledger: small named records, each durable when saved.

They stand apart from the store on purpose: a store may be restored from a backup, but what a witness
has signed must outlive that. Evidence is kept here too.
"""

import os
from pathlib import Path
from typing import Protocol

from consortia.store.errors import NoRoom


class Memory(Protocol):
    """Small named records. A name is of the form `[a-z0-9-]+`."""

    def load(self, name: str) -> bytes | None:
        """The record saved last under this name, or None."""
        ...

    def save(self, name: str, data: bytes) -> None:
        """Save the record; when this returns it is durable."""
        ...

    def names(self) -> list[str]:
        """The names under which something is saved, sorted."""
        ...


class PlainMemory:
    """A memory in a dict, for networks that live in one process."""

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}

    def load(self, name: str) -> bytes | None:
        """The record saved last under this name, or None."""
        return self.records.get(name)

    def save(self, name: str, data: bytes) -> None:
        """Save the record."""
        self.records[name] = data

    def names(self) -> list[str]:
        """The names under which something is saved, sorted."""
        return sorted(self.records)


class FolderMemory:
    """A memory in a folder, one file a record, replaced atomically and synced with its folder."""

    def __init__(self, folder: Path) -> None:
        """Make the folder where it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def load(self, name: str) -> bytes | None:
        """The record saved last under this name, or None."""
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None

    def save(self, name: str, data: bytes) -> None:
        """Write beside the old file, sync, replace, and sync the folder; raises NoRoom."""
        try:
            self._save(name, data)
        except OSError as error:
            raise NoRoom.because(self.folder, error) from error

    def _save(self, name: str, data: bytes) -> None:
        fresh = self.folder / f"{name}.new"
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / name)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def names(self) -> list[str]:
        """The names under which something is saved, sorted."""
        return sorted(path.name for path in self.folder.iterdir() if path.suffix != ".new")
