"""Events are captured whole or not at all, there once, and asked for as the standard's queries do."""

import sqlite3

import pytest

from consortia.engines.train.files import DataError
from consortia.solutions.supply import synthetic
from consortia.solutions.supply.epcis.asking import page_of, token
from consortia.solutions.supply.epcis.reading import read, recorded
from consortia.solutions.supply.epcis.repository import ERRORS_MAX, Repository, keep

NOW = 1_780_000_000_000
SIZE = synthetic.Size(packed=2, cases=4, pallet=2, shops=2)
EVENTS = [keep(recorded(each, {}, at, "")) for at, each in enumerate(synthetic.chain(1, SIZE), 1)]


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "events.epcis")
    capture = made.begin("rollback", NOW)
    made.finish(capture, EVENTS, (), NOW)
    return made


def asked(repository, begin=None, most=1_000, **parameters):
    return repository.page(page_of(sorted(parameters.items())).asked, begin, most)


def ids(found):
    return [each["eventID"] for each in found.events]


def test_a_capture_with_an_error_keeps_nothing_or_the_rest_as_it_was_told(tmp_path):
    made = Repository(tmp_path / "events.epcis")
    for behaviour, kept in (("rollback", 0), ("proceed", 2)):
        capture = made.begin(behaviour, NOW)
        made.finish(capture, EVENTS[:2], ["event 3: type is missing."] * (ERRORS_MAX + 5), NOW)
        told = made.capture(capture)
        assert (told.success, told.finished, len(told.errors)) == (False, NOW, ERRORS_MAX + 1)
        assert told.errors[-1] == {"title": "5 more"}
        assert len(asked(made).events) == kept


def test_an_event_that_is_captured_again_is_there_once(repository):
    again = repository.begin("rollback", NOW + 1)
    repository.finish(again, EVENTS, (), NOW + 1)
    assert repository.capture(again).success
    found = asked(repository)
    assert sorted(ids(found)) == sorted(each.event.name for each in EVENTS)
    assert {each["recordTime"] for each in found.events} == {"2026-05-28T20:26:40.000+00:00"}


def test_pages_hold_every_event_once_in_either_order(repository):
    for way in ("ASC", "DESC"):
        whole, begin, pages = ids(asked(repository, orderDirection=way)), None, []
        while True:
            page = asked(repository, begin, 7, orderDirection=way)
            pages += ids(page)
            if page.then is None:
                break
            begin = page_of([("nextPageToken", token(page.then, len(pages)))]).begin
        assert pages == whole
        assert len(set(pages)) == len(EVENTS)


def test_a_query_finds_what_the_plain_search_finds(repository):
    kind = "AggregationEvent"
    bodies = {each.event.name: each.event for each in EVENTS}
    some = next(each for each in bodies.values() if each.kind == kind)
    child, moment = some.body["childEPCs"][0], some.body["eventTime"]
    link = some.children[0].thing
    plain = {
        ("eventType", kind): {n for n, e in bodies.items() if e.kind == kind},
        ("eventType", f"{kind}|ObjectEvent"): {
            n for n, e in bodies.items() if e.kind in {kind, "ObjectEvent"}
        },
        ("EQ_bizStep", "https://ref.gs1.org/cbv/BizStep-packing"): {
            n for n, e in bodies.items() if e.step == "packing"
        },
        ("EQ_action", "ADD"): {n for n, e in bodies.items() if e.action == "ADD"},
        ("MATCH_epc", child): {
            n for n, e in bodies.items() if link in {a.thing for a in (*e.things, *e.children)}
        },
        ("MATCH_anyEPC", link): {
            n
            for n, e in bodies.items()
            if link in {a.thing for a in (*e.things, *e.children, *e.inputs, *e.outputs)}
        },
        ("MATCH_parentID", some.body["parentID"]): {n for n, e in bodies.items() if e.parent == some.parent},
        ("GE_eventTime", moment): {n for n, e in bodies.items() if e.time >= some.time},
        ("LT_eventTime", moment): {n for n, e in bodies.items() if e.time < some.time},
        ("EQ_eventID", some.name): {some.name},
        ("EXISTS_errorDeclaration", "x"): set(),
    }
    for (name, value), expected in plain.items():
        found = ids(asked(repository, **{name: value}))
        assert (name, set(found)) == (name, expected)
        assert repository.count(page_of([(name, value)]).asked, 10_000) == len(expected)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ([("EQ_bizstep", "packing")], "EQ_bizstep is no parameter that is answered here"),
        ([("WD_bizLocation", "x:y")], "WD_bizLocation is no parameter"),
        ([("MATCH_epc", "urn:epc:idpat:sgtin:9521141.130003.*")], "patterns are not answered"),
        ([("EQ_action", "")], "EQ_action has no value"),
        ([("GE_eventTime", "2026-01-01T00:00:00")], "has no time zone"),
        ([("perPage", "0")], "perPage '0': a number from 1 to 1,000"),
        ([("perPage", "99999999999999999999")], "perPage"),
        ([("perPage", "000000000001999")], "perPage"),
        ([("perPage", "000000000001" + "9" * 5_000)], "perPage"),
        ([("nextPageToken", "WzFlOTk5LDAsMF0")], "nextPageToken is none of ours"),
        ([("orderBy", "bizStep")], "orderBy 'bizStep': eventTime or recordTime"),
        ([("orderDirection", "UP")], "orderDirection 'UP'"),
        ([("nextPageToken", "Zm9v")], "nextPageToken is none of ours"),
        ([("nextPageToken", "\xe9")], "nextPageToken is none of ours"),
        ([("eventCountLimit", "1"), ("maxEventCount", "1")], "exclude each other"),
        ([("EQ_action", "ADD|" * 1_000)], "more than 1000 values"),
        ([("\x1b[2J", "1")], "is no parameter"),
    ],
)
def test_a_parameter_that_is_not_known_or_wrong_is_named(parameters, why):
    with pytest.raises(DataError, match=why.replace("[", r"\[")):
        page_of(parameters)


def test_a_store_is_read_as_a_file_and_no_other_file_as_a_store(repository, tmp_path):
    found = read(repository.path)
    assert [each.name for each in found.found] == [each.event.name for each in EVENTS]
    (tmp_path / "other.epcis").write_bytes(b"SQLite format 3\x00" + b"\xff" * 1_000)
    (tmp_path / "empty.epcis").write_bytes(b"")
    for name in ("other.epcis", "empty.epcis", "missing.epcis"):
        with pytest.raises(DataError, match=name):
            read(tmp_path / name)
    with pytest.raises(DataError, match="no store of events"):
        Repository(tmp_path / "other.epcis")
    with pytest.raises(DataError, match="No such file"):
        Repository(tmp_path / "no" / "such.epcis")


def test_a_capture_that_was_cut_off_is_told_when_the_store_is_opened_again(repository):
    capture = repository.begin("rollback", NOW)
    assert repository.capture(capture).finished is None
    found = Repository(repository.path).capture(capture)
    assert (found.success, found.finished is not None) == (False, True)
    assert "nothing of it was kept" in found.errors[0]["title"]


def test_a_store_is_for_its_owner_alone_and_a_broken_write_keeps_nothing(repository):
    assert repository.path.stat().st_mode & 0o077 == 0
    capture = repository.begin("rollback", NOW)
    before = len(asked(repository).events)

    def broken():
        yield keep(recorded({**EVENTS[0].event.body, "eventID": "urn:x:1"}, {}, 1, ""))
        raise sqlite3.OperationalError("the disk is full")

    with pytest.raises(sqlite3.OperationalError):
        repository.finish(capture, broken(), (), NOW)
    assert len(asked(repository).events) == before
    assert repository.capture(capture).finished is None
