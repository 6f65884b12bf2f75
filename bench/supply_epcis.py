"""supply.epcis_hash: events of other hands' documents named by hash, against the names given with them.

The reference implementation's documents (22 with the hashes of their 43 events), read from the folder that
CONSORTIA_DATA names, against `.hashes` only. Two of them ask to leave fields out, which is off unless asked
for.
"""

import json

from bench.health_data import absent, folder
from consortia.solutions.supply.epcis.hashing import context_names, event_hash, events_of, ignored_fields

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


def run() -> list[dict]:
    data = folder(FIRST)
    if data is None:
        return absent(NAME, UNIT, BAR, FIRST)
    files = sorted((data / FIRST).parent.glob("*.jsonld"))
    plain = sum(agreed(file, ignoring=False) for file in files)
    ignoring = sum(agreed(file, ignoring=True) for file in files)
    return [
        {
            "id": NAME,
            "value": plain,
            "unit": UNIT,
            "bar": BAR,
            "met": (plain, ignoring, len(files)) == (20, 22, 22),
            "note": f"{ignoring} without the fields that documents ask to ignore, which is off by default",
        }
    ]


if __name__ == "__main__":
    print(run())
