"""Which rows of OMOP tables make the columns of a study table: an asset like a model or a function."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import Record, encode_record
from consortia.engines.commit.chunks import blob_id
from consortia.engines.train.files import DataError
from consortia.solutions.health.study import Pick, check_columns, mapping_of

COLUMNS_MAX = 256
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Concept = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""The id of a concept of the standard vocabularies; 0 is none."""

Take = Literal["sex", "age", "alive", "measurement", "observation", "condition", "drug", "visits", "days"]


class OmopColumn(Record, frozen=True):
    """One column of the study table.

    `take` says from where: `sex` and `age` (in whole years on the day) from person; `alive` (1 without a row
    of death by the day); `measurement` and `observation` (value_as_number of a row of this `concept`, in the
    unit `unit_concept`, which the heading names as `unit`); `condition` and `drug` (1 where one of this
    concept began by the day, else 0); `visits` (how many began by the day, of this concept or of any); `days`
    (from the first condition of this concept to the first of the concept `until` or to death, as t; -t where
    neither happened until the observation period ended: what the recipe `cox.stratified` predicts).
    """

    name: Word
    take: Take
    concept: Concept = 0
    unit: Annotated[str, Meta(max_length=40)] = ""
    unit_concept: Concept = 0
    pick: Pick = "last"
    until: Concept = 0

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it takes from, person aside."""
        return _TABLES.get(self.take, (self.take,))


_TABLES: dict[str, tuple[str, ...]] = {
    "sex": (),
    "age": (),
    "alive": ("death",),
    "condition": ("condition_occurrence",),
    "drug": ("drug_exposure",),
    "visits": ("visit_occurrence",),
    "days": ("observation_period", "condition_occurrence", "death"),
}


class OmopMapping(Record, frozen=True):
    """The columns of a study table, and the day (YYYY-MM-DD) on which ages are counted.

    What happened after that day is left out.
    """

    omop: Literal["5.4"]
    day: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")]
    columns: Annotated[tuple[OmopColumn, ...], Meta(min_length=1, max_length=COLUMNS_MAX)]

    @property
    def content(self) -> bytes:
        """The blob id of its one encoding: what is registered of it as a function."""
        return blob_id(encode_record(self))


def omop_mapping(value: object, name: str) -> OmopMapping:
    """A mapping out of JSON, of the file `name`; raises DataError, which names the element that is wrong."""
    found = mapping_of(value, OmopMapping, name)
    check_columns(name, found.day, (column.name for column in found.columns))
    for column in found.columns:
        if column.take not in {"sex", "age", "alive", "visits"} and not column.concept:
            raise DataError(f'{name}: column "{column.name}" lacks the concept it takes.')
        if column.take in {"measurement", "observation"} and not column.unit:
            raise DataError(f'{name}: column "{column.name}" lacks its unit.')
    return found
