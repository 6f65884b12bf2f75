"""Ranges of columns that a proposer declares because they are known of the column, not read from a file."""

import re
from collections.abc import Sequence
from decimal import Decimal

import click

from consortia.cli.output import Failure, note
from consortia.engines.train.files import RawTable
from consortia.engines.train.frame import with_ranges
from consortia.engines.train.schema import Schema
from consortia.engines.train.table import mismatches

HINT = "--range"
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?")

range_option = click.option(
    HINT,
    "ranges",
    multiple=True,
    metavar="COLUMN=LOW:HIGH",
    help="What is publicly known of a number column, whoever's data; a private study's scale comes from it.",
)


def declared(schema: Schema, given: Sequence[str]) -> Schema:
    """The schema with the ranges that options COLUMN=LOW:HIGH declare; raises click.BadParameter."""
    ranges: dict[str, tuple[str, str]] = {}
    for text in given:
        name, equals, span = text.rpartition("=")
        low, colon, high = span.partition(":")
        if not (equals and colon):
            raise click.BadParameter(f"{text!r} is not COLUMN=LOW:HIGH", param_hint=HINT)
        _check(schema, name, low, high)
        if name in ranges:
            raise click.BadParameter(f"{name} has two ranges", param_hint=HINT)
        ranges[name] = low, high
    return with_ranges(schema, ranges) if ranges else schema


def _check(schema: Schema, name: str, low: str, high: str) -> None:
    """Raise click.BadParameter unless this column can have this range."""
    numbers = [field.name for field in schema.fields if field.kind == "number"]
    if name not in numbers:
        kind = "the label" if name == schema.label.name else "no number column"
        known = ", ".join(numbers) or "none"
        raise click.BadParameter(f"{name!r} is {kind}; number columns are: {known}", param_hint=HINT)
    decimals = _DECIMAL.fullmatch(low) and _DECIMAL.fullmatch(high)
    if not decimals or max(len(low), len(high)) > 40 or Decimal(low) >= Decimal(high):
        raise click.BadParameter(
            f"{name}: {low!r} to {high!r} is no range: two decimal numbers, the smaller first",
            param_hint=HINT,
        )


def check_own(schema: Schema, rows: RawTable, given: Sequence[str]) -> None:
    """Raise Failure when the own rows are not within the declared ranges: others' would hardly be."""
    faults = mismatches(schema, rows) if given else []
    if faults:
        raise Failure(faults[0], f"{HINT} with what the column can have, or mend the data")


def advise(schema: Schema) -> None:
    """Tell the proposer of a private study which columns' scales are read from its own rows."""
    without = [field.name for field in schema.fields if field.kind == "number" and not field.minimum]
    if without:
        some = ", ".join(without[:5]) + (f" and {len(without) - 5} more" if len(without) > 5 else "")
        note(f"Without {HINT}: {some}.")
        note("Their scales, powers of two, are read from your rows and told to all. Declare what is known.")
