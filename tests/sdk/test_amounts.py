"""Amounts as people write them: exact both ways, and what is no amount is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.modules.bank.types import AMOUNT_MAX
from consortia.sdk.amounts import parts, written
from consortia.sdk.errors import BankError


@given(st.integers(1, AMOUNT_MAX), st.integers(0, 18))
def test_what_is_written_is_read_back_to_the_last_part(counted, decimals):
    assert parts(written(counted, decimals), decimals) == counted
    assert parts(Decimal(counted).scaleb(-decimals), decimals) == counted


@pytest.mark.parametrize(
    ("text", "decimals", "counted"),
    [
        ("12", 0, 12),
        ("12.5", 2, 1_250),
        ("0.01", 2, 1),
        ("1,000", 2, 100_000),
        (7, 3, 7_000),
        ("1.50", 1, 15),
    ],
)
def test_an_amount_is_so_many_smallest_parts(text, decimals, counted):
    assert parts(text, decimals) == counted


@pytest.mark.parametrize(
    "wrong", ["0", "-1", "1e3", "", ".5", "1.", "0.001", "1.2.3", "12 credit", "٣", 0, -4]
)
def test_what_is_no_amount_is_refused(wrong):
    with pytest.raises(BankError):
        parts(wrong, 2)


@pytest.mark.parametrize("wrong", [1.5, True, None, b"1"])
def test_a_float_is_no_amount(wrong):
    with pytest.raises(BankError, match="text, a whole number or a Decimal"):
        parts(wrong, 2)


def test_an_amount_that_no_number_holds_is_refused():
    assert parts(str(AMOUNT_MAX), 0) == AMOUNT_MAX
    with pytest.raises(BankError):
        parts(str(AMOUNT_MAX + 1), 0)
