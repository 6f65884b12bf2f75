"""A member's own events in one file: captured whole or not at all, asked for by queries, page by page.

The file is a database of SQLite that no other program writes. An event is there once: captured again, it is
passed over, so that who heard no answer may send its document again. What an event lacks of a name is given
here, and the time at which it was recorded.
"""

import json
import os
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortia.engines.train.files import DataError
from consortia.solutions.moments import iso
from consortia.solutions.supply.epcis.hashing import context_names
from consortia.solutions.supply.epcis.keys import canonical
from consortia.solutions.supply.epcis.reading import TEXT_MAX, Recorded, word

ERRORS_MAX = 100
"""So many of a capture's errors are told; how many more there are is told too."""

PAGE_CHARS_MAX = 4 << 20
"""So much a page holds, or else one event."""

_TABLES = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, hash TEXT NOT NULL, withdrawn INTEGER NOT NULL,
    time INTEGER NOT NULL, recorded INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (hash, id, withdrawn));
CREATE INDEX IF NOT EXISTS by_time ON events (time, number);
CREATE INDEX IF NOT EXISTS by_recorded ON events (recorded, number);
CREATE INDEX IF NOT EXISTS by_id ON events (id);
CREATE TABLE IF NOT EXISTS marks (
    field TEXT NOT NULL, value TEXT NOT NULL, event INTEGER NOT NULL,
    PRIMARY KEY (field, value, event)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS captures (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, behaviour TEXT NOT NULL, created INTEGER NOT NULL,
    finished INTEGER, success INTEGER NOT NULL DEFAULT 0, errors TEXT NOT NULL DEFAULT '[]');
"""
_THINGS = {
    **dict.fromkeys(("epcList", "childEPCs"), "epc"),
    **dict.fromkeys(("quantityList", "childQuantityList"), "epcClass"),
    "inputEPCList": "inputEPC",
    "inputQuantityList": "inputEPCClass",
    "outputEPCList": "outputEPC",
    "outputQuantityList": "outputEPCClass",
}
"""Fields that name things, and what a query calls them."""

_CUT_OFF = "the process ended before this capture was over; nothing of it was kept"


@dataclass(frozen=True, slots=True)
class Asked:
    """A query: of each mark one of its values; times in UTC milliseconds, as pairs (least, below)."""

    marks: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    time: tuple[int | None, int | None] = (None, None)
    recorded: tuple[int | None, int | None] = (None, None)
    by_recorded: bool = False
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A page of events, and where the next one begins: None at the end."""

    events: tuple[dict[str, Any], ...]
    then: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Capture:
    """What became of a document: as GET /capture/ID tells it."""

    number: int
    id: str
    behaviour: str
    created: int
    finished: int | None
    success: bool
    errors: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """An event to be kept, and its marks: each a field and a value that a query may ask for."""

    event: Recorded
    marks: tuple[tuple[str, str], ...]


class Repository:
    """Events and captures in a file. Every method opens the file for itself: any thread may call it."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, for its owner alone; raises DataError for one that is none."""
        self.path = path
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            with self._open() as file:
                file.execute("PRAGMA journal_mode = WAL")
                file.executescript(_TABLES)
                unfinished = "UPDATE captures SET finished = created, errors = ? WHERE finished IS NULL"
                file.execute(unfinished, (json.dumps([{"title": _CUT_OFF}]),))
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}") from None
        except sqlite3.DatabaseError as error:
            raise DataError(f"{path}: no store of events: {error}") from None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        file = sqlite3.connect(self.path, timeout=30)
        try:
            file.execute("PRAGMA synchronous = FULL")
            with file:
                yield file
        finally:
            file.close()

    def begin(self, behaviour: str, now: int) -> str:
        """Note that a document is to be captured; its id."""
        made = str(uuid.uuid4())
        with self._open() as file:
            row = "INSERT INTO captures (id, behaviour, created) VALUES (?, ?, ?)"
            file.execute(row, (made, behaviour, now))
        return made

    def finish(self, capture: str, events: Iterable[Kept], errors: Sequence[str], now: int) -> None:
        """Keep a capture's events, and say so in one step; with errors only where it was told to proceed."""
        told = [{"type": "epcisException:ValidationException", "title": each} for each in errors[:ERRORS_MAX]]
        if len(errors) > ERRORS_MAX:
            told.append({"title": f"{len(errors) - ERRORS_MAX:,} more"})
        with self._open() as file:
            (behaviour,) = file.execute("SELECT behaviour FROM captures WHERE id = ?", (capture,)).fetchone()
            if not errors or behaviour == "proceed":
                for event in events:
                    _keep(file, event, now)
            done = "UPDATE captures SET finished = ?, success = ?, errors = ? WHERE id = ?"
            file.execute(done, (now, not errors, json.dumps(told), capture))

    def captures(self, after: int, most: int) -> list[Capture]:
        """Captures in their order, behind the one with a number."""
        with self._open() as file:
            rows = file.execute(
                "SELECT * FROM captures WHERE number > ? ORDER BY number LIMIT ?", (after, most)
            )
            return [_capture(row) for row in rows]

    def capture(self, capture: str) -> Capture | None:
        """One capture."""
        with self._open() as file:
            row = file.execute("SELECT * FROM captures WHERE id = ?", (capture,)).fetchone()
            return None if row is None else _capture(row)

    def count(self, asked: Asked, most: int) -> int:
        """How many events a query has, counted up to `most`."""
        where, values = _where(asked)
        with self._open() as file:
            counted = f"SELECT count(*) FROM (SELECT 1 FROM events WHERE {where} LIMIT ?)"  # noqa: S608 (ours)
            (found,) = file.execute(counted, (*values, most)).fetchone()
            return int(found)

    def page(self, asked: Asked, begin: tuple[int, int] | None, most: int) -> Found:
        """Up to `most` events of a query, from `begin` on (the last page's `then`); fewer where large."""
        where, values = _where(asked)
        key, way = ("recorded" if asked.by_recorded else "time"), ("DESC" if asked.descending else "ASC")
        if begin is not None:
            where += f" AND ({key}, number) {'<' if asked.descending else '>'} (?, ?)"
            values = (*values, *begin)
        order = f"ORDER BY {key} {way}, number {way}"
        select = f"SELECT body, {key}, number FROM events WHERE {where} {order}"  # noqa: S608 (ours)
        events, then, size = list[dict[str, Any]](), None, 0
        with self._open() as file:
            for body, moment, number in file.execute(f"{select} LIMIT ?", (*values, most + 1)):
                size += len(body)
                if len(events) == most or (events and size > PAGE_CHARS_MAX):
                    return Found(tuple(events), then)
                events.append(json.loads(body))
                then = (moment, number)
        return Found(tuple(events), None)


def _keep(file: sqlite3.Connection, kept: Kept, now: int) -> None:
    event, body = kept.event, kept.event.body
    id_ = body.setdefault("eventID", event.name)
    body["recordTime"] = iso(now)
    values = (id_, event.name, event.withdrawn, event.time, now, json.dumps(body, ensure_ascii=False))
    row = "INSERT OR IGNORE INTO events (id, hash, withdrawn, time, recorded, body) VALUES (?, ?, ?, ?, ?, ?)"
    done = file.execute(row, values)
    if done.rowcount:
        marks = [(field, value, done.lastrowid) for field, value in kept.marks]
        file.executemany("INSERT INTO marks VALUES (?, ?, ?)", marks)


def keep(event: Recorded) -> Kept:
    """An event with all that queries may ask of it; raises DataError for a field that is no text."""
    id_ = event.body.get("eventID", event.name)
    if not isinstance(id_, str) or not 0 < len(id_) <= TEXT_MAX:
        raise DataError("eventID is no text, or too long.")
    return Kept(event, tuple(sorted({("eventID", id_), *_marks(event)})))


def _marks(event: Recorded) -> Iterator[tuple[str, str]]:
    """The standard's names of fields, and values in their one form."""
    body = event.body
    yield "eventType", event.kind
    for field in ("bizStep", "disposition"):
        if found := word(body, field):
            yield field, found
    for field in ("action", "transformationID"):
        if field in body:
            yield field, str(body[field])
    for field in ("readPoint", "bizLocation"):
        if isinstance(body.get(field), Mapping):
            yield field, canonical(str(body[field].get("id")))
    if event.parent:
        yield "parentID", event.parent
    if event.withdrawn:
        yield "errorDeclaration", ""
    for field, mark in _THINGS.items():
        for each in body.get(field, ()):
            yield mark, canonical(str(each["epcClass"] if isinstance(each, Mapping) else each))
    for field in ("bizTransaction", "source", "destination"):
        for each in body.get(f"{field}List", ()):
            if isinstance(each, Mapping) and isinstance(each.get(field), str):
                yield f"{field}_{word(each, 'type')}", canonical(each[field])


def _where(asked: Asked) -> tuple[str, tuple[object, ...]]:
    """The condition of a query, with its values apart: no text of a caller's comes into it."""
    parts, values = ["1"], list[object]()
    for fields, wanted in asked.marks:
        in_fields, in_values = ",".join("?" * len(fields)), ",".join("?" * len(wanted))
        parts.append(
            f"number IN (SELECT event FROM marks WHERE field IN ({in_fields}) AND value IN ({in_values}))"  # noqa: S608
        )
        values += [*fields, *wanted]
    for key, (least, below) in (("time", asked.time), ("recorded", asked.recorded)):
        for sign, bound in ((">=", least), ("<", below)):
            if bound is not None:
                parts.append(f"{key} {sign} ?")
                values.append(bound)
    return " AND ".join(parts), tuple(values)


def _capture(row: Sequence[Any]) -> Capture:
    number, id_, behaviour, created, finished, success, errors = row
    return Capture(number, id_, behaviour, created, finished, bool(success), tuple(json.loads(errors)))


def with_context(document: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """An event that stands by itself: with those contexts of its document that say what its prefixes mean."""
    if "@context" in event or not context_names(document):
        return dict(event)
    return {"@context": document["@context"], **event}
