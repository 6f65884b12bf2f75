"""The parameters of a simple event query as a URL has them, made a query of the repository.

Values of a list are separated by `|`, or the parameter is there more than once. What is not known is refused:
an answer that left a condition out would be wrong.

Source: GS1 EPCIS 2.0, sections 8.2.7.1 and 12 (REST binding).
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from consortia.engines.train.files import DataError, shown
from consortia.solutions.supply.epcis.keys import canonical
from consortia.solutions.supply.epcis.reading import moment
from consortia.solutions.supply.epcis.repository import Asked

PER_PAGE, PER_PAGE_MAX = 30, 1_000
COUNT_MAX = 1_000_000
VALUES_MAX = 1_000
DIGITS_MAX = 12
_THINGS = ("epc", "inputEPC", "outputEPC")
_MATCH = {
    "MATCH_epc": ("epc",),
    "MATCH_parentID": ("parentID",),
    "MATCH_inputEPC": ("inputEPC",),
    "MATCH_outputEPC": ("outputEPC",),
    "MATCH_anyEPC": (*_THINGS, "parentID"),
    "MATCH_epcClass": ("epcClass",),
    "MATCH_inputEPCClass": ("inputEPCClass",),
    "MATCH_outputEPCClass": ("outputEPCClass",),
    "MATCH_anyEPCClass": ("epcClass", "inputEPCClass", "outputEPCClass"),
    "EQ_readPoint": ("readPoint",),
    "EQ_bizLocation": ("bizLocation",),
}
"""Parameters whose values are keys, and the marks that they are held against."""

_WORDS = {"EQ_bizStep": "bizStep", "EQ_disposition": "disposition"}
_TEXTS = {
    "eventType": "eventType",
    "EQ_action": "action",
    "EQ_eventID": "eventID",
    "EQ_transformationID": "transformationID",
}
_TYPED = ("EQ_bizTransaction_", "EQ_source_", "EQ_destination_")


@dataclass(frozen=True, slots=True)
class Page:
    """A query, how much of it is wanted at once and at all, and where to begin.

    `given` of its events were on earlier pages. With more than `refuse` events, there is to be no answer.
    """

    asked: Asked
    per_page: int
    begin: tuple[int, int] | None
    given: int
    limit: int | None
    refuse: int | None


def page_of(parameters: Sequence[tuple[str, str]]) -> Page:
    """The page that a URL asks for; raises DataError, which names the parameter."""
    lists: dict[str, list[str]] = {}
    for name, value in parameters:
        lists.setdefault(name, []).extend(value.split("|"))
    if sum(map(len, lists.values())) > VALUES_MAX:
        raise DataError(f"more than {VALUES_MAX} values")
    ones = {name: lists.pop(name)[0] for name in _ONES if name in lists}
    marks = [_mark(name, values) for name, values in sorted(lists.items())]
    order, way = ones.get("orderBy", "eventTime"), ones.get("orderDirection", "DESC")
    if order not in {"eventTime", "recordTime"}:
        raise DataError(f"orderBy {shown(order)!r}: eventTime or recordTime")
    if way not in {"ASC", "DESC"}:
        raise DataError(f"orderDirection {shown(way)!r}: ASC or DESC")
    limit, refuse = (_number(ones, name, COUNT_MAX) for name in ("eventCountLimit", "maxEventCount"))
    if limit is not None and refuse is not None:
        raise DataError("eventCountLimit and maxEventCount exclude each other")
    asked = Asked(
        tuple(marks),
        (_time(ones, "GE_eventTime"), _time(ones, "LT_eventTime")),
        (_time(ones, "GE_recordTime"), _time(ones, "LT_recordTime")),
        by_recorded=order == "recordTime",
        descending=way == "DESC",
    )
    begin, given = _place(ones.get("nextPageToken"))
    per_page = _number(ones, "perPage", PER_PAGE_MAX)
    return Page(asked, PER_PAGE if per_page is None else per_page, begin, given, limit, refuse)


def token(begin: tuple[int, int], given: int) -> str:
    """The place of a next page as one word, which stays good: events are only ever added."""
    return base64.urlsafe_b64encode(json.dumps([*begin, given]).encode()).decode().rstrip("=")


_ONES = (
    *("GE_eventTime", "LT_eventTime", "GE_recordTime", "LT_recordTime", "orderBy", "orderDirection"),
    *("eventCountLimit", "maxEventCount", "perPage", "nextPageToken"),
)
"""Parameters that have one value."""


def _mark(name: str, values: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The marks and values that a parameter asks for."""
    if any(not value for value in values):
        raise DataError(f"{shown(name)} has no value")
    if name in _MATCH:
        if any("*" in value for value in values):
            raise DataError(f"{name}: patterns are not answered; name the thing")
        return _MATCH[name], tuple(canonical(value) for value in values)
    if name in _WORDS:
        return (_WORDS[name],), tuple(_bare(value) for value in values)
    if name in _TEXTS:
        return (_TEXTS[name],), tuple(values)
    if name == "EXISTS_errorDeclaration":
        return ("errorDeclaration",), ("",)
    for begin in _TYPED:
        if name.startswith(begin) and name != begin:
            mark = f"{begin.removeprefix('EQ_')}{_bare(name.removeprefix(begin))}"
            return (mark,), tuple(canonical(value) for value in values)
    raise DataError(f"{shown(name)} is no parameter that is answered here")


def _bare(value: str) -> str:
    """A word of a vocabulary as events are marked with it."""
    last = value.replace("/", ":").rpartition(":")[2]
    return last.removeprefix("BizStep-").removeprefix("Disp-")


def _time(ones: dict[str, str], name: str) -> int | None:
    return moment(ones[name].replace(" ", "+"), name) if name in ones else None


def _number(ones: dict[str, str], name: str, most: int) -> int | None:
    text = ones.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > DIGITS_MAX or not 1 <= int(text) <= most:
        raise DataError(f"{name} {shown(text)!r}: a number from 1 to {most:,}")
    return int(text)


def _place(text: str | None) -> tuple[tuple[int, int] | None, int]:
    """Where a page begins, and how many events there were before."""
    if text is None:
        return None, 0
    try:
        said: Any = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        key, number, given = (int(each) for each in said)
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError):
        raise DataError("nextPageToken is none of ours") from None
    if not all(0 <= each < 1 << 62 for each in (key, number, given)):
        raise DataError("nextPageToken is none of ours")
    return (key, number), given
