"""Names, and ids as people write them."""

import pytest

from consortia.base.ids import digest_from_hex, is_name


def test_names_are_short_and_of_few_letters():
    assert all(map(is_name, ("a", "7", "st-mary-2", "a" * 32)))
    assert not any(map(is_name, ("", "-a", "A", "a_b", "a" * 33, "a\n")))


def test_64_hex_digits_of_either_case_write_32_bytes():
    assert digest_from_hex("0f" * 32) == digest_from_hex("0F" * 32) == b"\x0f" * 32


@pytest.mark.parametrize(
    "text", ["", "0f" * 31, "0f" * 33, "0g" * 32, "0f" * 31 + "  ", "0f " * 32, "0f" * 32 + "\n"]
)
def test_anything_else_writes_none(text):
    assert digest_from_hex(text) is None
