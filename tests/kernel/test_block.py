"""Leaves, member sets and tables: what the log and the state are made of."""

import pytest

from consortia.base.codec import Malformed, encode, encode_record
from consortia.base.hashing import tagged
from consortia.kernel.block import Event, Header, MemberKey, MemberSet, Receipt, leaf, parse_leaf
from consortia.kernel.context import Context
from consortia.kernel.store import MemoryReader, Overlay
from consortia.kernel.table import Table
from consortia.testing.probe import Note

HEADER = Header(3, 1_000, bytes(32), bytes(32), 7)
RECEIPT = Receipt(3, 0, bytes(32), "ok", 115, ())


@pytest.mark.parametrize("record", [HEADER, RECEIPT])
def test_a_leaf_is_read_back(record):
    assert parse_leaf(leaf(record)) == record


@pytest.mark.parametrize(
    "record", [HEADER, Receipt(3, 0, bytes(32), "ok", 115, (Event("a.b", {"x": -5, "y": [b"z", None]}),))]
)
def test_what_is_read_of_changed_bytes_has_these_bytes_as_its_leaf(record):
    data, read = leaf(record), 0
    for at in range(len(data)):
        for byte in range(0, 256, 5):
            other = data[:at] + bytes((byte,)) + data[at + 1 :]
            try:
                found = parse_leaf(other)
            except Malformed:
                continue
            assert leaf(found) == other
            read += 1
    assert len(data) < read < len(data) * 50


@pytest.mark.parametrize(
    "value",
    [
        ["header", RECEIPT],
        ["receipt", HEADER],
        ["footer", HEADER],
        ["header"],
        ["header", HEADER, 1],
        {"header": HEADER},
        "header",
        ["header", {"height": 1}],
    ],
    ids=str,
)
def test_anything_else_is_no_leaf(value):
    with pytest.raises(Malformed):
        parse_leaf(encode(value))


def test_the_member_set_hash_is_that_of_the_encoded_set():
    members = MemberSet((MemberKey("north", bytes(32), bytes(32)),))
    assert members.hash() == tagged("consortia/members", encode_record(members))


@pytest.fixture
def ctx():
    return Context(Overlay(MemoryReader()), bytes(32), 1, 1)


def test_a_tables_keys_come_back_in_parts(ctx):
    kept = Table("probe", "parts", Note, (str, bytes, int), "an entry")
    kept.put(ctx, Note("one"), "name", b"\x00\xff", 258)
    kept.put(ctx, Note("two"), "name", b"\x00\xff", 3)
    kept.put(ctx, Note("three"), "names", b"\x00\xff", 3)
    assert list(kept.scan(ctx, "name")) == [
        (("name", b"\x00\xff", 3), Note("two")),
        (("name", b"\x00\xff", 258), Note("one")),
    ]
    assert kept.has(ctx, "names", b"\x00\xff", 3)
    assert kept.get(ctx, "names", b"\x00", 3) is None


def test_a_key_part_has_at_most_255_bytes(ctx):
    kept = Table("probe", "parts", Note, (bytes,), "an entry")
    kept.put(ctx, Note("fits"), bytes(255))
    with pytest.raises(ValueError, match="at most 255 bytes"):
        kept.put(ctx, Note("does not"), bytes(256))
