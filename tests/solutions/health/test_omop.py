"""OMOP CDM 5.4 tables in as study tables."""

import gzip
import json

import pytest
from click.testing import CliRunner

from consortia.cli.health import make_table
from consortia.cli.output import Failure
from consortia.engines.train.files import DataError
from consortia.solutions.health.omop.mapping import omop_mapping
from consortia.solutions.health.omop.reading import find
from consortia.solutions.health.omop.tables import omop_table

HEIGHT, PRESSURE, DIABETES, ASPIRIN, CANCER, RELAPSE = 3036277, 4152194, 201826, 1112807, 4115276, 4097297
CM, MMHG = 8582, 8876
IN_MMHG = {"unit": "mmHg", "unit_concept": MMHG}
MAPPING = {
    "omop": "5.4",
    "day": "2024-06-30",
    "columns": [
        {"name": "sex", "take": "sex"},
        {"name": "age", "take": "age"},
        {"name": "alive", "take": "alive"},
        {"name": "height", "take": "measurement", "concept": HEIGHT, "unit": "cm", "unit_concept": CM},
        {"name": "systolic", "take": "observation", "concept": PRESSURE, "pick": "most", **IN_MMHG},
        {"name": "diabetes", "take": "condition", "concept": DIABETES},
        {"name": "aspirin", "take": "drug", "concept": ASPIRIN},
        {"name": "visits", "take": "visits"},
    ],
}
EVENT = "{0}_id,person_id,{1}_concept_id,{1}_start_date"
VALUED = "{0}_id,person_id,{0}_concept_id,{0}_date,value_as_number,unit_concept_id"
HEADS = {
    "person": "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,race_concept_id",
    "observation_period": "id,person_id,observation_period_start_date,observation_period_end_date",
    "visit_occurrence": EVENT.format("visit_occurrence", "visit"),
    "condition_occurrence": EVENT.format("condition_occurrence", "condition"),
    "drug_exposure": "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date",
    "measurement": VALUED.format("measurement"),
    "observation": VALUED.format("observation"),
    "death": "person_id,death_date",
}
USUAL = {
    "person": ["1,8532,1960,7,1,8527", "2,8507,2000,,,0"],
    "death": ["2,2024-05-01"],
    "measurement": [
        f"1,1,{HEIGHT},2024-01-01,170.5,{CM}",
        f"2,1,{HEIGHT},2024-02-01,171,{CM}",
        f"3,1,{HEIGHT},2024-07-01,99,{CM}",
        f"4,1,{HEIGHT},2024-03-01,,{CM}",
        "5,1,7,never,x,y",
    ],
    "observation": [f"1,1,{PRESSURE},2024-01-01,131,{MMHG}", f"2,1,{PRESSURE},2024-02-01,129,{MMHG}"],
    "condition_occurrence": [f"1,1,{DIABETES},2020-05-05"],
    "drug_exposure": [f"1,2,{ASPIRIN},2024-04-01", f"2,1,{ASPIRIN},2024-08-01"],
    "visit_occurrence": ["1,1,9201,2020-05-05", "2,1,9202,2021-05-05"],
}


@pytest.fixture
def clinic(tmp_path):
    def written(more=None, **tables):
        paths = []
        for name, rows in {**USUAL, **tables}.items():
            path = tmp_path / f"{name}.csv"
            text = [HEADS[name], *rows, *(more or {}).get(name, [])]
            path.write_text("\n".join(text) + "\n", encoding="utf-8")
            paths.append(path)
        return paths

    return written


def table(paths, mapping=MAPPING):
    return omop_table(find(paths), omop_mapping(mapping, "map.json"))


def test_tables_become_one_row_a_person(clinic):
    found = table(clinic())
    assert found.csv().splitlines() == [
        "patient,sex,age,alive,height [cm],systolic [mmHg],diabetes,aspirin,visits",
        "1,female,63,1,171,131,1,0,2",
        "2,male,23,0,,,0,1,0",
    ]
    assert found.rejected == ()


def test_a_measure_below_or_above_a_bound_is_no_value(clinic):
    paths = clinic()
    [file] = [path for path in paths if path.name == "measurement.csv"]
    equals, below = 4172703, 4171756
    lines = [f"1,1,{HEIGHT},2024-01-01,170.5,{CM},{equals}", f"2,1,{HEIGHT},2024-02-01,171,{CM},"]
    bound = f"3,1,{HEIGHT},2024-03-01,5,{CM},{below}"
    head = HEADS["measurement"] + ",operator_concept_id"
    file.write_text("\n".join((head, *lines, bound)) + "\n", encoding="utf-8")
    found = table(paths)
    assert found.csv() == table(clinic()).csv()
    file.write_text("\n".join((head, *lines, bound)) + "\n", encoding="utf-8")
    [rejected] = table(paths).rejected
    assert "row 4, operator_concept_id: 4171756, a bound where a value is asked" in rejected.why


def test_headings_in_capitals_tabs_gzip_and_the_order_of_files_make_no_difference(clinic, tmp_path):
    usual = table(clinic())
    changed = []
    for path in clinic():
        head, _, rest = path.read_text(encoding="utf-8").partition("\n")
        text = f"{head.upper()}\n{rest}".replace(",", "\t")
        changed.append(path.with_suffix(".csv.gz"))
        changed[-1].write_bytes(gzip.compress(text.encode(), mtime=0))
    (tmp_path / "CDM_SOURCE.csv").write_text("cdm_source_name,cdm_version\nours,v5.4.1\n", encoding="utf-8")
    assert table([*reversed(changed), tmp_path / "CDM_SOURCE.csv"]) == usual


@pytest.mark.parametrize(
    ("name", "row", "why"),
    [
        (
            "measurement",
            f"9,1,{HEIGHT},2024-01-01,67,9327",
            "unit_concept_id: 9327, the mapping asks for 8582",
        ),
        ("measurement", f"9,1,{HEIGHT},2024-01-01,tall,{CM}", "value_as_number: 'tall' is no number"),
        ("measurement", f"9,1,{HEIGHT},2024-01-01,nan,{CM}", "value_as_number: 'nan' is no number"),
        ("measurement", f"9,1,{HEIGHT},2024-01-01T08:00+01:00,1,{CM}", "is no day as 2026-01-31"),
        ("measurement", f"9,1,{HEIGHT},20240101,1,{CM}", "measurement_date: '20240101' is no day"),
        ("measurement", f"9,77,{HEIGHT},2024-01-01,1,{CM}", "person_id: 77 is none of person"),
        ("measurement", f"1,1,{HEIGHT},2024-01-01,1,{CM}", "measurement_id: 1 is there already"),
        ("measurement", f"9,1,{HEIGHT},2024-01-01,1", "5 cells, the header has 6"),
        ("measurement", f'9,1,{HEIGHT},"2024-01-01,1,{CM}', "no row of CSV: a quote is not closed"),
        (
            "observation",
            "9,1,\x1b[2J,2024-01-01,1,1",
            r"observation_concept_id: '\\x1b[2J' is no whole number",
        ),
        ("condition_occurrence", f"9,1,{DIABETES},", "condition_start_date: '' is no day"),
        ("drug_exposure", f"9,1,{ASPIRIN},soon", "drug_exposure_start_date: 'soon' is no day"),
        ("visit_occurrence", "9,1,x,2024-01-01", "visit_concept_id: 'x' is no whole number"),
        ("person", "1,8507,1990,,,0", "person_id: 1 is there already, person.csv, row 2"),
        ("person", "9,1234,1990,,,0", "gender_concept_id: 1234 is no standard concept"),
        ("person", "9,8507,1990,2,30,0", "year_of_birth: 1990-2-30 is no date"),
        ("person", "9,8507,2030,,,0", "year_of_birth: born after 2024-06-30"),
        ("person", "../../etc,8507,1990,,,0", "person_id: '../../etc' is no whole number"),
        ("death", "2,2024-05-02", "person_id: 2 died on 2024-05-01 already"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line_that_names_row_and_column(clinic, name, row, why):
    found = table(clinic({name: [row]}))
    (rejected,) = found.rejected
    assert rejected.why.startswith(f"{name}.csv, row {len(USUAL[name]) + 2}")
    assert why in rejected.why.replace("'\\x1b", "'\\\\x1b")
    assert "\n" not in rejected.why
    assert [row[0] for row in found.rows] == ["1", "2"]


DAYS = {"name": "days", "take": "days", "concept": CANCER, "until": RELAPSE}


@pytest.mark.parametrize(
    ("conditions", "death", "followed", "cell"),
    [
        ([], None, "2024-05-01", "-121"),
        ([], None, "2025-01-01", "-181"),
        ([f"2,1,{RELAPSE},2024-02-01"], None, "2024-05-01", "31"),
        ([f"2,1,{RELAPSE},2024-02-01", f"3,1,{CANCER},2024-01-11"], "1,2024-01-20", "2024-05-01", "19"),
        ([f"2,1,{RELAPSE},2024-07-01"], "1,2024-12-01", "2024-05-01", "-121"),
        ([f"2,1,{RELAPSE},2023-07-01"], None, "2024-05-01", "not after 2024-01-01, when it begins"),
        ([], None, None, "has no observation_period"),
    ],
    ids=["followed", "until the day", "relapse", "death", "later", "before", "never followed"],
)
def test_days_count_from_a_condition_to_the_event_or_to_the_end_of_what_was_observed(
    clinic, conditions, death, followed, cell
):
    whole = {
        "person": ["1,8532,1960,7,1,0", "2,8532,1960,7,1,0"],
        "condition_occurrence": [f"1,1,{CANCER},2024-01-01", f"9,2,{CANCER},2024-01-01", *conditions],
        "observation_period": ["2,2,2023-01-01,2024-01-02"],
        "death": [death] if death else [],
    }
    whole["observation_period"] += [f"1,1,2023-01-01,{followed}"] if followed else []
    found = table(clinic(**whole), MAPPING | {"columns": [DAYS]})
    if cell.lstrip("-").isdigit():
        assert found.rows == (("1", cell), ("2", "-1"))
    else:
        assert found.rows == (("2", "-1"),)
        assert cell in found.rejected[0].why


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("person.csv", "person_id,gender_concept_id\n", "year_of_birth"),
        ("person.csv", "", "the file is empty"),
        ("person.csv", "\xff" * 100_000, "a line of more than"),
        ("notes.csv", "a,b\n", "none of the tables that are read: person"),
        ("cdm_source.csv", "cdm_version\n5.3\n", "'5.3'; 5.4 is read"),
        ("person.csv.gz", "plain", "this is no gzip file"),
        ("person.csv", HEADS["person"] + "\n", "no person of these files can be used"),
    ],
)
def test_a_file_that_is_no_table_of_the_model_is_refused_in_one_line(clinic, tmp_path, name, text, why):
    paths = [path for path in clinic() if path.name != name.removesuffix(".gz")]
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=why):
        table([*paths, tmp_path / name])


def test_a_table_that_a_column_takes_from_must_be_there(clinic):
    paths = clinic()
    with pytest.raises(DataError, match=r"takes from death, and death\.csv is missing"):
        table([path for path in paths if path.name != "death.csv"])
    with pytest.raises(DataError, match=r"person\.csv is missing"):
        table(paths[1:])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"omop": "5.3"}, "omop"),
        ({"day": "2024-02-30"}, "day 2024-02-30"),
        ({"columns": [{"name": "a", "take": "sex"}] * 2}, 'column "a" is there twice'),
        ({"columns": [{"name": "a", "take": "drug"}]}, "lacks the concept"),
        ({"columns": [{"name": "a", "take": "measurement", "concept": 1}]}, "lacks its unit"),
        ({"columns": [{"name": "a", "take": "measurement", "concept": -1}]}, "concept"),
    ],
)
def test_a_wrong_mapping_is_named(change, why):
    with pytest.raises(DataError, match=why):
        omop_mapping(MAPPING | change, "map.json")


def test_the_command_loads_the_rest_only_if_told_so_and_names_the_mapping(clinic, tmp_path):
    paths = clinic({"measurement": [f"9,1,{HEIGHT},2024-01-01,67,9327"]})
    (tmp_path / "map.json").write_text(json.dumps(MAPPING), encoding="utf-8")
    out, rejects = tmp_path / "out.csv", tmp_path / "rejects.csv"
    words = [*map(str, paths), "--mapping", str(tmp_path / "map.json"), "--out", str(out)]
    words += ["--rejects", str(rejects)]
    refused = CliRunner().invoke(make_table, words)
    assert isinstance(refused.exception, Failure)
    assert not out.exists()
    assert "9327" in rejects.read_text(encoding="utf-8")
    done = CliRunner().invoke(make_table, [*words, "--skip-bad-rows", "--json"], catch_exceptions=False)
    told = json.loads(done.stdout)
    assert (told["patients"], told["rejected"], told["rows"]) == (2, 1, 16)
    assert told["mapping"] == omop_mapping(MAPPING, "").content.hex()
    assert out.read_text(encoding="utf-8").splitlines()[1] == "1,female,63,1,171,131,1,0,2"
