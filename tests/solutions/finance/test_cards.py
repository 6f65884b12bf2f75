"""Card payments: what is read, what a bank knows alone, and what the sums over all banks add."""

import random

import numpy as np
import pytest

from consortia.engines.train import recipe
from consortia.engines.train.files import DataError
from consortia.engines.train.loop import train
from consortia.engines.train.rates import read_rates
from consortia.solutions.finance.fraud.cards import (
    CUSTOMER_DAYS,
    DAY_SECONDS,
    DELAY_DAYS,
    OWN,
    SHARED,
    TERMINAL_DAYS,
    cards_of,
    not_yet_known,
    own_features,
    read_cards,
    shared_features,
    terminal_counts,
)
from consortia.solutions.finance.fraud.tables import (
    features,
    rates_table,
    schema_for,
    split_by_customer,
    table_of,
)

DAYS = 12
MONDAY = 1_764_547_200  # 1 December 2025


def drawn(seed, count=400, terminals=6, customers=9):
    draw = random.Random(seed)
    return cards_of(
        [
            (
                MONDAY + draw.randrange(DAYS * DAY_SECONDS),
                draw.randrange(customers),
                draw.randrange(terminals),
                float(draw.choice([0, 5, 10, 40])),
                draw.random() < 0.2,
            )
            for _ in range(count)
        ]
    )


def plain_own(cards, at):
    """The features of one payment, from their descriptions."""
    seconds, customer, amount = cards.seconds[at], cards.customer[at], cards.amount[at]
    day = (seconds - MONDAY) // DAY_SECONDS % 7
    found = [amount, float(day >= 5), float(seconds % DAY_SECONDS < 6 * 3600)]
    mean = 0.0
    for days in CUSTOMER_DAYS:
        same = (cards.customer == customer) & (cards.seconds <= seconds)
        paid = cards.amount[same & (cards.seconds >= seconds - days * DAY_SECONDS)]
        mean = paid.mean()
        found += [len(paid), mean]
    return [*found, amount / mean if mean else 1.0]


def plain_shared(cards, counts, at):
    found = []
    for window in TERMINAL_DAYS:
        days = [cards.day[at] - DELAY_DAYS - back for back in range(window)]
        cells = [cards.terminal[at] * DAYS + day for day in days if day >= 0]
        payments, frauds = (sum(int(part[cell]) for cell in cells) for part in counts)
        found += [payments, frauds / payments if payments else 0.0]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_features_are_what_their_names_say(seed):
    cards = drawn(seed)
    counts = terminal_counts(cards, 6, DAYS)
    own, shared = own_features(cards), shared_features(cards, counts, DAYS)
    assert own.shape == (400, len(OWN))
    assert shared.shape == (400, len(SHARED))
    for at in range(400):
        assert own[at].tolist() == pytest.approx(plain_own(cards, at))
        assert shared[at].tolist() == pytest.approx(plain_shared(cards, counts, at))


def test_the_counts_of_all_banks_come_out_of_their_secure_sum():
    cards = drawn(5)
    banks = split_by_customer(cards, {"a": 3, "b": 1, "c": 1}, seed=2)
    assert sum(len(bank) for bank in banks.values()) == 400
    owners = [set(bank.customer.tolist()) for bank in banks.values()]
    assert set.union(*owners) == set(range(9))
    assert sum(map(len, owners)) == 9
    tables = {name: rates_table(name, bank, DAYS) for name, bank in banks.items()}
    summed = read_rates(train(recipe("rates"), {"groups": 6 * DAYS}, tables).model)
    whole = terminal_counts(cards, 6, DAYS)
    assert summed.records.tolist() == whole.records.tolist()
    assert summed.positives.tolist() == whole.positives.tolist()


def test_a_bank_s_table_holds_its_payments_under_the_study_s_schema():
    cards = drawn(6)
    matrix = features(cards, terminal_counts(cards, 6, DAYS), DAYS)
    table = table_of("bank", schema_for(matrix), matrix, cards)
    assert table.records == 400
    assert table.labels.sum() == cards.fraud.sum()


def test_a_card_is_known_as_defrauded_only_once_its_fraud_is_known():
    rows = [
        (MONDAY + day * DAY_SECONDS, customer, 0, 1.0, (day, customer) == (1, 7))
        for day in range(6)
        for customer in (7, 8)
    ]
    cards = cards_of(rows)
    known = [int(cards.day[at]) for at in np.flatnonzero(~not_yet_known(cards))]
    assert known == [4, 5]
    assert set(cards.customer[~not_yet_known(cards)].tolist()) == {7}


HEAD = "time,customer,terminal,amount,fraud\n"
GOOD = "2025-12-01 10:00:00,1,2,3.50,0\n"


def test_a_file_is_read_under_either_heading(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text(HEAD + "2025-12-02T00:00:00Z,4,5,6,1\n" + GOOD)
    read = read_cards(file)
    assert read.rejected == ()
    assert read.cards.day.tolist() == [0, 1]
    assert read.cards.seconds[0] == MONDAY + 36_000
    head = "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD\n"
    file.write_text(head + "9,2025-12-01 10:00:00,1,2,3.5,0\n")
    assert read_cards(file).cards.amount.tolist() == [3.5]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("yesterday,1,2,3,0", "column \"time\": 'yesterday'; a time as 2026-01-31 12:00:00 is wanted"),
        ("2025-12-01,-1,2,3,0", "column \"customer\": '-1'; a number from 0 to 4,194,303 is wanted"),
        ("2025-12-01,1,9999999,3,0", "column \"terminal\": '9999999'; a number from 0 to 1,048,575"),
        ("2025-12-01,1,2,-3,0", "column \"amount\": '-3'; an amount from 0 on is wanted"),
        ("2025-12-01,1,2,nan,0", "column \"amount\": 'nan'; an amount from 0 on is wanted"),
        ("2025-12-01,1,2,inf,0", "column \"amount\": 'inf'; an amount from 0 on is wanted"),
        ("2025-12-01,1,2,3,yes", "column \"fraud\": 'yes'; 0 or 1 is wanted"),
        ("2025-12-01,1,2", "3 cells; a column is missing"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_and_left_out(tmp_path, row, why):
    file = tmp_path / "c.csv"
    file.write_text(HEAD + GOOD + row + "\n" + GOOD)
    read = read_cards(file)
    assert len(read.cards) == 2
    assert [one.number for one in read.rejected] == [3]
    assert read.rejected[0].why.startswith("c.csv, row 3")
    assert why in read.rejected[0].why


def test_a_file_without_a_column_or_that_is_none_is_refused(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text("time,customer,terminal,amount\n")
    with pytest.raises(DataError, match=r"c\.csv, row 1: no column 'fraud'; wanted are time, customer"):
        read_cards(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="no UTF-8"):
        read_cards(file)
    with pytest.raises(DataError, match="No such file or directory"):
        read_cards(tmp_path / "nothing.csv")
