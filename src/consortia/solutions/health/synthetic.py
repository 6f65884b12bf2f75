"""Made-up patients with a tumour at three hospitals, as FHIR R4 resources, from a seed; none of them is real.

The hazard of a recurrence grows with size, positive nodes and grade and falls with age and receptors; each
hospital has a baseline of its own, and other patients. Who had no recurrence was last seen on some later day.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np

HOSPITALS = (("northgate", 260), ("riverside", 170), ("lakeview", 90))
SYSTEM = "urn:consortia:survival"
TUMOUR, RECURRENCE = "tumour", "recurrence"
MEASURED = (("age", "a"), ("size", "mm"), ("nodes", "1"), ("grade", "1"), ("receptor", "fmol/mg"))
EFFECTS = np.array([-0.15, 0.35, 0.6, 0.25, -0.4])
BEGUN = date(2015, 3, 1)
DAY = "2026-01-01"

MAPPING = {
    "fhir": "4.0.1",
    "day": DAY,
    "columns": [
        *(
            {"name": name, "take": "observation", "system": SYSTEM, "code": name, "unit": unit}
            for name, unit in MEASURED
        ),
        {"name": "days", "take": "days", "system": SYSTEM, "code": TUMOUR, "until": RECURRENCE},
    ],
}
"""What of the resources makes the columns of the study."""


def resources(seed: int, at: int) -> Iterator[dict[str, Any]]:
    """One hospital's patients."""
    name, count = HOSPITALS[at]
    rng = np.random.default_rng([seed, at, 26])
    normal = rng.standard_normal((count, len(MEASURED))) + np.array([0.0, 0.3, 0.2, 0.0, -0.2]) * (at - 1)
    values = np.column_stack(
        [
            np.round(56 + 11 * normal[:, 0]),
            np.round(np.exp(3.1 + 0.4 * normal[:, 1])),
            np.floor(np.exp(0.7 + 0.9 * normal[:, 2])),
            np.clip(np.round(2.2 + 0.6 * normal[:, 3]), 1, 3),
            np.round(np.exp(3.2 + 1.2 * normal[:, 4])),
        ]
    )
    hazard = np.exp(normal @ EFFECTS + 0.4 * (at - 1)) / 1_500
    until, seen = rng.exponential(1 / hazard), rng.uniform(200, 3_000, count)
    for number, row in enumerate(values.tolist()):
        days = max(1, int(min(until[number], seen[number])))
        yield from _patient(
            f"{name}-{number + 1:03}", row, days, happened=bool(until[number] <= seen[number])
        )


def _patient(who: str, row: list[float], days: int, *, happened: bool) -> Iterator[dict[str, Any]]:
    ended = (BEGUN + timedelta(days=days)).isoformat()
    about = {"subject": {"reference": f"Patient/{who}"}}
    yield {"resourceType": "Patient", "id": who, "gender": "female"}
    for code, day in [(TUMOUR, BEGUN.isoformat())] + ([(RECURRENCE, ended)] if happened else []):
        coding = {"coding": [{"system": SYSTEM, "code": code}]}
        yield {
            "resourceType": "Condition",
            "id": f"{who}-{code}",
            "code": coding,
            "onsetDateTime": day,
            **about,
        }
    for (name, unit), value in zip(MEASURED, row, strict=True):
        yield {
            "resourceType": "Observation",
            "id": f"{who}-{name}",
            "status": "final",
            "code": {"coding": [{"system": SYSTEM, "code": name}]},
            "effectiveDateTime": ended,
            "valueQuantity": {"value": value, "code": unit},
            **about,
        }
