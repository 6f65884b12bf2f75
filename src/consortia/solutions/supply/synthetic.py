"""Goods that our generator sends through a chain of five parties: made, not observed; the same for a seed.

Farms harvest lots of berries, a packer makes packed lots of them (several farms' lots in each, and at times
the rest of the last packed lot), cases with serials of these lots are commissioned and put on pallets, a
carrier brings pallets to a distributor, who breaks some up and ships cases to shops. Keys are of GS1's range
for examples (company 9521141); places are made up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from consortia.base.times import HOUR
from consortia.solutions.moments import iso
from consortia.solutions.supply.epcis.keys import canonical

COMPANY = "9521141"
BERRIES, PUNNETS, CASES = "010001", "020002", "130003"
PRICE = "deal:price"
"""The field, of a vocabulary that the parties made up, that says what was paid."""

START = 1_772_323_200_000
"""2026-03-01 00:00 UTC, when the first lot is harvested."""

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How much goes through the chain: packed lots, farms' lots in each, cases of each, cases on a pallet."""

    packed: int = 12
    inputs: int = 3
    cases: int = 12
    pallet: int = 6
    shops: int = 8
    rework: float = 0.5


def place(number: int) -> str:
    """The key of a place."""
    return f"urn:epc:id:sgln:{COMPANY}.{number:05}.0"


def lot(product: str, name: str) -> str:
    """The key of a lot."""
    return f"urn:epc:class:lgtin:{COMPANY}.{product}.{name}"


def case(number: int) -> str:
    """The key of a case."""
    return f"urn:epc:id:sgtin:{COMPANY}.{CASES}.{number}"


def pallet(number: int) -> str:
    """The key of a pallet."""
    return f"urn:epc:id:sscc:{COMPANY}.{number:010}"


def chain(seed: int, size: Size) -> Iterator[Event]:
    """The events of all goods, in the order of their times but for lots that overlap."""
    rng = Random(f"supply/{seed}")  # noqa: S311 (made data, no secret)
    farmed, cased, loaded = 0, 0, 0
    recent: list[str] = []
    for number in range(size.packed):
        time = START + number * HOUR
        for _ in range(size.inputs - (1 if recent else 0)):
            farmed += 1
            fresh = lot(BERRIES, f"F{farmed}")
            recent.append(fresh)
            yield _object(time, "ADD", "harvesting", place(1), amounts=[(fresh, 400)])
        inputs = sorted(set(recent[-size.inputs :]))
        recent = recent[-size.inputs :]
        if number and rng.random() < size.rework:
            inputs = sorted({*inputs, lot(CASES, f"P{number}")})
        packed = lot(CASES, f"P{number + 1}")
        yield _transformation(time + HOUR, inputs, packed, size.cases)
        serials = [case(cased + each + 1) for each in range(size.cases)]
        cased += size.cases
        yield _object(time + 2 * HOUR, "ADD", "commissioning", place(2), things=serials, lot=f"P{number + 1}")
        for first in range(0, size.cases, size.pallet):
            loaded += 1
            on, moved = serials[first : first + size.pallet], pallet(loaded)
            yield from _journey(rng, time + 3 * HOUR, moved, on, size.shops)


def _journey(rng: Random, time: int, moved: str, on: list[str], shops: int) -> Iterator[Event]:
    """A pallet is loaded, cooled on its way, received, and broken up for shops."""
    yield _aggregation(time, "ADD", "packing", place(2), parent=moved, children=on)
    yield _object(time + HOUR, "OBSERVE", "shipping", place(2), things=[moved])
    yield _object(
        time + 5 * HOUR, "OBSERVE", "transporting", place(3), things=[moved], celsius=2 + rng.random() * 2
    )
    yield _object(time + 9 * HOUR, "OBSERVE", "receiving", place(4), things=[moved])
    if rng.random() < 0.75:
        yield _aggregation(time + 10 * HOUR, "DELETE", "unpacking", place(4), parent=moved, children=on)
        for shop in sorted({100 + rng.randrange(shops) for _ in range(2)}):
            half = on[: len(on) // 2] if shop % 2 else on[len(on) // 2 :]
            yield _object(time + 14 * HOUR + shop, "OBSERVE", "receiving", place(shop), things=half)


def _object(
    time: int,
    action: str,
    step: str,
    where: str,
    *,
    things: list[str] | None = None,
    amounts: list[tuple[str, int]] | None = None,
    lot: str = "",
    celsius: float | None = None,
) -> Event:
    event = _event("ObjectEvent", time, step, where) | {"action": action}
    if things is not None:
        event["epcList"] = things
    if amounts is not None:
        event["quantityList"] = [
            {"epcClass": each, "quantity": quantity, "uom": "KGM"} for each, quantity in amounts
        ]
    if lot:
        event["ilmd"] = {"cbvmda:lotNumber": lot}
    if celsius is not None:
        event["sensorElementList"] = [sensed(time, celsius)]
    return event


def sensed(time: int, celsius: float) -> Event:
    """A reading of the truck's thermometer."""
    report = {"type": "Temperature", "value": round(celsius, 1), "uom": "CEL"}
    return {"sensorMetadata": {"time": iso(time)}, "sensorReport": [report]}


def bought(event: Event, number: int) -> Event:
    """A receipt of goods with what its party paid, to whom, and on which order."""
    return event | {
        PRICE: f"{1_180 + number * 37 % 240}.50 EUR",
        "bizTransactionList": [
            {"type": "po", "bizTransaction": f"urn:epcglobal:cbv:bt:{COMPANY}000004:{number}"}
        ],
        "sourceList": [{"type": "owning_party", "source": f"urn:epc:id:pgln:{COMPANY}.00002"}],
    }


def _aggregation(time: int, action: str, step: str, where: str, *, parent: str, children: list[str]) -> Event:
    known = {"action": action, "parentID": parent, "childEPCs": children}
    return _event("AggregationEvent", time, step, where) | known


def _transformation(time: int, inputs: list[str], output: str, cases: int) -> Event:
    return _event("TransformationEvent", time, "commissioning", place(2)) | {
        "inputQuantityList": [
            {"epcClass": each, "quantity": 100, "uom": "KGM"} for each in inputs if BERRIES in each
        ]
        + [{"epcClass": each, "quantity": 1, "uom": "EA"} for each in inputs if CASES in each],
        "outputQuantityList": [{"epcClass": output, "quantity": cases, "uom": "EA"}],
    }


def _event(kind: str, time: int, step: str, where: str) -> Event:
    return {
        "type": kind,
        "eventTime": iso(time),
        "eventTimeZoneOffset": "+00:00",
        "recordTime": iso(time + 60_000),
        "bizStep": step,
        "bizLocation": {"id": where},
    }


def plain_recall(events: list[Event], faulty: str) -> set[str]:
    """What a fault in a lot or a case reaches, by asking again and again over all events: slow and plain.

    An oracle for goods of this generator, in which everything is made before it is used.
    """
    reached = {canonical(faulty)}
    while True:
        more = set[str]()
        for event in events:
            inputs = {canonical(each["epcClass"]) for each in event.get("inputQuantityList", ())}
            if inputs & reached:
                more |= {canonical(each["epcClass"]) for each in event["outputQuantityList"]}
            number = event.get("ilmd", {}).get("cbvmda:lotNumber")
            if number and canonical(lot(CASES, number)) in reached:
                more |= {canonical(each) for each in event["epcList"]}
        if more <= reached:
            return reached
        reached |= more
