"""health.survival_fhir: the survival study of `health.survival`, its patients read from FHIR R4.

Rotterdam's and GBSG's patients are written as FHIR resources (NDJSON): a Patient, the tumour and its
recurrence as Conditions, what was measured as Observations, on the day of the event or when last seen. From
these files come the study tables, by one mapping, as `consortia health table` makes them. The figure is how
far the federated coefficients are from those that statsmodels fits to all records in one place, which are
read from the CSV files. Read from the folder that CONSORTIA_DATA names.
"""

import json
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from bench import health_survival
from bench.health_data import BREAST, absent, breast, folder
from consortia.engines.train.table import Table
from consortia.solutions.health.fhir.mapping import Column, Mapping
from consortia.solutions.health.fhir.reading import read
from consortia.solutions.health.fhir.tables import study_table

NAME, UNIT, BAR = "health.survival_fhir", "largest difference of a coefficient", 1e-6
BEGUN = date(1970, 1, 1)
TUMOUR, EVENT, SYSTEM = "254837009", "recurrence", "http://snomed.info/sct"
MAPPING = Mapping(
    "4.0.1",
    "2099-01-01",
    (
        *(Column(name, "observation", "urn:study", name, "1") for name in BREAST),
        Column("days", "days", SYSTEM, TUMOUR, until=EVENT),
    ),
)


def resources(table):
    """A bank's patients as FHIR: what the mapping reads of them is what the bank's file says."""
    for number, (row, days) in enumerate(zip(table.numbers.tolist(), table.labels.tolist(), strict=True)):
        who = f"{table.name}-{number:05}"
        ended = (BEGUN + timedelta(days=int(abs(days)))).isoformat()
        about = {"subject": {"reference": f"Patient/{who}"}}
        yield {"resourceType": "Patient", "id": who, "gender": "female"}
        conditions = [(TUMOUR, BEGUN.isoformat())] + ([(EVENT, ended)] if days > 0 else [])
        for code, day in conditions:
            coding = {"coding": [{"system": SYSTEM, "code": code}]}
            yield {
                "resourceType": "Condition",
                "id": f"{who}-{code}",
                "code": coding,
                "onsetDateTime": day,
            } | about
        for name, value in zip(BREAST, row, strict=True):
            yield {
                "resourceType": "Observation",
                "id": f"{who}-{name}",
                "status": "final",
                "code": {"coding": [{"system": "urn:study", "code": name}]},
                "effectiveDateTime": ended,
                "valueQuantity": {"value": value, "code": "1"},
            } | about


def over_fhir(table):
    """The table that comes of a bank's resources, and how many there were; lost ones raise."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / f"{table.name}.ndjson"
        path.write_text("\n".join(json.dumps(each) for each in resources(table)) + "\n", encoding="utf-8")
        found = read(path)
        study = study_table(found, MAPPING)
    if found.rejected or study.rejected or len(study.rows) != table.records:
        raise ValueError(f"{table.name}: resources or patients were lost on the way")
    cells = np.array([[float(cell) for cell in row[1:]] for row in study.rows])
    return Table(table.name, table.schema, cells[:, :-1], cells[:, -1]), found.count


def run() -> list[dict]:
    """The row."""
    data = folder("health/rotterdam.csv", "health/gbsg.csv")
    if data is None:
        return absent(NAME, UNIT, f"<= {BAR}", "health/rotterdam.csv and health/gbsg.csv")
    banks = breast(data)
    read_back = [over_fhir(table) for table in banks]
    apart, by = health_survival.agreement(*banks, trained=[table for table, _ in read_back])
    count = sum(number for _, number in read_back)
    return [
        {
            "id": NAME,
            "value": float(f"{apart:.3g}"),
            "unit": UNIT,
            "peer": f"stratified fit of all records by {by}",
            "peer_value": 0.0,
            "bar": f"<= {BAR}",
            "met": apart <= BAR,
            "note": f"{count:,} resources of {sum(table.records for table in banks):,} patients, none lost",
        }
    ]


if __name__ == "__main__":
    print(json.dumps(run()[0], indent=2))
