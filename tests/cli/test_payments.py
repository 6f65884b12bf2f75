"""Payment files from the command line: checked, read into sheets, written; features of card payments."""

import json

import pytest

from consortia.cli.output import Failure
from consortia.cli.payments import payments
from consortia.engines.train.files import DataError
from consortia.solutions.finance.fraud.arrivals import send
from consortia.solutions.finance.fraud.synthetic import made_cards
from consortia.solutions.finance.fraud.week import BANKS
from consortia.solutions.finance.iso20022 import tree
from consortia.solutions.finance.iso20022.payments import read_payments
from consortia.solutions.finance.iso20022.sheets import COLUMNS
from consortia.solutions.finance.iso20022.statements import read_statements

SHEET = "reference,amount,currency,debtor_account,creditor_account\n"
OWN = "DE02120300000000202051"


@pytest.fixture
def files(tmp_path):
    """A day's payments of a bank, as they come in."""
    return send(tmp_path, "amber", made_cards(1, customers=30, terminals=20), BANKS).files[:2]


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(f"{SHEET}R1,12.50,EUR,{OWN},N-7\nR2,2.00,EUR,N-8,{OWN}\n")
    return path


def run(*arguments, code=0):
    given = [str(one) for one in arguments]
    assert payments.main(given, standalone_mode=False) == code


def facts(capsys, *arguments, code=0):
    run(*arguments, "--json", code=code)
    return json.loads(capsys.readouterr().out)


def test_files_are_checked_each_with_its_totals_or_what_is_wrong(capsys, tmp_path, files):
    good, cut = files
    cut.write_bytes(cut.read_bytes()[:-30])
    found = facts(capsys, "check", good, cut, "--rejects", tmp_path / "rejects.csv", code=1)["files"]
    assert (found[0]["message"], found[0]["rejected"]) == ("pacs.008.001.08", [])
    assert found[0]["totals"]["EUR"] == sum(p.amount for p in read_payments(good.read_bytes(), "x").payments)
    assert "no XML" in found[1]["rejected"][0]
    assert "no XML" in (tmp_path / "rejects.csv").read_text()
    run("check", good, cut, code=1)
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].strip() for line in told] == [str(good), "wrong"]


def test_payments_go_to_a_sheet_and_back_unchanged(capsys, tmp_path, files):
    sheet, again = tmp_path / "sheet.csv", tmp_path / "again.xml"
    count = facts(capsys, "read", *files, "--out", sheet)["payments"]
    assert sheet.read_text().splitlines()[0] == ",".join(COLUMNS)
    assert facts(capsys, "write", sheet, "--out", again)["payments"] == count
    before = [one for path in files for one in read_payments(path.read_bytes(), "x").payments]
    assert list(read_payments(again.read_bytes(), "x").payments) == before


@pytest.mark.parametrize(("kind", "balances"), [("camt.053", [-1000, -2050]), ("camt.054", [])])
def test_a_sheet_becomes_one_accounts_statement(tmp_path, sheet, kind, balances):
    out = tmp_path / "out.xml"
    opening = ["--opening", "-10"] if balances else []
    run("write", sheet, "--as", kind, "--account", OWN, *opening, "--out", out)
    read = read_statements(out.read_bytes(), "out.xml")
    (one,) = read.statements
    assert (one.account, read.remarks) == (OWN, ())
    assert [entry.amount for entry in one.entries] == [-1250, 200]
    assert [balance.amount for balance in one.balances] == balances


WRONG = {
    "a currency that is none": ("R1,1,EUX,,\n", "ISO 4217"),
    "too many decimals": ("R1,1.234,EUR,,\n", "finer than"),
    "no amount": ("R1,,EUR,,\n", "no amount"),
    "an account whose digits fail": (
        "R1,1,EUR,DE02120300000000202051,\nR2,1,EUR,,\nR2,1,EUR,,\n",
        "row 3 too",
    ),
    "no reference": (",1,EUR,,\n", "PmtId"),
    "a character that no XML may have": ("R\x01,1,EUR,,\n", "no XML may have"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_row_that_no_message_may_hold_is_refused_or_left_out(capsys, tmp_path, kind):
    rows, said = WRONG[kind]
    sheet, out, rejects = (tmp_path / name for name in ("s.csv", "o.xml", "r.csv"))
    sheet.write_text(f"{SHEET}{rows}GOOD,3,EUR,,\n")
    with pytest.raises(Failure, match=said):
        run("write", sheet, "--out", out)
    assert not out.exists()
    run("write", sheet, "--out", out, "--skip-bad-rows", "--rejects", rejects)
    assert "GOOD" in {one.reference for one in read_payments(out.read_bytes(), "o.xml").payments}
    assert said in rejects.read_text()
    assert said in capsys.readouterr().err


def test_a_sheet_without_a_column_or_another_account_is_told(tmp_path, sheet):
    with pytest.raises(DataError, match="none of the payments"):
        run("write", sheet, "--as", "camt.054", "--account", "N-9", "--out", tmp_path / "x.xml")
    sheet.write_text("reference,amount\n")
    with pytest.raises(DataError, match="no column 'currency'"):
        run("write", sheet, "--out", tmp_path / "x.xml")


def test_card_payments_are_numbered_by_terminal_and_agreed_day(tmp_path):
    cards, out = tmp_path / "cards.csv", tmp_path / "groups.csv"
    cards.write_text("time,customer,terminal,amount,fraud\n2026-01-07 10:00:00,1,2,5,1\n")
    run("groups", cards, "--first", "2026-01-05", "--days", "21", "--out", out)
    assert out.read_text() == "terminal and day,fraud\n44,1\n"
    with pytest.raises(Failure, match="is there already"):
        run("groups", cards, "--first", "2026-01-05", "--days", "21", "--out", out)
    with pytest.raises(Failure, match="outside the 2 days"):
        run("groups", cards, "--first", "2026-01-05", "--days", "2", "--out", tmp_path / "other.csv")


def test_without_its_library_the_remedy_is_told(monkeypatch, tmp_path, files):
    monkeypatch.setattr(tree.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(DataError, match=r"pip install 'consortia\[finance\]'"):
        run("read", files[0], "--out", tmp_path / "s.csv")
