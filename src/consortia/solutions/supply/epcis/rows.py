"""Events as rows of a CSV file, for whoever keeps a table: made events of EPCIS, and held to its rules.

Columns by their names, in any order: `type`, `time` (with its zone) and what the type needs of `action`,
`step`, `disposition`, `read_point`, `place`, `parent`, `things`, `children`, `inputs`, `outputs`, `lot`,
`transformation`, `id`, `recorded`. Things stand with spaces between them; an amount of a lot or class is
`KEY;100;KGM`, an uncounted one `KEY;`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from consortia.engines.train.files import DataError, place, shown
from consortia.solutions.lines import body_of, header_of, rows

_PLAIN = {
    "type": "type",
    "time": "eventTime",
    "action": "action",
    "step": "bizStep",
    "disposition": "disposition",
    "parent": "parentID",
    "transformation": "transformationID",
    "id": "eventID",
    "recorded": "recordTime",
}
_PLACES = {"read_point": "readPoint", "place": "bizLocation"}
_THINGS = {
    "things": ("epcList", "quantityList"),
    "children": ("childEPCs", "childQuantityList"),
    "inputs": ("inputEPCList", "inputQuantityList"),
    "outputs": ("outputEPCList", "outputQuantityList"),
}
COLUMNS = (*_PLAIN, *_PLACES, *_THINGS, "lot")


def sheet_events(path: Path) -> Iterator[tuple[int, dict[str, Any] | DataError]]:
    """Each row's number and event, as JSON has it, or why it is none; raises DataError for the whole file."""
    lines = rows(path)
    header = header_of(path, lines)
    for name in ("type", "time"):
        if name not in header:
            raise DataError(f"{place(path.name, 1)}: no column {name!r}; there are {', '.join(COLUMNS)}")
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            raise DataError(f"{place(path.name, 1, name)}: none of {', '.join(COLUMNS)}, or there twice")
    for number, cells in body_of(header, lines):
        if isinstance(cells, DataError):
            yield number, cells
        else:
            try:
                yield number, _event(dict(zip(header, cells, strict=True)))
            except DataError as error:
                yield number, error


def _event(cells: Mapping[str, str]) -> dict[str, Any]:
    event: dict[str, Any] = {name: cells[column] for column, name in _PLAIN.items() if cells.get(column)}
    event["eventTimeZoneOffset"] = _zone(cells["time"])
    for column, name in _PLACES.items():
        if cells.get(column):
            event[name] = {"id": cells[column]}
    for column, (serials, amounts) in _THINGS.items():
        for text in cells.get(column, "").split():
            if ";" in text:
                event.setdefault(amounts, []).append(_amount(column, text))
            else:
                event.setdefault(serials, []).append(text)
    if cells.get("lot"):
        event["ilmd"] = {"cbvmda:lotNumber": cells["lot"]}
    return event


def _zone(time: str) -> str:
    """The offset that a time ends with."""
    return "+00:00" if time.endswith(("Z", "z")) else time[-6:]


def _amount(column: str, text: str) -> dict[str, Any]:
    key, quantity, unit = (*text.split(";"), "")[:3]
    found: dict[str, Any] = {"epcClass": key}
    if quantity:
        try:
            found["quantity"] = float(quantity) if "." in quantity else int(quantity)
        except ValueError:
            raise DataError(f"quantity {shown(quantity)!r} in {column} is no amount.") from None
    if unit:
        found["uom"] = unit
    return found
