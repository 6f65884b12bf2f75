"""Rows in the vault are the member's file, and become a table only as the ledger knows them."""

import numpy as np
import pytest
from msgspec.structs import replace

from consortia.base.codec import encode
from consortia.engines.train.files import CellError, DataError, RawTable, read_file
from consortia.engines.train.schema import Label, Schema, category, number
from consortia.workers.rows import apart, by_subject, differences, encode_row, raw_table, table_of
from consortia.workers.vault import Vault
from consortia.workers.vault_data import VaultData

SCHEMA = Schema((number("age", unit="years"), number("dose")), Label("ill", ("no", "yes"), 0))
ASSET = bytes(32)
CSV = "age [years],dose,ill\n61,0.5,yes\n,1.5,no\n47,2.5,yes\n"


@pytest.fixture
def raw(tmp_path) -> RawTable:
    file = tmp_path / "rows.csv"
    file.write_text(CSV)
    return read_file(file)


@pytest.fixture
def vault(tmp_path) -> Vault:
    return Vault(tmp_path / "private")


def data(vault: Vault, commitment: bytes) -> VaultData:
    return VaultData(vault, lambda asset, version: ("heart", commitment) if asset == ASSET else None)


def test_a_table_comes_out_of_the_vault_as_it_went_in(raw, vault):
    root = vault.add_dataset("heart", by_subject(raw)).root
    table = data(vault, root).table(ASSET, 1, SCHEMA)
    assert np.array_equal(table.numbers, [[61.0, 0.5], [np.nan, 1.5], [47.0, 2.5]], equal_nan=True)
    assert table.labels.tolist() == [1.0, 0.0, 1.0]
    assert data(vault, root).mismatches(ASSET, 1, SCHEMA) == []


def test_rows_of_one_subject_stand_together(raw):
    rows = by_subject(raw, [b"ann", b"bob", b"ann"])
    assert rows == {b"ann": [encode_row(raw, 0), encode_row(raw, 2)], b"bob": [encode_row(raw, 1)]}


def test_the_column_that_names_whom_a_row_is_about_is_taken_out(raw):
    rest, names = apart(raw._replace(units=("", "", "")), "ill")
    assert (rest.header, rest.rows[1], names) == (("age", "dose"), ["", "1.5"], [b"yes", b"no", b"yes"])
    with pytest.raises(DataError, match=r"rows\.csv: there is no column \"who\"\. It has: age, dose, ill\."):
        apart(raw, "who")
    with pytest.raises(DataError, match=r'row 3, column "age": the subject is empty\.'):
        apart(raw, "age")
    bare = raw._replace(rows=[["", "1", "no"]] * 3)
    with pytest.raises(DataError, match=r"row 2, .* is empty, and in 2 more"):
        apart(bare, "age")


def test_two_columns_that_differ_by_their_unit_alone_stay_two():
    made = table_of("heart", [{"dose [mg]": "1", "dose [ml]": "2"}])
    assert (made.header, made.units) == (("dose [mg]", "dose [ml]"), ("", ""))


def test_rows_to_be_added_have_the_columns_of_those_there(raw):
    kept = by_subject(raw)
    assert differences("heart", kept, "more.csv", kept) == []
    assert differences("heart", {}, "more.csv", kept) == []
    other = by_subject(raw._replace(header=("age", "weight", "ill"), units=("months", "", "")))
    assert differences("heart", kept, "more.csv", other) == [
        'more.csv has no column "age [years]", and heart does',
        'more.csv has no column "dose", and heart does',
        'heart has no column "age [months]", and more.csv does',
        'heart has no column "weight", and more.csv does',
    ]


def test_a_unit_survives_the_vault(raw):
    again = raw_table("heart", [encode_row(raw, 0)])
    assert dict(zip(again.header, again.units, strict=True)) == {"age": "years", "dose": "", "ill": ""}


def test_every_mismatch_is_listed(raw, vault):
    root = vault.add_dataset("heart", by_subject(raw)).root
    other = Schema((number("age", unit="months"), number("weight")), Label("ill", ("no", "yes"), 0))
    faults = data(vault, root).mismatches(ASSET, 1, other)
    assert len(faults) == 3
    assert any("in years, the study wants months" in fault for fault in faults)


@pytest.mark.parametrize(
    ("schema", "cell", "where"),
    [
        (replace(SCHEMA, fields=(number("age", unit="years", maximum="60"), SCHEMA.fields[1])), "61", "age"),
        (replace(SCHEMA, fields=(SCHEMA.fields[0], category("dose", ("2.5",)))), "0.5", "dose"),
        (replace(SCHEMA, label=Label("ill", ("no", "perhaps"), 0)), "yes", "ill"),
        (replace(SCHEMA, label=Label("ill", (), 0)), "yes", "ill"),
    ],
    ids=["range", "level", "class", "number"],
)
def test_what_stands_in_a_cell_is_for_its_owner_and_not_for_a_log(raw, vault, schema, cell, where):
    root = vault.add_dataset("heart", by_subject(raw, [b"a", b"b", b"c"])).root
    with pytest.raises(CellError, match=cell) as caught:
        data(vault, root).table(ASSET, 1, schema)
    assert cell not in caught.value.told
    assert f'column "{where}"' in caught.value.told


def test_rows_that_are_not_those_on_the_ledger_are_not_used(raw, vault):
    vault.add_dataset("heart", by_subject(raw))
    with pytest.raises(DataError, match="not those of version 1 on the ledger"):
        data(vault, bytes(32)).table(ASSET, 1, SCHEMA)
    assert "not those of version 1" in data(vault, bytes(32)).mismatches(ASSET, 1, SCHEMA)[0]


def test_an_asset_that_the_ledger_does_not_know_has_no_rows(vault):
    with pytest.raises(DataError, match="the ledger has no version 1"):
        data(vault, bytes(32)).table(b"\x01" * 32, 1, SCHEMA)


def test_a_data_set_that_is_not_in_the_vault_is_missed(vault):
    with pytest.raises(DataError, match="heart"):
        data(vault, bytes(32)).table(ASSET, 1, SCHEMA)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "no rows"),
        ([b"\xff"], "damaged"),
        ([encode([1])], "no map"),
        ([encode({"age": 61})], "no text"),
        ([encode({"age": "61"}), encode({"dose": "1"})], "record 2: other columns"),
    ],
)
def test_rows_that_are_no_table_are_told(rows, why):
    with pytest.raises(DataError, match=why):
        raw_table("heart", rows)
