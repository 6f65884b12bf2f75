"""Values of records as people read them: times, amounts, ids; and records as tables."""

import re
from collections.abc import Iterable, Mapping, Sequence

from consortia.base.codec import Record
from consortia.base.times import DAY, HOUR, MINUTE, SECOND
from consortia.sdk.moments import moment
from consortia.sdk.views import Cell, Link, Moment, Table

TEXT_CHARACTERS_MAX = 400
_TIMES = re.compile(
    r"(^|_)(time|since|until|ends?|begins|start|deadline|at|expires|joined|left|from|due|made|clears)$"
)
_SPAN = "_milliseconds"
_YEAR_2001, _YEAR_2286 = 10**12, 10**13


def is_moment(name: str) -> bool:
    """Whether a field of this name holds a block time."""
    return _TIMES.search(name) is not None


def words(name: str) -> str:
    """A name of the law in print: underscores are spaces."""
    return name.replace("_", " ")


def span(milliseconds: int) -> str:
    """A length of time, exact, in the largest unit of which it is a whole number."""
    for unit, size in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE), ("seconds", SECOND)):
        if milliseconds and milliseconds % size == 0:
            count = milliseconds // size
            return f"{count:,}\N{NO-BREAK SPACE}{unit[:-1] if count == 1 else unit}"
    return f"{milliseconds:,}\N{NO-BREAK SPACE}ms"


def _heading(name: str) -> str:
    """What a field is called over its values, which say their unit of time themselves."""
    return words(name.removesuffix(_SPAN))


def short(data: bytes | str) -> str:
    """The first 12 digits of an id."""
    text = data.hex() if isinstance(data, bytes) else data
    return f"{text[:12]}…" if len(text) > 20 else text


def find(data: bytes | str) -> str:
    """Where the console looks for an id."""
    return f"/console/find?text={data.hex() if isinstance(data, bytes) else data}"


def cell(value: object, name: str = "") -> Cell:
    """A value of a record's field, to stand in a table."""
    if value is None or isinstance(value, bool | float | Link | Moment):
        return value
    if isinstance(value, int) and name.endswith(_SPAN):
        return span(value)
    if isinstance(value, int):
        return Moment(value) if is_moment(name) and _YEAR_2001 < value < _YEAR_2286 else value
    if isinstance(value, bytes):
        return Link(short(value), find(value)) if len(value) == 32 else _cut(value.hex())
    return _cut(phrase(value, name))


def phrase(value: object, name: str = "") -> str:
    """A value in one line of words."""
    if value is None:
        return "none"
    if isinstance(value, bytes):
        return short(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Link):
        return value.text
    if isinstance(value, Moment):
        return moment(value.milliseconds)
    if isinstance(value, int):
        found = cell(value, name)
        if isinstance(found, str):
            return found
        return moment(found.milliseconds) if isinstance(found, Moment) else f"{value:,}"
    if isinstance(value, Record):
        return _pairs((key, getattr(value, key)) for key in value.__struct_fields__)
    if isinstance(value, Mapping):
        return _pairs(value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(phrase(item, name) for item in value) or "none"
    return str(value)


def _pairs(found: Iterable[tuple[object, object]]) -> str:
    return "; ".join(f"{_heading(str(key))} {phrase(value, str(key))}" for key, value in found)


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS_MAX else f"{text[:TEXT_CHARACTERS_MAX]}…"


def rows_of(title: str, records: Sequence[object], note: str = "") -> Table:
    """Records of one kind as rows; nested records that hold all else are opened."""
    if not records:
        return Table(title, ("nothing here yet",), (), note)
    flat = [flattened(one) for one in records]
    headings = tuple(dict.fromkeys(name for one in flat for name in one))
    rows = tuple(
        tuple(cell(one.get(name), name.rpartition(" ")[2] or name) for name in headings) for one in flat
    )
    return Table(title, tuple(_heading(name) for name in headings), rows, note)


def flattened(record: object) -> dict[str, object]:
    """The fields of a record, those of records in it beside them under their own names."""
    if not isinstance(record, Record):
        return {"value": record}
    found: dict[str, object] = {}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if isinstance(value, Record):
            for inner, item in flattened(value).items():
                found[inner if inner not in found else f"{name} {inner}"] = item
        else:
            found[name] = value
    return found


def facts_of(title: str, record: Record, note: str = "") -> tuple[Table, ...]:
    """A record as a table of its fields, and one table more for each list of records in it."""
    plain: list[tuple[Cell, ...]] = []
    lists: list[Table] = []
    for name, value in flattened(record).items():
        if isinstance(value, tuple | list) and value and isinstance(value[0], Record):
            lists.append(rows_of(f"{title}: {words(name)}", value))
        else:
            plain.append((_heading(name), cell(value, name)))
    own = (Table(title, ("what", "value"), tuple(plain), note),) if plain else ()
    return (*own, *lists)
