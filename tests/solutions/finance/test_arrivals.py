"""Payments that come in as files: the same table comes back, and a file that is broken is put aside."""

import gzip

import numpy as np
import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.finance.fraud.arrivals import cards_in, iban, quarantine, receive, send
from consortia.solutions.finance.fraud.cards import DAY_SECONDS, read_cards, write_cards
from consortia.solutions.finance.fraud.synthetic import made_cards
from consortia.solutions.finance.fraud.week import BANKS, DAYS_LEAST, FRAUDS_LEAST, prepare
from consortia.solutions.finance.iso20022.parties import is_iban
from consortia.solutions.finance.rings import links
from consortia.solutions.finance.rings.laundering import world
from consortia.solutions.finance.rings.rules import LARGE
from consortia.solutions.story import Asked

FEW = made_cards(1, customers=30, terminals=20)
HEADER = "time,customer,terminal,amount,fraud\n"


def same(one, other):
    fields = ("seconds", "day", "customer", "terminal", "amount", "fraud")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in fields)


@pytest.mark.parametrize("number", [0, 7, 9_999_999_999])
def test_accounts_are_ibans_of_no_country(number):
    assert is_iban(iban(3, number))
    assert iban(3, number).startswith("XX")


def test_what_is_sent_as_files_comes_back_as_the_same_table(tmp_path):
    sent = send(tmp_path, "cobalt", FEW, BANKS)
    came = [one for path in sent.files for one in receive(path)]
    assert len({one.reference for one in came}) == len(FEW)
    assert same(cards_in(came, sent.disowned, int(FEW.seconds[0]) // DAY_SECONDS), FEW)


def test_what_was_fraud_is_not_in_the_file(tmp_path):
    for path in send(tmp_path, "amber", FEW, BANKS).files:
        assert b"raud" not in path.read_bytes()


def test_a_file_cut_short_is_told_in_a_line_and_put_aside(tmp_path):
    path = send(tmp_path, "amber", FEW, BANKS).files[0]
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="no XML") as error:
        receive(path)
    rejected = []
    aside = quarantine(path, error.value, rejected)
    assert (path.exists(), aside.parent.name) == (False, "quarantine")
    assert "\n" not in rejected[0].why


def test_transfers_come_back_from_their_file_and_count_once_side_by_side(tmp_path):
    made = world(1, banks=5, accounts=300, rings=1, controls=0)
    banks = sorted(set(made.bank_of.values()))
    seen = {}
    for bank in banks[:2]:
        links.send(tmp_path / f"{bank}.xml", bank, made, banks)
        seen[bank] = links.transfers_in(receive(tmp_path / f"{bank}.xml"))
        assert len(seen[bank]) == len(links.large(made, bank))
    names = links.pseudonyms(b"a purpose", seen)
    one, other = (set(names[bank].items()) for bank in seen)
    assert {account for account, _ in one & other} == set(names[banks[0]]) & set(names[banks[1]])
    together = links.side_by_side(seen, names)
    large = {each for each in made.transfers if each.amount >= LARGE}
    assert len(together) == sum(
        bool({made.bank_of[each.payer], made.bank_of[each.payee]} & set(banks[:2])) for each in large
    )


def test_the_days_to_learn_from_end_before_frauds_of_the_tested_ones_could_be_known():
    weeks = prepare(Asked())
    assert max(weeks.learned) + 3 < min(weeks.tested)
    assert sum(map(len, weeks.banks.values())) == len(made_cards(1))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "0 days of payments"),
        ("2026-01-01 10:00:00,1,1,5,0\n", f"at least {DAYS_LEAST}"),
        ("2026-01-01 10:00:00,1,1,5,0\n2026-01-31 10:00:00,2,1,5,1\n", f"{FRAUDS_LEAST} at least are needed"),
        ("2026-01-01 10:00:00,1,1,nan,0\n", "an amount from 0 on"),
        ("2026-01-01 10:00:00,1,1,5\n", "a column is missing"),
    ],
)
def test_payments_that_are_not_enough_are_told_in_a_line(tmp_path, rows, said):
    path = tmp_path / "own.csv"
    path.write_text(HEADER + rows)
    with pytest.raises(DataError, match=said) as error:
        prepare(Asked(data=path))
    assert "\n" not in str(error.value)


def test_rows_that_cannot_be_used_are_written_and_left_out_only_if_told_so(tmp_path):
    path, rejects = tmp_path / "own.csv", tmp_path / "rejects.csv"
    rows = "".join(
        f"{when:%Y-%m-%d %H:%M:%S},{customer},{terminal},{amount},{int(fraud)}\n"
        for when, customer, terminal, amount, fraud in written(made_cards(2, customers=200, terminals=60))
    )
    path.write_text(f"{HEADER}{rows}2026-01-06 00:00:00,1,1,-5,0\n")
    with pytest.raises(DataError, match="an amount from 0 on"):
        prepare(Asked(data=path, rejects=rejects))
    assert "amount" in rejects.read_text()
    weeks = prepare(Asked(data=path, rejects=rejects, skip_bad_rows=True))
    assert len(weeks.rejected) == 1


def test_a_week_is_enough_where_frauds_are_known_the_day_after(tmp_path):
    cards, plain = made_cards(3), tmp_path / "week.csv"
    write_cards(plain, cards.take((cards.day >= 12) & (cards.day < 19)))
    packed = tmp_path / "week.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    weeks = prepare(Asked(data=packed))
    assert (weeks.is_short, weeks.delay, weeks.days) == (True, 1, 7)
    assert (weeks.learned, weeks.tested) == (range(2, 4), range(5, 7))
    packed.write_bytes(packed.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"week\.csv\.gz: the gzip file is cut off"):
        prepare(Asked(data=packed))


def test_payments_written_as_csv_are_read_again(tmp_path):
    write_cards(tmp_path / "cards.csv", FEW)
    assert same(read_cards(tmp_path / "cards.csv").cards, FEW)


def written(cards):
    """Payments with their times as dates."""
    times = cards.seconds.astype("datetime64[s]").tolist()
    columns = (cards.customer, cards.terminal, cards.amount, cards.fraud)
    return zip(times, *(column.tolist() for column in columns), strict=True)
