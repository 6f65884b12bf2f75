"""What a node must not forget, kept beside its ledger: small named records, each durable when saved.

They stand apart from the store on purpose: a store may be restored from a backup, but what a witness
has signed must outlive that. Evidence is kept here too.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from consortia.base.codec import Malformed
from consortia.base.hashing import sha256
from consortia.store.disk import sync
from consortia.store.errors import NoRoom

_PAGE = 4096
_MAGIC = b"CNSSLOT1"
_HEAD = struct.Struct(">8sQQ32s")


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
    """A memory in a folder, one file a record, with two slots that are written in turn.

    A slot is a head (`_HEAD`: magic, turn, length, SHA-256 of the data) and the data; it begins a page of its
    own, so a crash while one is written leaves the other. The newest that is whole counts. Its place on the
    disk stays what it is, so the file system has no journal to write: which others' writes would go with, and
    wait for, at each of the two or three records that a follower keeps for each block. A record that grows
    out of its slots gets a new file, put in the place of the old one with the folder synced.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder where it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._places: dict[str, _Place] = {}

    def load(self, name: str) -> bytes | None:
        """The record saved last under this name, or None; raises Malformed where no slot is whole."""
        path = self.folder / name
        return _newest(name, path.read_bytes())[1] if path.is_file() else None

    def save(self, name: str, data: bytes) -> None:
        """Write into the older slot, and sync; raises NoRoom."""
        try:
            place = self._places.get(name) or self._place(name)
            place = _Place(place.turn + 1, place.slot_bytes)
            slot = _slot(place.turn, data)
            if len(slot) > place.slot_bytes:
                place = _Place(place.turn, -(-len(slot) // _PAGE) * _PAGE)
                self._begin(name, slot, place)
            else:
                self._write(name, slot, place)
        except OSError as error:
            self._places.pop(name, None)
            raise NoRoom.because(self.folder, error) from error
        self._places[name] = place

    def _place(self, name: str) -> "_Place":
        path = self.folder / name
        return _newest(name, path.read_bytes())[0] if path.is_file() else _Place(0, 0)

    def _write(self, name: str, slot: bytes, place: "_Place") -> None:
        descriptor = os.open(self.folder / name, os.O_WRONLY)
        try:
            _write_all(descriptor, slot, place.slot_bytes * (place.turn % 2))
            _sync(descriptor)
        finally:
            os.close(descriptor)

    def _begin(self, name: str, slot: bytes, place: "_Place") -> None:
        """Put a new file with this slot in the place of what is there."""
        whole = bytearray(2 * place.slot_bytes)
        start = place.slot_bytes * (place.turn % 2)
        whole[start : start + len(slot)] = slot
        fresh = self.folder / f"{name}.new"
        with fresh.open("wb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / name)
        sync(self.folder)

    def names(self) -> list[str]:
        """The names under which something is saved, sorted."""
        return sorted(path.name for path in self.folder.iterdir() if path.suffix != ".new")


@dataclass(frozen=True, slots=True)
class _Place:
    """How often a record was saved, and the bytes of each of its two slots; the turn says which is newest."""

    turn: int
    slot_bytes: int


def _slot(turn: int, data: bytes) -> bytes:
    return _HEAD.pack(_MAGIC, turn, len(data), sha256(turn.to_bytes(8, "big") + data)) + data


def _newest(name: str, file: bytes) -> tuple[_Place, bytes]:
    """Where the newest whole slot of a file is, and its data; a file without slots is all data."""
    half = len(file) // 2
    slots = [file[:half], file[half:]]
    if half % _PAGE or not any(slot.startswith(_MAGIC) for slot in slots):
        return _Place(0, 0), file
    whole: list[tuple[int, bytes]] = []
    for slot in slots:
        magic, turn, length, digest = _HEAD.unpack_from(slot)
        data = slot[_HEAD.size : _HEAD.size + length]
        if magic == _MAGIC and sha256(turn.to_bytes(8, "big") + data) == digest:
            whole.append((turn, data))
    if not whole:
        raise Malformed(f"the record {name} of what this node signed is damaged")
    turn, data = max(whole)
    return _Place(turn, half), data


_sync = getattr(os, "fdatasync", os.fsync)  # macOS has the second alone


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    left = memoryview(data)
    while left:
        done = os.pwrite(descriptor, left, at)
        left, at = left[done:], at + done
