"""Traffic from NGSI-LD: read as it was written, and every entity that cannot be used is named."""

import json
from datetime import UTC, datetime

import pytest

from consortia.solutions.city.flows import Flow, as_entities, entity_of, read_flows

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 12, 5, tzinfo=UTC)
FLOW = Flow("Salamanca-1", NOON, LATER, 52.5, 197.0, 0.75)


def entity_file(folder, *entities):
    path = folder / "flows.jsonld"
    path.write_text(json.dumps(list(entities)), encoding="utf-8")
    return path


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
