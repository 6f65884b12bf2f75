"""The story of three hospitals that learn who has a tumour again, from FHIR, and of a patient who withdraws.

Real: the processes, keys, ledger, masked sums, consent, proofs. Made up, from a seed: the patients, unless
`--data` names a folder with three FHIR files (`.json`, `.ndjson`, also gzipped) and `mapping.json`, whose
last column is the `days`. Simulated: that the hospitals are apart.
"""

import json
import tempfile
from pathlib import Path

from consortia.engines.train.files import DataError
from consortia.solutions.health import synthetic
from consortia.solutions.health.fhir.mapping import read_mapping
from consortia.solutions.health.fhir.reading import read
from consortia.solutions.health.fhir.tables import study_table
from consortia.solutions.health.policy import PURPOSE
from consortia.solutions.health.scenarios.ward import Hospitals, Ward
from consortia.solutions.health.study import StudyTable
from consortia.solutions.rejects import Rejected, files_in, usable, write_rejects
from consortia.solutions.story import Asked, Metric, Stage, Story, Told

HOSPITALS = tuple(name for name, _ in synthetic.HOSPITALS)
LEAST = 20
WANTED = "three FHIR files, one for each hospital"

CLOSING = (
    """Simulated: that the hospitals are apart. Made-up patients say nothing about real ones.""",
    """What a model learned before somebody withdrew stays in it: the ledger shows which
    rounds read whose version.""",
    """Importing the largest hospital's model is often as good as joining, where somebody hands one over: on
    Rotterdam and GBSG it is, as python -m bench.health_survival prints.""",
)


def prepare(asked: Asked) -> Hospitals:
    """The story's own patients, or those of the folder that `--data` names."""
    if asked.label is not None:
        raise DataError("the survival story predicts the mapping's days: it takes no --label.")
    if asked.data is not None:
        return _read(asked, asked.data)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(folder, asked.seed)
        return _read(asked, folder)


def write(folder: Path, seed: int) -> None:
    """Write the made-up patients and the mapping, as `--data` takes them."""
    (folder / "mapping.json").write_text(json.dumps(synthetic.MAPPING, indent=1), encoding="utf-8")
    for at, name in enumerate(HOSPITALS):
        lines = [json.dumps(each) for each in synthetic.resources(seed, at)]
        (folder / f"{at}-{name}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _read(asked: Asked, folder: Path) -> Hospitals:
    files = files_in(folder, (".json", ".ndjson", ".json.gz", ".ndjson.gz"), f"mapping.json and {WANTED}")
    mapping = read_mapping(folder / "mapping.json")
    if mapping.columns[-1].take != "days" or len(mapping.columns) < 2:
        raise DataError("mapping.json: the last column counts `days`, and another stands before it.")
    files = [each for each in files if each.name != "mapping.json"]
    if len(files) != len(HOSPITALS):
        raise DataError(f"{folder}: {len(files)} FHIR files; {WANTED}, are wanted.")
    rejected, studies, resources = list[Rejected](), dict[str, StudyTable](), 0
    for name, file in zip(HOSPITALS, files, strict=True):
        found = read(file)
        study = study_table(found, mapping)
        rejected += study.rejected
        resources += found.count
        usable(study.rows, study.rejected, skip=asked.skip_bad_rows)
        if len(study.rows) < LEAST:
            raise DataError(f"{file.name}: {len(study.rows)} patients; {LEAST} are wanted.")
        studies[name] = study
    if asked.rejects is not None:
        write_rejects(asked.rejects, rejected)
    return Hospitals(mapping, studies, resources)


def tell(stage: Stage, hospitals: Hospitals) -> Told:
    """Play the story."""
    ward = Ward(stage, hospitals)
    stage.chapter("1. Three hospitals found a network; their patients come as FHIR, and consented")
    stage.build("survival")
    ward.read()
    ward.consent()
    stage.chapter("2. They fit one survival model by masked sums; meanwhile a patient withdraws")
    model = ward.learn()
    stage.chapter("3. Anybody can check that the patient is not in the next round")
    proof = ward.prove()
    stage.chapter("4. A researcher without the purpose asks for records")
    ward.ask()
    ward.tell_origin()
    found = ward.concordances(model)
    metric = Metric("concordance on held-out patients", "share", "higher", found.pop("together"), found)
    more = {
        "patients": sum(len(each.rows) for each in hospitals.studies.values()),
        "resources": hospitals.resources,
        "purpose": PURPOSE,
        "records_by_round": ward.records,
    }
    return Told(proof, (metric,), tuple(" ".join(text.split()) for text in CLOSING), more)


STORY = Story(members=HOSPITALS, prepare=prepare, tell=tell, rejects=True)
