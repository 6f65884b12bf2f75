"""What a fault reaches is the exact set: all of it and no more, in time, through lots and containers."""

import random

import pytest

from consortia.base.times import HOUR
from consortia.engines.train.files import DataError
from consortia.solutions.moments import iso
from consortia.solutions.supply import sheet, synthetic
from consortia.solutions.supply.backwards import Backwards
from consortia.solutions.supply.checking import findings
from consortia.solutions.supply.epcis.keys import canonical
from consortia.solutions.supply.epcis.reading import recorded
from consortia.solutions.supply.sensing import alarms
from consortia.solutions.supply.synthetic import BERRIES, CASES, START, case, lot, pallet, place
from consortia.solutions.supply.tracing import downstream, effective, recall, upstream


def taken(events):
    return [recorded(each, {}, number, f"event {number}") for number, each in enumerate(events, 1)]


def event(kind, hours, **fields):
    time = iso(START + hours * HOUR)
    return {
        "type": kind,
        "eventTime": time,
        "recordTime": time,
        "eventTimeZoneOffset": "+00:00",
        "bizLocation": {"id": place(9)},
    } | fields


def made(hours, inputs, outputs, **fields):
    return event("TransformationEvent", hours, inputEPCList=inputs, outputEPCList=outputs, **fields)


def packed(hours, parent, children, action="ADD"):
    return event("AggregationEvent", hours, action=action, parentID=parent, childEPCs=children)


def seen(hours, things, action="OBSERVE", **fields):
    return event("ObjectEvent", hours, action=action, epcList=things, **fields)


def forms(*things):
    return {canonical(each) for each in things}


def named(events):
    groups = [(*each.things, *each.children, *each.inputs, *each.outputs) for each in events]
    return {one.thing for group in groups for one in group} | {each.parent for each in events if each.parent}


@pytest.mark.parametrize("seed", range(3))
def test_the_recall_set_is_that_of_the_plain_oracle(seed):
    chain = list(synthetic.chain(seed, synthetic.Size(packed=40)))
    events = taken(chain)
    shuffled = random.Random(seed).sample(events, len(events))
    for number in range(1, 60, 7):
        faulty = lot(BERRIES, f"F{number}")
        found = recall(events, [faulty])
        assert set(found.things) == synthetic.plain_recall(chain, faulty)
        assert set(recall(shuffled, [faulty]).things) == set(found.things)
        asked = Backwards(effective(events), forms(faulty), events[0].time)
        assert {each for each in named(events) if asked.leads(each)} == set(found.things)


def slow(events, start, since):
    """The set by simulation, one moment at a time, over serials in containers."""
    inside, bad, begun = {}, set(), False

    def deep(thing):
        return {thing}.union(*(deep(each) for each in [one for one, held in inside.items() if held == thing]))

    for each in sorted(events, key=lambda one: one["eventTime"]):
        if not begun and each["eventTime"] >= since:
            begun, bad = True, bad | deep(start)
        if each["type"] == "AggregationEvent":
            for child in each["childEPCs"]:
                inside[child] = each["parentID"] if each["action"] == "ADD" else None
                if each["action"] == "ADD" and begun and each["parentID"] == start:
                    bad |= deep(child)
        elif begun and any(deep(one) & bad for one in each["inputEPCList"]):
            bad |= set(each["outputEPCList"])
    return bad | (set() if begun else deep(start))


@pytest.mark.parametrize("seed", range(40))
def test_random_goods_in_containers_are_recalled_as_by_simulation(seed):
    rng = random.Random(seed)
    free, boxed, events, fresh = [case(each) for each in range(6)], {}, [], 6
    for hour in range(60):
        move = rng.random()
        if move < 0.35 and free:
            box, chosen = pallet(rng.randrange(3)), rng.sample(free, min(len(free), rng.randint(1, 3)))
            events.append(packed(hour, box, chosen))
            boxed |= dict.fromkeys(chosen, box)
            free = [each for each in free if each not in chosen]
        elif move < 0.6 and boxed:
            chosen = rng.choice(sorted(boxed))
            events.append(packed(hour, boxed.pop(chosen), [chosen], "DELETE"))
            free.append(chosen)
        elif free:
            inputs, output = rng.sample(free, min(len(free), rng.randint(1, 2))), case(fresh)
            fresh += 1
            events.append(made(hour, inputs, [output]))
            free.append(output)
    for start in (case(0), case(3), pallet(1)):
        since = iso(START + rng.randrange(40) * HOUR)
        if not any(start in str(each) for each in events):
            continue
        time = recorded({**events[0], "eventTime": since}, {}, 1, "").time
        found = set(recall(taken(events), [start], time).things)
        assert found == forms(*slow(events, start, since)), start
        asked = Backwards(effective(taken(events)), forms(start), time)
        everything = forms(
            *free, *boxed, *(case(each) for each in range(fresh)), *(pallet(each) for each in range(3))
        )
        assert {each for each in everything if asked.leads(each)} == found, start


def test_what_was_made_before_the_fault_is_not_reached():
    events = taken(
        [made(1, [case(1)], [case(2)]), made(3, [case(1)], [case(3)]), made(4, [case(3)], [case(4)])]
    )
    assert set(recall(events, [case(1)], START + 2 * HOUR).things) == forms(case(1), case(3), case(4))


def test_neighbours_in_a_container_are_not_reached_and_the_container_is_to_be_opened():
    events = taken(
        [packed(1, pallet(1), [case(1), case(2)]), seen(2, [pallet(1)], bizLocation={"id": place(7)})]
    )
    found = recall(events, [case(1)])
    assert (set(found.things), found.holding) == (forms(case(1)), forms(pallet(1)))
    assert found.places[canonical(case(1))] == canonical(place(7)), "it is where its pallet was seen last"


def test_a_breach_on_a_pallet_reaches_what_was_on_it_then():
    events = taken(
        [
            packed(1, pallet(1), [case(1), case(2)]),
            packed(2, pallet(1), [case(2)], "DELETE"),
            packed(4, pallet(1), [case(3)]),
            packed(5, pallet(1), [case(1)], "DELETE"),
            made(6, [case(1)], [case(8)]),
        ]
    )
    found = recall(events, [pallet(1)], START + 3 * HOUR)
    assert set(found.things) == forms(pallet(1), case(1), case(3), case(8))


def test_a_lot_reaches_its_serials_and_a_transformation_in_parts_all_of_its_outputs():
    events = taken(
        [
            seen(1, [case(1), case(2)], "ADD", ilmd={"cbvmda:lotNumber": "L1"}),
            seen(1, [case(3)], "ADD", ilmd={"cbvmda:lotNumber": "L2"}),
            event("TransformationEvent", 2, inputEPCList=[case(2)], transformationID="urn:x:t"),
            event("TransformationEvent", 3, outputEPCList=[case(5)], transformationID="urn:x:t"),
        ]
    )
    assert set(recall(events, [lot(CASES, "L1")]).things) == forms(
        lot(CASES, "L1"), case(1), case(2), case(5)
    )


def test_an_event_declared_in_error_and_a_repetition_do_not_count():
    wrong = made(1, [case(1)], [case(2)])
    events = taken(
        [wrong, made(2, [case(1)], [case(3)]), wrong, wrong | {"errorDeclaration": {"reason": "mixed up"}}]
    )
    assert set(recall(events, [case(1)]).things) == forms(case(1), case(3))
    assert [each.number for each in effective(events)] == [2]


def test_unknown_things_are_told():
    events = taken([seen(1, [case(1)])])
    for ask in (recall, lambda events, things: upstream(events, things[0])):
        with pytest.raises(DataError, match=r"no event names https://id\.gs1\.org/01/19521141300036/21/9\."):
            ask(events, [case(9)])


def test_a_trace_goes_back_to_the_farms_and_forth_to_the_shops():
    events = taken(synthetic.chain(1, synthetic.Size()))
    steps = upstream(events, case(30))
    assert steps[0].event.step == "harvesting"
    assert "transporting" not in {each.event.step for each in steps}, (
        "the pallet's own way is asked for by its key"
    )
    down = downstream(events, steps[0].things[0])
    assert {"harvesting", "packing", "transporting", "receiving"} <= {each.event.step for each in down}


def test_what_does_not_add_up_is_flagged():
    events = [
        event("ObjectEvent", 1, action="ADD", epcList=[case(1)]),
        event("ObjectEvent", 2, action="ADD", epcList=[case(1)]),
        event("ObjectEvent", 3, action="DELETE", epcList=[case(1)]),
        event("ObjectEvent", 4, action="OBSERVE", epcList=[case(1)]),
        event("ObjectEvent", 5, action="OBSERVE", epcList=[case(2)]) | {"recordTime": iso(START + 50 * HOUR)},
        event("ObjectEvent", 6, action="OBSERVE", epcList=[case(3)]) | {"recordTime": iso(START)},
        event("ObjectEvent", 1, action="ADD", epcList=[case(1)]),
    ]
    amount = {"epcClass": lot(BERRIES, "F1"), "quantity": 10, "uom": "KGM"}
    out = {"epcClass": lot(CASES, "P1"), "quantity": 1}
    events += [
        event("ObjectEvent", 1, action="ADD", quantityList=[amount]),
        event("TransformationEvent", 2, inputQuantityList=[amount], outputQuantityList=[out]),
        event(
            "TransformationEvent", 3, inputQuantityList=[amount | {"quantity": 1}], outputQuantityList=[out]
        ),
    ]
    found = {(each.code, each.events) for each in findings(taken(events))}
    assert found == {
        ("made_twice", (1, 2)),
        ("out_of_order", (3, 4)),
        ("dated_back", (5,)),
        ("dated_ahead", (6,)),
        ("duplicate", (1, 7)),
        ("used_unmade", (10,)),
    }
    assert findings(taken(synthetic.chain(2, synthetic.Size()))) == ()
    late = findings(taken(events[:1]), recorded={1: START + 48 * HOUR})
    assert [each.code for each in late] == ["dated_back"], "block times count more than what a document says"


def test_a_warm_truck_is_an_alarm_in_any_unit():
    def warm(value, unit="CEL", **fields):
        report = {"type": "gs1:Temperature", "value": value, "uom": unit} | fields
        return seen(1, [pallet(1)], sensorElementList=[{"sensorReport": [report]}])

    events = taken(
        [warm(4), warm(9.5), warm(50, "FAH"), warm(39, "FAH"), warm(270, "KEL"), warm(4, maxValue=12)]
    )
    assert [(each.event.number, round(each.celsius, 2)) for each in alarms(events, 0, 8)] == [
        (2, 9.5),
        (3, 10.0),
        (5, -3.15),
        (6, 12),
    ]
    told = taken([warm(4, exception="gs1:ALARM_CONDITION")])
    assert [(each.exception, each.celsius, each.things) for each in alarms(told, 0, 8)] == [
        ("ALARM_CONDITION", None, (canonical(pallet(1)),))
    ]
    with pytest.raises(DataError, match="no unit of temperature"):
        alarms(taken([warm(4, "PAL")]), 0, 8)


def test_the_inspectors_sheet_has_a_row_for_each_event_and_lot():
    events = taken(synthetic.chain(1, synthetic.Size(packed=2)))
    rows = sheet.rows(effective(events))
    assert {row.cells[0] for row in rows} == {
        "harvesting",
        "initial packing",
        "transformation",
        "shipping",
        "receiving",
    }
    only = sheet.rows(effective(events), [lot(BERRIES, "F1")])
    assert {row.cells[0] for row in only} == {"harvesting", "transformation"}
    assert "F1" in next(row.cells[8] for row in only if row.cells[0] == "transformation")
    hostile = taken(
        [seen(1, ["urn:x:1"], bizStep="shipping", bizTransactionList=[{"bizTransaction": "=1+1"}])]
    )
    assert "'=1+1" in sheet.write_sheet(sheet.rows(hostile))
