"""Ratings and baskets from CSV: what is read, which rows cannot be used and why, and files that are none."""

import gzip

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.personal.reading import Had, in_order, read_had, write_had
from consortia.solutions.rejects import usable

HEAD = "person,item,time\n"
GOOD = "ann,tea,2024-05-01T10:00:00Z\n"


def file(tmp_path, text, name="had.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_ratings_of_movielens_and_plain_baskets_are_read_alike(tmp_path):
    lens = file(tmp_path, "userId,movieId,rating,timestamp\n1,50,4.0,964982703\n1,47,5.0,964982703\n")
    plain = file(tmp_path, "time,person,item\n2000-07-30T18:45:03+00:00,1,50\n", "plain.csv")
    assert read_had(plain).had == (Had("1", "50", 964982703),)
    assert in_order(read_had(lens).had) == {"1": ["47", "50"]}


def test_a_packed_file_is_read(tmp_path):
    assert (
        read_had(file(tmp_path, gzip.compress((HEAD + GOOD).encode(), mtime=0), "had.csv.gz")).had[0].item
        == "tea"
    )


def test_what_is_written_is_read_back_in_order(tmp_path):
    people = {"ann": ["tea", "rye"], "bob": ["rye"]}
    write_had(tmp_path / "had.csv", people)
    assert in_order(read_had(tmp_path / "had.csv").had) == people


def test_an_item_had_twice_counts_once_at_its_first_time():
    had = [Had("ann", "tea", 3), Had("ann", "rye", 2), Had("ann", "tea", 1)]
    assert in_order(had) == {"ann": ["tea", "rye"]}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("ann,tea", "2 cells"),
        (",tea,2024-05-01T10:00:00Z", 'column "person": 0 characters'),
        ("ann,,2024-05-01T10:00:00Z", 'column "item": 0 characters'),
        (f"ann,{'t' * 201},2024-05-01T10:00:00Z", "201 characters"),
        ("ann,tea,2024-05-01T10:00:00", "no time zone"),
        ("ann,tea,noon", "is no time"),
        ("ann,tea,1714557600000", "from 1990 to 2100 in seconds. Check its unit"),
        ("ann,tea,12", "from 1990 to 2100"),
        ("ann,\x1b[31mtea,2024-05-01T10:00:00Z", "not fit to be shown"),
        ("an\u202en,tea,2024-05-01T10:00:00Z", "not fit to be shown"),
        (GOOD.strip(), "the same person, item and time again"),
    ],
    ids=[
        "short",
        "nobody",
        "nothing",
        "long",
        "zone",
        "word",
        "unit",
        "early",
        "escape",
        "reversed",
        "again",
    ],
)
def test_a_row_that_cannot_be_used_is_told_and_left_out_only_if_told_so(tmp_path, row, why):
    found = read_had(file(tmp_path, HEAD + GOOD + row + "\n"))
    assert [one.number for one in found.rejected] == [3]
    assert why in found.rejected[0].why
    assert usable(found.had, found.rejected, skip=True) == (Had("ann", "tea", 1714557600),)
    with pytest.raises(DataError, match="row 3"):
        usable(found.had, found.rejected, skip=False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("person,thing,time\nann,tea,1714557600\n", "one column item or movieid is wanted, there are 0"),
        ("person,userId,item,time\n", "there are 2"),
        ("", "the file is empty"),
        (HEAD, "no rows below the header"),
        (b"\xff\xfe\x00", "no UTF-8"),
        ("x" * 100_000, "a line of more than 65,536 bytes"),
    ],
    ids=["other", "twice", "empty", "header", "binary", "line"],
)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path, text, why):
    with pytest.raises(DataError, match=why) as caught:
        read_had(file(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_broken_is_refused(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_had(tmp_path / "none.csv")
    broken = gzip.compress((HEAD + GOOD).encode(), mtime=0)[:-9]
    with pytest.raises(DataError, match="cut off or damaged"):
        read_had(file(tmp_path, broken, "had.csv.gz"))


def test_nonsense_is_given_up_early_and_bad_rows_among_good_ones_are_counted(tmp_path, monkeypatch):
    rows = [f"p{n},tea,{'soon' if n % 100 == 0 else 1714557600}" for n in range(10_000)]
    found = read_had(file(tmp_path, HEAD + "\n".join(rows) + "\n"))
    assert (len(found.had), len(found.rejected)) == (9_900, 100)
    monkeypatch.setattr("consortia.solutions.rejects.REJECTS_MAX", 50)
    with pytest.raises(DataError, match="more than 50 rows cannot be used"):
        read_had(file(tmp_path, HEAD + "\n".join(rows) + "\n"))
