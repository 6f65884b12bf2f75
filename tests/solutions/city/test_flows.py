"""Traffic from NGSI-LD and SensorThings: read as it was written; what cannot be used is named."""

import json
from datetime import UTC, datetime

import pytest

from consortia.solutions.city.flow_things import read_flows
from consortia.solutions.city.flows import Flow, as_entities, entity_of

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 12, 5, tzinfo=UTC)
FLOW = Flow("Salamanca-1", NOON, LATER, 52.5, 197.0, 0.75)


def entity_file(folder, *entities):
    path = folder / "flows.jsonld"
    path.write_text(json.dumps(list(entities)), encoding="utf-8")
    return path


def stream(name, symbol, *results, times=((NOON, LATER),)):
    spans = (f"{begin.isoformat()}/{end.isoformat()}" for begin, end in times)
    return {
        "ObservedProperty": {"name": name},
        "unitOfMeasurement": {"symbol": symbol},
        "Observations": [
            {"phenomenonTime": span, "result": result} for span, result in zip(spans, results, strict=True)
        ],
    }


def thing(name="Salamanca-1"):
    """FLOW as a thing, its speed in metres a second and its occupancy in percent."""
    streams = [stream("averageVehicleSpeed", "m/s", 14.58333333), stream("occupancy", "%", 75)]
    return {"name": name, "Datastreams": [*streams, stream("intensity", "1", 197)]}


def test_flows_read_back_as_they_were_written(tmp_path):
    known = (
        FLOW,
        Flow("b", NOON, LATER, 0.0, None, None),
        Flow("b", LATER, LATER.replace(minute=10), 9.5, 1.0, 0.0),
    )
    path = tmp_path / "flows.json"
    path.write_text(as_entities(known), encoding="utf-8")
    assert read_flows(path).found == known


def test_key_values_in_miles_and_another_zone_are_the_same_flow(tmp_path):
    plain = {
        "@context": "https://example.org",
        "id": "urn:ngsi-ld:TrafficFlowObserved:Salamanca-1",
        "type": "TrafficFlowObserved",
        "dateObservedFrom": "2026-06-01T14:00:00+02:00",
        "dateObservedTo": "2026-06-01T14:05:00+02:00",
        "averageVehicleSpeed": {"type": "Property", "value": 10, "unitCode": "HM"},
    }
    (found,) = read_flows(entity_file(tmp_path, plain)).found
    assert (found.sensor, found.begins, found.speed) == ("Salamanca-1", NOON, pytest.approx(16.09344))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"@context": None}, "none of NGSI v2"),
        ({"type": "Road"}, "TrafficFlowObserved is wanted"),
        ({"dateObservedFrom": None}, "dateObservedFrom is missing"),
        ({"dateObservedFrom": "2026-06-01T12:00:00"}, "has no time zone"),
        ({"dateObservedTo": "2026-06-01T12:00:00Z"}, "ends before it begins"),
        ({"averageVehicleSpeed": None}, "averageVehicleSpeed is missing"),
        ({"averageVehicleSpeed": {"type": "Property", "value": 1, "unitCode": "KNT"}}, "unit 'KNT'"),
        ({"averageVehicleSpeed": -1}, "from 0 to 500"),
        ({"averageVehicleSpeed": True}, "from 0 to 500"),
        ({"occupancy": 75}, "from 0 to 1 "),
        ({"refDevice": "urn:ngsi-ld:Device:../../x"}, "letters, digits"),
        ({}, "already"),
    ],
)
def test_an_entity_that_cannot_be_used_is_named(tmp_path, other, why):
    changed = {name: value for name, value in {**entity_of(FLOW), **other}.items() if value is not None}
    read = read_flows(entity_file(tmp_path, entity_of(FLOW), changed))
    assert read.found == (FLOW,)
    assert [one.number for one in read.rejected] == [2]
    assert why in read.rejected[0].why


def test_things_are_the_same_flows_listed_answered_or_a_line_each(tmp_path):
    things = [thing(), {"name": "b", "Datastreams": [stream("averageVehicleSpeed", "km/h", 0)]}]
    (tmp_path / "flows.ndjson").write_text("\n".join(json.dumps(each) for each in things), encoding="utf-8")
    (tmp_path / "answer.json").write_text(json.dumps({"value": things}), encoding="utf-8")
    for path in (entity_file(tmp_path, *things), tmp_path / "flows.ndjson", tmp_path / "answer.json"):
        read = read_flows(path)
        assert [(one.sensor, one.begins, one.ends) for one in read.found] == [
            ("Salamanca-1", NOON, LATER),
            ("b", NOON, LATER),
        ]
        full, plain = read.found
        assert (full.speed, full.intensity, full.occupancy) == pytest.approx((52.5, 197.0, 0.75))
        assert (plain.speed, plain.intensity, plain.occupancy) == (0.0, None, None)
        assert read.rejected == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: one.pop("Datastreams"), "no thing with Datastreams"),
        (lambda one: one["Datastreams"].pop(0), "0 Datastreams of averageVehicleSpeed"),
        (lambda one: one["Datastreams"].append(one["Datastreams"][2]), "2 Datastreams of intensity"),
        (lambda one: one["Datastreams"][0]["unitOfMeasurement"].update(symbol="[kn_i]"), "unit '[kn_i]'"),
        (lambda one: one["Datastreams"][0]["Observations"].pop(), "without averageVehicleSpeed from"),
        (lambda one: one.update(name="../\x1b[2J"), "letters, digits"),
        (lambda one: one["Datastreams"][0]["Observations"][0].update(result=140), "from 0 to 138.889"),
        (lambda one: one["Datastreams"][0]["Observations"][0].update(result="fast"), "a number is wanted"),
        (lambda one: one["Datastreams"][0]["Observations"][0].update(phenomenonTime="x"), "no time from"),
        (lambda one: one["Datastreams"][0]["Observations"].append(3), "this is no observation"),
        (
            lambda one: one["Datastreams"][0].update(
                stream("averageVehicleSpeed", "m/s", 1, times=((LATER, NOON),))
            ),
            "ends before it begins",
        ),
        (
            lambda one: one["Datastreams"][0].update(
                stream("averageVehicleSpeed", "m/s", 1, 2, times=((NOON, LATER),) * 2)
            ),
            "is there already",
        ),
        (lambda one: one.update(name="good"), "sensor good has a flow"),
    ],
)
def test_a_thing_that_cannot_be_used_is_told(tmp_path, change, why):
    wrong = thing("b")
    change(wrong)
    read = read_flows(entity_file(tmp_path, thing("good"), wrong))
    assert read.found[-1].sensor == "good" or why in {"is there already", "this is no observation"}
    assert why in read.rejected[0].why
    assert read.rejected[0].why.isprintable()


def test_broken_lines_before_the_first_thing_do_not_hide_what_a_file_holds(tmp_path):
    path = tmp_path / "flows.ndjson"
    path.write_text("{\n[\n" + json.dumps(thing()), encoding="utf-8")
    read = read_flows(path)
    assert len(read.found) == 1
    assert ["no JSON" in one.why for one in read.rejected] == [True, True]
