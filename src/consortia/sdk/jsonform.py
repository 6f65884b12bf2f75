"""Records as JSON, for people, browsers and query strings; between programs they stay CBOR.

The form is the record's map with bytes as lowercase hex. What is read back is checked against the record's
type as strictly as CBOR is, so both ways lead to the one encoding.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from consortia.base.codec import Malformed, R, Record, from_value

N = TypeVar("N")
_HEX = re.compile(r"([0-9a-f]{2})*\Z")
_DIGITS = re.compile(r"-?[0-9]{1,20}\Z")
_BEYOND = re.compile(r"-?[1-9][0-9]{15,19}\Z")
INTEGER_EXACT_MAX = (1 << 53) - 1
"""Larger integers are texts of digits in JSON, which browsers would round."""


def to_json(value: object) -> Any:  # noqa: ANN401 (plain JSON values, nested freely)
    """Plain values of a record or value: bytes as hex, integers beyond 2^53 as text."""
    if isinstance(value, Record):
        return {name: to_json(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {name: to_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if type(value) is int and abs(value) > INTEGER_EXACT_MAX:
        return str(value)
    return value


def dump(value: object) -> bytes:
    """The JSON text of a record or value."""
    return msgspec.json.encode(to_json(value))


def from_json(kind: type[R], value: object) -> R:
    """The record of type `kind` in its JSON form; raises Malformed."""
    return from_value(kind, _read(_info(kind), value, text=False))


def from_query(kind: type[R], fields: Mapping[str, str]) -> R:
    """The record of type `kind` in a query string; a field left out is null. Raises Malformed."""
    known = kind.__struct_fields__
    if unknown := sorted(set(fields) - set(known)):
        raise Malformed(f"no argument {', '.join(unknown)}; there are: {', '.join(known) or 'none'}")
    return from_value(kind, _read(_info(kind), {name: fields.get(name) for name in known}, text=True))


@lru_cache(maxsize=512)
def _info(kind: type[Record]) -> inspect.Type:
    return inspect.type_info(kind)


def _read(info: inspect.Type, value: object, *, text: bool) -> Any:  # noqa: ANN401 (plain values)
    """`value` with hex turned to bytes, and with `text` words to numbers, where the type asks for them."""
    if isinstance(info, inspect.Metadata):
        return _read(info.type, value, text=text)
    if isinstance(info, inspect.UnionType):
        if value is None:
            return None
        others = [option for option in info.types if not isinstance(option, inspect.NoneType)]
        return _read(others[0], value, text=text) if len(others) == 1 else _whole(value)
    if isinstance(info, inspect.BytesType) and isinstance(value, str):
        if not _HEX.match(value):
            raise Malformed(f"bytes are written as pairs of lowercase hex digits, not {value[:80]!r}")
        return bytes.fromhex(value)
    if isinstance(info, inspect.StructType) and text and isinstance(value, str):
        value = _nested(value, dict[str, object])
    if isinstance(info, inspect.StructType) and isinstance(value, dict):
        kinds = {field.name: field.type for field in info.fields}
        return {
            name: _read(kinds[name], item, text=text) if name in kinds else item
            for name, item in value.items()
        }
    if isinstance(info, inspect.DictType) and isinstance(value, dict):
        return {name: _read(info.value_type, item, text=text) for name, item in value.items()}
    return _read_plain(info, value, text=text)


def _read_plain(info: inspect.Type, value: object, *, text: bool) -> Any:  # noqa: ANN401 (plain values)
    if isinstance(info, inspect.IntType):
        return _integer(value, _DIGITS if text else _BEYOND)
    if isinstance(info, inspect.AnyType | inspect.CustomType):
        return _whole(value)
    if isinstance(info, inspect.BoolType) and text and value in {"true", "false"}:
        return value == "true"
    items = _item_types(info)
    if items is not None:
        if text and isinstance(value, str):
            value = _nested(value, list[object])
        if isinstance(value, list):
            kinds = items * len(value) if len(items) == 1 else items
            return [_read(kind, item, text=False) for kind, item in zip(kinds, value, strict=False)]
    return value


def _item_types(info: inspect.Type) -> list[inspect.Type] | None:
    if isinstance(info, inspect.ListType | inspect.VarTupleType):
        return [info.item_type]
    return list(info.item_types) if isinstance(info, inspect.TupleType) else None


def _integer(value: object, digits: re.Pattern[str]) -> object:
    """An integer, also where it is written as text of such digits, or with a fraction of zero."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= INTEGER_EXACT_MAX:
        return int(value)
    if not isinstance(value, str):
        return value
    if not digits.match(value):
        raise Malformed(f"an integer is wanted, not {value[:80]!r}; only beyond 2^53 is it written as text")
    return int(value)


def _whole(value: Any) -> Any:  # noqa: ANN401 (plain values)
    """A value of any kind with its integers as such, also those that were written with a fraction of zero."""
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return _integer(value, _DIGITS) if isinstance(value, float) else value


def _nested(text: str, kind: type[N]) -> N:
    """What stands in a query string as JSON; raises Malformed."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError:
        wanted = "list" if kind == list[object] else "object"
        raise Malformed(f"a JSON {wanted} is wanted, not {text[:80]!r}") from None
