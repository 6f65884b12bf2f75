"""FHIR R4 in as study tables, and consents and uses out."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.consent import Consent as ConsentModel
from fhir.resources.R4B.provenance import Provenance
from pydantic import ValidationError

from consortia.cli.health import make_table
from consortia.cli.output import Failure
from consortia.engines.train.files import DataError
from consortia.modules.consent.queries import ToPurpose
from consortia.modules.consent.types import Consent, Use
from consortia.solutions.health.fhir.mapping import read_mapping
from consortia.solutions.health.fhir.reading import read
from consortia.solutions.health.fhir.tables import study_table
from consortia.solutions.health.fhir.writing import Place, audit_event, check, consent, provenance

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
MAPPING = {
    "fhir": "4.0.1",
    "day": "2024-06-30",
    "columns": [
        {"name": "sex", "take": "sex"},
        {"name": "age", "take": "age"},
        {"name": "alive", "take": "alive"},
        {"name": "height", "take": "observation", "system": LOINC, "code": "8302-2", "unit": "cm"},
        {"name": "systolic", "take": "observation", "code": "8480-6", "unit": "mm[Hg]", "pick": "most"},
        {"name": "diabetes", "take": "condition", "system": SNOMED, "code": "44054006"},
    ],
}


def coded(code, system=LOINC):
    return {"coding": [{"system": system, "code": code}]}


NEGATED = [{"url": "urn:negated", "valueBoolean": True}]


def patient(id_="ann", **fields):
    return {"resourceType": "Patient", "id": id_, "gender": "female", "birthDate": "1960-07-01"} | fields


def observation(id_, value=170.5, time="2024-01-01T10:00:00+01:00", **fields):
    usual = {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": coded("8302-2"),
        "subject": {"reference": "Patient/ann"},
        "effectiveDateTime": time,
        "valueQuantity": {"value": value, "unit": "cm", "code": "cm"},
    }
    return usual | fields


def pressure():
    part = {"code": coded("8480-6"), "valueQuantity": {"value": 131, "code": "mm[Hg]"}}
    return observation("bp", code=coded("55284-4"), component=[part])


def diabetes(**fields):
    usual = {"resourceType": "Condition", "id": "c1", "code": coded("44054006", SNOMED)}
    return usual | {"subject": {"reference": "Patient/ann"}, "recordedDate": "2020-05-05"} | fields


@pytest.fixture
def clinic(tmp_path):
    (tmp_path / "map.json").write_text(json.dumps(MAPPING), encoding="utf-8")

    def written(*resources, name="a.json"):
        entries = [{"resource": one, "fullUrl": f"urn:uuid:{one.get('id')}"} for one in resources]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (tmp_path / name).write_text(json.dumps(bundle), encoding="utf-8")
        return tmp_path / name

    return written


def table(*paths):
    return study_table(read(*paths), read_mapping(paths[0].parent / "map.json"))


def test_a_bundle_becomes_one_row_a_patient(clinic):
    newest = observation("h2", 171, "2024-02-01T08:00:00Z")
    later = observation("h3", 99, "2024-07-01T00:00:00Z")
    other = patient("bob", gender="male", birthDate="2000", deceasedBoolean=True)
    path = clinic(patient(), other, observation("h1"), newest, later, pressure(), diabetes())
    found = table(path)
    assert found.header == ("patient", "sex", "age", "alive", "height [cm]", "systolic [mm[Hg]]", "diabetes")
    assert found.rows == (
        ("ann", "female", "63", "1", "171", "131", "1"),
        ("bob", "male", "23", "0", "", "", "0"),
    )
    assert found.rejected == ()
    assert found.csv().splitlines()[2] == "bob,male,23,0,,,0"


def test_ndjson_and_gzip_say_the_same_as_the_bundle(clinic, tmp_path):
    resources = [patient(), observation("h1"), diabetes()]
    path = clinic(*resources)
    lines = "\n".join(json.dumps(one) for one in resources)
    (tmp_path / "a.ndjson").write_text(lines + "\n\n", encoding="utf-8")
    (tmp_path / "a.ndjson.gz").write_bytes(gzip.compress(lines.encode(), mtime=0))
    assert table(path).rows == table(tmp_path / "a.ndjson").rows == table(tmp_path / "a.ndjson.gz").rows


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (
            observation("x", valueQuantity={"value": 67, "code": "[in_i]"}),
            "valueQuantity.code is '[in_i]'; the mapping asks for 'cm'",
        ),
        (
            observation("x", valueQuantity={"value": "tall", "code": "cm"}),
            "valueQuantity.value is no number: tall",
        ),
        (observation("x", valueQuantity=None), "Observation.valueQuantity is missing"),
        (
            observation("x", valueQuantity={"value": 5, "comparator": "<", "code": "cm"}),
            "Observation.valueQuantity.comparator: a bound, where a value is asked",
        ),
        (observation("x", modifierExtension=NEGATED), "Observation.modifierExtension may change"),
        (observation("x", implicitRules="urn:rules"), "Observation.implicitRules may change"),
        (
            observation(
                "x",
                code=coded("55284-4"),
                component=[pressure()["component"][0] | {"modifierExtension": NEGATED}],
            ),
            "Observation.component[0].modifierExtension may change",
        ),
        (diabetes(modifierExtension=NEGATED), "Condition.modifierExtension may change"),
        (patient("eve", modifierExtension=NEGATED), "Patient.modifierExtension may change"),
        (observation("x", time="2024-01-01T10:00:00"), "Observation.effectiveDateTime has no time zone"),
        (observation("x", time="yesterday"), "Observation.effectiveDateTime is no time: yesterday"),
        (observation("x", effectiveDateTime=None), "Observation.effectiveDateTime is missing"),
        (observation("x", subject={"reference": "Patient/eve"}), "subject.reference names no Patient here"),
        (observation("x", subject=None), "Observation.subject.reference is missing"),
        (observation("x", component=3), "Observation.component is no list"),
        (patient("eve", gender="\x1b[2J"), r"Patient.gender is \x1b[2J"),
        (patient("eve", birthDate="1.4.1960"), "Patient.birthDate is no date: 1.4.1960"),
        (patient("eve", birthDate="1960-13-01"), "Patient.birthDate is no date: 1960-13-01"),
        (patient("eve", birthDate="2030-01-01"), "Patient.birthDate lies after 2024-06-30"),
        (patient(), "Patient/ann is there already, a.json, Bundle.entry[0]"),
        ({"id": "x"}, "resourceType is missing"),
        (patient(7), "Patient.id is no text"),
        (patient("eve\ud800"), "Patient.id is no text"),
        (patient("eve", gender=["female"]), "Patient.gender is ['female']"),
        (observation("x", status=["final"], component=3), "Observation.component is no list"),
        (observation("x", time="0001-01-01T00:00:00+14:00"), "effectiveDateTime is no time: 0001"),
        (
            observation("x", valueQuantity={"value": 10**400, "code": "cm"}),
            "valueQuantity.value is no number: 1000",
        ),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line_that_names_the_element(clinic, wrong, why):
    found = table(clinic(patient(), wrong))
    (rejected,) = found.rejected
    assert rejected.why.startswith("a.json, Bundle.entry[1]: ")
    assert why in rejected.why
    assert "\n" not in rejected.why
    assert [row[0] for row in found.rows] == ["ann"]


def test_errors_of_entry_are_passed_over(clinic):
    wrong = observation("x", status="entered-in-error", subject=None)
    refuted = diabetes(verificationStatus=coded("refuted", "any"), subject=None)
    absent = observation("y", valueQuantity=None, dataAbsentReason=coded("unknown"))
    del absent["valueQuantity"]
    found = table(clinic(patient(), wrong, refuted, absent))
    assert (found.rejected, found.rows[0][-1]) == ((), "0")


@pytest.mark.parametrize("status", ["unconfirmed", "provisional", "differential"])
def test_a_suspicion_is_no_diagnosis(clinic, status):
    suspected = diabetes(verificationStatus=coded(status, "any"))
    confirmed = diabetes(verificationStatus=coded("confirmed", "any"))
    assert table(clinic(patient(), suspected)).rows[0][-1] == "0"
    assert table(clinic(patient(), suspected, confirmed | {"id": "other"})).rows[0][-1] == "1"


def test_of_a_name_that_stands_twice_neither_value_is_taken(clinic, tmp_path):
    path = clinic(patient(), diabetes())
    twice = path.read_text(encoding="utf-8").replace('"id": "c1"', '"id": "c0", "id": "c1"')
    path.write_text(twice, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.json: 'id' stands twice in one object"):
        read(path)
    said = json.dumps(diabetes()).replace('"id": "c1"', '"id": "c0", "id": "c1"')
    (tmp_path / "b.ndjson").write_text(f"{json.dumps(patient())}\n{said}\n", encoding="utf-8")
    (rejected,) = read(tmp_path / "b.ndjson").rejected
    assert rejected.why == "b.ndjson, line 2: 'id' stands twice in one object."


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"\xff\x00nonsense", "x.json", "this is no JSON"),
        (b"[" * 100_000, "x.json", "this is no JSON"),
        (b'{"resourceType": "Patient"}', "x.json", "this is no FHIR Bundle"),
        (b'{"resourceType": "Bundle", "entry": 3}', "x.json", "Bundle.entry is no list"),
        (b"plain", "x.json.gz", "this is no gzip file"),
        (gzip.compress(b"{}" * 1000, mtime=0)[:30], "x.json.gz", "cut off or damaged"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path, data, name, why):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=why):
        read(tmp_path / name)


def test_lines_that_are_no_resources_are_rejected_and_nobody_left_is_refused(tmp_path, clinic):
    clinic(patient())
    (tmp_path / "b.ndjson").write_text("{\n3\n", encoding="utf-8")
    assert [one.why for one in read(tmp_path / "b.ndjson").rejected] == [
        "b.ndjson, line 1: an entry is no resource",
        "b.ndjson, line 2: an entry is no resource",
    ]
    with pytest.raises(DataError, match="no Patient of these files can be used"):
        table(tmp_path / "b.ndjson")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"fhir": "3.0.2"}, "fhir"),
        ({"day": "today"}, "day"),
        ({"day": "2024-02-30"}, "day 2024-02-30"),
        ({"columns": []}, "columns"),
        ({"columns": [{"name": "a", "take": "sex"}] * 2}, 'column "a" is there twice'),
        ({"columns": [{"name": "patient", "take": "sex"}]}, 'column "patient"'),
        ({"columns": [{"name": "a", "take": "condition"}]}, "lacks the code"),
        ({"columns": [{"name": "a", "take": "observation", "code": "1"}]}, "lacks its unit"),
    ],
)
def test_a_wrong_mapping_is_named(tmp_path, change, why):
    (tmp_path / "map.json").write_text(json.dumps(MAPPING | change), encoding="utf-8")
    with pytest.raises(DataError, match=why):
        read_mapping(tmp_path / "map.json")


def test_the_command_loads_the_rest_only_if_told_so(clinic, tmp_path):
    path = clinic(patient(), observation("x", time="yesterday"))
    out, rejects = tmp_path / "out.csv", tmp_path / "rejects.csv"
    words = [str(path), "--mapping", str(tmp_path / "map.json"), "--out", str(out), "--rejects", str(rejects)]
    refused = CliRunner().invoke(make_table, words)
    assert isinstance(refused.exception, Failure)
    assert not out.exists()
    assert "yesterday" in rejects.read_text(encoding="utf-8")
    CliRunner().invoke(make_table, [*words, "--skip-bad-rows", "--json"], catch_exceptions=False)
    assert out.read_text(encoding="utf-8").splitlines()[1] == "ann,female,63,1,,,0"


PLACE = Place(bytes(32), "north", bytes(range(32)))
PERSON = bytes([7]) * 32
GIVEN = Consent(1_700_000_000_000, 1_800_000_000_000, PERSON, None, own=False)


MODELS = {"Consent": ConsentModel, "AuditEvent": AuditEvent, "Provenance": Provenance}


def going_out():
    """A resource of each kind that goes out; of AuditEvent with a purpose and in an emergency."""
    use = Use("east", PERSON, PERSON, "research", PERSON, 1, 1_700_000_000_123, None)
    emergency = Use("west", PERSON, PERSON, None, PERSON, 1, 1_700_000_000_123, None)
    return [
        consent(PLACE, PERSON, ToPurpose("research", GIVEN, stands=True)),
        audit_event(PLACE, use),
        audit_event(PLACE, emergency),
        provenance(PERSON, 1_700_000_000_123, [("north", PERSON, 2), ("east", PERSON, 1)]),
    ]


def test_what_goes_out_is_what_the_standard_requires():
    made = going_out()
    assert [check(one) for one in made] == [[]] * 4
    assert made[0]["patient"]["identifier"]["value"] == PERSON.hex()
    assert made[1]["recorded"] == "2023-11-14T22:13:20.123+00:00"
    assert made[2]["purposeOfEvent"][0]["coding"][0]["code"] == "BTG"
    with pytest.raises(ValueError, match="some data set"):
        provenance(PERSON, 0, [])


def test_a_withdrawn_consent_is_inactive_and_ends_when_it_was_withdrawn():
    gone = Consent(GIVEN.since, GIVEN.expires, PERSON, 1_750_000_000_000, own=False)
    made = consent(PLACE, PERSON, ToPurpose("research", gone, stands=False))
    assert made["status"] == "inactive"
    assert made["provision"]["period"]["end"] == "2025-06-15T15:06:40.000+00:00"


@pytest.mark.parametrize("made", going_out(), ids=["consent", "use", "emergency", "provenance"])
def test_the_data_types_of_a_library_take_what_goes_out(made):
    """fhir.resources, its R4B models: strict about elements, their names, types and counts."""
    model = MODELS[made["resourceType"]]
    assert model.model_validate(made).model_dump().keys() == made.keys()
    with pytest.raises(ValidationError, match="unsaid"):
        model.model_validate(made | {"unsaid": []})
    for name in made.keys() - {"resourceType"}:
        with pytest.raises(ValidationError, match=name):
            model.model_validate(made | {name: {"unsaid": 1}})


def test_the_data_types_of_a_library_let_a_consent_through_that_names_no_policy():
    (made, *_) = going_out()
    torn = {name: value for name, value in made.items() if name != "policy"}
    ConsentModel.model_validate(torn)
    assert check(torn) == ["Consent.policy: ppc-1, a Consent names a policy or a policyRule"]


def test_the_check_finds_what_data_types_let_through():
    made = consent(PLACE, PERSON, ToPurpose("research", GIVEN, stands=True))
    assert check(made | {"policy": []}) == [
        "Consent.policy: ppc-1, a Consent names a policy or a policyRule",
    ]
    assert check(made | {"status": None}) == ["Consent.status is missing"]
    agent = {"resourceType": "AuditEvent", "type": 1, "recorded": 1, "source": 1, "agent": [{"who": 1}]}
    assert check(agent) == ["AuditEvent.agent[0].requestor is missing"]
    agent = {"resourceType": "Provenance", "target": 1, "recorded": 1, "agent": [{"role": 1}]}
    assert check(agent) == ["Provenance.agent[0].who is missing"]
    assert check({"resourceType": "Patient"}) == ["Patient is none of Consent, AuditEvent, Provenance"]


def course(id_, code, day, **fields):
    return diabetes(id=id_, code=coded(code, SNOMED), recordedDate=day, **fields)


DAYS = {"fhir": "4.0.1", "day": "2024-06-30"}


@pytest.mark.parametrize(
    ("more", "cell"),
    [
        ((), "-121"),
        ((course("c2", "relapse", "2024-02-01"),), "31"),
        ((course("c2", "relapse", "2024-12-01"),), "-121"),
        ((course("c2", "relapse", "2024-02-01", verificationStatus=coded("refuted")),), "-121"),
        ((course("c2", "relapse", "2024-02-01"), course("c3", "relapse", "2024-01-11")), "10"),
        ((course("c2", "relapse", "soon"),), "-121"),
    ],
    ids=["seen", "relapse", "later", "refuted", "first", "unread"],
)
def test_days_count_from_a_condition_to_the_event_or_to_when_the_patient_was_last_seen(
    clinic, tmp_path, more, cell
):
    column = {"name": "days", "take": "days", "code": "cancer", "until": "relapse"}
    (tmp_path / "map.json").write_text(json.dumps(DAYS | {"columns": [column]}), encoding="utf-8")
    seen = observation("o1", time="2024-05-01")
    file = clinic(patient(), course("c1", "cancer", "2024-01-01"), seen, *more)
    assert table(file).rows == (("ann", cell),)


@pytest.mark.parametrize(
    ("gone", "cell"),
    [("2024-01-06", "5"), ("2025-01-01", None), ("2024", "no whole day"), ("2023-01-01", "not after")],
)
def test_death_ends_the_course_and_what_cannot_be_counted_is_told(clinic, tmp_path, gone, cell):
    column = {"name": "days", "take": "days", "code": "cancer"}
    (tmp_path / "map.json").write_text(json.dumps(DAYS | {"columns": [column]}), encoding="utf-8")
    whole = patient("bob", deceasedDateTime="2024-03-01")
    started = course("c0", "cancer", "2024-02-01", subject={"reference": "Patient/bob"})
    file = clinic(whole, started, patient(deceasedDateTime=gone), course("c1", "cancer", "2024-01-01"))
    found = table(file)
    if cell == "5":
        assert found.rows == (("ann", "5"), ("bob", "29"))
    else:
        assert found.rows == (("bob", "29"),)
        assert (cell or "not after") in found.rejected[0].why


def test_who_never_had_the_condition_has_no_course(clinic, tmp_path):
    column = {"name": "days", "take": "days", "code": "cancer"}
    (tmp_path / "map.json").write_text(json.dumps(DAYS | {"columns": [column]}), encoding="utf-8")
    with pytest.raises(DataError, match="no Condition cancer"):
        table(clinic(patient()))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone.json: No such file"):
        read(tmp_path / "gone.json")
    with pytest.raises(DataError, match=r"gone.json: No such file"):
        read_mapping(Path(tmp_path / "gone.json"))
