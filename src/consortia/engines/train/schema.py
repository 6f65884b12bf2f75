"""The table schema that members of a study agree on: a subset of Frictionless Table Schema.

A field is a number or a category; the label has two classes, or is a number. What the mathematics
needs is agreed too and stands in the study: each number's power-of-two scale (`exponent`), each
category's levels, whether a missing cell gets a column of its own. As bytes it is canonical CBOR.
"""

from typing import Annotated, Any, Literal

import msgspec

from consortia.base.codec import Record, decode_record, encode_record
from consortia.exact.linear import FEATURE_BITS

COLUMNS_MAX = 512
LEVELS_MAX = 64
NAME_MAX = 120
EXPONENT_MAX = 100

Label80 = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]
Decimal = Annotated[
    str, msgspec.Meta(max_length=40, pattern=r"^(-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?)?$")
]


class Field(Record, frozen=True):
    """One column.

    `kind` number: `exponent` e is the power of two that holds its usual magnitudes, values are read
    on the grid 2^(e-20) and clipped to 2^(e+8); `minimum` and `maximum` are decimal text, empty for
    none. `kind` category: `levels` are the agreed values in order, each a column of zeros and ones.
    `unit` is free text. `missing_flag` adds a column that is one where the cell is missing.
    """

    name: Label80
    kind: Literal["number", "category"]
    unit: Annotated[str, msgspec.Meta(max_length=NAME_MAX)]
    exponent: Annotated[int, msgspec.Meta(ge=-EXPONENT_MAX, le=EXPONENT_MAX)]
    minimum: Decimal
    maximum: Decimal
    levels: Annotated[tuple[Label80, ...], msgspec.Meta(max_length=LEVELS_MAX)]
    missing_flag: bool


class Label(Record, frozen=True):
    """What is predicted.

    Two `classes`, the second being the one whose probability is given; or none for a number, whose scale is
    `exponent`.
    """

    name: Label80
    classes: Annotated[tuple[Label80, ...], msgspec.Meta(max_length=2)]
    exponent: Annotated[int, msgspec.Meta(ge=-EXPONENT_MAX, le=EXPONENT_MAX)]


class Schema(Record, frozen=True):
    """The agreed columns, in the order in which a feature vector holds them, and the label."""

    fields: Annotated[tuple[Field, ...], msgspec.Meta(min_length=1, max_length=COLUMNS_MAX)]
    label: Label

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order, without the label."""
        return tuple(field.name for field in self.fields)

    @property
    def design_names(self) -> tuple[str, ...]:
        """The names of the columns of the design: `name`, `name=level`, `name missing`."""
        names: list[str] = []
        for field in self.fields:
            names += (
                [field.name]
                if field.kind == "number"
                else [f"{field.name}={level}" for level in field.levels]
            )
            if field.missing_flag:
                names.append(f"{field.name} missing")
        return tuple(names)

    def encode(self) -> bytes:
        """The schema as canonical CBOR."""
        return encode_record(self)

    @staticmethod
    def decode(data: bytes) -> "Schema":
        """The schema that `data` encodes; raises base.codec.Malformed."""
        return decode_record(Schema, data)

    def to_frictionless(self) -> dict[str, Any]:
        """The schema as a Frictionless Table Schema descriptor (v1), ours under `consortia:` names."""
        return {
            "fields": [_descriptor(field) for field in self.fields]
            + [
                {"name": self.label.name, "type": "string", "constraints": {"enum": list(self.label.classes)}}
                if self.label.classes
                else {"name": self.label.name, "type": "number", "consortia:exponent": self.label.exponent}
            ],
            "missingValues": ["", "?"],
            "consortia:label": self.label.name,
        }


def number(
    name: str,
    *,
    exponent: int = 0,
    unit: str = "",
    minimum: str = "",
    maximum: str = "",
    missing_flag: bool = False,
) -> Field:
    """A number column; see Field."""
    return Field(name, "number", unit, exponent, minimum, maximum, (), missing_flag)


def category(name: str, levels: tuple[str, ...], *, missing_flag: bool = False) -> Field:
    """A category column; see Field."""
    return Field(name, "category", "", 0, "", "", levels, missing_flag)


def from_frictionless(descriptor: dict[str, Any]) -> Schema:
    """The schema of a Frictionless descriptor as `to_frictionless` writes it.

    Raises base.codec.Malformed or KeyError when a part that the mathematics needs is missing.
    """
    label_name = descriptor["consortia:label"]
    fields = []
    label = None
    for entry in descriptor["fields"]:
        constraints = entry.get("constraints", {})
        levels = tuple(constraints.get("enum", ()))
        if entry["name"] == label_name:
            label = Label(label_name, levels, entry.get("consortia:exponent", 0))
        elif levels:
            fields.append(
                category(entry["name"], levels, missing_flag=entry.get("consortia:missing_flag", False))
            )
        else:
            fields.append(
                number(
                    entry["name"],
                    exponent=entry["consortia:exponent"],
                    unit=entry.get("consortia:unit", ""),
                    minimum=str(constraints.get("minimum", "")),
                    maximum=str(constraints.get("maximum", "")),
                    missing_flag=entry.get("consortia:missing_flag", False),
                )
            )
    if label is None:
        raise KeyError(label_name)
    return Schema.decode(Schema(tuple(fields), label).encode())


def resolution(field: Field) -> int:
    """The power of two at which a number field is read: cells are integers times 2^resolution."""
    return field.exponent - FEATURE_BITS


def _descriptor(field: Field) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": field.name, "type": "number" if field.kind == "number" else "string"}
    constraints: dict[str, Any] = {}
    if field.kind == "category":
        constraints["enum"] = list(field.levels)
    else:
        entry["consortia:exponent"] = field.exponent
    if field.minimum:
        constraints["minimum"] = field.minimum
    if field.maximum:
        constraints["maximum"] = field.maximum
    if constraints:
        entry["constraints"] = constraints
    if field.unit:
        entry["consortia:unit"] = field.unit
    if field.missing_flag:
        entry["consortia:missing_flag"] = True
    return entry
