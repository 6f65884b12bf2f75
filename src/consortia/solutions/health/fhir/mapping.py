"""Which elements of FHIR resources make the columns of a study table: an asset like a model or a function."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import Record, encode_record
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.files import DataError
from consortia.solutions.health.study import Pick, check_columns, mapping_of, read_json

COLUMNS_MAX = 256
Word = Annotated[str, Meta(min_length=1, max_length=200)]


class Column(Record, frozen=True):
    """One column of the study table.

    `take` says from where: `sex` (Patient.gender), `age` (in whole years on the day, from
    Patient.birthDate), `alive` (1 without Patient.deceased), `observation` (the quantity of an
    Observation or of a component of one, with this code, in the unit `unit`, by its UCUM code),
    `condition` (1 where a Condition with this code was recorded, else 0), `days` (from the first Condition
    with this code to the first with the code `until` or to death, as t; -t where neither happened until the
    patient was last seen: what the recipe `cox.stratified` predicts).
    """

    name: Word
    take: Literal["sex", "age", "alive", "observation", "condition", "days"]
    system: Annotated[str, Meta(max_length=200)] = ""
    code: Annotated[str, Meta(max_length=200)] = ""
    unit: Annotated[str, Meta(max_length=40)] = ""
    pick: Pick = "last"
    until: Annotated[str, Meta(max_length=200)] = ""


class Mapping(Record, frozen=True):
    """The columns of a study table, and the day (YYYY-MM-DD) on which ages are counted.

    What is observed after that day is left out.
    """

    fhir: Literal["4.0.1"]
    day: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")]
    columns: Annotated[tuple[Column, ...], Meta(min_length=1, max_length=COLUMNS_MAX)]

    @property
    def content(self) -> bytes:
        """The blob id of its one encoding: what is registered of it as a function."""
        return blob_id(encode_record(self))


def read_mapping(path: Path) -> Mapping:
    """A mapping from a JSON file; raises DataError, which names the element that is wrong."""
    return fhir_mapping(read_json(path), path.name)


def fhir_mapping(value: object, name: str) -> Mapping:
    """A mapping out of JSON, of the file `name`; raises DataError."""
    found = mapping_of(value, Mapping, name)
    check_columns(name, found.day, (column.name for column in found.columns))
    for column in found.columns:
        if column.take in {"observation", "condition", "days"} and not column.code:
            raise DataError(f'{name}: column "{column.name}" lacks the code it takes.')
        if column.take == "observation" and not column.unit:
            raise DataError(f'{name}: column "{column.name}" lacks its unit.')
    return found
