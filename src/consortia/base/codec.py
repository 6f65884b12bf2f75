"""The one encoding: a strict subset of deterministic CBOR.

Allowed: integers from -2^63 to 2^64-1, byte strings, UTF-8 text, arrays, maps with text keys,
true, false and null, in the core deterministic encoding of RFC 8949, section 4.2.1 (shortest
heads, definite lengths, map keys in the bytewise order of their encodings). Refused: floats, tags,
other simple values, indefinite lengths, duplicate or unsorted keys, trailing bytes, nesting
beyond 16. A value therefore has exactly one encoding, and `decode` accepts no other.

A *record* is a frozen `msgspec.Struct`, encoded as a map keyed by its field names. Decoding a
record re-encodes it from the record and compares, so what was signed is what was read.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from operator import attrgetter
from typing import Annotated, Any, TypeAlias, TypeVar, cast

import msgspec
from msgspec import Meta

Value: TypeAlias = "bool | int | bytes | str | Sequence[Value] | Mapping[str, Value] | None"

DEPTH_MAX = 16
SIZE_MAX = 1 << 24
INTEGER_MIN = -(1 << 63)
INTEGER_MAX = (1 << 64) - 1

Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
Salt = Annotated[bytes, Meta(min_length=32, max_length=32)]
PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32)]
SignatureBytes = Annotated[bytes, Meta(min_length=64, max_length=64)]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}\Z")]
Text80 = Annotated[str, Meta(max_length=80)]
Text1000 = Annotated[str, Meta(max_length=1000)]
U32 = Annotated[int, Meta(ge=0, le=(1 << 32) - 1)]
U63 = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
I64 = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
Milliseconds = U63


class Malformed(ValueError):
    """Bytes that are not the one encoding of an allowed value, or not a record of the kind asked for."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of every record of the protocol: frozen, without defaults, unknown fields forbidden."""


R = TypeVar("R", bound=Record)

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP = 0x00, 0x20, 0x40, 0x60, 0x80, 0xA0
_FALSE, _TRUE, _NULL = 0xF4, 0xF5, 0xF6
_SMALL_HEADS = {
    major: [bytes((major | count,)) if count < 24 else bytes((major | 24, count)) for count in range(256)]
    for major in (UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP)
}
_SMALL_UNSIGNED, _SMALL_BYTES, _SMALL_TEXT = (_SMALL_HEADS[major] for major in (UNSIGNED, BYTES, TEXT))


def encode(value: object) -> bytes:
    """The one encoding of `value` (plain values and records, nested freely).

    Raises Malformed for a value outside the subset.
    """
    return _ENCODERS[0][type(value)](value)


def encode_record(record: Record, depth: int = 0) -> bytes:
    """The one encoding of a record: the map of its fields. `depth` is how deep in another it will stand."""
    if depth >= DEPTH_MAX:
        raise Malformed(f"nested deeper than {DEPTH_MAX}")
    shape, values = _shape(type(record))
    encoded = _ENCODERS[depth + 1]
    parts = shape.copy()
    parts[1::2] = [encoded[type(value)](value) for value in values(record)]
    return b"".join(parts)


def decode(data: bytes, *, size_max: int = SIZE_MAX) -> Value:
    """The value that `data` encodes.

    Raises Malformed when `data` is longer than `size_max` bytes (checked before parsing) or is
    anything but the one encoding of a value of the subset.
    """
    if len(data) > size_max:
        raise Malformed(f"{len(data)} bytes, at most {size_max} are allowed")
    value, end = decode_at(data, 0, 0)
    if end != len(data):
        raise Malformed(f"{len(data) - end} bytes too many")
    return value


def decode_at(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """The value at a position of `data`, nested so deep, and the position behind it; raises Malformed."""
    try:
        return _read(data, at, depth)
    except IndexError:
        raise Malformed("the bytes end too early") from None


def decode_record(kind: type[R], data: bytes, *, size_max: int = SIZE_MAX) -> R:
    """The record of type `kind` that `data` encodes.

    Raises Malformed as `decode` does, for a missing, unknown or out-of-limit field, and when the
    record does not encode back to `data`.
    """
    record = from_value(kind, decode(data, size_max=size_max))
    if encode_record(record) != data:
        raise Malformed(f"not the one encoding of a {kind.__name__}")
    return record


def from_value(kind: type[R], value: Value) -> R:
    """The record of type `kind` with the fields of the map `value`; raises Malformed."""
    try:
        return msgspec.convert(value, kind, strict=True, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from None


def checked(record: R) -> R:
    """The record as `decode_record` gives it from its encoding, which `record` must have (`encode_record`).

    For whoever makes a record: it raises Malformed where a field is beyond its limit, at a sixth of what
    encoding costs. A map in it keeps its own order, where decoding gives the canonical one.
    """
    kind = type(record)
    try:
        return cast("R", _unpacker(kind).decode(_PACKER.encode(record)))
    except msgspec.ValidationError as error:
        raise Malformed(f"{kind.__name__}: {error}") from None


def to_value(record: Record) -> dict[str, Value]:
    """The map that a record is encoded as, with plain values all the way down."""
    return cast("dict[str, Value]", decode(encode_record(record)))


def head(major: int, count: int) -> bytes:
    """The head of a data item (RFC 8949, section 3): major type in the top three bits, shortest count."""
    if count < 0x100:
        return _SMALL_HEADS[major][count]
    if count < 0x10000:
        return ((major | 25) << 16 | count).to_bytes(3, "big")
    if count < 0x100000000:
        return ((major | 26) << 32 | count).to_bytes(5, "big")
    return ((major | 27) << 64 | count).to_bytes(9, "big")


_PACKER = msgspec.msgpack.Encoder()


@lru_cache(maxsize=4096)
def _unpacker(kind: type[R]) -> msgspec.msgpack.Decoder[R]:
    """What reads a record of this kind back from its packed fields, held to the limits of each."""
    return msgspec.msgpack.Decoder(kind)


@lru_cache(maxsize=4096)
def key_of(name: str) -> bytes:
    """The encoding of a map's key."""
    if type(name) is not str:
        raise Malformed("a map key is text")
    return _fresh_text(name)


@lru_cache(maxsize=4096)
def _order(names: tuple[str, ...]) -> tuple[tuple[bytes, str], ...]:
    """The encoded keys of a map with these names, in canonical order."""
    return tuple(sorted((key_of(name), name) for name in names))


@lru_cache(maxsize=4096)
def layout(kind: type[Record]) -> tuple[bytes, tuple[tuple[bytes, str], ...]]:
    """The map head of a record type, and its encoded keys with their field names in canonical order."""
    names = kind.__struct_fields__
    return head(MAP, len(names)), tuple(sorted((key_of(name), name) for name in names))


@lru_cache(maxsize=4096)
def _shape(kind: type[Record]) -> tuple[list[bytes], Callable[[Record], tuple[object, ...]]]:
    """What stands in every record of a kind, with room behind each key; and its values in that order."""
    start, fields = layout(kind)
    shape = [part for key, _ in fields for part in (key, b"")] or [b""]
    shape[0] = start + shape[0]
    names = [name for _, name in fields]
    if len(names) > 1:
        return shape, attrgetter(*names)
    return shape, lambda record: tuple([getattr(record, name) for name in names])


class _Integers(dict[int, bytes]):
    """The encodings of integers: the small ones are there, the others are made when asked for."""

    def __missing__(self, value: int) -> bytes:
        if value > INTEGER_MAX:
            raise Malformed("an integer above 2^64-1 has no encoding")
        if value < INTEGER_MIN:
            raise Malformed("an integer below -2^63 has no encoding")
        return head(UNSIGNED, value) if value >= 0 else head(NEGATIVE, -1 - value)


def _encoded_bytes(value: bytes) -> bytes:
    count = len(value)
    return (_SMALL_BYTES[count] if count < 0x100 else head(BYTES, count)) + value


def _encoded_text(value: str) -> bytes:
    """The encoding of a text: what is short comes again."""
    return key_of(value) if len(value) <= _OFTEN_MAX else _fresh_text(value)


def _fresh_text(value: str) -> bytes:
    try:
        data = value.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("text with lone surrogates has no encoding") from None
    count = len(data)
    return (_SMALL_TEXT[count] if count < 0x100 else head(TEXT, count)) + data


_OFTEN_MAX = 80
_INTEGERS = _Integers(enumerate(_SMALL_UNSIGNED))
_BOOLEANS = {False: bytes((_FALSE,)), True: bytes((_TRUE,))}


class _Encoders(dict[type, Callable[[Any], bytes]]):
    """What encodes a value of each type that stands so deep."""

    def __init__(self, depth: int) -> None:
        self[int] = _INTEGERS.__getitem__
        self[bool] = _BOOLEANS.__getitem__
        self[type(None)] = {None: bytes((_NULL,))}.__getitem__
        self[bytes], self[str] = _encoded_bytes, _encoded_text
        self[list] = self[tuple] = partial(_encoded_array, depth=depth)
        self[dict] = partial(_encoded_map, depth=depth)
        self._record = partial(encode_record, depth=depth)

    def __missing__(self, kind: type) -> Callable[[Any], bytes]:
        if not issubclass(kind, Record):
            raise Malformed(f"a {kind.__name__} has no encoding")
        self[kind] = self._record
        return self._record


def _encoded_array(value: Sequence[Any], depth: int) -> bytes:
    parts = list[bytes]()
    _put_array(parts, value, depth)
    return b"".join(parts)


def _put_array(parts: list[bytes], value: Sequence[Any], depth: int) -> None:
    """Put an array's encoding behind what there is: paths are long ones of pairs, which take no detour."""
    if depth >= DEPTH_MAX:
        raise Malformed(f"nested deeper than {DEPTH_MAX}")
    put, encoded = parts.append, _ENCODERS[depth + 1]
    put(head(ARRAY, len(value)))
    for item in value:
        kind = type(item)
        if kind is bytes:
            put(head(BYTES, len(item)))
            put(item)
        elif kind is tuple:
            _put_array(parts, item, depth + 1)
        else:
            put(encoded[kind](item))


def _encoded_map(value: Mapping[str, object], depth: int) -> bytes:
    if depth >= DEPTH_MAX:
        raise Malformed(f"nested deeper than {DEPTH_MAX}")
    encoded, parts = _ENCODERS[depth + 1], [head(MAP, len(value))]
    for key, name in _order(tuple(value)):
        item = value[name]
        parts += key, encoded[type(item)](item)
    return b"".join(parts)


_ENCODERS = tuple(_Encoders(depth) for depth in range(DEPTH_MAX + 1))


def _read(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """The value at position `at` and the position behind it."""
    first = data[at]
    at += 1
    count = first & 0x1F
    if count >= 24:
        if count > 27 or first >= 0xC0:
            raise Malformed(f"a data item starts with 0x{first:02x}")
        width = 1 << (count - 24)
        if at + width > len(data):
            raise Malformed("the bytes end too early")
        count = int.from_bytes(data[at : at + width], "big")
        if count < 24 or (width > 1 and count < 1 << (4 * width)):
            raise Malformed("a count is not in its shortest form")
        at += width
    return _READERS[first >> 5](data, at, count, depth)


def _read_unsigned(_data: bytes, at: int, count: int, _depth: int) -> tuple[Value, int]:
    return count, at


def _read_negative(_data: bytes, at: int, count: int, _depth: int) -> tuple[Value, int]:
    if count > -1 - INTEGER_MIN:
        raise Malformed("an integer below -2^63")
    return -1 - count, at


def _read_bytes(data: bytes, at: int, count: int, _depth: int) -> tuple[Value, int]:
    end = at + count
    if end > len(data):
        raise Malformed("the bytes end too early")
    return data[at:end], end


def _read_text(data: bytes, at: int, count: int, _depth: int) -> tuple[Value, int]:
    end = at + count
    if end > len(data):
        raise Malformed("the bytes end too early")
    try:
        return data[at:end].decode("utf-8"), end
    except UnicodeDecodeError:
        raise Malformed("text that is not UTF-8") from None


def _read_array(data: bytes, at: int, count: int, depth: int) -> tuple[Value, int]:
    if depth >= DEPTH_MAX:
        raise Malformed(f"nested deeper than {DEPTH_MAX}")
    if count > len(data) - at:
        raise Malformed("the bytes end too early")
    items: list[Value] = []
    for _ in range(count):
        item, at = _read(data, at, depth + 1)
        items.append(item)
    return items, at


def _read_map(data: bytes, at: int, count: int, depth: int) -> tuple[Value, int]:
    if depth >= DEPTH_MAX:
        raise Malformed(f"nested deeper than {DEPTH_MAX}")
    if count > len(data) - at:
        raise Malformed("the bytes end too early")
    items: dict[str, Value] = {}
    last = b""
    name: Value
    for _ in range(count):
        start, first = at, data[at]
        if first >> 5 != TEXT >> 5:
            raise Malformed("a map key is text")
        if first < TEXT + 24:
            at += 1 + first - TEXT
            name = _short_name(data[start:at])
        else:
            name, at = _read(data, at, depth + 1)
        key = data[start:at]
        if key <= last:
            raise Malformed("map keys are out of order or repeated")
        last = key
        items[name], at = _read(data, at, depth + 1)  # type: ignore[index]
    return items, at


@lru_cache(maxsize=4096)
def _short_name(key: bytes) -> Value:
    """The text of an encoded map key of fewer than 24 bytes."""
    return _read_text(key, 1, key[0] - TEXT, 0)[0]


def _read_tag(_data: bytes, _at: int, _count: int, _depth: int) -> tuple[Value, int]:
    raise Malformed("tags are not allowed")


def _read_simple(_data: bytes, at: int, count: int, _depth: int) -> tuple[Value, int]:
    if count == 20:
        return False, at
    if count == 21:
        return True, at
    if count == 22:
        return None, at
    raise Malformed("floats and other simple values are not allowed")


_READERS = (
    _read_unsigned,
    _read_negative,
    _read_bytes,
    _read_text,
    _read_array,
    _read_map,
    _read_tag,
    _read_simple,
)
