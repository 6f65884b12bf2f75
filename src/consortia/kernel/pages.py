"""Lists page by page: a query shows so many of what is wanted, and reads no more than a bounded part."""

from collections.abc import Iterable
from typing import TypeVar

SCANNED_MAX = 2_000
"""So many entries are passed over for one page, which may then be short, or empty, and not be the last."""

Cursor = TypeVar("Cursor")
Shown = TypeVar("Shown")


def page(
    entries: Iterable[tuple[Cursor, Shown | None]], limit: int
) -> tuple[tuple[Shown, ...], Cursor | None]:
    """Up to `limit` of what is wanted, and behind which entry the next page begins; None after the last.

    An entry is its cursor and what is shown of it, None where it is not wanted.
    """
    found: list[Shown] = []
    last = None
    for place, (cursor, shown) in enumerate(entries):
        if place == SCANNED_MAX or (shown is not None and len(found) == limit):
            return tuple(found), last
        last = cursor
        if shown is not None:
            found.append(shown)
    return tuple(found), None
