"""Records are read back from the state as the plain version gives, or refuses, them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.codec import (
    DEPTH_MAX,
    Digest,
    Malformed,
    Record,
    decode,
    encode,
    encode_record,
    from_value,
)
from consortia.kernel.stored import read_back
from consortia.modules.market.types import Account, Auction, Entry, Limits, Order, Outcome
from tests.kernel.test_quick import VALUES


class Empty(Record, frozen=True):
    """A record of no fields."""


class Mixed(Record, frozen=True):
    """Of everything a field may hold."""

    id: Digest
    small: int
    text: str
    often: bool
    inner: Limits | None
    either: Limits | str
    many: tuple[Limits, ...]
    free: dict[str, Any]


BOUNDS = Limits(1, 300, 1 << 40, 70_000)
SAMPLES = (
    Empty(),
    Account(1 << 40, (1 << 63) - 1, 0, 23, 24, 255, -1, 256, 65_536, None, 1 << 32),
    Entry("north", b"k" * 32, b"c" * 32, Order("buy", 10_020, 33), cancelled=False),
    Entry("north/" + "label" * 6, b"k" * 32, b"c" * 32, None, cancelled=True),
    Auction(9, 1, 0, 1, 0, Outcome(None, 0, 0, 0, None, 7, void=True), 0, 0, 0, "north", None, -5, 5),
    Mixed(
        b"i" * 32, -7, "\u00e9", often=True, inner=BOUNDS, either=BOUNDS, many=(BOUNDS,), free={"a": [None]}
    ),
    Mixed(b"i" * 32, 24, "x" * 24, often=False, inner=None, either="word", many=(), free={}),
)


def answer(read: Any) -> object:
    try:
        return read()
    except Malformed as error:
        return f"refused: {error}"


def both_agree(kind: type[Record], data: bytes) -> None:
    assert answer(lambda: read_back(kind, data)) == answer(lambda: from_value(kind, decode(data)))


@pytest.mark.parametrize("record", SAMPLES, ids=lambda one: type(one).__name__)
def test_a_record_is_read_back_as_it_was_written(record):
    assert read_back(type(record), encode_record(record)) == record


@pytest.mark.parametrize("record", SAMPLES, ids=lambda one: type(one).__name__)
def test_whatever_is_cut_off_put_on_or_changed_is_refused_as_by_the_plain_version(record):
    data = encode_record(record)
    for at in range(len(data)):
        both_agree(type(record), data[:at])
        for byte in (0x00, 0x18, 0x1B, 0x5F, 0x60, 0x7F, 0x80, 0xA0, 0xA1, 0xF6, 0xFF, data[at] ^ 1):
            both_agree(type(record), data[:at] + bytes([byte]) + data[at + 1 :])
    both_agree(type(record), data + b"\x00")


@given(st.dictionaries(st.sampled_from(Mixed.__struct_fields__), VALUES))
def test_any_map_is_read_as_the_plain_version_reads_it(items):
    both_agree(Mixed, encode(items))
    both_agree(Mixed, encode(dict.fromkeys(Mixed.__struct_fields__) | items))


@given(VALUES)
def test_anything_deep_in_a_record_is_read_as_it_stands(value):
    for free in ({"a": value}, {"a": {"b": [[value]]}}):
        record = Mixed(b"i" * 32, 1, "", often=True, inner=None, either="", many=(), free=free)
        both_agree(Mixed, encode_record(record))


class Nested(Record, frozen=True):
    """A record that may hold another of its kind."""

    inner: "Nested | None"


def test_records_nested_too_deep_are_refused_as_by_the_plain_version():
    data = encode_record(Nested(None))
    for _ in range(DEPTH_MAX):
        data = data[:-1] + data
    with pytest.raises(Malformed, match="nested deeper"):
        read_back(Nested, data)
