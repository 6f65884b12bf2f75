"""FHIR R4 resources from JSON bundles and NDJSON files, plain or gzipped."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortia.engines.train.files import DataError, read_bytes, shown
from consortia.solutions.json_objects import said_once
from consortia.solutions.lines import JSON_BYTES_MAX, NDJSON, form_of, lines
from consortia.solutions.rejects import Rejected, Rejects

COUNTED = frozenset(("Condition", "Observation", "Patient"))
"""What makes rows: there once. Others (an Organization) are repeated from bundle to bundle."""

PATIENT = "Patient"
FILE_BYTES_MAX = 128 << 20
"""A bundle is in memory as a whole; more than this is NDJSON, as bulk data has it."""

RESOURCES_MAX = 20_000_000


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource: its type, its id, its place among those of all files (from 1 on), and its elements.

    `url` is the full URL under which others of its bundle refer to it; empty outside a bundle.
    """

    kind: str
    id: str
    url: str
    number: int
    where: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resources:
    """The patients of some files, how many resources can be used, and what cannot.

    Others than patients are not kept: they are read again whenever they are gone through.
    """

    paths: tuple[Path, ...]
    patients: tuple[Resource, ...]
    count: int
    rejected: tuple[Rejected, ...]

    def others(self) -> Iterator[Resource]:
        """Resources other than patients, in their order; raises DataError where a file was changed."""
        passed = {one.number for one in self.rejected}
        for one in _resources(self.paths):
            if isinstance(one, Resource) and one.kind != PATIENT and one.number not in passed:
                yield one


def read(*paths: Path) -> Resources:
    """The resources of bundles (JSON) and NDJSON files; raises DataError for a file that is neither.

    An entry or line that is no resource of R4 is rejected: it is told by its place and why, in one line.
    """
    patients: list[Resource] = []
    rejects, seen, count = Rejects(), dict[str, str](), 0
    for one in _resources(paths):
        if isinstance(one, Rejected):
            rejects.add(one.number, one.why)
            continue
        key = f"{one.kind}/{one.id}" if one.id and one.kind in COUNTED else ""
        if key in seen:
            why = f"{one.kind}/{shown(one.id)} is there already, {seen[key]}"
            rejects.add(one.number, f"{one.where}: {why}")
            continue
        if key:
            seen[key] = one.where
        count += 1
        if one.kind == PATIENT:
            patients.append(one)
    return Resources(paths, tuple(patients), count, rejects.done())


def _resources(paths: Iterable[Path]) -> Iterator[Resource | Rejected]:
    number = 0
    for path in paths:
        for where, url, value in _values(path):
            number += 1
            if number > RESOURCES_MAX:
                raise DataError(f"{path.name}: more than {RESOURCES_MAX:,} resources.")
            why = _fault(value)
            if why is None:
                yield Resource(value["resourceType"], value.get("id", ""), url, number, where, value)
            else:
                yield Rejected(number, f"{where}: {why}")


def _fault(value: object) -> str | None:
    if isinstance(value, DataError):
        return str(value)
    if not isinstance(value, dict):
        return "an entry is no resource"
    kind = value.get("resourceType")
    if not isinstance(kind, str) or not kind.isalpha():
        return "resourceType is missing"
    id_ = value.get("id", "")
    if not isinstance(id_, str) or any("\ud800" <= letter <= "\udfff" for letter in id_):
        return f"{kind}.id is no text"
    return None


def _values(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Each entry or line: where it stands, its full URL, and the value."""
    if form_of(path) in NDJSON:
        for number, text in lines(path, JSON_BYTES_MAX):
            where = f"{path.name}, line {number}"
            yield where, "", text if isinstance(text, DataError) else _parsed(text, where, strict=False)
        return
    data = _bytes(path)
    bundle = _parsed(data, path.name, strict=True)
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise DataError(f"{path.name}: this is no FHIR Bundle; NDJSON files are named .ndjson.")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise DataError(f"{path.name}: Bundle.entry is no list.")
    for number, entry in enumerate(entries):
        where = f"{path.name}, Bundle.entry[{number}]"
        known = isinstance(entry, dict)
        url = entry.get("fullUrl", "") if known else ""
        yield where, url if isinstance(url, str) else "", entry.get("resource") if known else None


def _parsed(data: bytes | str, where: str, *, strict: bool) -> Any:  # noqa: ANN401 (JSON)
    try:
        return json.loads(data, object_pairs_hook=said_once)
    except DataError as error:
        if strict:
            raise DataError(f"{where}: {error}") from None
        return error
    except (ValueError, RecursionError) as error:
        if not strict:
            return None
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(f"{where}{line}: this is no JSON.") from None


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path, FILE_BYTES_MAX)
    except OSError as error:
        raise DataError(f"{path.name}: {error.strerror}.") from None
