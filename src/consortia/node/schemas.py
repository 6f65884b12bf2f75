"""JSON schemas of the records as `sdk.jsonform` writes them: bytes as hex, big integers as text.

The dialect is that of OpenAPI 3.1 (JSON Schema 2020-12). A record is a component named `room.Record`, after
the room of the law that declares it.
"""

from functools import cache
from typing import Any

from msgspec import inspect

from consortia.base.codec import Record
from consortia.sdk.jsonform import INTEGER_EXACT_MAX

Schema = dict[str, Any]
PREFIX = "#/components/schemas/"
_INTEGER_MAX = (1 << 64) - 1
HEX: Schema = {"type": "string", "format": "hex", "pattern": "^([0-9a-f]{2})*$"}


_VALUE: Schema = {
    "description": "whatever its kind has: anything but fractions",
    "anyOf": [
        {"type": ["string", "boolean", "null"]},
        {"type": "integer", "minimum": -INTEGER_EXACT_MAX, "maximum": INTEGER_EXACT_MAX},
        {"type": "array", "items": {"$ref": PREFIX + "Value"}},
        {"type": "object", "additionalProperties": {"$ref": PREFIX + "Value"}},
    ],
}


class Schemas:
    """The schemas of records, each described once, as components of one document."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._names: dict[str, type] = {}

    def of(self, kind: type[Record]) -> Schema:
        """A reference to the schema of a record."""
        return self._schema(inspect.type_info(kind))

    def _schema(self, info: inspect.Type) -> Schema:
        match info:
            case inspect.Metadata():
                return self._schema(info.type)
            case inspect.StructType():
                return self._record(info)
            case inspect.UnionType():
                return {"anyOf": [self._schema(option) for option in info.types]}
            case inspect.VarTupleType() | inspect.ListType():
                return _trimmed(
                    {"type": "array", "items": self._schema(info.item_type)},
                    minItems=info.min_length,
                    maxItems=info.max_length,
                )
            case inspect.TupleType():
                items = [self._schema(item) for item in info.item_types]
                return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
            case inspect.DictType():
                return {"type": "object", "additionalProperties": self._schema(info.value_type)}
            case inspect.LiteralType():
                return {"enum": sorted(info.values, key=str)}
        if isinstance(info, inspect.AnyType | inspect.CustomType):
            self.components["Value"] = _VALUE
            return {"$ref": PREFIX + "Value"}
        return _plain(info)

    def _record(self, info: inspect.StructType) -> Schema:
        room = info.cls.__module__.split(".")
        first = room[2] if room[1] == "modules" else room[1]
        name = f"{first}.{info.cls.__name__}"
        if self._names.setdefault(name, info.cls) is not info.cls:  # another file of the room has one too
            name = f"{first}.{room[-1]}.{info.cls.__name__}"
        if name not in self.components:
            self.components[name] = {}  # a record may hold itself
            self.components[name] = {
                "type": "object",
                "description": (info.cls.__doc__ or "").strip().split("\n")[0],
                "properties": {field.encode_name: self._schema(field.type) for field in info.fields},
                "required": [field.encode_name for field in info.fields if field.required],
                "additionalProperties": False,
            }
        return {"$ref": PREFIX + name}


def _plain(info: inspect.Type) -> Schema:
    match info:
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.NoneType():
            return {"type": "null"}
        case inspect.IntType():
            return _integer(info)
        case inspect.BytesType():
            low, high = info.min_length, info.max_length
            return _trimmed(
                HEX,
                minLength=None if low is None else 2 * low,
                maxLength=None if high is None else 2 * high,
            )
        case inspect.StrType():
            pattern = None if info.pattern is None else info.pattern.replace(r"\Z", "$")
            return _trimmed(
                {"type": "string"}, pattern=pattern, minLength=info.min_length, maxLength=info.max_length
            )
    return {"description": "whatever its kind has"}


def _integer(info: inspect.IntType) -> Schema:
    number = _trimmed({"type": "integer"}, minimum=info.ge, maximum=info.le)
    if (info.le if info.le is not None else _INTEGER_MAX) <= INTEGER_EXACT_MAX:
        return number
    highest = _INTEGER_MAX if info.le is None else info.le
    minus = "-?" if info.ge is None or info.ge < -INTEGER_EXACT_MAX else ""
    pattern = f"^{minus}({_digits(highest)})$"
    text = {"type": "string", "pattern": pattern, "description": "an integer beyond 2^53"}
    return {"anyOf": [{**number, "maximum": INTEGER_EXACT_MAX}, text]}


@cache
def _digits(highest: int) -> str:
    """The pattern of whole numbers of 16 digits or more, and not above `highest`."""
    digits = str(highest)
    parts = [f"[1-9][0-9]{{15,{len(digits) - 2}}}"]
    for place, digit in enumerate(digits):
        lowest = 1 if place == 0 else 0
        if int(digit) > lowest:
            rest = len(digits) - place - 1
            parts.append(
                f"{digits[:place]}[{lowest}-{int(digit) - 1}]" + (f"[0-9]{{{rest}}}" if rest else "")
            )
    return "|".join([*parts, digits])


def _trimmed(schema: Schema, **limits: object) -> Schema:
    return {**schema, **{name: value for name, value in limits.items() if value is not None}}
