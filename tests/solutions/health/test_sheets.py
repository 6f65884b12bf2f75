"""A hospital's own CSV file as a study table: what is read, and what is told of the rest."""

import csv
import json

import pytest
from click.testing import CliRunner

from consortia.cli.health import make_table
from consortia.engines.train.files import DataError
from consortia.solutions.health.sheets import sheet_mapping, sheet_table

MAPPING = {
    "csv": "1",
    "day": "2024-06-30",
    "patient": "pid",
    "columns": [
        {"name": "age", "take": "age", "column": "born"},
        {
            "name": "sex",
            "take": "word",
            "column": "sex",
            "words": [{"said": "w", "cell": "female"}, {"said": "m", "cell": "male"}],
        },
        {"name": "height", "take": "number", "column": "height", "unit": "cm"},
        {"name": "nodes", "take": "number", "column": "nodes", "unit": "1"},
        {"name": "days", "take": "days", "column": "surgery", "event": "relapse", "last": "seen"},
    ],
}
HEADER = "pid,born,sex,height [cm],nodes,surgery,relapse,seen,ward"
GOOD = "p1,1960-07-01,w,170.5,3,2023-01-01,2023-01-31,2024-01-01,7"


def table(folder, *lines, header=HEADER):
    path = folder / "own.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return sheet_table(path, sheet_mapping(MAPPING, "map.json"))


def test_a_row_a_patient_with_ages_words_units_and_days(tmp_path):
    without = "p0,,m,,0,2024-06-01,2024-07-05,2024-08-01,"
    found = table(tmp_path, GOOD, without)
    assert found.header == ("patient", "age", "sex", "height [cm]", "nodes", "days")
    assert found.rows == (("p0", "", "male", "", "0", "-29"), ("p1", "63", "female", "170.5", "3", "30"))
    assert found.rejected == ()
    assert next(iter(csv.reader(found.csv().splitlines()))) == list(found.header)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("p1", "p 1", "patient 'p 1'"),
        ("1960-07-01", "2025-07-01", 'column "born": born after 2024-06-30'),
        ("1960-07-01", "1.7.1960", "column \"born\": '1.7.1960' is no day"),
        (",w,", ",x,", "column \"sex\": 'x' is none of the mapping's words"),
        ("170.5", "tall", "column \"height\": 'tall' is no number"),
        ("2023-01-01", "", "days are counted from it"),
        ("2023-01-31,2024-01-01", ",", "until when was the patient followed"),
        ("2023-01-31", "2022-12-31", "not after 2023-01-01"),
        (",7", "", "8 cells, the header has 9"),
        (",w,170.5", ",x,tall", "none of the mapping's words; column \"height\": 'tall' is no number"),
        ("p1,1960-07-01,w,170.5,3,2023-01-01", "p 1,a,b,c,d,e", "; and 1 more"),
        ("p1", "p0", "patient p0 is there already"),
    ],
)
def test_a_row_that_cannot_be_used_is_told(tmp_path, old, new, why):
    good = GOOD.replace("p1", "p0")
    found = table(tmp_path, good, GOOD.replace(old, new, 1))
    assert [row[0] for row in found.rows] == ["p0"]
    assert [(one.number, why in one.why) for one in found.rejected] == [(3, True)]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[cm]", "[in]", "unit 'in'; the mapping asks for 'cm'"),
        ("height [cm]", "height", "no unit; the mapping asks for 'cm'"),
        ("nodes", "nodes [mm]", "unit 'mm'; the mapping asks for '1'"),
        ("seen", "last", "no column 'seen'"),
        ("seen,ward", "last", "no column 'seen', which the mapping reads. It has: pid, born"),
        ("sex,height [cm]", "size", "no column 'sex', 'height'"),
        (",", ";", "The separator looks like another"),
        ("height [cm],nodes", "height,nodes [mm]", "no unit; .*; column \"nodes\": unit 'mm'"),
        ("ward", "pid", "the name stands twice"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path, old, new, why):
    with pytest.raises(DataError, match=why):
        table(tmp_path, GOOD, header=HEADER.replace(old, new))


def test_a_file_without_a_usable_patient_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no patient of it can be used.*row 2"):
        table(tmp_path, "x")
    with pytest.raises(DataError, match=r"no rows below the header"):
        table(tmp_path)
    (tmp_path / "own.csv").write_text("")
    with pytest.raises(DataError, match=r"own\.csv, row 1: the file is empty"):
        sheet_table(tmp_path / "own.csv", sheet_mapping(MAPPING, "map.json"))


@pytest.mark.parametrize(
    ("at", "lost", "why"),
    [(1, "words", "lacks its words"), (2, "unit", "lacks its unit"), (4, "last", "lacks the columns")],
)
def test_a_mapping_that_leaves_something_open_is_refused(at, lost, why):
    said = json.loads(json.dumps(MAPPING))
    del said["columns"][at][lost]
    with pytest.raises(DataError, match=why):
        sheet_mapping(said, "map.json")


def test_the_command_writes_a_table_only_if_told_to_leave_bad_rows_out(tmp_path):
    mapping, own, out = (tmp_path / name for name in ("map.json", "own.csv", "table.csv"))
    mapping.write_text(json.dumps(MAPPING), encoding="utf-8")
    own.write_text(f"{HEADER}\n{GOOD}\nx\n", encoding="utf-8")
    asked = [str(own), "--mapping", str(mapping), "--out", str(out), "--json"]
    assert CliRunner().invoke(make_table, asked, standalone_mode=False).exception is not None
    assert not out.exists()
    done = CliRunner().invoke(make_table, [*asked, "--skip-bad-rows"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["rows"] == 2
    assert out.read_text(encoding="utf-8").splitlines()[1] == "p1,63,female,170.5,3,30"
    out.unlink()
    assert CliRunner().invoke(make_table, [str(own), *asked]).exit_code == 2
    mapping.write_text(json.dumps({"day": "2024-06-30"}), encoding="utf-8")
    done = CliRunner().invoke(make_table, asked, standalone_mode=False)
    assert "no element says what the files are" in done.exception.text


def test_the_command_tells_every_row_that_cannot_be_used_up_to_a_limit(tmp_path):
    mapping, own, out = (tmp_path / name for name in ("map.json", "own.csv", "table.csv"))
    mapping.write_text(json.dumps(MAPPING), encoding="utf-8")
    bad = [GOOD.replace("p1", f"b{at}").replace(",w,", ",x,") for at in range(25)]
    own.write_text("\n".join([HEADER, GOOD, *bad]) + "\n", encoding="utf-8")
    asked = [str(own), "--mapping", str(mapping), "--out", str(out)]
    done = CliRunner().invoke(make_table, asked, standalone_mode=False)
    told = done.stderr.splitlines()
    assert [line.split('"')[0] for line in told[:20]] == [
        f"  own.csv, row {3 + at}, column " for at in range(20)
    ]
    assert told[20:] == ["  and 5 more: --rejects FILE"]
    assert done.exception.text.startswith("25 rows or entries cannot be used")


def test_the_command_tells_every_row_where_none_can_be_used(tmp_path):
    mapping, own, out, rejects = (tmp_path / name for name in ("map.json", "own.csv", "table.csv", "bad.csv"))
    mapping.write_text(json.dumps(MAPPING), encoding="utf-8")
    own.write_text("\n".join([HEADER, "x", GOOD.replace(",w,", ",x,")]) + "\n", encoding="utf-8")
    asked = [str(own), "--mapping", str(mapping), "--out", str(out), "--rejects", str(rejects)]
    done = CliRunner().invoke(make_table, [*asked, "--skip-bad-rows"], standalone_mode=False)
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "  own.csv, row 2",
        '  own.csv, row 3, column "sex"',
    ]
    assert done.exception.text == "own.csv: no patient of it can be used"
    assert len(rejects.read_text(encoding="utf-8").splitlines()) == 3
    own.write_text(f"{HEADER}\nx\n", encoding="utf-8")
    done = CliRunner().invoke(make_table, asked[:-2], standalone_mode=False)
    assert (
        done.exception.text
        == "own.csv: no patient of it can be used: own.csv, row 2: 1 cells, the header has 9"
    )
    assert not out.exists()
