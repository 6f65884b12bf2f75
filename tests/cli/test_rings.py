"""Rings from files: by one bank alone, and by three that pass blinded accounts round and share pseudonyms."""

import json

import pytest
from click import UsageError

from consortia.cli.output import Failure
from consortia.cli.payments import payments
from consortia.engines.intersect import Blinding
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
        own = ("--names", back[bank], "--secret", tmp_path / f"{bank}.secret")
        facts(capsys, "rings", path, *own, "--share", shares[-1])
        assert not any(number in shares[-1].read_text() for number in NUMBERS)
    found = facts(capsys, "rings", *shares)["suspects"]
    assert [(one["account"], one["reasons"]) for one in found] == [("", ["cycle"])] * 3
    names = ("--names", back["two"], "--secret", tmp_path / "two.secret")
    own = facts(capsys, "rings", files["two"], *shares, *names)["suspects"]
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
    "no mark": ('{"purpose": "p", "by": 1, "points": []}', "no list of blinded accounts: 'mark'"),
    "no point of the group": (
        json.dumps({"purpose": "p", "by": 1, "mark": "", "points": ["ff" * 32]}),
        "other.json",
    ),
    "no number": ('{"purpose": "p", "by": Infinity, "mark": "", "points": []}', "no list of"),
    "deep": ("[" * 100_000, "no JSON"),
    "another purpose": ('{"purpose": "q", "by": 1, "mark": "", "points": []}', "is for 'q'"),
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
    mine = ("--secret", tmp_path / "one.secret")
    facts(capsys, "blind", files["one"], "--purpose", "p", *mine, "--out", tmp_path / "one.json")
    facts(capsys, "rings", files["one"], "--names", tmp_path / "one.json", *mine)
    send(tmp_path / "few.xml", "one", World(WORLD.bank_of, CYCLE[:1], []), BANKS)
    with pytest.raises(Failure, match=r"one\.json is not the list of the accounts in these files"):
        facts(capsys, "rings", tmp_path / "few.xml", "--names", tmp_path / "one.json", *mine)
    with pytest.raises(Failure, match="no secret"):
        facts(capsys, "rings", files["one"], "--names", tmp_path / "one.json", "--secret", tmp_path / "two")
    with pytest.raises(UsageError, match="go together"):
        facts(capsys, "rings", files["one"], "--names", tmp_path / "one.json")


def test_where_an_account_stands_in_a_list_tells_nothing_of_its_number(capsys, tmp_path):
    """Whoever knows some accounts of a sorted list knows between which numbers the others lie."""
    accounts = [f"account {at:05}".encode() for at in range(40)]
    cycle = [Transfer(DAY + at, accounts[at], accounts[at - 1], SUM) for at in range(40)]
    world, mine = World(dict.fromkeys(accounts, "one"), cycle, []), ("--secret", tmp_path / "secret")
    send(tmp_path / "one.xml", "one", world, BANKS)
    facts(capsys, "blind", tmp_path / "one.xml", "--purpose", "p", *mine, "--out", tmp_path / "mine.json")
    share = tmp_path / "share.json"
    names = ("--names", tmp_path / "mine.json", *mine)
    facts(capsys, "rings", tmp_path / "one.xml", *names, "--share", share)
    points = json.loads((tmp_path / "mine.json").read_text())["points"]
    blinding = Blinding(b"p", int((tmp_path / "secret").read_text(), 16))
    numbers = sorted(number_of(one, "one", BANKS) for one in accounts)
    in_order = [point.hex() for point in blinding.begin(numbers)]
    assert sorted(points) == sorted(in_order)
    assert points != in_order
    paid = {(payer, payee) for _, payer, payee, _ in json.loads(share.read_text())["transfers"]}
    name = dict(zip(numbers, in_order, strict=True))
    called = {one: name[number_of(one, "one", BANKS)] for one in accounts}
    assert paid == {(called[one.payer], called[one.payee]) for one in cycle}
