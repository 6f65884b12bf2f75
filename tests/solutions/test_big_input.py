"""Every reader over files with many bad rows, and over nonsense: told row by row, and bounded."""

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions import lines
from consortia.solutions.rejects import REJECTS_MAX, Rejected, Rejects, TooMuch
from tests.solutions.big_input import READERS, nonsense, write

WHY_CHARS_MAX = 400


@pytest.mark.parametrize("name", READERS)
def test_one_bad_row_in_a_hundred_is_told_and_the_rest_is_read(name, tmp_path, programme):
    reader, rows = READERS[name], programme(quick=1_000, test=3_000, nightly=1_000_000)
    good, bad = write(tmp_path / name, min(rows, reader.most))
    taken, rejected = reader.read(tmp_path / name)
    assert (reader.name, taken, len(rejected)) == (reader.name, good, bad)
    for each in rejected:
        assert each.why.isprintable()
        assert each.why.startswith(name)
        assert len(each.why) < WHY_CHARS_MAX
    assert len({each.number for each in rejected}) == bad


@pytest.mark.parametrize("name", READERS)
def test_nonsense_is_refused_in_one_line_or_told_row_by_row(name, tmp_path, programme):
    size = programme(quick=200_000, test=400_000, nightly=100_000_000)
    reader = READERS[name]
    for kind, path in nonsense(tmp_path / name, size):
        taken, rejected = _read(reader, path)
        assert (kind, taken) == (kind, 0)
        assert (kind not in {"empty lines", "blank lines"}) <= len(rejected) <= REJECTS_MAX
        assert all(each.why.isprintable() and len(each.why) < WHY_CHARS_MAX for each in rejected)


def _read(reader, path):
    """What was read; a file that is refused as a whole as the one thing that was rejected."""
    try:
        return reader.read(path)
    except DataError as error:
        return 0, [Rejected(0, str(error))]


def test_what_cannot_be_used_has_an_end():
    rejects = Rejects()
    for number in range(REJECTS_MAX):
        rejects.add(number, "torn")
    with pytest.raises(TooMuch, match="more than 100,000 rows cannot be used; the first: torn"):
        rejects.add(REJECTS_MAX, "torn")


def test_lines_that_say_nothing_have_an_end_whatever_they_are_blank_with(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "BLANK_MAX", 4)
    path = tmp_path / "blank.csv"
    path.write_text("a,b\n\n \n\t\r\n\u2003\n1,2\n", encoding="utf-8")
    assert list(lines.rows(path)) == [(1, ["a", "b"]), (6, ["1", "2"])]
    path.write_text("a,b\n\n \n\t\r\n\u2003\n \n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"blank.csv: more than 4 blank lines\."):
        list(lines.rows(path))
