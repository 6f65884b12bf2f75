"""What people type and are handed: ids in hex, and slips that say whose they are."""

import csv
import io

import click
import pytest

from consortia.base.ids import digest_from_hex
from consortia.cli.banking import identity
from consortia.cli.consents import subject_of, whose
from consortia.cli.lookup import digest_of
from consortia.cli.output import Failure, table


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "ab" * 31, "ab" * 33, "ab " * 32, "ab  " * 16])
def test_what_is_no_id_is_called_what_it_should_have_been(text):
    assert digest_from_hex(text) is None
    with pytest.raises(Failure, match="is no id of a key, which has 64 hex digits") as caught:
        digest_of(text, "id of a key", "consortia key list")
    assert caught.value.remedy == "consortia key list"
    with pytest.raises(Failure, match="is no id of an escrow"):
        identity(text)
    with pytest.raises(Failure, match="is no key of a person"):
        subject_of(text)


def test_an_id_is_read_in_either_case():
    assert digest_of("AB" * 32, "id", "") == identity("ab" * 32) == subject_of("aB" * 32) == b"\xab" * 32


def test_every_slip_has_its_person_beside_it():
    rows = list(csv.reader(io.StringIO(whose(["p1", 'Ada, "of" Hull']).decode(), newline="")))
    assert rows == [["slip", "person"], ["000001.json", "p1"], ["000002.json", 'Ada, "of" Hull']]


def test_a_table_is_broken_at_words_where_the_terminal_is_narrower(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    rows = [["routine", "set_parameter spend", "2026-11-29 13:48:20 UTC"], ["x" * 50, "", ""]]
    table(rows[:1], ["class", "may hold", "since"])
    assert capsys.readouterr().out.count("\n") == 2  # in a pipe a row is a line
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    table(rows[:1], ["class", "may hold", "since"])
    assert click.unstyle(capsys.readouterr().out).splitlines() == [
        "class    may hold          since",
        "routine  set_parameter     2026-11-29",
        "         spend             13:48:20 UTC",
    ]
    table(rows, ["class", "may hold", "since"])  # no word is broken, whatever the terminal
    assert "x" * 50 in capsys.readouterr().out
