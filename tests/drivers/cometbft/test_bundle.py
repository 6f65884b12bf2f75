"""Bundles hold transactions in order, and whatever is no bundle is refused."""

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.codec import Malformed
from consortia.drivers.cometbft.bundle import (
    BUNDLE_BYTES_MAX,
    BUNDLE_TRANSACTIONS_MAX,
    Gatherer,
    Gathering,
    Tick,
    framed,
    pack,
    read,
    squeezed,
    unpack,
)
from consortia.kernel.transaction import TRANSACTION_BYTES_MAX

HEAD = b"\x01"


@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=20))
def test_a_squeezed_bundle_is_never_longer_and_gives_its_transactions_back(transactions):
    entry = squeezed(pack(transactions))
    assert len(entry) <= len(pack(transactions))
    assert read(entry) == tuple(transactions)


@pytest.mark.parametrize("size", [BUNDLE_BYTES_MAX, 100 * BUNDLE_BYTES_MAX])
def test_what_would_become_longer_than_any_bundle_is_refused_before_it_does(size):
    frames = framed(b"x") * (size // 5)
    assert len(squeezed(HEAD + frames)) < size // 100
    with pytest.raises(Malformed):
        read(squeezed(HEAD + frames))


def test_what_points_beyond_the_window_that_it_names_is_refused_as_readers_differ_in_it():
    far = random.Random(1).randbytes(2_000)
    frames = framed(far) * 2
    data = zlib.compress(frames, 9)
    assert zlib.decompress(data) == frames
    smallest = bytes((0x08, 31 - (0x08 << 8) % 31)) + data[2:]
    assert smallest[:2] != data[:2]
    for first in (b"\x78\x01", b"\x78\xda"):
        assert read(b"\x04" + first + data[2:]) == (far, far)
    with pytest.raises(Malformed):
        read(b"\x04" + smallest)


def test_a_squeezed_bundle_that_is_padded_beyond_its_bundle_is_refused():
    bundle = pack([bytes(100)])
    padding = b"\x00\x00\x00\xff\xff"
    short = squeezed(bundle)
    for count, fits in ((1, True), (60, True), (80, False), (100_000, False)):
        entry = short[:3] + padding * count + short[3:]
        if fits:
            assert read(entry) == read(bundle)
        else:
            with pytest.raises(Malformed):
                read(entry)


@given(st.binary(max_size=60))
def test_no_other_bytes_are_squeezed_bundles(data):
    with pytest.raises(Malformed):
        read(b"\x04" + data)


@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=20))
def test_a_bundle_gives_its_transactions_back(transactions):
    assert unpack(pack(transactions)) == read(pack(transactions)) == tuple(transactions)


@given(st.binary(max_size=100))
def test_any_bytes_are_one_bundle_of_what_is_in_them_or_refused(data):
    try:
        found = read(data)
    except Malformed:
        return
    assert (found.encode() if isinstance(found, Tick) else pack(found)) == data


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("nothing", b""),
        ("no transaction", HEAD),
        ("another kind", b"\x00" + framed(b"x")),
        ("a length alone", HEAD + b"\x00\x00\x00\x01"),
        ("a length cut short", HEAD + framed(b"x") + b"\x00\x00"),
        ("an empty transaction", HEAD + framed(b"")),
        ("an empty transaction among others", HEAD + framed(b"x") + framed(b"") + framed(b"y")),
        ("a transaction cut short", HEAD + framed(b"xyz")[:-1]),
        ("a byte too many", HEAD + framed(b"xyz") + b"\x00"),
        ("a transaction too long", HEAD + framed(bytes(TRANSACTION_BYTES_MAX + 1))),
        ("a length beyond all", HEAD + b"\xff\xff\xff\xff" + b"x"),
        ("too many transactions", HEAD + framed(b"x") * (BUNDLE_TRANSACTIONS_MAX + 1)),
        ("too many bytes", HEAD + framed(bytes(TRANSACTION_BYTES_MAX)) * (BUNDLE_BYTES_MAX >> 16)),
        ("a tick cut short", b"\x02" + bytes(7)),
        ("a tick with more", b"\x02" + bytes(9)),
        ("a bare transaction", b"\xd2\x84\x58"),
    ],
)
def test_what_is_no_bundle_is_refused(name, data):
    with pytest.raises(Malformed):
        read(data)


def test_a_tick_is_the_same_whoever_asks():
    assert read(Tick(7).encode()) == Tick(7)
    assert Tick(7).encode() == b"\x02" + bytes(7) + b"\x07"


def test_a_bundle_goes_when_its_first_transaction_has_waited():
    gatherer = Gatherer(Gathering(wait_ms=5))
    assert gatherer.due() is None
    assert gatherer.take(100) is None
    gatherer.add(b"a", 100)
    gatherer.add(b"b", 104)
    assert (gatherer.due(), len(gatherer)) == (105, 2)
    assert gatherer.take(104) is None
    assert gatherer.take(105) == (b"a", b"b")
    assert (gatherer.take(105), len(gatherer)) == (None, 0)


def test_a_full_bundle_goes_at_once_and_in_order():
    gatherer = Gatherer(Gathering(transactions_max=2, wait_ms=5))
    for raw in (b"a", b"b", b"c"):
        gatherer.add(raw, 100)
    assert gatherer.due() == 100
    assert gatherer.take(100) == (b"a", b"b")
    assert gatherer.take(100) is None
    assert gatherer.take(105) == (b"c",)


def test_a_bundle_closes_before_it_has_too_many_bytes():
    gatherer = Gatherer(Gathering(bytes_max=25, wait_ms=5))
    for raw in (b"a" * 10, b"b" * 10, b"c"):
        gatherer.add(raw, 100)
    assert gatherer.take(100) == (b"a" * 10,)
    assert gatherer.take(105) == (b"b" * 10, b"c")


def test_a_clock_that_was_set_back_lets_the_bundle_go():
    gatherer = Gatherer(Gathering(wait_ms=5))
    gatherer.add(b"a", 100)
    assert gatherer.take(50) == (b"a",)


@pytest.mark.parametrize("raw", [b"", bytes(TRANSACTION_BYTES_MAX + 1)])
def test_what_no_bundle_can_hold_is_not_gathered(raw):
    with pytest.raises(Malformed):
        Gatherer().add(raw, 0)
