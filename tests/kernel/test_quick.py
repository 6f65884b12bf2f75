"""The fast twins give what the plain versions give, and refuse what they refuse."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.codec import DEPTH_MAX, INTEGER_MAX, Malformed, Record, encode, encode_record, to_value
from consortia.base.keys import SigningKey
from consortia.kernel.block import OK, Event, Receipt, leaf
from consortia.kernel.quick import _parsed, _transaction, quick_leaf, quick_parse, quick_payload
from consortia.kernel.transaction import (
    CALLS_MAX,
    Call,
    Transaction,
    parse_transaction,
    read_payload,
    sign_transaction,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), INTEGER_MAX)
    | st.binary(max_size=40)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
U63 = st.integers(0, (1 << 63) - 1) | st.sampled_from(
    [23, 24, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32]
)
DIGESTS = st.binary(min_size=32, max_size=32)
METHODS = st.from_regex(r"\A[a-z][a-z0-9]{0,20}\.[a-z][a-z0-9_]{0,50}\Z")
CALLS = st.builds(Call, METHODS, st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
TRANSACTIONS = st.builds(
    Transaction,
    st.just(1),
    DIGESTS,
    DIGESTS,
    st.integers(0, 15),
    U63,
    U63,
    st.lists(CALLS, min_size=1, max_size=3).map(tuple),
)
SAMPLE = Transaction(
    1,
    b"n" * 32,
    b"k" * 32,
    3,
    70_000,
    1_700_000_000_000,
    (
        Call("identity.propose_member", {"name": "north", "keys": [b"1" * 32, None, True], "at": -5}),
        Call("assets.a_method_with_a_long_name", {"flags": {"a": 300, "b": []}}),
    ),
)


class Told(Record, frozen=True):
    """An event."""

    name: str
    more: dict[str, Any]


def answer(read: Any, payload: bytes) -> object:
    try:
        return read(payload)
    except Malformed as error:
        return str(error)


def changed(fields: dict[str, object]) -> bytes:
    """The sample's payload with fields changed, well-formed or not."""
    return encode({name: getattr(SAMPLE, name) for name in Transaction.__struct_fields__} | fields)


@given(TRANSACTIONS)
def test_a_payload_is_read_as_the_plain_reader_reads_it(transaction: Transaction) -> None:
    payload = encode_record(transaction)
    assert _transaction(payload) == read_payload(payload) == quick_payload(payload)


@pytest.mark.parametrize("fields", [{"lane": 0}, {"lane": 15}, {"calls": [SAMPLE.calls[0]] * CALLS_MAX}])
def test_the_quick_reader_itself_reads_all_within_the_limits(fields: dict[str, object]) -> None:
    payload = changed(fields)
    assert _transaction(payload) == read_payload(payload)


def test_a_payload_with_any_byte_changed_cut_or_added_gets_the_plain_answer(programme: Any) -> None:
    payload = encode_record(SAMPLE)
    changes = range(1, 256, programme(quick=61, test=19, nightly=1))
    for at in range(len(payload)):
        start, first, rest = payload[:at], payload[at], payload[at + 1 :]
        for other in (start, start + rest, *(start + bytes([first ^ change]) + rest for change in changes)):
            assert answer(quick_payload, other) == answer(read_payload, other)
        for added in (b"\x00", b"\x18", b"\x40", b"\xa0", b"\xff"):
            other = start + added + payload[at:]
            assert answer(quick_payload, other) == answer(read_payload, other)


@pytest.mark.parametrize(
    "fields",
    [
        {"lane": 15},
        {"lane": 16},
        {"lane": -1},
        {"calls": []},
        {"calls": [SAMPLE.calls[0]] * CALLS_MAX},
        {"calls": [SAMPLE.calls[0]] * (CALLS_MAX + 1)},
        {"calls": [{"args": {}, "method": "a.b", "more": 1}]},
        {"calls": [{"args": [], "method": "a.b"}]},
        {"calls": [{"args": {}, "method": b"a.b"}]},
        {"calls": [{"args": {}, "method": "a.B"}]},
        {"calls": [{"args": {}, "method": "a.b\n"}]},
        {"calls": [{"args": {}, "method": "a." + "b" * 78}]},
        {"calls": [{"args": {}, "method": "a." + "b" * 79}]},
        {"calls": [{"args": {}, "method": "a." + "b" * 300}]},
        {"expires": (1 << 63) - 1},
        {"expires": 1 << 63},
        {"sequence": (1 << 63) - 1},
        {"sequence": 1 << 63},
        {"sequence": -1},
        {"sequence": "1"},
        {"version": 2},
        {"version": True},
        {"key": bytes(31)},
        {"network": bytes(33)},
        {"more": 1},
    ],
)
def test_fields_at_and_beyond_their_limits_get_the_plain_answer(fields: dict[str, object]) -> None:
    payload = changed(fields)
    assert answer(quick_payload, payload) == answer(read_payload, payload)


KEY, NETWORK = SigningKey(bytes(32)), b"n" * 32


def signed(*calls: Call, sequence: int = 70_000, expires: int = 1_700_000_000_000, lane: int = 3) -> bytes:
    return sign_transaction(KEY, NETWORK, calls, sequence=sequence, expires=expires, lane=lane)


def plainly(raw: bytes) -> object:
    return answer(lambda data: parse_transaction(data, NETWORK), raw)


def quickly(raw: bytes) -> object:
    return answer(lambda data: quick_parse(data, NETWORK), raw)


@given(st.lists(CALLS, min_size=1, max_size=3), U63, U63, st.integers(0, 15))
def test_a_signed_transaction_is_read_as_the_plain_reader_reads_it(
    calls: list[Call], sequence: int, expires: int, lane: int
) -> None:
    raw = signed(*calls, sequence=sequence, expires=expires, lane=lane)
    assert quick_parse(raw, NETWORK) == parse_transaction(raw, NETWORK)
    assert quick_parse(raw, bytes(32)) == parse_transaction(raw, bytes(32))


@pytest.mark.parametrize("sequence", [0, 23, 24, 255, 256, 65_536, 1 << 32, (1 << 63) - 1])
@pytest.mark.parametrize("method", ["a.b", "a." + "b" * 21, "a." + "b" * 22, "a." + "b" * 78])
def test_the_quick_reader_itself_reads_a_usual_signed_transaction(sequence: int, method: str) -> None:
    raw = signed(Call(method, {"name": "north", "at": -5}), sequence=sequence)
    assert _parsed(raw, NETWORK) == parse_transaction(raw, NETWORK)


def test_arguments_that_hold_what_stands_behind_them_are_read_whole() -> None:
    behind = encode("method") + encode("a.b") + encode("expires") + encode(1 << 40)
    for args in (
        {"a": behind},
        {"a": behind, "b": behind * 3},
        {"method": "a.b"},
        {"a": {"method": "a.b"}},
        {"a": b"fmethodcxx"},
    ):
        raw = signed(Call("a.b", args))
        assert quick_parse(raw, NETWORK) == parse_transaction(raw, NETWORK)


def test_arguments_that_are_no_map_get_the_plain_answer() -> None:
    raw = signed(Call("a.b", {})).replace(encode("args") + b"\xa0", encode("args") + b"\x80")
    assert b"args\x80" in raw
    assert quickly(raw) == plainly(raw)


@pytest.mark.parametrize("number", [0, 1 << 16, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63])
def test_a_number_has_its_shortest_spelling_alone(number: int) -> None:
    for at in ("expires", "sequence"):
        spelled, usual = b"\x1b" + number.to_bytes(8, "big"), encode(at) + encode(1 << 40)
        raw = signed(Call("a.b", {}), **{at: 1 << 40}).replace(usual, encode(at) + spelled)
        assert spelled in raw
        assert quickly(raw) == plainly(raw)


def test_a_signed_transaction_with_any_byte_changed_cut_or_added_gets_the_plain_answer(
    programme: Any,
) -> None:
    raw = signed(Call("assets.grant", {"name": "north", "at": 300}))
    changes = range(1, 256, programme(quick=61, test=19, nightly=1))
    for at in range(len(raw)):
        start, first, rest = raw[:at], raw[at], raw[at + 1 :]
        for other in (start, start + rest, *(start + bytes([first ^ change]) + rest for change in changes)):
            assert quickly(other) == plainly(other)
        for added in (b"\x00", b"\x18", b"\x40", b"\xa0", b"\xff"):
            other = start + added + raw[at:]
            assert quickly(other) == plainly(other)


@pytest.mark.parametrize("levels", range(DEPTH_MAX - 5, DEPTH_MAX))
def test_arguments_may_nest_as_deep_as_the_plain_reader_lets_them(levels: int) -> None:
    spelled = b"\x81" * levels + b"\x80"
    payload = changed({"calls": [{"args": {"a": b"HERE"}, "method": "a.b"}]})
    payload = payload.replace(encode(b"HERE"), spelled)
    assert answer(quick_payload, payload) == answer(read_payload, payload)


@given(
    st.lists(
        st.tuples(METHODS, st.builds(Told, st.text(st.characters(exclude_categories=["Cs"])), st.just({}))),
        max_size=3,
    ),
    U63,
    st.sampled_from([OK, "kernel.internal", "assets.unknown"]),
)
def test_a_leaf_is_written_as_the_plain_writer_writes_it(
    told: list[tuple[str, Told]], number: int, code: str
) -> None:
    events = tuple(Event(name, to_value(body)) for name, body in told)
    for receipt in (
        Receipt(number, 7, b"t" * 32, code, 300, events),
        Receipt(7, number, b"t" * 32, code, number, events),
    ):
        assert quick_leaf(receipt, [body for _, body in told]) == leaf(receipt)


def test_what_no_receipt_holds_is_left_to_the_plain_writer() -> None:
    for receipt in (Receipt(1, 2, b"t" * 32, OK, -3, ()), Receipt(1, 2, b"short", OK, 3, ())):
        assert quick_leaf(receipt, []) == leaf(receipt)


@pytest.mark.parametrize("levels", range(DEPTH_MAX - 7, DEPTH_MAX - 2))
def test_an_event_may_nest_as_deep_as_the_plain_writer_lets_it(levels: int) -> None:
    value: object = 1
    for _ in range(levels):
        value = [value]
    body = Told("n", {"a": value})
    receipt = Receipt(1, 2, b"t" * 32, OK, 3, (Event("a.told", {"name": "n", "more": {"a": value}}),))

    def both() -> list[object]:
        return [answer(lambda _: quick_leaf(receipt, [body]), b""), answer(lambda _: leaf(receipt), b"")]

    assert len(set(map(repr, both()))) == 1
