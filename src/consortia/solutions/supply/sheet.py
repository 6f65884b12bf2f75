"""The sortable sheet that an inspector asks for under the rule for food traceability (FSMA 204).

A row for each critical tracking event and lot: what happened, which traceability lot code, how much, where
from and where to, when, by which document. Source: 21 CFR 1.1325 to 1.1350 (key data elements) and
1.1455(c)(3)(ii) (the electronic sortable spreadsheet).
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from consortia.solutions.supply.epcis.keys import canonical
from consortia.solutions.supply.epcis.reading import Amount, Recorded
from consortia.solutions.supply.tracing import lot_of

HEAD = (
    "critical tracking event",
    "traceability lot code",
    "product (GTIN)",
    "quantity",
    "unit of measure",
    "from location",
    "to location",
    "date",
    "input lot codes",
    "reference document",
    "event",
)
EVENTS_BY_STEP = {
    "harvesting": "harvesting",
    "cooling": "cooling",
    "packing": "initial packing",
    "receiving": "receiving",
    "arriving": "receiving",
    "shipping": "shipping",
    "departing": "shipping",
    "commissioning": "initial packing",
}
"""Business steps of the vocabulary, as tracking events of the rule."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the sheet."""

    cells: tuple[str, ...]
    time: int


def rows(events: Iterable[Recorded], lots: Iterable[str] = ()) -> list[Row]:
    """The rows of all events that the rule asks about, or those of some lots, oldest first."""
    wanted = {canonical(each) for each in lots}
    found = []
    for event in events:
        kind = "transformation" if event.kind == "TransformationEvent" else EVENTS_BY_STEP.get(event.step)
        if kind is None or event.withdrawn:
            continue
        goods = event.outputs if event.kind == "TransformationEvent" else (*event.things, *event.children)
        used = tuple(dict.fromkeys(_code(each, event) for each in event.inputs))
        inputs = {one.thing for one in event.inputs}
        found += [
            Row((kind, *_cells(each, event, used)), event.time)
            for each in goods
            if not wanted or wanted & {_lot(each, event), each.thing, *inputs}
        ]
    return sorted(found, key=lambda row: (row.time, row.cells))


def write_sheet(found: Iterable[Row]) -> str:
    """The sheet as CSV; a cell that a spreadsheet would compute begins with an apostrophe."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(HEAD)
    lines.writerows([_safe(cell) for cell in row.cells] for row in found)
    return text.getvalue()


def _cells(each: Amount, event: Recorded, used: tuple[str, ...]) -> tuple[str, ...]:
    lot, day = _lot(each, event), datetime.fromtimestamp(event.time / 1000, UTC).date().isoformat()
    source, destination = _end(event, "sourceList", "source"), _end(event, "destinationList", "destination")
    if event.step in ("receiving", "arriving"):
        destination = destination or event.place
    else:
        source = source or event.place
    return (
        _number(lot or each.thing),
        (lot or each.thing).partition("/01/")[2].partition("/")[0],
        "1" if each.quantity is None else f"{each.quantity:g}",
        each.unit or "each",
        source,
        destination,
        day,
        "; ".join(used),
        _document(event.body),
        event.name,
    )


def _lot(each: Amount, event: Recorded) -> str:
    """The lot of what was handled: its own, or that which the event says of its serials."""
    if "/10/" in each.thing:
        return each.thing
    return lot_of(each.thing, event.lot) if event.lot else ""


def _code(each: Amount, event: Recorded) -> str:
    return _number(_lot(each, event) or each.thing)


def _number(thing: str) -> str:
    """The lot code of a lot, else the last part of its key."""
    return thing.partition("/10/")[2] or thing.rpartition("/")[2]


def _end(event: Recorded, field: str, name: str) -> str:
    """Where goods come from or go to, by the event: a location before an owner."""
    values: list[Mapping[str, Any]] = [
        each for each in event.body.get(field, ()) if isinstance(each, Mapping)
    ]
    ordered = sorted(values, key=lambda each: "location" not in str(each.get("type", "")))
    return canonical(str(ordered[0].get(name, ""))) if ordered else ""


def _document(body: Mapping[str, Any]) -> str:
    found = [each for each in body.get("bizTransactionList", ()) if isinstance(each, Mapping)]
    return "; ".join(f"{each.get('type', '')} {each.get('bizTransaction', '')}".strip() for each in found)


def _safe(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell
