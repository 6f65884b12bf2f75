"""A table gives back what decoding gives, takes nothing that a record does not hold, and keeps no secret."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from consortia.base.codec import (
    Digest,
    Malformed,
    Name,
    Record,
    checked,
    decode,
    encode_record,
    from_value,
)
from consortia.base.refusals import Refused
from consortia.kernel import table
from consortia.kernel.context import Context
from consortia.kernel.store import MemoryReader, Overlay
from consortia.kernel.table import Table

Small = Annotated[int, Meta(ge=-5, le=100)]


class Inner(Record, frozen=True):
    """A record in another."""

    flag: bool
    amounts: tuple[Small, ...]


class Outer(Record, frozen=True):
    """One field of each shape."""

    amount: Small
    name: Name | None
    digest: Digest
    inner: Inner


class Loose(Record, frozen=True):
    """A record that holds a map."""

    values: dict[str, Any]


OUTERS = Table("probe", "outers", Outer, (str,), "one of each shape")
LOOSE = Table("probe", "loose", Loose, (str,), "a map")
GOOD = Outer(7, "north", b"d" * 32, Inner(flag=True, amounts=(1, -5, 100)))
BAD = {
    "an amount too large": Outer(101, None, b"d" * 32, GOOD.inner),
    "an amount too small": Outer(-6, None, b"d" * 32, GOOD.inner),
    "a name that is none": Outer(1, "No Name", b"d" * 32, GOOD.inner),
    "a digest too short": Outer(1, None, b"d" * 31, GOOD.inner),
    "an amount too large inside": Outer(1, None, b"d" * 32, Inner(flag=True, amounts=(1, 101))),
}


def context():
    return Context(Overlay(MemoryReader()), b"n" * 32, 0, 0)


def test_what_is_put_is_what_is_got():
    ctx = context()
    OUTERS.put(ctx, GOOD, "a")
    assert OUTERS.get(ctx, "a") == GOOD
    assert ctx.state.get(OUTERS.state_key("a")) == encode_record(GOOD)


@pytest.mark.parametrize("record", BAD.values(), ids=BAD)
def test_a_record_beyond_its_limits_is_refused_and_not_written(record):
    ctx = context()
    OUTERS.put(ctx, GOOD, "a")
    with pytest.raises(Refused, match="out_of_range"):
        OUTERS.put(ctx, record, "a")
    assert OUTERS.get(ctx, "a") == GOOD
    with pytest.raises(Malformed):
        from_value(Outer, decode(encode_record(record)))


def test_a_list_in_the_place_of_a_tuple_is_kept_as_decoding_gives_it():
    ctx = context()
    OUTERS.put(ctx, Outer(7, "north", b"d" * 32, Inner(flag=True, amounts=[1, -5, 100])), "a")
    assert repr(OUTERS.get(ctx, "a")) == repr(GOOD)


def test_a_map_is_given_back_in_its_canonical_order_though_it_was_put_in_another():
    ctx = context()
    LOOSE.put(ctx, Loose({"long": 1, "b": 2, "a": (3,)}), "a")
    found = LOOSE.get(ctx, "a")
    assert list(found.values.items()) == [("a", [3]), ("b", 2), ("long", 1)]


@given(
    st.integers(-8, 110),
    st.none() | st.sampled_from(["north", "a" * 33, "A", ""]),
    st.sampled_from([31, 32, 33]),
    st.lists(st.integers(-8, 110) | st.booleans(), max_size=3),
)
def test_checking_is_encoding_and_decoding(amount, name, length, amounts):
    record = Outer(amount, name, bytes(length), Inner(flag=False, amounts=tuple(amounts)))
    try:
        expected = from_value(Outer, decode(encode_record(record)))
    except Malformed:
        with pytest.raises(Malformed):
            checked(record)
    else:
        assert repr(checked(record)) == repr(expected)


def test_no_more_than_so_many_records_are_kept():
    recent = table._Recent(4)
    kept = [(Outer, bytes([number])) for number in range(20)]
    for key in kept:
        recent.keep(key, GOOD)
    there = [key for key in kept if recent.get(key) is not None]
    assert 4 <= len(there) <= 8
    assert there == kept[-len(there) :]


def test_a_record_asked_for_stays_while_others_go():
    recent = table._Recent(4)
    recent.keep((Outer, b"asked"), GOOD)
    for number in range(20):
        recent.keep((Outer, bytes([number])), GOOD)
        assert recent.get((Outer, b"asked")) is GOOD


def test_a_key_is_the_same_whether_or_not_it_was_made_before():
    first = OUTERS.state_key("a")
    table._state_key.cache_clear()
    assert OUTERS.state_key("a") == first == b"probe/outers/\x01a"
    with pytest.raises(ValueError, match="255"):
        OUTERS.state_key("a" * 256)


def test_a_scan_passes_over_what_does_not_contain_the_bytes_asked_for():
    ctx = context()
    for name, amount in (("a", 1), ("b", 2), ("c", 1)):
        OUTERS.put(ctx, Outer(amount, "north", b"d" * 32, GOOD.inner), name)
    start = encode_record(Outer(1, "north", b"d" * 32, GOOD.inner))[:-1]
    assert [key for key, _ in OUTERS.scan(ctx, containing=start)] == [("a",), ("c",)]
    assert len(list(OUTERS.scan(ctx))) == 3
    assert [key for key, _ in OUTERS.scan(ctx, after=("a",))] == [("b",), ("c",)]
    assert [key for key, _ in OUTERS.scan(ctx, containing=start, after=("a",))] == [("c",)]
    assert list(OUTERS.scan(ctx, after=("c",))) == []
