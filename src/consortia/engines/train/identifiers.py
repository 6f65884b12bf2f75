"""Columns of numbers that look like somebody's rather than a measure, and what every door tells of them."""

import re
from collections.abc import Sequence

from consortia.engines.train.files import MISSING, RawTable, place

IDENTIFIERS_RECORDS_MIN = 100
"""So many whole numbers, no two alike, are rather an identifier's than a measure's. Ages soon repeat."""

_WHOLE = re.compile(r"[0-9]+")
_NAMED = re.compile(r"(?:^|[\W_])(?:id|mrn|ssn|identifier)$", re.IGNORECASE)


def identifiers(raw: RawTable, leave: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns, but those to `leave` alone, whose numbers look like somebody's rather than a measure.

    Whole numbers all different in IDENTIFIERS_RECORDS_MIN records or more, or in a column that says so by
    its name. A model would learn from them, and they would lead to people.
    """
    found = []
    for at, name in enumerate(raw.header):
        cells = [row[at] for row in raw.rows if row[at] not in MISSING]
        if name in leave or not cells or not all(_WHOLE.fullmatch(cell) for cell in cells):
            continue
        alone = len(cells) >= IDENTIFIERS_RECORDS_MIN and len(set(cells)) == len(cells)
        if alone or _NAMED.search(name):
            found.append(name)
    return tuple(found)


def advice(raw: RawTable, leave: Sequence[str], remedy: str) -> tuple[str, ...]:
    """What each door tells of the columns that look like `identifiers`, and what to do if they are."""
    return tuple(
        f"{place(raw.name, None, name)}: looks like identifiers, and a model would learn from them\n"
        f"  if it is: {remedy}"
        for name in identifiers(raw, leave)
    )
