"""health.fhir: FHIR R4 bundles of synthetic patients read and made a study table: how long, and none lost.

Reads what CONSORTIA_DATA names: `health/fhir_synthea_r4/*.json.gz` (Synthea's, Apache-2.0).
"""

import os
import time
from pathlib import Path

from bench.health_data import absent
from consortia.solutions.health.fhir.mapping import Column, Mapping
from consortia.solutions.health.fhir.reading import read
from consortia.solutions.health.fhir.tables import study_table

NAME, UNIT, BAR = "health.fhir", "s", "<= 2, 0 of 2,512 resources lost"
RESOURCES = 2_512
TRIES = 3
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
MAPPING = Mapping(
    "4.0.1",
    "2021-01-01",
    (
        Column("sex", "sex"),
        Column("age", "age"),
        Column("height", "observation", LOINC, "8302-2", "cm"),
        Column("systolic", "observation", LOINC, "8480-6", "mm[Hg]"),
        Column("diabetes", "condition", SNOMED, "44054006"),
    ),
)


def run() -> list[dict]:
    """The row: seconds from files to table, the median of three."""
    folder = Path(os.environ.get("CONSORTIA_DATA", "")) / "health/fhir_synthea_r4"
    files = sorted(folder.glob("*.json.gz")) if os.environ.get("CONSORTIA_DATA") else []
    if not files:
        return absent(NAME, UNIT, BAR, "health/fhir_synthea_r4")
    taken = []
    for _ in range(TRIES):
        begun = time.perf_counter()
        found = read(*files)
        study = study_table(found, MAPPING)
        taken.append(time.perf_counter() - begun)
    seconds, lost = sorted(taken)[TRIES // 2], RESOURCES - found.count + len(study.rejected)
    note = f"{found.count:,} resources of {len(files)} files, {len(study.rows)} patients, {lost} lost"
    met = seconds <= 2 and lost == 0
    return [{"id": NAME, "value": round(seconds, 3), "unit": UNIT, "bar": BAR, "met": met, "note": note}]
