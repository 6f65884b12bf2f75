"""Splits: the same everywhere, uneven, unlike, and said so; and the shipped data are what they say."""

import hashlib

import numpy as np
import pytest

from consortia.engines.evaluate import compare
from consortia.engines.train import recipe
from consortia.engines.train.files import DataError
from consortia.engines.train.splits import HOSPITALS, hold_out, order, wisconsin, wisconsin_hospitals
from tests.engines.make_wisconsin import TARGET, wisconsin_csv
from tests.engines.tables import make, numeric_tables


def rows_of(table):
    return {row.tobytes() for row in table.numbers}


def test_the_shipped_data_are_scikit_learns_copy_word_for_word():
    assert TARGET.read_text(encoding="utf-8") == wisconsin_csv()


def test_the_wisconsin_table_has_569_records_212_of_them_malignant():
    table = wisconsin()
    assert table.numbers.shape == (569, 30)
    assert table.schema.label.classes == ("benign", "malignant")
    assert int(table.labels.sum()) == 212
    assert not np.isnan(table.numbers).any()


def test_an_order_depends_on_seed_and_name_only():
    assert order(1, "x", 6) == [1, 0, 3, 2, 4, 5]
    assert sorted(order(1, "x", 50)) == list(range(50))
    assert len({tuple(order(seed, name, 50)) for seed in (1, 2) for name in ("x", "y")}) == 4


@pytest.mark.parametrize("seed", range(1, 8))
def test_hospitals_are_uneven_and_unlike_and_lose_nobody(seed):
    split = wisconsin_hospitals(seed)
    sizes = [table.records for table in split.tables.values()]
    shares = [table.labels.mean() for table in split.tables.values()]
    assert list(split.tables) == [name for name, _ in HOSPITALS]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 4 * sizes[-1]
    assert max(shares) > 1.5 * min(shares)
    assert all(4 <= table.labels.sum() <= table.records - 4 for table in split.tables.values())
    everyone = [rows_of(table) for table in (*split.tables.values(), split.held_out)]
    assert sum(map(len, everyone)) == len(set.union(*everyone)) == 569


def test_the_same_seed_gives_the_same_split_on_any_machine():
    split = wisconsin_hospitals(1)
    parts = (*split.tables.values(), split.held_out)
    digest = hashlib.sha256(b"".join(part.numbers.tobytes() for part in parts)).hexdigest()
    assert digest[:16] == "2f28bb59f254ccd3"


def test_a_split_says_how_it_came_about():
    text = wisconsin_hospitals(3).describe
    assert text.startswith(
        "Real data, split by us: 569 Wisconsin records over 4 hospitals, unevenly and not alike"
    )
    assert "seed 3" in text
    assert "northgate 172 records of which" in text
    assert "held out in common" in text


def test_every_member_gives_a_third_of_each_class_to_the_held_out_set():
    tables = {"a": make(1, 90), "b": make(2, 31)}
    split = hold_out(tables, 5)
    assert split.held_out.records == sum(table.records for table in tables.values()) - sum(
        table.records for table in split.tables.values()
    )
    for member, table in tables.items():
        kept = split.tables[member]
        for value in (0, 1):
            before, after = (int((t.labels == value).sum()) for t in (table, kept))
            assert before - after == before * 33 // 100
    assert hold_out(tables, 5).describe == split.describe
    assert rows_of(hold_out(tables, 6).held_out) != rows_of(split.held_out)


def test_of_two_records_of_a_class_one_is_held_out_and_of_one_none():
    table = make(1, 40)
    positive, negative = np.flatnonzero(table.labels == 1), np.flatnonzero(table.labels == 0)
    split = hold_out({"a": table.take([*positive[:2], negative[0]])}, 1)
    assert split.held_out.labels.tolist() == [1]
    assert sorted(split.tables["a"].labels) == [0, 1]


def test_records_too_few_to_hold_any_out_are_refused():
    table = make(1, 40)
    one_each = table.take([int(np.flatnonzero(table.labels == value)[0]) for value in (0, 1)])
    with pytest.raises(DataError, match="too few records"):
        hold_out({"a": one_each}, 1)


def test_number_labels_are_held_out_without_classes():
    split = hold_out(numeric_tables(), 1)
    assert split.held_out.records == 50 * 33 // 100 + 30 * 33 // 100


def test_together_the_hospitals_come_within_half_a_point_of_the_pooled_model():
    split = wisconsin_hospitals(1)
    figures = compare(recipe("glm.logistic"), {}, split.tables, split.held_out)
    assert abs(figures.federated.accuracy - figures.pooled.accuracy) <= 0.005
    assert figures.federated.accuracy > 0.9
