"""The patients of the survival story: made up from a seed, or read from a folder of the user's own."""

import json

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.health.scenarios.survival import HOSPITALS, prepare, write
from consortia.solutions.story import Asked


def test_made_up_patients_are_the_same_for_a_seed_and_are_all_used(tmp_path):
    first = prepare(Asked(seed=3))
    assert first.studies == prepare(Asked(seed=3)).studies != prepare(Asked(seed=4)).studies
    assert set(first.studies) == set(HOSPITALS)
    assert all(not study.rejected for study in first.studies.values())
    days = [float(row[-1]) for study in first.studies.values() for row in study.rows]
    assert 0.2 < sum(each > 0 for each in days) / len(days) < 0.8


def test_bad_resources_are_left_out_only_if_told_so(tmp_path):
    write(tmp_path, 1)
    file = next(tmp_path.glob("1-*.ndjson"))
    text = file.read_text()
    file.write_text(text.replace('"code": "mm"', '"code": "cm"', 1))
    with pytest.raises(DataError, match="the mapping asks for 'mm'"):
        prepare(Asked(data=tmp_path))
    rejects = tmp_path / "rejects.csv"
    found = prepare(Asked(data=tmp_path, skip_bad_rows=True, rejects=rejects))
    assert "asks for 'mm'" in rejects.read_text()
    assert len(found.studies[HOSPITALS[1]].rows) == 170


def test_a_folder_that_does_not_fit_is_refused_in_one_line(tmp_path):
    with pytest.raises(DataError, match="takes no --label"):
        prepare(Asked(label="days"))
    write(tmp_path, 1)
    mapping = tmp_path / "mapping.json"
    whole = json.loads(mapping.read_text())
    mapping.write_text(json.dumps(whole | {"columns": whole["columns"][:-1]}))
    with pytest.raises(DataError, match="the last column counts"):
        prepare(Asked(data=tmp_path))
    write(tmp_path, 1)
    next(tmp_path.glob("2-*.ndjson")).write_text('{"resourceType": "Patient", "id": "x"}\n')
    with pytest.raises(DataError, match="no Patient of these files can be used"):
        prepare(Asked(data=tmp_path))
    next(tmp_path.glob("2-*.ndjson")).unlink()
    with pytest.raises(DataError, match="2 FHIR files; three FHIR files, one for each hospital, are wanted"):
        prepare(Asked(data=tmp_path))
