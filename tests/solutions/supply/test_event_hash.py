"""Events named by hash: one name however an event is written, another for any other event."""

import copy
import random

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.supply.epcis.hashing import (
    context_names,
    event_hash,
    event_text,
    events_of,
    ignored_fields,
)
from consortia.solutions.supply.epcis.keys import canonical, check_digit

NAMES = {"farm": "https://farm.example/ns/", "rdfs": "http://www.w3.org/2000/01/rdf-schema#"}
EVENT = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-01T08:30:00.2504+01:00",
    "eventTimeZoneOffset": "+01:00",
    "epcList": ["urn:epc:id:sgtin:4000001.011111.B7", "urn:epc:id:sgtin:4000001.011111.A7"],
    "quantityList": [{"epcClass": "urn:epc:class:lgtin:4000001.022222.L-9", "quantity": 12.50, "uom": "KGM"}],
    "action": "OBSERVE",
    "bizStep": "receiving",
    "disposition": "in_progress",
    "readPoint": {"id": "urn:epc:id:sgln:4000001.00012.7"},
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:4000001000005:77"}],
    "sensorElementList": [
        {
            "sensorMetadata": {"time": "2026-03-01T07:00:00Z"},
            "sensorReport": [
                {"type": "Temperature", "value": 4.0, "uom": "CEL"},
                {"type": "AbsoluteHumidity", "value": 3, "uom": "A93"},
            ],
        }
    ],
    "farm:grade": "AA",
    "farm:field": {"farm:rows": ["2", "1"]},
}
TEXT = (
    "eventType=ObjectEventeventTime=2026-03-01T07:30:00.250ZeventTimeZoneOffset=+01:00"
    "epcListepc=https://id.gs1.org/01/04000001111114/21/A7epc=https://id.gs1.org/01/04000001111114/21/B7"
    "quantityListquantityElementepcClass=https://id.gs1.org/01/04000001222223/10/L-9quantity=12.5uom=KGM"
    "action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-receiving"
    "disposition=https://ref.gs1.org/cbv/Disp-in_progress"
    "readPointid=https://id.gs1.org/414/4000001000128/254/7"
    "bizTransactionListtype=https://ref.gs1.org/cbv/BTT-po"
    "bizTransaction=urn:epcglobal:cbv:bt:4000001000005:77"
    "sensorElementListsensorElementsensorMetadatatime=2026-03-01T07:00:00.000Z"
    "sensorReporttype=https://gs1.org/voc/AbsoluteHumidityvalue=3uom=A93"
    "sensorReporttype=https://gs1.org/voc/Temperaturevalue=4uom=CEL"
    "{https://farm.example/ns/}field{https://farm.example/ns/}rows=1{https://farm.example/ns/}rows=2"
    "{https://farm.example/ns/}grade=AA"
)


def changed(**fields):
    return {**copy.deepcopy(EVENT), **fields}


def test_an_event_is_one_text():
    assert event_text(EVENT, NAMES) == TEXT


def test_its_name_is_the_hash_of_the_text():
    found = event_hash(EVENT, NAMES)
    assert found.startswith("ni:///sha-256;")
    assert found.endswith("?ver=CBV2.0")
    assert len(found) == len("ni:///sha-256;") + 64 + len("?ver=CBV2.0")


def shuffled(value, draw):
    """The same JSON in another order of fields and lists."""
    if isinstance(value, dict):
        return {name: shuffled(value[name], draw) for name in draw.sample(list(value), len(value))}
    if isinstance(value, list):
        return [shuffled(one, draw) for one in draw.sample(value, len(value))]
    return value


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_fields_and_lists_does_not_matter(seed):
    assert event_text(shuffled(EVENT, random.Random(seed)), NAMES) == TEXT


@pytest.mark.parametrize(
    "same",
    [
        {"eventTime": "2026-03-01T07:30:00.250Z"},
        {"bizStep": "https://ref.gs1.org/cbv/BizStep-receiving"},
        {"bizStep": "urn:epcglobal:cbv:bizstep:receiving"},
        {"bizStep": "cbv:BizStep-receiving"},
        {"readPoint": {"id": "https://goods.example/gln/4000001000128/254/7?a=b"}},
        {"epcList": [f"https://shop.example/x/01/04000001111114/21/{serial}" for serial in ("A7", "B7")]},
        {"recordTime": "2026-03-02T00:00:00Z", "eventID": "urn:uuid:1", "rdfs:comment": "checked twice"},
        {"errorDeclaration": {"declarationTime": "2026-03-02T00:00:00Z"}},
    ],
    ids=["zone", "address", "urn", "prefix", "link", "links", "recording", "error"],
)
def test_another_way_to_write_it_is_the_same_event(same):
    assert event_text(changed(**same), NAMES) == TEXT


@pytest.mark.parametrize(
    "other",
    [
        {"eventTime": "2026-03-01T08:30:00.251+01:00"},
        {"eventTimeZoneOffset": "+02:00"},
        {"epcList": EVENT["epcList"][:1]},
        {"action": "ADD"},
        {"bizStep": "shipping"},
        {"farm:grade": "A"},
        {"farm:grade": "AA", "farm:more": ""},
    ],
)
def test_any_other_event_has_another_name(other):
    assert event_hash(changed(**other), NAMES) != event_hash(EVENT, NAMES)


def test_an_empty_list_says_nothing():
    assert event_text(changed(childEPCs=[]), NAMES) == TEXT


@pytest.mark.parametrize(
    ("given", "one"),
    [
        ("urn:epc:id:sscc:4000001.3111111111", "00/340000011111111117"),
        ("urn:epc:id:pgln:400000100000.", "417/4000001000005"),
        ("urn:epc:idpat:sgtin:4000001.011111.*", "01/04000001111114"),
        ("urn:epc:idpat:grai:4000001.00022.*", "8003/04000001000227"),
        ("urn:epc:id:giai:4000001.a.b", "8004/4000001a.b"),
        ("urn:epc:id:upui:4000001.011111.x)*", "01/04000001111114/235/x%29%2A"),
        ("https://any.example/gtin/04000001111114", "01/04000001111114"),
    ],
)
def test_a_key_has_one_form(given, one):
    assert canonical(given) == f"https://id.gs1.org/{one}"
    assert canonical(canonical(given)) == canonical(given)


@pytest.mark.parametrize(
    "text",
    ["urn:epc:id:sgtin:broken", "urn:epc:id:other:1.2", "http://shop.example/po/17", "geo:50.9,6.9", ""],
)
def test_what_is_no_key_stays_as_it_is(text):
    assert canonical(text) == text


def test_the_check_digit_is_gs1_s():
    assert check_digit("629104150021") == "3"  # the example of GS1's own page on check digits


def test_events_are_found_in_documents_answers_and_alone():
    body = {"eventList": [EVENT, EVENT]}
    assert events_of({"epcisBody": body}) == [EVENT, EVENT]
    assert events_of({"epcisBody": {"queryResults": {"resultsBody": body}}}) == [EVENT, EVENT]
    assert events_of(EVENT) == [EVENT]
    for wrong in ({}, {"epcisBody": {}}, {"epcisBody": {"queryResults": {}}}):
        with pytest.raises(DataError, match="no EPCIS document"):
            events_of(wrong)


def test_fields_that_a_document_asks_to_ignore_are_left_out_only_if_wanted():
    document = {"x:ignoreFields": ["farm:grade"], "epcisBody": {"eventList": [EVENT]}}
    assert ignored_fields(document) == {"farm:grade"}
    assert event_text(EVENT, NAMES, ignored=ignored_fields(document)) == TEXT.replace(
        "{https://farm.example/ns/}grade=AA", ""
    )
    assert ignored_fields({"epcisBody": {"queryResults": {"y:ignoreFields": "a:b"}}}) == {"a:b"}


def test_the_context_names_the_namespaces():
    context = [
        "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {"farm": NAMES["farm"]},
        {"n": 1},
    ]
    assert context_names({"@context": context}) == {"farm": NAMES["farm"]}


@pytest.mark.parametrize("wrong", [{"eventTime": "noon"}, {"type": None}])
def test_what_is_no_event_is_refused(wrong):
    with pytest.raises(DataError):
        event_text(changed(**wrong), NAMES)
