"""FHIR R4 resources from JSON bundles and NDJSON files, plain or gzipped."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consortia.engines.train.files import DataError, shown
from consortia.solutions.rejects import Rejected

COUNTED = frozenset(("Condition", "Observation", "Patient"))
"""What makes rows: there once. Others (an Organization) are repeated from bundle to bundle."""

FILE_BYTES_MAX = 512 << 20
RESOURCES_MAX = 5_000_000
_NDJSON = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")


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
    """All resources of some files, and those that cannot be used."""

    found: tuple[Resource, ...]
    rejected: tuple[Rejected, ...]


def read(*paths: Path) -> Resources:
    """The resources of bundles (JSON) and NDJSON files; raises DataError for a file that is neither.

    An entry or line that is no resource of R4 is rejected: it is told by its place and why, in one line.
    """
    found: list[Resource] = []
    rejected: list[Rejected] = []
    seen: dict[tuple[str, str], str] = {}
    for path in paths:
        for where, url, value in _values(path):
            number = len(found) + len(rejected) + 1
            if number > RESOURCES_MAX:
                raise DataError(f"{path.name}: more than {RESOURCES_MAX:,} resources.")
            why = _fault(value)
            if why is None:
                key = (value["resourceType"], value.get("id", f"#{number}"))
                if key in seen and key[0] in COUNTED:
                    why = f"{key[0]}/{shown(key[1])} is there already, {seen[key]}"
                else:
                    seen[key] = where
            if why is not None:
                rejected.append(Rejected(number, f"{where}: {why}"))
                continue
            kind, id_ = value["resourceType"], value.get("id", "")
            found.append(Resource(kind, id_, url, number, where, value))
    return Resources(tuple(found), tuple(rejected))


def _fault(value: object) -> str | None:
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
    data = _bytes(path)
    if path.name.lower().endswith(_NDJSON):
        for number, line in enumerate(data.splitlines(), 1):
            if line.strip():
                where = f"{path.name}, line {number}"
                yield where, "", _parsed(line, where, strict=False)
        return
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


def _parsed(data: bytes, where: str, *, strict: bool) -> Any:  # noqa: ANN401 (JSON)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        if not strict:
            return None
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise DataError(f"{where}{line}: this is no JSON.") from None


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise DataError(f"{path.name}: the file is larger than {FILE_BYTES_MAX >> 20} MiB.")
        if not path.name.lower().endswith(".gz"):
            return path.read_bytes()
        with gzip.open(path) as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise DataError(f"{path.name}: {error.strerror or 'this is no gzip file'}.") from None
    except (EOFError, zlib.error):
        raise DataError(f"{path.name}: the gzip file is cut off or damaged.") from None
    if len(data) > FILE_BYTES_MAX:
        raise DataError(f"{path.name}: it unpacks to more than {FILE_BYTES_MAX >> 20} MiB.")
    return data
