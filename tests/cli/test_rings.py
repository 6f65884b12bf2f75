"""Rings from files: by one bank alone, and by three that pass blinded accounts round and share pseudonyms."""

import json

import pytest

from consortia.cli.output import Failure
from consortia.cli.payments import payments
from consortia.engines.train.files import DataError
from consortia.solutions.finance.rings.laundering import DAY, Ring, Transfer, World
from consortia.solutions.finance.rings.links import number_of, send

BANKS = ("one", "two", "three")
ACCOUNTS = [f"account {at:05}".encode() for at in range(3)]
SUM = 500_000
CYCLE = [Transfer(DAY + at * 60, ACCOUNTS[at], ACCOUNTS[(at + 1) % 3], SUM - at * 20_000) for at in range(3)]
WORLD = World(dict(zip(ACCOUNTS, BANKS, strict=True)), CYCLE, [Ring("cycle", tuple(ACCOUNTS), control=False)])
NUMBERS = {number_of(one, bank, BANKS).decode() for one, bank in WORLD.bank_of.items()}


@pytest.fixture
def files(tmp_path):
    """Each bank's transfers."""
    paths = {bank: tmp_path / f"{bank}.xml" for bank in BANKS}
    for bank, path in paths.items():
        send(path, bank, WORLD, BANKS)
    return paths


def facts(capsys, *arguments):
    assert payments.main([*map(str, arguments), "--json"], standalone_mode=False) == 0
    return json.loads(capsys.readouterr().out)


def passed_round(capsys, folder, files):
    """Each bank's list, blinded by all three in turn."""
    back = {}
    for at, bank in enumerate(BANKS):
        come = files[bank]
        for step in range(3):
            by = BANKS[(at + step) % 3]
            come_next = folder / f"{bank}-{step}.json"
            secret = ["--secret", folder / f"{by}.secret", "--purpose", "rings of March"]
            assert facts(capsys, "blind", come, *secret, "--out", come_next)["by"] == step + 1
            come = come_next
        back[bank] = come
    return back


def test_three_banks_name_a_ring_that_none_of_them_names_alone(capsys, tmp_path, files):
    assert [facts(capsys, "rings", path)["suspects"] for path in files.values()] == [[]] * 3
    back = passed_round(capsys, tmp_path, files)
    shares = []
    for bank, path in files.items():
        shares.append(tmp_path / f"{bank}.share.json")
        facts(capsys, "rings", path, "--names", back[bank], "--share", shares[-1])
        assert not any(number in shares[-1].read_text() for number in NUMBERS)
    found = facts(capsys, "rings", *shares)["suspects"]
    assert [(one["account"], one["reasons"]) for one in found] == [("", ["cycle"])] * 3
    own = facts(capsys, "rings", files["two"], *shares, "--names", back["two"])["suspects"]
    assert {one["account"] for one in own} <= NUMBERS
    payments.main(["rings", *map(str, shares)], standalone_mode=False)
    assert capsys.readouterr().out.count("of another bank") == 3


def test_what_one_bank_sees_whole_it_names_by_account(capsys, tmp_path):
    alone = World(dict.fromkeys(ACCOUNTS, "one"), CYCLE, [])
    send(tmp_path / "one.xml", "one", alone, BANKS)
    found = facts(capsys, "rings", tmp_path / "one.xml")["suspects"]
    assert {one["account"] for one in found} == {number_of(a, "one", BANKS).decode() for a in ACCOUNTS}


def test_a_secret_is_for_its_owners_eyes(capsys, tmp_path, files):
    secret = tmp_path / "mine"
    facts(capsys, "blind", files["one"], "--secret", secret, "--purpose", "p", "--out", tmp_path / "x.json")
    assert secret.stat().st_mode & 0o777 == 0o600


WRONG = {
    "no JSON": ("{", "no JSON"),
    "no list": ('{"transfers": []}', "no list of blinded accounts"),
    "no points": ('{"purpose": "p", "by": 1, "points": ["00"]}', "no list of points"),
    "no point of the group": (json.dumps({"purpose": "p", "by": 1, "points": ["ff" * 32]}), "other.json"),
    "another purpose": ('{"purpose": "q", "by": 1, "points": []}', "is for 'q'"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_list_that_is_none_is_told_in_a_line(capsys, tmp_path, kind):
    text, said = WRONG[kind]
    (tmp_path / "other.json").write_text(text)
    with pytest.raises((DataError, Failure), match=said):
        facts(
            capsys,
            *("blind", tmp_path / "other.json", "--secret", tmp_path / "s"),
            *("--purpose", "p", "--out", tmp_path / "x.json"),
        )


def test_a_share_that_is_none_or_names_of_other_files_are_told(capsys, tmp_path, files):
    (tmp_path / "bad.json").write_text('{"transfers": [[1, "zz", "00", 1]]}')
    with pytest.raises(DataError, match="no transfers under pseudonyms"):
        facts(capsys, "rings", tmp_path / "bad.json")
    (tmp_path / "none.json").write_text('{"purpose": "p", "by": 1, "points": []}')
    with pytest.raises(Failure, match="is of 0 accounts"):
        facts(capsys, "rings", files["one"], "--names", tmp_path / "none.json")
