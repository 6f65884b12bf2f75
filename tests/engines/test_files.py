"""CSV files: each fault is one line that names file, row and column, and says what to do."""

import gzip

import pytest

from consortia.engines.train import files
from consortia.engines.train.files import DataError, canonical, cell_number, member_name, read_file


def write(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def fault(tmp_path, content):
    with pytest.raises(DataError) as caught:
        read_file(write(tmp_path, content))
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("a.csv")
    assert text.endswith(".")
    return text


def test_a_file_is_read_as_header_and_stripped_cells_with_spreadsheet_rows(tmp_path):
    raw = read_file(write(tmp_path, "\ufeffage [years], sex \n\n 61 ,m\n\n47,\n"))
    assert (raw.header, raw.units) == (("age", "sex"), ("years", ""))
    assert raw.rows == [["61", "m"], ["47", ""]]
    assert raw.numbers == [3, 5]


def test_quoted_cells_may_hold_commas(tmp_path):
    assert read_file(write(tmp_path, 'x,y\n"a,b",1\n')).rows == [["a,b", "1"]]


def test_a_gzipped_file_is_read_as_what_is_in_it(tmp_path, monkeypatch):
    packed = gzip.compress(b"x,y\n1,2\n" * 40, mtime=0)
    assert len(read_file(write(tmp_path, packed)).rows) == 79
    for damaged in (packed[:-9], packed[:20] + b"\xff" + packed[21:]):
        assert fault(tmp_path, damaged) == "a.csv: the gzip file is cut off or damaged."
    monkeypatch.setattr(files, "FILE_BYTES_MAX", 200)
    assert "MiB are read. Split the file." in fault(tmp_path, packed)


def test_only_line_ends_end_a_row(tmp_path):
    raw = read_file(write(tmp_path, "x,y\r\na\u2028b\x0c,1\r\nc,2\r\n"))
    assert raw.rows == [["a\u2028b", "1"], ["c", "2"]]


def test_brackets_that_tell_columns_apart_stay_in_their_names(tmp_path):
    raw = read_file(write(tmp_path, "r [mean],r [worst]\n1,2\n"))
    assert (raw.header, raw.units) == (("r [mean]", "r [worst]"), ("", ""))


def test_a_ragged_row_is_named_with_the_first_column_it_lacks(tmp_path):
    assert fault(tmp_path, "x,y\n1,0\n2\n").startswith('a.csv, row 3, column "y": 1 cells')


def test_a_row_with_too_many_cells_is_named(tmp_path):
    assert fault(tmp_path, "x,y\n1,0,9\n").startswith("a.csv, row 2: 3 cells")


def test_other_ragged_rows_are_named_too(tmp_path):
    assert " columns. So it is in rows 4, 6. Give" in fault(tmp_path, "x,y\n1\n1,2\n1\n1,2\n1,2,3\n")
    many = fault(tmp_path, "x,y\n" + "1\n" * 20)
    assert "So it is in rows 3, 4, 5, 6, 7, 8, 9, 10 and 11 more." in many


@pytest.mark.parametrize("content", [b"x,y\n1,\xff\xfe\n", b"x,y\n1,\x00\n"], ids=["not UTF-8", "zero byte"])
def test_what_is_not_text_is_named_with_its_row_and_column(tmp_path, content):
    assert fault(tmp_path, content).startswith('a.csv, row 2, column "y": not text')


def test_another_encoding_is_named_where_it_says_so(tmp_path):
    assert fault(tmp_path, "x,y\n1,2\n".encode("utf-16")).startswith("a.csv, row 1: not text (it is UTF-16)")


@pytest.mark.parametrize("content", [b"\xe9,y\n1,2\n", b"x,y\n1,2,3,\xe9\n", b'x,y\n"1,\xe9",2\n'])
def test_what_is_not_text_is_named_wherever_it_stands(tmp_path, content):
    assert ": not text (byte " in fault(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("x,y\n", "no rows"),
        ("x,,y\n1,2,3\n", "row 1: column 2 has no name"),
        ("x,x\n1,2\n", 'row 1, column "x": the name stands twice'),
        ("x;y\n1;2\n", "the separator looks like another"),
        ("x;y,5;z\n1;2,5;3\n", "the separator looks like another"),
        ("x\ty\n1\t2\n", "the separator looks like another"),
        ("x|y\n1|2\n", "the separator looks like another"),
        ("x,y\n1," + "2" * 1_000_000 + "\n", 'row 2, column "y": the cell has 1000000 characters'),
        ("x,y\n1,2," + "3" * 1_001 + "\n", "row 2: the cell has 1001 characters"),
        ('x,y\n"1,2\n', "row 2: not CSV"),
        ("x,y\n" + "1" * 1001 + ",2\n", 'row 2, column "x": the cell has 1001 characters'),
        ("x" * 121 + ",y\n1,2\n", "at most 120 characters"),
        (",".join(f"c{i}" for i in range(513)) + "\n", "513 columns"),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path, content, said):
    assert said in fault(tmp_path, content)


def test_a_file_with_too_many_rows_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ROWS_MAX", 2)
    assert "more than 2 rows" in fault(tmp_path, "x\n1\n2\n3\n")


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "FILE_BYTES_MAX", 3)
    assert "are read. Split the file" in fault(tmp_path, "x\n1\n")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"b\.csv: cannot be read"):
        read_file(tmp_path / "b.csv")


@pytest.mark.parametrize(
    ("stem", "member"),
    [("north", "north"), ("St. Mary's", "st-mary-s"), ("Ärzte_2", "rzte-2"), ("x" * 40, "x" * 32)],
)
def test_a_member_is_named_for_its_file(tmp_path, stem, member):
    assert member_name(tmp_path / f"{stem}.csv") == member


def test_a_file_whose_name_makes_no_member_is_refused(tmp_path):
    with pytest.raises(DataError, match="makes no member name"):
        member_name(tmp_path / "__.csv")


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1", 1.0), ("-2.5e3", -2500.0), (".5", 0.5), ("1.", 1.0), ("1e999", None), ("inf", None), ("nan", None),
     ("1,5", None), ("0x10", None), ("1_000", None), ("٣", None), ("", None)],
)  # fmt: skip
def test_a_number_is_a_finite_decimal_and_nothing_else(cell, value):
    assert cell_number(cell) == value


@pytest.mark.parametrize(
    ("cell", "level"),
    [("1", "1"), ("1.0", "1"), ("01", "1"), ("0.50", "0.5"), ("1e999", "1e999"), ("m", "m")],
)
def test_a_level_has_one_spelling(cell, level):
    assert canonical(cell) == level


def test_what_is_shown_of_a_cell_fits_one_line():
    assert files.shown("a\nb") == "a\\nb"
    assert len(files.shown("x" * 500)) == 40
