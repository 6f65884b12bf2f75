"""What the hospitals do in the story of survival, step by step."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.json import encode as to_json

from consortia.engines.train.cox import read_model
from consortia.engines.train.files import DataError, RawTable
from consortia.engines.train.splits import order
from consortia.engines.train.table import make_table
from consortia.sdk.consent import Slip
from consortia.sdk.moments import utc_milliseconds
from consortia.sdk.training import Study, Times
from consortia.solutions.health import tasks
from consortia.solutions.health.fhir.mapping import Mapping as Columns
from consortia.solutions.health.fhir.reading import read
from consortia.solutions.health.fhir.tables import study_table
from consortia.solutions.health.policy import DATASET, DAYS, OTHER, PURPOSE, RIGHTS
from consortia.solutions.health.study import PATIENT, StudyTable
from consortia.solutions.rejects import usable
from consortia.solutions.story import Stage, StoryFailed

HELD_OUT_PERCENT = 40
TIMES = Times(join=120_000, submit=20_000, result=20_000)


@dataclass(frozen=True, slots=True)
class Hospitals:
    """The mapping, each hospital's study table, and of how many resources they were made."""

    mapping: Columns
    studies: Mapping[str, StudyTable]
    resources: int

    @property
    def label(self) -> str:
        """The column of days."""
        return self.mapping.columns[-1].name


@dataclass(slots=True)
class Ward:
    """The stage and the hospitals; `records` are those of each round, once they are summed."""

    stage: Stage
    hospitals: Hospitals
    slips: dict[str, Slip] = field(default_factory=dict)
    learned: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    tested: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    records: list[int] = field(default_factory=list)
    version: int = 0

    @property
    def hospital(self) -> str:
        """Whose patient withdraws."""
        return self.stage.names[1]

    @property
    def patient(self) -> str:
        """Who withdraws."""
        return self.learned[self.hospital][0][PATIENT]

    def read(self) -> None:
        """Each hospital's patients, some of them held out; and a measure in a wrong unit is told."""
        mapping = self.stage.folder / "mapping.json"
        mapping.write_bytes(to_json(self.hospitals.mapping))
        self.stage.run(
            self.stage.names[0], "asset", "add", str(mapping), "--kind", "function", "--name", "mapping"
        )
        for name, study in self.hospitals.studies.items():
            rows = [dict(zip(study.header, row, strict=True)) for row in study.rows]
            ranked = order(self.stage.asked.seed, f"held-out/{name}", len(rows))
            held = set(ranked[: len(rows) * HELD_OUT_PERCENT // 100])
            self.learned[name] = [row for at, row in enumerate(rows) if at not in held]
            self.tested[name] = [row for at, row in enumerate(rows) if at in held]
        self._wrong_unit()
        count = sum(len(study.rows) for study in self.hospitals.studies.values())
        self.stage.line(f"{self.hospitals.resources:,} FHIR resources make {count} patients' rows")

    def _wrong_unit(self) -> None:
        """A file with a measure in another unit: the reader names the element, and no table is made of it."""
        column = next(one for one in self.hospitals.mapping.columns if one.take == "observation")
        subject = {
            "subject": {"reference": "Patient/x"},
            "effectiveDateTime": "2020-01-01",
            "status": "final",
        }
        coding = {"code": {"coding": [{"system": column.system, "code": column.code}]}}
        quantity = {"valueQuantity": {"value": 1, "code": "furlong"}}
        broken = [
            {"resourceType": "Patient", "id": "x"},
            {"resourceType": "Observation", "id": "o", **subject, **coding, **quantity},
        ]
        file = self.stage.folder / "broken.ndjson"
        file.write_text("\n".join(map(json.dumps, broken)) + "\n", encoding="utf-8")
        try:
            study = study_table(read(file), self.hospitals.mapping)
            usable(study.rows, study.rejected, skip=False)
        except DataError as error:
            self.stage.catch(f"{self.hospital} is sent a measure in furlongs", "its reader", str(error))
            return
        raise StoryFailed("a table was made of what cannot be used")

    def consent(self) -> None:
        """The hospitals register their patients, and what each agreed to."""
        now = utc_milliseconds()
        for name, rows in self.learned.items():
            ledger = self.stage.ledger(name)
            ledger.assets.register_dataset(
                rows, name=DATASET, subject=PATIENT, process=RIGHTS, download=RIGHTS, purposes=[PURPOSE]
            )
            ledger.consent.require(DATASET)
            self.slips |= ledger.consent.give(DATASET, purposes=[PURPOSE], days=DAYS, now=now)
            ledger.consent.cover(DATASET, PURPOSE)
        self.stage.line(f"{len(self.slips)} patients consent to {PURPOSE}; each holds a slip that ends it")

    def learn(self) -> bytes:
        """The study; after its second round one patient withdraws."""
        lead = self.stage.names[0]
        study = self.stage.ledger(lead).training.propose(
            tasks.STUDY,
            data=DATASET,
            label=self.hospitals.label,
            recipe=tasks.RECIPE,
            parameters=tasks.PARAMETERS,
            purpose=PURPOSE,
            members=self.stage.names,
            retries=20,
            times=TIMES,
        )
        self.stage.settle()  # so that every hospital's node knows the study
        for name in self.stage.names:
            self.stage.ledger(name).training.get(study.id).join(DATASET)
        study.start()
        self._withdraw(study)
        state = study.wait().view().progress.state
        client = self.stage.client(lead)
        self.records = [
            client.ask("training.round", study=study.id, index=index, attempt=None).round.cohort_records
            for index in range(tasks.ROUNDS + 1)
        ]
        whole = sum(map(len, self.learned.values()))
        if (self.records[0], self.records[-1]) != (whole, whole - 1):
            raise StoryFailed(
                f"the rounds read {self.records} records, {whole} and then {whole - 1} are right"
            )
        self.stage.line(
            f"{tasks.ROUNDS + 1} rounds over {self.records[0]} patients, and then {self.records[-1]}"
        )
        return client.blob(state, PURPOSE)

    def _withdraw(self, study: Study) -> None:
        while study.view().progress.index < 2:
            time.sleep(0.05)
        done = self.stage.ledger(self.hospital).consent.withdraw(DATASET, self.patient, [PURPOSE])
        self.version = done.version
        if study.id not in done.studies:
            raise StoryFailed("the study was over before the patient withdrew")
        self.stage.line(f"{self.patient} withdraws: {self.hospital} goes on with version {done.version}")

    def prove(self) -> Path:
        """The patient is in the first version, and not in the one that the later rounds read."""
        self.stage.settle()
        ledger, proof = self.stage.ledger(self.hospital), self.stage.folder / "survival.proof"
        entry = self.stage.client(self.hospital).proof_of_state
        for version, expected in ((1, True), (self.version, False)):
            made, there = ledger.consent.prove(DATASET, self.patient, entry, version)
            proof.write_bytes(made)
            verdict = self.stage.outside(proof)
            if there is not expected or not verdict["ok"]:
                raise StoryFailed(f"no proof that {self.patient} is as expected in version {version}")
        self.stage.line(f"checked offline: {self.patient} is in version 1, and not in version {self.version}")
        return proof

    def ask(self) -> None:
        """A researcher of another hospital asks for a patient's records for what nobody agreed to."""
        other = self.stage.names[2]
        slip = self.slips[self.learned[self.hospital][1][PATIENT]]
        asks = ("consent", "ask", f"{self.hospital}/{DATASET}", slip.subject.hex(), "--request", "records")
        said = self.stage.refused(other, *asks, "--purpose", OTHER).splitlines()[0]
        what = f"a researcher of {other} asks for records for {OTHER}"
        self.stage.catch(what, "the ledger", said.removeprefix("error: "))

    def tell_origin(self) -> None:
        """The model's provenance and the patient's consent, as FHIR."""
        made = self.stage.run(self.stage.names[0], "health", "provenance", tasks.STUDY)["resources"]
        subject = self.slips[self.patient].subject.hex()
        given = self.stage.run(self.hospital, "health", "consents", DATASET, subject)["resources"]
        if len(made) != 1 or [one["status"] for one in given] != ["inactive"]:
            raise StoryFailed("provenance and consents are other than what was done")
        self.stage.line(
            "as FHIR: the model's Provenance names three data sets, the patient's Consent is inactive"
        )

    def concordances(self, model: bytes) -> dict[str, float]:
        """How well all held-out patients are ranked: together, pooled, by each hospital's own model."""
        schema = read_model(model).schema
        tables = {name: make_table(_raw(name, rows), schema) for name, rows in self.learned.items()}
        held = [make_table(_raw(name, rows), schema) for name, rows in self.tested.items()]
        beside = tasks.baselines(tables, held, self.stage.names[0])
        return {"together": tasks.ranked(model, held), **beside}


def _raw(name: str, rows: list[dict[str, str]]) -> RawTable:
    """Rows as a file holds them, without the patients' ids, and units taken from the headings."""
    heads = [head for head in rows[0] if head != PATIENT]
    names = [head.partition(" [")[0] for head in heads]
    units = [head.partition(" [")[2].removesuffix("]") for head in heads]
    cells = [[row[head] for head in heads] for row in rows]
    return RawTable(name, tuple(names), tuple(units), cells, list(range(2, len(rows) + 2)))
