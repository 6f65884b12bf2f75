"""The searchable index: blocks, transactions, events and the words in them, in SQLite.

It is derived from the ledger alone, may be deleted at any time, and a rebuild gives the same rows. Places are
cursors (height, index): results come in the ledger's order, and a page starts after the last one's end.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Protocol

import msgspec

from consortia.base.envelope import open_envelope
from consortia.base.hashing import tagged
from consortia.kernel.block import Block, Header, Receipt, leaf
from consortia.kernel.quick import quick_payload
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX, Transaction
from consortia.sdk.jsonform import dump

VERSION = 1
PAGE_MAX = 200
WORD_MIN = 2
_WORDS_A_TRANSACTION_MAX = 256
_TRANSACTIONS_AT_A_TIME = 500
"""With the block in which so many are reached, `follow` ends: nobody else gets a turn meanwhile."""

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (height INTEGER PRIMARY KEY, time INTEGER NOT NULL, transactions INTEGER NOT NULL,
  first INTEGER NOT NULL, state BLOB NOT NULL, members BLOB NOT NULL);
CREATE TABLE transactions (height INTEGER NOT NULL, place INTEGER NOT NULL, id BLOB NOT NULL,
  key BLOB NOT NULL, code TEXT NOT NULL, cost INTEGER NOT NULL, methods TEXT NOT NULL,
  PRIMARY KEY (height, place)) WITHOUT ROWID;
CREATE TABLE events (height INTEGER NOT NULL, place INTEGER NOT NULL, number INTEGER NOT NULL,
  name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (height, place, number)) WITHOUT ROWID;
CREATE TABLE words (word TEXT NOT NULL, height INTEGER NOT NULL, place INTEGER NOT NULL,
  field TEXT NOT NULL, PRIMARY KEY (word, height, place, field)) WITHOUT ROWID;
CREATE INDEX events_by_name ON events (name, height, place);
CREATE INDEX transactions_by_key ON transactions (key, height, place);
"""
Cursor = tuple[int, ...]
"""A place: a height and an index; of an event, its number besides."""

EVENTS_ALL = 1 << 40
"""As the number of an event in a cursor: past all events of the transaction."""


class Followed(Protocol):
    """The ledger as the index reads it."""

    @property
    def network(self) -> bytes:
        """The network id."""
        ...

    @property
    def first(self) -> int:
        """The height of the oldest block that there is."""
        ...

    @property
    def height(self) -> int:
        """The newest block's height."""
        ...

    def header(self, height: int) -> Header | None:
        """The header of a block, or None."""
        ...

    def indexed(self, height: int) -> tuple[Block, Header, tuple[Receipt, ...]] | None:
        """A block with its header and receipts, or None."""
        ...


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction as the index knows it: its place, id, key, receipt code and cost, and its methods."""

    height: int
    index: int
    id: bytes
    key: bytes
    code: str
    cost: int
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event: its place, its number in the receipt, its full name, its fields in JSON form."""

    height: int
    index: int
    number: int
    name: str
    body: dict[str, Any]


_Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
"""What a cell of the database holds: a hit comes back as the cursor of the next page, from anybody."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A found word: the word, the place of its transaction, and the field that it stands in."""

    word: str
    height: _Number
    index: _Number
    field: str


class Index:
    """The index of one ledger. Safe to use from several threads."""

    def __init__(self, path: Path | str) -> None:
        """Open or make the index at `path`; one of another version is made anew."""
        self._path = str(path)
        self._lock = Lock()
        self._open()

    def _open(self) -> None:
        self._db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            fits = self._db.execute("PRAGMA user_version").fetchone()[0] == VERSION
        except sqlite3.DatabaseError:
            fits = False  # not a database, or a damaged one: what it held is derived
        if not fits:
            self._recreate()

    def _recreate(self) -> None:
        self._db.close()
        if self._path != ":memory:":
            for suffix in ("", "-wal", "-shm"):
                Path(self._path + suffix).unlink(missing_ok=True)
        self._db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @property
    def height(self) -> int:
        """The height of the newest block indexed, -1 when there is none."""
        with self._lock:
            return self._height()

    def _height(self) -> int:
        row = self._db.execute("SELECT max(height) FROM blocks").fetchone()
        return -1 if row[0] is None else int(row[0])

    def follow(self, ledger: Followed, blocks_max: int = 64) -> int:
        """Index up to so many further blocks and give how many; an index of another history is made anew."""
        with self._lock:
            start = self._height()
            if start >= 0 and not self._belongs(ledger, start):
                self._recreate()
                start = -1
            start = max(start, ledger.first - 1)
            end = min(ledger.height, start + blocks_max)
            if end <= start:
                return 0
            self._db.execute("BEGIN")
            try:
                header, height, count = None, start, 0
                while height < end and count < _TRANSACTIONS_AT_A_TIME:
                    height += 1
                    header, more = self._add(ledger, height)
                    count += more
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('mark', ?)", (_mark(ledger, header),))
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has rolled it back already
                    self._db.execute("ROLLBACK")
                raise
            return height - start

    def _belongs(self, ledger: Followed, height: int) -> bool:
        row = self._db.execute("SELECT value FROM meta WHERE name = 'mark'").fetchone()
        header = ledger.header(height)
        return row is not None and header is not None and bytes(row[0]) == _mark(ledger, header)

    def _add(self, ledger: Followed, height: int) -> tuple[Header, int]:
        """Index a block; gives its header, and how many transactions it has."""
        found = ledger.indexed(height)
        if found is None:
            raise LookupError(f"the ledger has no block {height}")
        block, header, receipts = found
        facts = (header.time, len(receipts), header.first, header.state, header.members)
        self._db.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)", (height, *facts))
        rows, events, words = [], [], []
        for raw, receipt in zip(block.transactions, receipts, strict=True):
            transaction = quick_payload(open_envelope(raw, size_max=TRANSACTION_BYTES_MAX).payload)
            place = (height, receipt.index)
            methods = " ".join(call.method for call in transaction.calls)
            rows.append((*place, receipt.transaction, transaction.key, receipt.code, receipt.cost, methods))
            for number, event in enumerate(receipt.events):
                events.append((*place, number, event.name, dump(event.body).decode()))
            words += [(word, *place, field) for word, field in _words(transaction, receipt)]
        self._db.executemany("INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", events)
        self._db.executemany("INSERT OR IGNORE INTO words VALUES (?, ?, ?, ?)", words)
        return header, len(rows)

    def blocks(self, below: int, limit: int) -> list[dict[str, Any]]:
        """The blocks below a height, newest first."""
        rows = self._all(
            "SELECT height, time, transactions, first, state, members FROM blocks "
            "WHERE height < ? ORDER BY height DESC LIMIT ?",
            (below, min(limit, PAGE_MAX)),
        )
        names = ("height", "time", "transactions", "first", "state", "members")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def transactions(self, after: Cursor, limit: int, key: bytes = b"") -> list[TransactionRow]:
        """Transactions after a place, in order; those of one key when it is given."""
        chosen, values = ("key = ? AND ", (key,)) if key else ("", ())
        rows = self._all(
            "SELECT height, place, id, key, code, cost, methods FROM transactions "  # noqa: S608 (ours)
            f"WHERE {chosen}(height, place) > (?, ?) ORDER BY height, place LIMIT ?",
            (*values, *after, min(limit, PAGE_MAX)),
        )
        return [TransactionRow(h, i, t, k, c, cost, tuple(m.split())) for h, i, t, k, c, cost, m in rows]

    def events(self, after: Cursor, limit: int, name: str = "") -> list[EventRow]:
        """Events after one of them (height, index, number), in order; those of one name when it is given."""
        chosen, values = ("name = ? AND ", (name,)) if name else ("", ())
        rows = self._all(
            "SELECT height, place, number, name, body FROM events "  # noqa: S608 (ours)
            f"WHERE {chosen}(height, place, number) > (?, ?, ?) ORDER BY height, place, number LIMIT ?",
            (*values, *after, min(limit, PAGE_MAX)),
        )
        return [EventRow(h, i, n, name, msgspec.json.decode(body)) for h, i, n, name, body in rows]

    def search(self, text: str, limit: int, after: Hit | None = None) -> list[Hit]:
        """The places of words that start with `text`, names and hashes in hex, after one of them."""
        word = text.strip().lower()
        if len(word) < WORD_MIN:
            return []
        last = (word, -1, -1, "") if after is None else (after.word, after.height, after.index, after.field)
        rows = self._all(
            "SELECT word, height, place, field FROM words WHERE (word, height, place, field) > (?, ?, ?, ?) "
            "AND word >= ? AND word < ? ORDER BY word, height, place, field LIMIT ?",
            (*last, word, word + "\U0010ffff", min(limit, PAGE_MAX)),
        )
        return [Hit(*row) for row in rows]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Every row of every table, in order: two indexes of one ledger give the same."""
        for table, order in (
            ("blocks", "height"),
            ("transactions", "height, place"),
            ("events", "height, place, number"),
            ("words", "word, height, place, field"),
        ):
            yield from self._all(f"SELECT '{table}', * FROM {table} ORDER BY {order}", ())  # noqa: S608 (ours)

    def _all(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()


def _mark(ledger: Followed, header: Header | None) -> bytes:
    """What tells one history from another: the network and the newest header."""
    return tagged("consortia/index", ledger.network + (b"" if header is None else leaf(header)))


def _words(transaction: Transaction, receipt: Receipt) -> list[tuple[str, str]]:
    """The words of a transaction, each with its field: names and hashes of calls, events, key and id."""
    found = [(receipt.transaction.hex(), "transaction"), (transaction.key.hex(), "key")]
    for call in transaction.calls:
        found += _values(call.args, call.method)
    for event in receipt.events:
        found += _values(event.body, event.name)
    return found[:_WORDS_A_TRANSACTION_MAX]


def _values(value: object, field: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [pair for name in value for pair in _values(value[name], f"{field}.{name}")]
    if isinstance(value, list | tuple):
        return [pair for item in value for pair in _values(item, field)]
    if isinstance(value, bytes) and len(value) == 32:
        return [(value.hex(), field)]
    if isinstance(value, str) and WORD_MIN <= len(value) <= 80:
        return [(value.lower(), field)]
    if isinstance(value, msgspec.Struct):
        return [
            p for name in value.__struct_fields__ for p in _values(getattr(value, name), f"{field}.{name}")
        ]
    return []
