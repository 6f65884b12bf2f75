"""supply.epcis and supply.epcis_hash: EPCIS 2.0 documents of other hands read, and their events named.

supply.epcis: the samples of GS1 and OpenEPCIS, of which GS1's own JSON schema takes all but five: exactly the
others are read, and each of the five is told with the field that is wrong. supply.epcis_hash: the reference
implementation's documents (22 with the hashes of their 43 events) against `.hashes` only. Two of them ask to
leave fields out, which is off unless asked for. All are read from the folder that CONSORTIA_DATA names.
"""

import json

from bench.health_data import absent, folder
from consortia.engines.train.files import DataError
from consortia.solutions.supply.epcis.hashing import context_names, event_hash, events_of, ignored_fields
from consortia.solutions.supply.epcis.reading import read

READING, READING_UNIT, READING_BAR = "supply.epcis", "documents judged as GS1's schema does", "all of 84"
INVALID = {
    "Example-TransactionEvents-2020_07_03y.jsonld": "sourceList",
    "SensorDataExample12.jsonld": "schemaVersion",
    "SensorDataExample17.jsonld": "schemaVersion",
    "object_event_all_possible_fields.jsonld": "ilmd",
    "SensorData_with_combined_events.json": "type",
}
"""The documents that GS1's JSON schema refuses (jsonschema 4.26), and the field that it names."""

NAME = "supply.epcis_hash"
FIRST = "supply/epcis/hash/ReferenceEventHashAlgorithm.jsonld"
UNIT = "documents of 22 whose events all have the names given"
BAR = "20, and 22 with ignored fields"


def agreed(file, *, ignoring):
    """Whether all events of a document have the names that are given with it, in any order."""
    document = json.loads(file.read_text("utf-8"))
    names, ignored = context_names(document), ignored_fields(document) if ignoring else ()
    given = file.with_suffix(".hashes").read_text("utf-8").split()
    return sorted(event_hash(event, names, ignored=ignored) for event in events_of(document)) == sorted(given)


def fault(file):
    """Why a document or one of its events cannot be used; empty where all of it can."""
    try:
        found = read(file)
    except DataError as error:
        return str(error)
    return found.rejected[0].why if found.rejected else ""


def judged(data):
    """The row of the samples: read, or refused with the field that is wrong."""
    names = [
        path
        for each in ("gs1", "openepcis")
        for path in sorted((data / "supply/epcis" / each).glob("*.json*"))
    ]
    files = [path for path in names if "Schema" not in path.name]
    right = sum(
        INVALID[path.name] in fault(path) if path.name in INVALID else not fault(path) for path in files
    )
    events = sum(len(read(path).found) for path in files if not fault(path))
    return {
        "id": READING,
        "value": right,
        "unit": READING_UNIT,
        "bar": READING_BAR,
        "met": right == len(files) == 84,
        "note": f"{events} events of the valid documents read, {len(INVALID)} invalid ones named",
    }


def run() -> list[dict]:
    data = folder(FIRST)
    if data is None:
        return [*absent(READING, READING_UNIT, READING_BAR, FIRST), *absent(NAME, UNIT, BAR, FIRST)]
    files = sorted((data / FIRST).parent.glob("*.jsonld"))
    plain = sum(agreed(file, ignoring=False) for file in files)
    ignoring = sum(agreed(file, ignoring=True) for file in files)
    return [
        judged(data),
        {
            "id": NAME,
            "value": plain,
            "unit": UNIT,
            "bar": BAR,
            "met": (plain, ignoring, len(files)) == (20, 22, 22),
            "note": f"{ignoring} without the fields that documents ask to ignore, which is off by default",
        },
    ]


if __name__ == "__main__":
    print(run())
