"""EPCIS documents are read whole, and what is wrong in them is told by event and field."""

import copy
import gzip
import json
from random import Random

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.supply import synthetic
from consortia.solutions.supply.epcis import links, querying
from consortia.solutions.supply.epcis.querying import Query, matching
from consortia.solutions.supply.epcis.reading import read, recorded
from consortia.solutions.supply.epcis.repository import keep

GOOD = {
    "type": "AggregationEvent",
    "eventTime": "2026-03-01T08:30:00+01:00",
    "eventTimeZoneOffset": "+01:00",
    "action": "ADD",
    "parentID": "urn:epc:id:sscc:9521141.0000000001",
    "childEPCs": ["urn:epc:id:sgtin:9521141.130003.7"],
    "bizStep": "https://ref.gs1.org/cbv/BizStep-packing",
    "bizLocation": {"id": "urn:epc:id:sgln:9521141.00002.0"},
}
HEAD = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-03-01T12:00:00Z",
}


def document(*events, **fields):
    return {**HEAD, "epcisBody": {"eventList": list(events)}, **fields}


def written(folder, value, name="events.jsonld"):
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def test_an_event_is_read_in_one_form(tmp_path):
    (event,) = read(written(tmp_path, document(GOOD))).found
    assert (event.kind, event.action, event.step) == ("AggregationEvent", "ADD", "packing")
    assert event.parent == "https://id.gs1.org/00/095211410000000014"
    assert [each.thing for each in event.children] == ["https://id.gs1.org/01/19521141300036/21/7"]
    assert event.time == 1_772_350_200_000
    assert event.where == "events.jsonld, event 1"


def test_files_may_be_queries_lines_single_events_and_packed(tmp_path):
    events = [recorded(GOOD, {}, 1, "")]
    answer = querying.answer(events, "2026-03-01T12:00:00Z")
    packed = tmp_path / "events.json.gz"
    packed.write_bytes(
        gzip.compress(json.dumps(querying.document(events, "2026-03-01T12:00:00Z")).encode(), mtime=0)
    )
    lines = written(tmp_path, f"{json.dumps(GOOD)}\n\n{json.dumps(document(GOOD))}\n", "events.ndjson")
    files = [written(tmp_path, answer), packed, lines, written(tmp_path, GOOD, "one.json")]
    names = [event.name for event in read(*files).found]
    assert len(names) == 5
    assert len(set(names)) == 1


def test_an_event_keeps_its_name_where_its_document_said_what_its_prefixes_mean(tmp_path):
    names, own = {"acme": "https://acme.example/"}, {"shop": "https://shop.example/"}
    event = GOOD | {"acme:dock": 4, "@context": [own], "shop:till": 7}
    plain = document(GOOD | {"acme:dock": 4}, event, **{"@context": [*HEAD["@context"], names]})
    found = read(written(tmp_path, plain)).found
    answer = querying.answer(found, "2026-03-01T12:00:00Z")
    again = read(written(tmp_path, answer, "answer.json")).found
    assert [each.name for each in again] == [each.name for each in found]
    assert found[0].name != recorded(GOOD | {"acme:dock": 4}, {}, 1, "").name


FAULTS = {
    "type is missing": {"type": None},
    "none of EPCIS 2.0": {"type": "ParcelEvent"},
    "action is missing": {"action": None},
    "action 'add' is none": {"action": "add"},
    "it names nothing": {"childEPCs": None},
    "eventTimeZoneOffset": {"eventTimeZoneOffset": "CET"},
    "has no time zone": {"eventTime": "2026-03-01T08:30:00"},
    "1772350200": {"eventTime": 1772350200},
    "outside the years": {"eventTime": "0001-01-01T00:00:00Z"},
    "childEPCs is no list": {"childEPCs": "urn:epc:id:sgtin:9521141.130003.7"},
    "in childEPCs is no identifier": {"childEPCs": ["seven"]},
    "signs that nobody sees": {"childEPCs": ["urn:x:\u202eevil"]},
    "in parentID is no identifier": {"parentID": 7},
    "epcClass is missing": {"childQuantityList": [{"quantity": 1}]},
    "is no amount": {"childQuantityList": [{"epcClass": "urn:x:1", "quantity": -1}]},
    "no unit of UN/CEFACT": {"childQuantityList": [{"epcClass": "urn:x:1", "quantity": 1, "uom": "pounds"}]},
    "no list sensorReport": {"sensorElementList": [{}]},
    "type is missing in a sensorReport": {"sensorElementList": [{"sensorReport": [{"value": 1}]}]},
    "is no number": {"sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": "cold"}]}]},
    "ilmd is no object": {"ilmd": 3},
    "belongs to no vocabulary": {"ilmd": {"lotNumber": "7"}},
    "stands with no action OBSERVE": {"ilmd": {"cbvmda:lotNumber": "7"}, "action": "OBSERVE"},
    "bizStep is no text": {"bizStep": 7},
    "bizLocation.id is no identifier": {"bizLocation": {}},
}


@pytest.mark.parametrize("why", sorted(FAULTS))
def test_a_bad_event_is_told_and_the_others_stand(tmp_path, why):
    bad = {name: value for name, value in (GOOD | FAULTS[why]).items() if value is not None}
    found = read(written(tmp_path, document(GOOD, bad, GOOD)))
    assert [event.number for event in found.found] == [1, 3]
    (rejected,) = found.rejected
    assert rejected.number == 2
    assert rejected.why.startswith("events.jsonld, event 2: ")
    assert any(
        part in rejected.why for part in (why, *why.split("|"), why.replace(" is no", "' in x is no")[:12])
    )


def deep(levels):
    value = 1
    for _ in range(levels):
        value = {"example:in": value}
    return value


@pytest.mark.parametrize("place", ["example:x", "errorDeclaration"])
@pytest.mark.parametrize(
    ("value", "why"),
    [({"example:x": 1e999}, "too large"), ({"example:x": "\ud800"}, "half a sign"), (deep(600), "too deep")],
)
def test_an_event_that_could_not_be_told_again_is_refused(place, value, why):
    with pytest.raises(DataError, match=why):
        recorded({**GOOD, place: value}, {}, 1, "")
    assert recorded({**GOOD, place: deep(60)}, {}, 1, "").number == 1


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59.999999-10:00"])
def test_a_time_beyond_the_calendar_is_refused(time):
    with pytest.raises(DataError, match="time '"):
        recorded({**GOOD, "eventTime": time}, {}, 1, "")


def test_transformations_name_what_goes_in_and_out(tmp_path):
    bad = {**GOOD, "type": "TransformationEvent", "inputEPCList": ["urn:x:1"]}
    (rejected,) = read(written(tmp_path, document(bad))).rejected
    assert "it has no outputs and no transformationID" in rejected.why
    assert read(written(tmp_path, document({**bad, "transformationID": "urn:x:t"}))).found


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("not JSON", "no JSON"),
        ("[]", "no JSON object"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": NaN}', "NaN is no number"),
        ({"type": "Invoice"}, "no epcisBody"),
        (document(GOOD, schemaVersion="1.2"), "is none of EPCIS 2"),
        (document(GOOD, schemaVersion=2.0), "is none of EPCIS 2"),
        ({**HEAD, "epcisBody": {}}, "no eventList"),
        (document(GOOD, type="Invoice"), "is no document of EPCIS"),
        (document(GOOD, creationDate="yesterday"), "creationDate 'yesterday' is no time"),
        ({key: value for key, value in document(GOOD).items() if key != "@context"}, "@context is missing"),
    ],
    ids=range(11),
)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path, value, why):
    with pytest.raises(DataError, match=why) as caught:
        read(written(tmp_path, value))
    assert "\n" not in str(caught.value)


def test_files_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00nonsense" * 1000)
    (tmp_path / "b.json").write_bytes(gzip.compress(b"{}" * 100, mtime=0)[:-10])
    for name, why in (("a.json", "no text"), ("b.json", "cut off"), ("c.json", "No such file")):
        with pytest.raises(DataError, match=why):
            read(tmp_path / name)


def test_a_thousand_bad_events_of_many_are_all_told(tmp_path):
    lines = [
        json.dumps(GOOD if number % 10 else GOOD | {"action": f"hostile\n\x1b[2J{number}"})
        for number in range(10_000)
    ]
    found = read(written(tmp_path, "\n".join(lines), "many.ndjson"))
    assert (len(found.found), len(found.rejected)) == (9_000, 1_000)
    assert all(each.why.isprintable() for each in found.rejected)


def test_a_line_that_is_no_event_is_one_bad_event(tmp_path):
    lines = [
        json.dumps(GOOD),
        "nonsense",
        "[1]",
        json.dumps(document(GOOD, schemaVersion="1.2")),
        "NaN",
        json.dumps(GOOD),
    ]
    found = read(written(tmp_path, "\n".join(lines), "many.ndjson"))
    assert [event.number for event in found.found] == [1, 6]
    assert [each.why.split(":")[0] for each in found.rejected] == [
        f"many.ndjson, line {number}" for number in (2, 3, 4, 5)
    ]


def test_a_query_asks_for_all_that_it_names():
    events = [
        recorded(each, {}, number, "") for number, each in enumerate(synthetic.chain(1, synthetic.Size()), 1)
    ]
    moved = synthetic.pallet(1)
    found = matching(events, Query(any_epc=(moved,), steps=("shipping",)))
    assert [(each.step, each.action) for each in found] == [("shipping", "OBSERVE")]
    assert len(matching(events, Query(any_epc=(moved,)))) >= 4
    later = matching(events, Query(since=found[0].time, kinds=("ObjectEvent",), actions=("ADD",)))
    assert later
    assert all(each.time >= found[0].time and each.action == "ADD" for each in later)
    assert matching(events, Query(until=events[0].time)) == []
    assert {each.place for each in matching(events, Query(places=(synthetic.place(2),)))} == {found[0].place}


def test_digital_links_are_read_and_written_with_their_check_digits():
    link = links.write_link("19521141300036", lot="P1", serial="7")
    assert link == "https://id.gs1.org/01/19521141300036/10/P1/21/7"
    keys = {"01": "19521141300036", "10": "P1", "21": "7"}
    assert links.read_link(link.replace("id.gs1.org", "shop.example")) == keys
    assert links.read_link("urn:epc:id:sscc:9521141.0000000001") == {"00": "095211410000000014"}
    for text, why in (
        ("https://shop.example/01/19521141300035", "the check digit is 6"),
        ("https://shop.example/01/1952114130003x", "14 digits"),
        ("https://shop.example/about", "neither"),
        ("seven", "neither"),
    ):
        with pytest.raises(DataError, match=why):
            links.read_link(text)
    for fields, why in (({"lot": "a" * 21}, "20 printable"), ({"serial": "a b"}, "20 printable")):
        with pytest.raises(DataError, match=why):
            links.write_link("19521141300036", **fields)
    with pytest.raises(DataError, match="check digit"):
        links.write_link("19521141300035")


def test_reading_changes_nothing_of_what_it_reads():
    before = copy.deepcopy(GOOD)
    recorded(GOOD, {}, 1, "")
    assert before == GOOD


JUNK = (None, True, 0, 1.5, "", "\x1b", [], [1], {}, {"a": 1}, {"id": 3}, [{"type": 5}], [None], "9" * 5_000)


def places(value, place=()):
    """Every place below a JSON value."""
    yield from [place] if place else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*place, name))


def test_an_event_with_anything_in_any_place_is_read_or_told_in_one_line(programme):
    more = {
        "sensorElementList": [
            {"sensorMetadata": {"time": "2026-01-01T00:00:00Z"}, "sensorReport": [{"type": "T"}]}
        ],
        "bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:y"}],
        "sourceList": [{"type": "owning_party", "source": "urn:a:b"}],
        "persistentDisposition": {"set": ["a"]},
        "errorDeclaration": {"declarationTime": "2026-01-01T00:00:00Z"},
        "example:x": {"y": [1, {"z": None}]},
    }
    draw, told = Random(8), 0
    for _ in range(programme(quick=200, test=2_000, nightly=200_000)):
        event = copy.deepcopy(GOOD | more)
        *above, last = draw.choice(list(places(event)))
        inner = event
        for name in above:
            inner = inner[name]
        inner[last] = draw.choice(JUNK)
        why = refusal(event)
        assert why.isprintable()
        told += why != ""
    assert told


def refusal(event):
    """Why an event cannot be used; empty where it can."""
    try:
        keep(recorded(event, {}, 1, ""))
    except DataError as error:
        return str(error)
    return ""
