"""From a table to the integers that recipes add up: the design matrix on the feature grid.

One column per number, one of zeros and ones per level of a category, and the agreed flag columns; in
the order of `Schema.design_names`. Each cell is read once, by `quantise`; everything after is integer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consortia.engines.train.files import MISSING, canonical, cell_number
from consortia.engines.train.schema import Field, Schema
from consortia.exact.fixed import Integers, quantise
from consortia.exact.linear import FEATURE_BITS, FEATURE_MAX

Present = NDArray[np.bool_]


@dataclass(frozen=True)
class Design:
    """Integer columns on the feature grid.

    `values` int64 and `present` bool, both of shape (records, design columns); a cell that is not present
    has the value 0.
    """

    values: Integers
    present: Present


def features(schema: Schema, numbers: NDArray[np.float64]) -> tuple[Integers, Present]:
    """Integers and presence of shape (records, fields): numbers on the grid 2^(exponent-20), level indices.

    `numbers` is as in Table. These integers are what a prediction record holds.
    """
    present = ~np.isnan(numbers)
    filled = np.where(present, numbers, 0.0)
    values = np.empty(numbers.shape, dtype=np.int64)
    for index, field in enumerate(schema.fields):
        column = np.ascontiguousarray(filled[:, index])
        if field.kind == "number":
            bits = FEATURE_BITS - field.exponent
            values[:, index] = quantise(column, scale_bits=bits, clip=FEATURE_MAX, ring_bits=64)
        else:
            values[:, index] = column.astype(np.int64)
    return values, present


def expand(schema: Schema, values: Integers, present: Present) -> Design:
    """The design of feature integers: categories and flags become columns of zeros and ones."""
    columns: list[Integers] = []
    masks: list[Present] = []
    one = 1 << FEATURE_BITS
    for index, field in enumerate(schema.fields):
        value, here = values[:, index], present[:, index]
        if field.kind == "number":
            columns.append(np.where(here, value, 0))
            masks.append(here)
        else:
            columns += [(here & (value == level)) * one for level in range(len(field.levels))]
            masks += [here] * len(field.levels)
        if field.missing_flag:
            columns.append(~here * one)
            masks.append(np.ones_like(here))
    return Design(np.column_stack(columns).astype(np.int64), np.column_stack(masks))


def design(schema: Schema, numbers: NDArray[np.float64]) -> Design:
    """The design matrix of a table's numbers."""
    return expand(schema, *features(schema, numbers))


def row_numbers(schema: Schema, row: Sequence[object]) -> NDArray[np.float64]:
    """One row of cells (numbers, text, None) as the floats that `features` reads; shape (1, fields).

    A missing cell is None, NaN, an empty text or `?`. Raises ValueError, naming the column, for text
    where a number should be, a number that is not finite, or an unknown level.
    """
    if len(row) != len(schema.fields):
        raise ValueError(f"{len(row)} cells, the model has {len(schema.fields)} columns")
    return np.array([[_cell(field, cell) for field, cell in zip(schema.fields, row, strict=True)]])


def _cell(field: Field, cell: object) -> float:
    missing = cell is None or (isinstance(cell, float) and math.isnan(cell))
    if missing or (isinstance(cell, str) and cell.strip() in MISSING):
        return math.nan
    text = canonical(cell.strip() if isinstance(cell, str) else str(cell))
    if field.kind == "category":
        if text not in field.levels:
            raise ValueError(f'column "{field.name}": {text!r} is not one of {", ".join(field.levels)}')
        return float(field.levels.index(text))
    value = cell_number(text)
    if value is None:
        raise ValueError(f'column "{field.name}": {text!r} is not a finite number')
    return value
