"""A public frame for every column: a centre and a half-width that cost no privacy, since no record says them.

They come from the range that the schema declares (`minimum` and `maximum`), so that a cell in its range lies
within one half-width of the centre. A number without a declared range has its scale, 2^exponent, around
zero; a column of zeros and ones has 0 and 1. A schema that was inferred from records is not public knowledge:
whoever wants the promise to hold declares ranges and scales from what is known of the column.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from msgspec.structs import replace

from consortia.engines.train.design import Design
from consortia.engines.train.schema import Field, Schema
from consortia.exact.fixed import Integers, divide, from_integers
from consortia.exact.linear import FEATURE_BITS, FEATURE_MAX, standardise

_ONE = 1 << FEATURE_BITS


@dataclass(frozen=True)
class Frame:
    """Centres and half-widths (at least 1) of the design columns on the feature grid."""

    centres: tuple[int, ...]
    halves: tuple[int, ...]


def frame_of(schema: Schema) -> Frame:
    """The frame of a schema's design columns, in their order."""
    pairs: list[tuple[int, int]] = []
    for field in schema.fields:
        pairs += [_number(field)] if field.kind == "number" else [(0, _ONE)] * len(field.levels)
        if field.missing_flag:
            pairs.append((0, _ONE))
    return Frame(tuple(centre for centre, _ in pairs), tuple(half for _, half in pairs))


def with_ranges(schema: Schema, ranges: Mapping[str, tuple[str, str]]) -> Schema:
    """The schema with declared ranges, decimal text by column; a column's scale then holds its range.

    Raises KeyError for a column that is not there, ValueError for a range that is none or no decimal text.
    """
    fields = {field.name: field for field in schema.fields}
    for name, (low, high) in ranges.items():
        edges = Fraction(low), Fraction(high)
        if edges[0] >= edges[1]:
            raise ValueError(f"the range {low}..{high} of {name} is none")
        exponent = 0
        widest = max(map(abs, edges))
        while Fraction(2) ** exponent < widest:
            exponent += 1
        while Fraction(2) ** (exponent - 1) >= widest:
            exponent -= 1
        fields[name] = replace(fields[name], minimum=low, maximum=high, exponent=exponent)
    return Schema.decode(Schema(tuple(fields.values()), schema.label).encode())


def framed(matrix: Design, centres: Integers, frame: Frame) -> Integers:
    """The cells' distances from `centres` in half-widths, on the 2^-16 grid; missing cells are 0."""
    return standardise(matrix.values, matrix.present, centres, from_integers(frame.halves))


def _number(field: Field) -> tuple[int, int]:
    if not (field.minimum and field.maximum):
        return 0, _ONE
    unit = Fraction(2) ** (FEATURE_BITS - field.exponent)
    low, high = Fraction(field.minimum) * unit, Fraction(field.maximum) * unit
    twice_centre, width = round(low + high), round(high - low)
    centre = max(-FEATURE_MAX, min(FEATURE_MAX, divide(twice_centre, 2)))
    return centre, max(1, min(FEATURE_MAX, divide(width, 2)))
