"""The page of this field: data sets of the wards, consent by purpose, and who asked for whose records."""

from consortia.sdk import overview
from consortia.sdk.access import Way
from consortia.solutions import consented
from consortia.solutions.views import Page, View

PURPOSES = frozenset({"care", "diagnosis", "readmission", "survival", "treatment"})
"""What patients' records are used for, in the words of rights and studies; any code of DUO is one too."""

DUO = "DUO:"
"""The Data Use Ontology of GA4GH: its codes are purposes."""


def purposes(way: Way) -> frozenset[str]:
    """The purposes of this field that the ledger knows."""
    known = {one for asset in overview.datasets(way) for one in overview.purposes(asset)}
    return PURPOSES | {one for one in known if one.startswith(DUO)}


def stands(way: Way) -> bool:
    """Whether anything is shared or studied for a purpose of this field."""
    return overview.is_used_for(way, lambda purpose: purpose in PURPOSES or purpose.startswith(DUO))


def views(way: Way) -> tuple[View, ...]:
    """Data sets, consent, studies, accesses."""
    return consented.whole(way, purposes(way))


def patient(way: Way, words: str) -> tuple[View, ...]:
    """One patient, by its key."""
    return consented.one_person(way, consented.about(way, purposes(way)), words)


PAGE = Page(
    "health",
    "Wards",
    "Patients' records that stay where they are: what may be done with them, who agreed, who looked.",
    stands,
    views,
    "A patient's key:",
    patient,
)
