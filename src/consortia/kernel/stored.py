"""Records read back from the state: a fast twin of `from_value(kind, decode(data))`, which is the law.

Every record of a kind has its keys at the same places, so they are compared as they stand and only values are
read. What is not of the usual shape is left to the plain version, and its answer, or refusal, is the answer.
`tests/kernel/test_stored.py` holds the twins against each other.
"""

from functools import lru_cache
from typing import TypeVar, get_args

from msgspec.structs import fields

from consortia.base.codec import (
    BYTES,
    DEPTH_MAX,
    TEXT,
    Malformed,
    Record,
    Value,
    decode,
    decode_at,
    from_value,
    layout,
)
from consortia.base.hashing import DIGEST_BYTES
from consortia.kernel.quick import LEAST, WIDTHS

R = TypeVar("R", bound=Record)

_LONG_BYTES, _NULL = BYTES | 24, 0xF6
_Slot = tuple[bytes, int, str, "type[Record] | None", int]
"""A field's encoded key, its length, its name, the kind of record that may stand there, its first byte."""


class _Unusual(Exception):
    """The plain version has to say."""


def read_back(kind: type[R], data: bytes) -> R:
    """The record of type `kind` that `data` encodes; raises Malformed as the plain version does."""
    try:
        value, end = _fields(kind, data, 0, 1)
        if end != len(data):
            raise _Unusual
    except (_Unusual, IndexError, Malformed, UnicodeDecodeError):
        value = decode(data)
    return from_value(kind, value)


def _fields(kind: type[Record], data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """The map of the record at a position, and the position behind it."""
    if depth > DEPTH_MAX:
        raise _Unusual
    items: dict[str, Value] = {}
    for key, length, name, inner, begin in _slots(kind):
        if not data.startswith(key, at):
            raise _Unusual
        at += length
        first = data[at]
        if first < 24:
            items[name] = first
            at += 1
        elif first in WIDTHS:
            end = at + 1 + WIDTHS[first]
            count = int.from_bytes(data[at + 1 : end], "big")
            if count < LEAST[first] or end > len(data):
                raise _Unusual
            items[name], at = count, end
        elif first == _NULL:
            items[name] = None
            at += 1
        elif first == _LONG_BYTES and data[at + 1] == DIGEST_BYTES:
            items[name] = data[at + 2 : at + 2 + DIGEST_BYTES]
            at += 2 + DIGEST_BYTES
        elif TEXT <= first < TEXT + 24:
            end = at + 1 + first - TEXT
            items[name] = data[at + 1 : end].decode("utf-8")
            at = end
        elif inner is not None and first == begin:
            items[name], at = _fields(inner, data, at, depth + 1)
        else:
            items[name], at = decode_at(data, at, depth)
    return items, at


@lru_cache(maxsize=4096)
def _slots(kind: type[Record]) -> tuple[_Slot, ...]:
    """The fields of a record in the order of their encoding; the map's head stands before the first key."""
    start, keys = layout(kind)
    if not keys:
        raise _Unusual
    inner = {field.name: _inner(field.type) for field in fields(kind)}
    slots = []
    for key, name in keys:
        held = inner[name]
        slots.append((start + key, len(start + key), name, held, -1 if held is None else layout(held)[0][0]))
        start = b""
    return tuple(slots)


def _inner(kind: object) -> type[Record] | None:
    """The one kind of record that a field of a type may hold, or None."""
    parts = get_args(kind) or (kind,)
    found = [one for one in parts if isinstance(one, type) and issubclass(one, Record)]
    whole = set(parts) <= {*found, type(None)}
    return found[0] if len(found) == 1 and whole else None
