"""The codec gives every value one encoding, and takes no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consortia.base.codec import (
    DEPTH_MAX,
    INTEGER_MAX,
    INTEGER_MIN,
    Digest,
    Malformed,
    Record,
    decode,
    decode_record,
    encode,
    encode_record,
    from_value,
    to_value,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(INTEGER_MIN, INTEGER_MAX)
    | st.binary(max_size=300)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)


class Pair(Record, frozen=True):
    """A record with a short and a long field name, so that canonical order differs from declaration."""

    longer: Digest
    at: int


@given(VALUES)
def test_what_is_encoded_is_decoded_again(value: object) -> None:
    data = encode(value)
    assert decode(data) == value
    assert encode(decode(data)) == data


@given(st.binary(max_size=64))
def test_bytes_are_refused_or_are_the_one_encoding_of_their_value(data: bytes) -> None:
    try:
        value = decode(data)
    except Malformed:
        return
    assert encode(value) == data


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("190100", 256),
        ("1bffffffffffffffff", INTEGER_MAX),
        ("20", -1),
        ("3b7fffffffffffffff", INTEGER_MIN),
        ("40", b""),
        ("6161", "a"),
        ("80", []),
        ("a26162016261610 2".replace(" ", ""), {"b": 1, "aa": 2}),
        ("f4", False),
        ("f5", True),
        ("f6", None),
    ],
)
def test_the_encoding_is_that_of_rfc_8949_section_4_2(spelling: str, value: object) -> None:
    assert encode(value).hex() == spelling
    assert decode(bytes.fromhex(spelling)) == value


@pytest.mark.parametrize(
    "spelling",
    [
        "",  # nothing
        "1800",  # a count of 0 in two bytes
        "190017",  # a count in three bytes that fits in one
        "1b00000000ffffffff",  # a count in nine bytes that fits in five
        "3b8000000000000000",  # below -2^63
        "1c",  # a reserved count
        "9f00ff",  # an array of indefinite length
        "5f4100ff",  # bytes of indefinite length
        "c000",  # a tag
        "f90000",  # a half float
        "fb0000000000000000",  # a double
        "f7",  # undefined
        "e0",  # another simple value
        "f818",  # a simple value in two bytes
        "61ff",  # text that is not UTF-8
        "63eda080",  # a surrogate
        "a1000 0".replace(" ", ""),  # a key that is no text
        "a2616101616102",  # a repeated key
        "a262616101616202",  # keys out of order
        "a1",  # a map that ends too early
        "8201",  # an array that ends too early
        "4201",  # bytes that end too early
        "6261",  # text that ends too early
        "19ff",  # a head that ends too early
        "9bffffffffffffffff",  # an array longer than the bytes
        "bbffffffffffffffff",  # a map longer than the bytes
        "0000",  # bytes behind the value
    ],
)
def test_every_other_spelling_is_refused(spelling: str) -> None:
    with pytest.raises(Malformed):
        decode(bytes.fromhex(spelling))


def test_nesting_has_a_limit_in_both_directions() -> None:
    deep: list[object] = []
    for _ in range(DEPTH_MAX - 1):
        deep = [deep]
    assert decode(encode(deep)) == deep
    for value in ([deep], {"a": deep}):
        with pytest.raises(Malformed):
            encode(value)
    with pytest.raises(Malformed):
        decode(b"\x81" * DEPTH_MAX + b"\x80")
    with pytest.raises(Malformed):
        decode(b"\xa1\x61a" * DEPTH_MAX + b"\xa0")


@pytest.mark.parametrize("value", [1.5, {1: 2}, INTEGER_MAX + 1, INTEGER_MIN - 1, "\ud800", {1, 2}, object()])
def test_a_value_outside_the_subset_has_no_encoding(value: object) -> None:
    with pytest.raises(Malformed):
        encode(value)


def test_bytes_beyond_the_size_limit_are_refused_before_parsing() -> None:
    with pytest.raises(Malformed, match="at most 3"):
        decode(b"\xff" * 4, size_max=3)


def test_a_record_is_the_map_of_its_fields_in_canonical_order() -> None:
    pair = Pair(bytes(32), 5)
    assert encode_record(pair) == encode({"longer": bytes(32), "at": 5})
    assert decode_record(Pair, encode_record(pair)) == pair
    assert from_value(Pair, to_value(pair)) == pair
    assert encode([pair]) == encode([to_value(pair)])


@pytest.mark.parametrize(
    "value",
    [
        {"at": 5},
        {"longer": bytes(32), "at": 5, "more": 1},
        {"longer": bytes(31), "at": 5},
        {"longer": bytes(32), "at": "5"},
        {"longer": bytes(32), "at": True},
        [bytes(32), 5],
    ],
)
def test_a_record_with_a_wrong_field_is_refused(value: object) -> None:
    with pytest.raises(Malformed):
        decode_record(Pair, encode(value))


def test_a_record_whose_field_has_a_default_is_not_read_from_bytes_that_leave_it_out() -> None:
    class Lax(Record, frozen=True):
        at: int = 0

    assert decode_record(Lax, encode({"at": 0})) == Lax()
    with pytest.raises(Malformed, match="not the one encoding of a Lax"):
        decode_record(Lax, encode({}))


def test_a_map_key_may_be_long() -> None:
    for size in (23, 24, 300):
        value = {"k" * size: 1, "l" * size: 2}
        assert decode(encode(value)) == value


def test_a_map_nested_too_deeply_has_no_encoding() -> None:
    value: object = {}
    for _ in range(DEPTH_MAX - 1):
        value = {"a": value}
    assert decode(encode(value)) == value
    with pytest.raises(Malformed, match="nested deeper"):
        encode({"a": value})


def test_a_record_nested_too_deeply_has_no_encoding() -> None:
    value: object = Pair(bytes(32), 1)
    for _ in range(DEPTH_MAX):
        value = [value]
    with pytest.raises(Malformed):
        encode(value)
