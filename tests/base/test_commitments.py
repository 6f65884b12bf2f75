"""Salted commitments hide what a plain hash gives away, and open to exactly one record."""

import pytest

from consortia.base.commitments import record_leaf, rows_value, subject_key
from consortia.base.hashing import sha256

RECORDS = [f"patient {number:03}, positive".encode() for number in range(1000)]


def test_a_plain_hash_of_a_likely_record_is_found_by_trying() -> None:
    published = sha256(RECORDS[417])
    assert [record for record in RECORDS if sha256(record) == published] == [RECORDS[417]]


def test_a_salted_leaf_is_not_found_by_trying() -> None:
    published = record_leaf(bytes(range(32)), RECORDS[417])
    guesses = [record_leaf(bytes(32), record) for record in RECORDS] + [sha256(record) for record in RECORDS]
    assert published not in guesses


def test_the_three_kinds_of_commitment_never_meet() -> None:
    salt = bytes(32)
    assert len({record_leaf(salt, b"x"), subject_key(salt, b"x"), rows_value(salt, b"x")}) == 3


@pytest.mark.parametrize("commit", [record_leaf, subject_key, rows_value])
def test_a_salt_has_32_bytes(commit: object) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        commit(b"short", b"x")  # type: ignore[operator]
