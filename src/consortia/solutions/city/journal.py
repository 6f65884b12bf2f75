"""The journal of a junction: its decisions as a record batch, with all that it takes to decide them again.

The first record is the head: the junction, the terms that were voted, and when its first phase began. Each
record has a salt; the batch's root is on the ledger, and a command names the leaf of the decision that led to
it. A journal is a file for whoever is to check: with the root from a proof it needs no connection.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct, ValidationError
from msgspec import json as as_json

from consortia.base import merkle
from consortia.base.commitments import SALT_BYTES, record_leaf
from consortia.engines.train.files import DataError
from consortia.solutions.city.decisions import Desk, Replayed, replay
from consortia.solutions.city.signals import Junction, Lights, Terms

JOURNAL_BYTES_MAX = 64 << 20


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """What decisions rest on; `opened` is the event time of second 0 in milliseconds."""

    junction: Junction
    terms: Terms
    begins: int
    opened: int


class Page(Struct, frozen=True, forbid_unknown_fields=True):
    """A record and its salt, in hex."""

    salt: str
    record: str


@dataclass(slots=True)
class Journal:
    """A desk whose records are salted as they are written."""

    head: Head
    desk: Desk
    salts: list[bytes] = field(default_factory=list)

    @classmethod
    def begin(cls, junction: Junction, terms: Terms, begins: int, opened: int) -> "Journal":
        """An empty journal, and its desk."""
        return cls(Head(junction, terms, begins, opened), Desk(junction, terms, Lights(0, begins), []))

    @property
    def records(self) -> list[bytes]:
        """All records, the head first."""
        return [as_json.encode(self.head), *self.desk.records]

    def leaf(self) -> bytes:
        """The leaf of the newest record: what a command names as having led to it."""
        self._salt()
        return record_leaf(self.salts[-1], self.desk.records[-1])

    def commitment(self) -> tuple[bytes, int]:
        """The root of the batch and how many records it has."""
        self._salt()
        return root_of(self.records, self.salts), len(self.salts)

    def text(self) -> bytes:
        """The journal as a file."""
        self._salt()
        pages = [
            Page(salt.hex(), record.decode()) for salt, record in zip(self.salts, self.records, strict=True)
        ]
        return as_json.format(as_json.encode(pages), indent=0)

    def _salt(self) -> None:
        missing = len(self.desk.records) + 1 - len(self.salts)
        self.salts += [os.urandom(SALT_BYTES) for _ in range(missing)]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a journal comes to: the root of its batch, its head, and its decisions made again."""

    root: bytes
    count: int
    head: Head
    again: Replayed


def root_of(records: Sequence[bytes], salts: Sequence[bytes]) -> bytes:
    """The root of a batch."""
    return merkle.root([record_leaf(salt, record) for salt, record in zip(salts, records, strict=True)])


def check(path: Path) -> Checked:
    """Decide again what a journal says was read; raises DataError for what is no journal."""
    try:
        if path.stat().st_size > JOURNAL_BYTES_MAX:
            raise DataError(f"{path.name}: a journal has {JOURNAL_BYTES_MAX >> 20} MiB at most")
        pages = as_json.decode(path.read_bytes(), type=list[Page])
        salts = [bytes.fromhex(page.salt) for page in pages]
        records = [page.record.encode() for page in pages]
        head = as_json.decode(records[0], type=Head)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except (ValidationError, ValueError, IndexError) as error:
        raise DataError(f"{path.name}: this is no journal of a junction: {error}") from None
    if any(len(salt) != SALT_BYTES for salt in salts):
        raise DataError(f"{path.name}: a salt has {SALT_BYTES} bytes")
    if not _whole(head.junction):
        raise DataError(f"{path.name}: its junction does not fit together")
    again = replay(head.junction, head.terms, head.begins, records[1:])
    return Checked(root_of(records, salts), len(records), head, again)


def _whole(junction: Junction) -> bool:
    sizes = {len(phase) for phase in junction.phases}
    return (
        len(junction.phases) > 1
        and len(sizes) == 1
        and len(junction.shares) == len(junction.phases)
        and all(len(shares) == len(junction.sensors) for shares in junction.shares)
        and all(0 <= place < len(junction.sensors) for place in junction.inside)
    )
