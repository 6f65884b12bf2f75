"""Tables: agreeing on a schema, reading under it, and listing every mismatch."""

import numpy as np
import pytest

from consortia.engines.train.agree import exponent_for, infer_schema
from consortia.engines.train.files import DataError, read_file
from consortia.engines.train.identifiers import IDENTIFIERS_RECORDS_MIN, advice, identifiers
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.engines.train.table import concatenate, csv_text, mismatches, read_folder, read_table
from tests.engines.tables import SCHEMA, make, numeric_tables, write

GOOD = "x,y|1,0|2,1"


def fault(folder, label="y"):
    with pytest.raises(DataError) as caught:
        read_folder(folder, label)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_gives_one_table_per_file_in_order_of_members(tmp_path):
    write(
        tmp_path,
        b="colour,age [years],y|red,61,sick|?,?,well",
        a="colour,age [years],y|blue,4,well|red,,sick",
    )
    (tmp_path / "notes.txt").write_text("not a table")
    tables = read_folder(tmp_path, "y")
    assert list(tables) == ["a", "b"]
    schema = tables["a"].schema
    assert schema.fields == (category("colour", ("blue", "red")), number("age", exponent=6, unit="years"))
    assert schema.label == Label("y", ("sick", "well"), 0)
    assert schema == tables["b"].schema
    assert np.array_equal(tables["b"].numbers, [[1, 61], [np.nan, np.nan]], equal_nan=True)
    assert tables["b"].labels.tolist() == [0, 1]
    assert (len(tables["a"]), tables["a"].records) == (2, 2)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a": "x,z|1,2", "b": "x,z|1,2"}, 'a.csv, row 1, column "y": no such label'),
        ({"a": "x,y|1,0|2,0", "b": "x,y|1,0|2,0"}, 'a.csv, column "y": every row has the class "0"'),
        ({"a": GOOD, "b": "x,y|1,0|2,0"}, 'b.csv, column "y": every row has the class "0"'),
        ({"a": "x,y", "b": GOOD}, "a.csv: no rows"),
        ({"a": GOOD, "b": "w,y|1,0|2,1"}, 'b.csv, row 1, column "x": the column is missing and "w" is there'),
        ({"a": GOOD, "b": "x,w,y|1,1,0|2,1,1"}, 'b.csv, row 1, column "w": a.csv has no such column'),
        ({"a": "x [mm],y|1,0|2,1", "b": "x [cm],y|1,0|2,1"}, 'b.csv, row 1, column "x": in cm, but a.csv'),
        ({"a": "x,y|1,0|abc,1|3,0|4,1", "b": GOOD}, 'a.csv, row 3, column "x": "abc" is not a number'),
        ({"a": "x,y|u,0|v,1", "b": GOOD}, 'a.csv, row 2, column "x": "u" is not a number'),
        ({"a": "x,y|inf,0|2,1", "b": GOOD}, 'a.csv, row 2, column "x": "inf" is not a finite number'),
        ({"a": "x,y|1e999,0|2,1", "b": GOOD}, 'row 2, column "x": "1e999" is not a finite number'),
        ({"a": GOOD}, "a.csv: the only CSV file"),
        ({}, "no CSV files"),
        ({"a": GOOD, "A": GOOD}, "a.csv: the same member name (a) as A.csv"),
        ({"a": "y|0|1", "b": "y|0|1"}, "a.csv: no column besides the label"),
        (
            {"a": "x,y|1,0|2,1|3,2", "b": GOOD},
            'a.csv, row 4, column "y": "2" is a third class besides 0 and 1',
        ),
        ({"a": "x,y|1,0|2,?", "b": GOOD}, 'a.csv, row 3, column "y": the label is missing'),
        ({str(i): GOOD for i in range(64)}, "64 CSV files"),
        (
            {"a": "x,y" + "".join(f"|k{i}k,{i % 2}" for i in range(65)), "b": "x,y|k,0|l,1"},
            "67 different texts",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_plain_line(tmp_path, files, said):
    assert said in fault(write(tmp_path, **files))


def test_a_folder_that_is_not_there_is_one_plain_line(tmp_path):
    assert "no such folder" in fault(tmp_path / "nowhere")


def test_a_mixed_column_is_a_category_when_no_file_has_mostly_numbers(tmp_path):
    tables = read_folder(write(tmp_path, a="x,y|low,0|3,1|high,1", b="x,y|low,0|low,1"), "y")
    assert tables["a"].schema.fields[0].levels == ("3", "high", "low")


def test_a_column_missing_everywhere_is_a_number_column(tmp_path):
    tables = read_folder(write(tmp_path, a="x,z,y|?,1,0|,2,1", b="x,z,y|,1,0|?,2,1"), "y")
    assert tables["a"].schema.fields[0] == number("x")
    assert np.isnan(tables["a"].numbers[:, 0]).all()


def test_missing_flags_are_given_where_cells_are_missing(tmp_path):
    tables = read_folder(
        write(tmp_path, a="x,z,y|?,1,0|1,2,1", b="x,z,y|2,1,0|3,2,1"), "y", missing_flags=True
    )
    assert tables["a"].schema.design_names == ("x", "x missing", "z")


def test_classes_are_sorted_by_size_when_they_are_numbers(tmp_path):
    tables = read_folder(write(tmp_path, a="x,y|1,10|2,9.0", b="x,y|1,9|2,10"), "y")
    assert tables["a"].schema.label.classes == ("9", "10")
    assert tables["a"].labels.tolist() == [1, 0]


def test_a_number_label_has_a_scale_and_no_classes(tmp_path):
    raw = read_file(write(tmp_path, a="x,y|1,100|2,250.5") / "a.csv")
    schema = infer_schema([raw], "y", task="number")
    assert schema.label == Label("y", (), 8)
    assert read_table(tmp_path / "a.csv", schema).labels.tolist() == [100, 250.5]


def test_a_number_label_must_be_numbers(tmp_path):
    raw = read_file(write(tmp_path, a="x,y|1,100|2,many") / "a.csv")
    with pytest.raises(DataError, match='row 3, column "y": "many" is not a number'):
        read_table(tmp_path / "a.csv", infer_schema([raw], "y", task="number"))


@pytest.mark.parametrize(
    ("magnitudes", "exponent"),
    [([], 0), ([0.0], 0), ([1.0], 0), ([1.1], 1), ([0.5], -1), ([3.0, 4.0, 0.0], 2), ([1, 1, 1, 99], 0),
     ([1, 1, 1e6], 12), ([1e-300], -100), ([1e300], 100)],
)  # fmt: skip
def test_an_exponent_holds_the_usual_magnitude_and_reaches_the_largest(magnitudes, exponent):
    assert exponent_for(magnitudes) == exponent


STUDY = Schema(
    (number("age", exponent=7, unit="years", minimum="0", maximum="120"), category("sex", ("f", "m"))),
    Label("y", ("0", "1"), 0),
)


def test_a_file_that_fits_has_no_mismatches_whatever_its_column_order(tmp_path):
    write(tmp_path, a="y,sex,age [years]|0,f,61|1.0,?,120")
    assert mismatches(STUDY, read_file(tmp_path / "a.csv")) == []
    table = read_table(tmp_path / "a.csv", STUDY)
    assert np.array_equal(table.numbers, [[61, 0], [120, np.nan]], equal_nan=True)


def test_every_mismatch_is_listed_at_once(tmp_path):
    write(tmp_path, a="weight,age [months],sex,y|1,732,f,0|1,old,x,2")
    assert mismatches(STUDY, read_file(tmp_path / "a.csv")) == [
        'a.csv, row 1, column "weight": the study has no such column. Take it out.',
        'a.csv, row 1, column "age": in months, the study wants years. Convert it.',
        'a.csv, row 2, column "age": 732 is outside 0..120 years. Check the value and its unit.',
        (
            'a.csv, row 3, column "sex": "x" is not one of the agreed levels (f, m). '
            "Correct the cell, or agree on another schema."
        ),
        'a.csv, row 3, column "y": "2" is neither 0 nor 1. Correct the cell, or take the row out.',
    ]


def test_missing_columns_and_labels_are_mismatches(tmp_path):
    write(tmp_path, a="age|61", b="age,sex,y|1,f,?")
    assert [line.split(":")[0] for line in mismatches(STUDY, read_file(tmp_path / "a.csv"))] == [
        'a.csv, row 1, column "sex"',
        'a.csv, row 1, column "y"',
    ]
    assert "the label is missing" in mismatches(STUDY, read_file(tmp_path / "b.csv"))[0]


def test_reading_under_a_schema_stops_at_the_first_mismatch(tmp_path):
    write(tmp_path, a="weight,age,sex,y|1,732,f,0")
    with pytest.raises(DataError, match="no such column"):
        read_table(tmp_path / "a.csv", STUDY)


@pytest.mark.parametrize("table", [make(1, 30), numeric_tables()["p"]], ids=["classes", "number"])
def test_a_table_written_as_csv_is_read_back_the_same(tmp_path, table):
    (tmp_path / "a.csv").write_text(csv_text(table), encoding="utf-8")
    again = read_table(tmp_path / "a.csv", table.schema)
    assert np.array_equal(again.numbers, table.numbers, equal_nan=True)
    assert np.array_equal(again.labels, table.labels)


def test_columns_of_numbers_that_look_like_identifiers_are_told(tmp_path):
    header, enough = "mrn,case_id,visit,height,covid,name,y", IDENTIFIERS_RECORDS_MIN
    for name, count in (("long", enough), ("short", enough - 1)):
        rows = [f"{i + 7},{i % 2},{i},{i % 9},{i / 2},n{i},{i % 2}" for i in range(count)]
        write(tmp_path, **{name: "|".join([header, *rows])})
    long, short = (read_file(tmp_path / f"{name}.csv") for name in ("long", "short"))
    assert identifiers(long) == ("mrn", "case_id", "visit")
    assert identifiers(long, ("visit",)) == ("mrn", "case_id")
    assert identifiers(short) == ("mrn", "case_id")  # by their names alone
    assert advice(short, ("mrn",), "leave it out") == (
        (
            'short.csv, column "case_id": looks like identifiers, and a model would learn from them\n'
            "  if it is: leave it out"
        ),
    )


def test_a_file_where_a_folder_is_wanted_is_told_so(tmp_path):
    write(tmp_path, a=GOOD)
    with pytest.raises(DataError, match=r"a\.csv: a file, and a folder is wanted"):
        read_folder(tmp_path / "a.csv", "y")


def test_tables_of_one_schema_are_joined_in_order():
    first, second = make(1, 5), make(2, 4)
    both = concatenate("both", [first, second])
    assert both.labels.tolist() == [*first.labels, *second.labels]
    assert both.take([8, 0]).labels.tolist() == [second.labels[3], first.labels[0]]


def test_tables_of_two_schemas_are_not_joined():
    other = Schema(SCHEMA.fields, Label("other", ("no", "yes"), 0))
    with pytest.raises(DataError, match="different schemas"):
        concatenate("both", [make(1, 5), make(2, 4, other)])
