"""JSON objects of strangers, read as every other reader reads them."""

from collections.abc import Sequence
from typing import Any

from consortia.engines.train.files import DataError, shown


def said_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict (an `object_pairs_hook`); raises DataError where a name stands in it twice.

    RFC 8259, section 4: of a name that stands twice one reader takes the first, another the last.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{shown(twice)!r} stands twice in one object.")
    return found
