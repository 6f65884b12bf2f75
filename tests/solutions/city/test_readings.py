"""Meters' hours from CSV and NGSI-LD: what is read, what is told of the rest, and nothing half loaded."""

import gzip
import json
import random

import pytest
from click.testing import CliRunner

from consortia.cli.readings import convert
from consortia.engines.train.files import DataError
from consortia.solutions.city.meter_things import as_things, read_meters, things_of
from consortia.solutions.city.ngsi_ld import as_entities, entity_of
from consortia.solutions.city.readings import Reading, as_csv, read_csv

HEADER = "meter,time,drawn [kWh],fed [kWh]"
GOOD = "house-1,2026-01-31T12:00:00Z,1.25,0"
NOON = 491_628
HOUR = Reading("house-1", NOON, 1_250, 0)


def csv_file(folder, *rows, header=HEADER):
    path = folder / "hours.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def entity_file(folder, *entities):
    path = folder / "hours.json"
    path.write_text(json.dumps(list(entities)), encoding="utf-8")
    return path


def entity(**other):
    """The entity of HOUR with other attributes; one that is None is left out."""
    return {name: value for name, value in {**entity_of(HOUR), **other}.items() if value is not None}


def year(seed):
    draw = random.Random(seed)
    return tuple(
        Reading(f"house-{house}", NOON + hour, draw.randrange(4_000), draw.randrange(3_000))
        for house in range(3)
        for hour in range(50)
    )


def test_an_hour_is_read_in_watt_hours_of_its_zone(tmp_path):
    rows = (GOOD, "house-1,2026-01-31T14:00:00+01:00,2,0.5")
    found = read_csv(csv_file(tmp_path, *rows)).found
    assert found == (HOUR, Reading("house-1", NOON + 1, 2_000, 500))
    assert found[1].net == 1_500
    assert found[0].begins.isoformat() == "2026-01-31T12:00:00+00:00"


@pytest.mark.parametrize("seed", range(3))
def test_every_form_reads_back_what_was_written(tmp_path, seed):
    known = year(seed)
    path = tmp_path / "hours.csv"
    path.write_text(as_csv(known), encoding="utf-8")
    assert read_csv(path).found == known
    entities = tmp_path / "hours.jsonld"
    entities.write_text(as_entities(known), encoding="utf-8")
    assert read_meters(entities).found == known
    lines = tmp_path / "hours.ndjson"
    lines.write_text("\n".join(json.dumps(entity_of(one)) for one in known), encoding="utf-8")
    assert read_meters(lines).found == known
    for plain in (path, entities, lines):
        packed = tmp_path / f"{plain.name.upper()}.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
        assert read_meters(packed).found == known


def test_counters_become_hours_also_when_they_come_late_and_as_key_values(tmp_path):
    def counter(hour, drawn):
        return {
            "@context": "https://example.org",
            "id": f"urn:ngsi-ld:ACMeasurement:{hour}",
            "type": "ACMeasurement",
            "refDevice": "urn:ngsi-ld:Device:house-1",
            "dateEnergyMeteringStarted": "2026-01-31T12:00:00Z",
            "dateObserved": f"2026-01-31T{hour}:00:00Z",
            "totalActiveEnergyImport": drawn,
            "totalActiveEnergyExport": 0,
        }

    found = read_meters(entity_file(tmp_path, counter(14, 3.5), counter(13, 1.25), counter(15, 3.5)))
    assert not found.rejected
    assert [one.drawn for one in found.found] == [1_250, 2_250, 0]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("house-1,2026-01-31T12:00:00,1,0", "has no time zone"),
        ("house-1,2026-01-31T12:30:00Z,1,0", "no full hour"),
        ("house-1,noon,1,0", "is no time; write 2026-01-31T12:00:00Z"),
        ("house-1,0001-01-01T00:00:00+14:00,1,0", "is no time; write 2026-01-31T12:00:00Z"),
        ("house-1,9026-01-31T12:00:00Z,1,0", "another age"),
        ("house-1,2026-01-31T12:00:00Z,-1,0", "from 0 on"),
        ("house-1,2026-01-31T12:00:00Z,nan,0", "from 0 on"),
        ("house-1,2026-01-31T12:00:00Z,1e30,0", "from 0 on"),
        ("house-1,2026-01-31T12:00:00Z,1_0,0", "from 0 on"),
        ("house-1,2026-01-31T12:00:00Z,,0", "from 0 on"),
        ("house-1,2026-01-31T12:00:00Z,1", "a column is missing"),
        ("../../etc/passwd,2026-01-31T12:00:00Z,1,0", "1 to 64 of a-z"),
        ("=cmd|' /C calc'!A0,2026-01-31T12:00:00Z,1,0", "1 to 64 of a-z"),
        ("\x1b[31mhouse,2026-01-31T12:00:00Z,1,0", "1 to 64 of a-z"),
        (GOOD, "already, number 2"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_with_its_number(tmp_path, row, why):
    read = read_csv(csv_file(tmp_path, GOOD, row))
    assert read.found == (HOUR,)
    assert [one.number for one in read.rejected] == [3]
    assert why in read.rejected[0].why
    assert "hours.csv, row 3" in read.rejected[0].why
    assert read.rejected[0].why.isprintable()


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("meter,time,drawn,fed", "no unit"),
        ("meter,time,drawn [kW],fed [kWh]", "unit 'kW'"),
        ("meter,time,drawn [kWh]", "no column 'fed'"),
        ("meter,time,drawn [kWh],fed [kWh],meter", "stands twice"),
        ("", "no column 'meter'"),
    ],
)
def test_a_file_of_other_columns_or_units_is_not_read(tmp_path, header, why):
    with pytest.raises(DataError, match=why.replace("[", r"\[")):
        read_csv(csv_file(tmp_path, GOOD, header=header))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"@context": None}, "none of NGSI v2"),
        ({"type": "TrafficFlowObserved"}, "ACMeasurement is wanted"),
        ({"dateObserved": None}, "dateObserved is missing"),
        ({"totalActiveEnergyExport": None}, "totalActiveEnergyExport is missing"),
        ({"dateObserved": "2026-01-31T13:00:00"}, "has no time zone"),
        ({"dateObserved": "2026-01-31T15:00:00Z"}, "no full hour"),
        ({"totalActiveEnergyImport": {"type": "Property", "value": 1, "unitCode": "CEL"}}, "unit 'CEL'"),
        ({"totalActiveEnergyImport": {"type": "Property", "value": "1"}}, "a number is wanted"),
        ({"totalActiveEnergyImport": {"type": "Property", "value": True}}, "a number is wanted"),
        ({"totalActiveEnergyImport": -1}, "from 0 on"),
        ({"refDevice": "urn:ngsi-ld:Device:../x"}, "1 to 64 of a-z"),
        ({}, "already, number 1"),
    ],
)
def test_an_entity_that_cannot_be_used_is_told_with_its_number(tmp_path, other, why):
    read = read_meters(entity_file(tmp_path, entity(), entity(**other)))
    assert read.found == (HOUR,)
    assert [one.number for one in read.rejected] == [2]
    assert why in read.rejected[0].why


def test_a_counter_that_runs_backwards_is_told(tmp_path):
    later = entity_of(Reading("house-1", NOON + 1, 100, 0))
    later["dateEnergyMeteringStarted"] = entity()["dateEnergyMeteringStarted"]
    read = read_meters(entity_file(tmp_path, entity(), later))
    assert "runs backwards" in read.rejected[0].why


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00\x00",
        b'[{"a": NaN}]',
        b'[{"id": "a", "id": "b"}]',
        b'{"a": 1e9999999999999999999}',
        b"[" * 100_000,
        b"",
        b"1" * 5_000,
        b'["\xed\xa0\x80"]',
    ],
    ids=["utf-16", "nan", "twice", "exponent", "nested", "empty", "digits", "surrogate"],
)
def test_nonsense_is_one_error_or_rejected(tmp_path, data):
    path = tmp_path / "hours.json"
    path.write_bytes(data)
    found, told = (), ""
    try:
        read = read_meters(path)
        found, told = read.found, read.rejected[0].why
    except DataError as error:
        told = str(error)
    assert not found
    assert told.isprintable()
    assert told.startswith("hours.json")


def test_bytes_that_are_no_text_are_one_error(tmp_path, programme):
    path = tmp_path / "hours.csv"
    path.write_bytes(random.Random(1).randbytes(programme(quick=1 << 16, test=1 << 20, nightly=100 << 20)))
    with pytest.raises(DataError, match="row 1"):
        read_csv(path)


def test_a_line_that_is_no_json_is_rejected_alone(tmp_path):
    path = tmp_path / "hours.ndjson"
    path.write_text(json.dumps(entity()) + "\n{nonsense\n", encoding="utf-8")
    read = read_meters(path)
    assert read.found == (HOUR,)
    assert read.rejected[0].number == 2


def test_many_bad_rows_among_many_good_ones_are_all_told(tmp_path, programme):
    count = programme(quick=5_000, test=20_000, nightly=1_000_000)
    times = [f"{Reading('a', NOON + hour, 0, 0).begins:%Y-%m-%dT%H:00:00Z}" for hour in range(count // 100)]
    rows = [
        f"house-{at % 100},{times[at // 100]},{'x' if at % 100 == 7 else '1'},0"
        for at in range(len(times) * 100)
    ]
    read = read_csv(csv_file(tmp_path, *rows))
    assert len(read.rejected) == len(times)
    assert len(read.found) == len(rows) - len(times)
    assert [one.number for one in read.rejected] == [9 + 100 * at for at in range(len(times))]


def test_a_file_of_nothing_but_bad_rows_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("consortia.solutions.rejects.REJECTS_MAX", 10)
    with pytest.raises(DataError, match="more than 10 rows cannot be used"):
        read_csv(csv_file(tmp_path, *["nonsense"] * 11))
    with pytest.raises(DataError, match="more than 10 rows cannot be used"):
        read_meters(entity_file(tmp_path, *[{}] * 11))


def test_things_have_a_stream_each_way_and_an_observation_an_hour():
    known = year(1)
    things = things_of(known)
    assert [thing["name"] for thing in things] == ["house-0", "house-1", "house-2"]
    drawn, fed = things[0]["Datastreams"]
    assert drawn["unitOfMeasurement"]["symbol"] == "W.h"
    assert [one["result"] for one in drawn["Observations"]] == [one.drawn for one in known[:50]]
    assert [one["result"] for one in fed["Observations"]] == [one.fed for one in known[:50]]
    assert drawn["Observations"][0]["phenomenonTime"] == "2026-01-31T12:00:00Z/2026-01-31T13:00:00Z"


def things_file(folder, *things, name="things.json"):
    path = folder / name
    path.write_text(json.dumps(things[0] if len(things) == 1 else things), encoding="utf-8")
    return path


def test_things_are_read_as_they_are_written_listed_answered_or_a_line_each(tmp_path):
    known = tuple(sorted(year(1)))
    (tmp_path / "things.json").write_text(as_things(known), encoding="utf-8")
    lines = "\n".join(json.dumps(each) for each in things_of(known))
    (tmp_path / "things.ndjson").write_text(lines, encoding="utf-8")
    for path in (
        tmp_path / "things.json",
        tmp_path / "things.ndjson",
        things_file(tmp_path, {"value": things_of(known)}, name="answer.json"),
    ):
        assert (read_meters(path).found, read_meters(path).rejected) == (known, ())
    assert read_meters(entity_file(tmp_path, entity())).found == (HOUR,)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: one.pop("Datastreams"), "no thing with Datastreams"),
        (lambda one: one["Datastreams"].pop(), "0 Datastreams of fed"),
        (lambda one: one["Datastreams"][0].pop("Observations"), "Observations is no list"),
        (lambda one: one["Datastreams"][0]["unitOfMeasurement"].update(symbol="J"), "unit 'J'"),
        (lambda one: one["Datastreams"][1]["Observations"].pop(0), "drawn without fed in the hour"),
        (lambda one: one["Datastreams"][0]["Observations"].pop(0), "fed without drawn in the hour"),
        (lambda one: one.update(name="../\x1b[2J"), r"meter '../\\x1b[2J'"),
    ],
)
def test_a_thing_that_cannot_be_used_is_told(tmp_path, change, why):
    good, wrong = (json.loads(as_things([one])) for one in (HOUR, Reading("b", HOUR.hour, 1, 0)))
    change(wrong[0])
    found = read_meters(things_file(tmp_path, *good, *wrong))
    assert found.found == (HOUR,)
    assert why in found.rejected[0].why.replace("'../\\x1b", "'../\\\\x1b")
    assert found.rejected[0].why.isprintable()


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("phenomenonTime", "2026-01-31T12:00:00Z", "is no time from and to"),
        ("phenomenonTime", "2026-01-31T12:00:00/2026-01-31T13:00:00", "has no time zone"),
        ("phenomenonTime", "2026-01-31T12:00:00Z/2026-01-31T14:00:00Z", "phenomenonTime is no hour"),
        ("result", "many", "result 'many'; a number is wanted"),
        ("result", -1, "an amount of energy from 0 on is wanted"),
        ("result", True, "a number is wanted"),
    ],
)
def test_an_observation_that_cannot_be_used_is_told(tmp_path, field, value, why):
    thing = things_of([HOUR])[0]
    for stream in thing["Datastreams"]:
        stream["Observations"].append({**stream["Observations"][0], field: value})
    found = read_meters(things_file(tmp_path, [thing]))
    assert found.found == (HOUR,)
    assert [why in each.why for each in found.rejected] == [True, True]


def test_the_command_writes_nothing_of_a_file_with_bad_rows_unless_told_so(tmp_path):
    path, out, rejects = csv_file(tmp_path, GOOD, "x"), tmp_path / "new.json", tmp_path / "rejects.csv"
    asked = [str(path), "--to", "ngsi-ld", "--out", str(out), "--rejects", str(rejects)]
    assert CliRunner().invoke(convert, asked, standalone_mode=False).exception is not None
    assert not out.exists()
    assert rejects.read_text(encoding="utf-8").splitlines()[1].startswith("3,")
    assert CliRunner().invoke(convert, [*asked, "--skip-bad-rows", "--json"]).exit_code == 0
    assert read_meters(out).found == (HOUR,)
