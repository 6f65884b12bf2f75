"""Study tables from FHIR resources: one row a patient, by a mapping."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from consortia.engines.train.files import DataError, number_text, shown
from consortia.solutions.health.fhir.mapping import Column, Mapping
from consortia.solutions.health.fhir.reading import Resource, Resources
from consortia.solutions.health.study import PATIENT, StudyTable, age_on, is_better
from consortia.solutions.moments import instant
from consortia.solutions.rejects import NoneUsable, Rejects

_SEX = {"male": "male", "female": "female", "other": "other", "unknown": ""}
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?\Z")


class _BadElement(ValueError):
    """An element that cannot be read; the text names it."""


@dataclass(slots=True)
class _Course:
    """The first day of each Condition by its code, and the last day on which the patient was seen."""

    began: dict[str, str]
    last: str


def study_table(resources: Resources, mapping: Mapping) -> StudyTable:
    """The study table of these resources. What a column needs and cannot read is rejected, one line each.

    Raises DataError where no patient is left.
    """
    rejects = Rejects(list(resources.rejected))
    patients: dict[str, Resource] = {}
    names: dict[str, str] = {}
    for one in resources.patients:
        if one.id:
            patients[one.id] = one
            names |= {f"Patient/{one.id}": one.id, f"urn:uuid:{one.id}": one.id}
            names |= {one.url: one.id} if one.url else {}
    seen: dict[tuple[str, str], tuple[str, float]] = {}
    had: set[tuple[str, str]] = set()
    for one in resources.others():
        try:
            _take(one, mapping, names, seen, had)
        except _BadElement as error:
            rejects.add(one.number, f"{one.where}: {error}")
    follow_up = (
        _followed(resources, mapping, names) if any(each.take == "days" for each in mapping.columns) else {}
    )
    rows = []
    for id_ in sorted(patients):
        try:
            _check_modifiers(patients[id_].body, "Patient")
            cells = [
                _days(patients[id_], column, mapping.day, follow_up)
                if column.take == "days"
                else _cell(patients[id_], column, mapping, seen, had)
                for column in mapping.columns
            ]
        except _BadElement as error:
            rejects.add(patients[id_].number, f"{patients[id_].where}: {error}")
        else:
            rows.append((id_, *cells))
    if not rows:
        raise NoneUsable("no Patient of these files can be used", rejects)
    heads = [f"{one.name} [{one.unit}]" if one.unit else one.name for one in mapping.columns]
    return StudyTable((PATIENT, *heads), tuple(rows), rejects.done())


def _take(
    one: Resource,
    mapping: Mapping,
    names: dict[str, str],
    seen: dict[tuple[str, str], tuple[str, float]],
    had: set[tuple[str, str]],
) -> None:
    """Take what a mapping's columns ask of one resource; raises _BadElement."""
    if one.kind == "Condition":
        wanted = [each for each in mapping.columns if each.take == "condition" and _has(one.body, each)]
        if wanted and not _is_error(one) and _is_confirmed(one):
            _check_modifiers(one.body, "Condition")
            who = _subject(one, names)
            if _time(one, "recordedDate", "onsetDateTime")[:10] <= mapping.day:
                had |= {(who, each.name) for each in wanted}
    if one.kind != "Observation" or one.body.get("status") in ("entered-in-error", "cancelled"):
        return
    for part, where in _parts(one):
        for column in mapping.columns:
            if column.take == "observation" and _has(part, column):
                _check_modifiers(one.body, "Observation")
                _check_modifiers(part, where)
                who, time = _subject(one, names), _time(one, "effectiveDateTime", "effectiveInstant")
                value = _quantity(part, column, where)
                if value is None or time[:10] > mapping.day:
                    continue
                key = (who, column.name)
                if key not in seen or is_better(column.pick, (time, value), seen[key]):
                    seen[key] = time, value


def _parts(one: Resource) -> Iterator[tuple[dict[str, Any], str]]:
    """An Observation itself, and its components."""
    yield one.body, "Observation"
    parts = one.body.get("component", [])
    if not isinstance(parts, list):
        raise _BadElement("Observation.component is no list")
    for number, part in enumerate(parts):
        if isinstance(part, dict):
            yield part, f"Observation.component[{number}]"


def _cell(
    patient: Resource,
    column: Column,
    mapping: Mapping,
    seen: dict[tuple[str, str], tuple[str, float]],
    had: set[tuple[str, str]],
) -> str:
    body = patient.body
    match column.take:
        case "sex":
            gender = body.get("gender", "unknown")
            if not isinstance(gender, str) or gender not in _SEX:
                raise _BadElement(f"Patient.gender is {shown(str(gender))}")
            return _SEX[gender]
        case "age":
            return _age(body.get("birthDate"), date.fromisoformat(mapping.day))
        case "alive":
            gone = body.get("deceasedBoolean") is True or "deceasedDateTime" in body
            return "0" if gone else "1"
        case "condition":
            return "1" if (patient.id, column.name) in had else "0"
    found = seen.get((patient.id, column.name))
    return "" if found is None else number_text(found[1])


def _followed(resources: Resources, mapping: Mapping, names: dict[str, str]) -> dict[str, _Course]:
    """Each patient's course: what began when, and when the patient was last seen; what cannot be read is out.

    An Observation or Condition that cannot be read is told where a column takes it.
    """
    found: dict[str, _Course] = {}
    for one in resources.others():
        if one.kind not in {"Condition", "Observation"} or _is_error(one):
            continue
        elements = ("onsetDateTime", "recordedDate") if one.kind == "Condition" else ("effectiveDateTime",)
        try:
            _check_modifiers(one.body, one.kind)
            who, day = _subject(one, names), _time(one, *elements)[:10]
        except _BadElement:
            continue
        if len(day) < len(mapping.day) or day > mapping.day:
            continue
        course = found.setdefault(who, _Course({}, day))
        course.last = max(course.last, day)
        for _, code in _codes(one.body.get("code")) if one.kind == "Condition" and _is_confirmed(one) else ():
            course.began[code] = min(course.began.get(code, day), day)
    return found


def _check_modifiers(body: dict[str, Any], where: str) -> None:
    """Raise _BadElement where an element says that the others mean something else, unknown here."""
    for name in ("implicitRules", "modifierExtension"):
        if body.get(name):
            raise _BadElement(f"{where}.{name} may change what it says, and is not known here")


def _is_error(one: Resource) -> bool:
    status = _codes(one.body.get("verificationStatus"))
    wrong = any(code in {"entered-in-error", "refuted"} for _, code in status)
    return wrong or one.body.get("status") in ("entered-in-error", "cancelled")


def _is_confirmed(one: Resource) -> bool:
    """Whether a condition is one that the patient has, and no suspicion; one that says neither is."""
    said = {code for _, code in _codes(one.body.get("verificationStatus"))}
    return not said & {"unconfirmed", "provisional", "differential"}


def _days(patient: Resource, column: Column, day: str, courses: dict[str, _Course]) -> str:
    """Days until the event, or less than nothing without one; raises _BadElement."""
    course = courses.get(patient.id, _Course({}, ""))
    first = course.began.get(column.code)
    if first is None:
        raise _BadElement(f"no Condition {shown(column.code)} with its day, to count days from")
    ends = [course.began[column.until]] if column.until in course.began else []
    gone = patient.body.get("deceasedDateTime")
    if gone is not None:
        death = _time(patient, "deceasedDateTime")[:10]
        if len(death) < len(day):
            raise _BadElement("Patient.deceasedDateTime is no whole day")
        ends += [death] if death <= day else []
    last = min(ends) if ends else course.last
    count = (date.fromisoformat(last) - date.fromisoformat(first)).days
    if count <= 0:
        raise _BadElement(f"the course ends on {last}, not after {first}, when it begins")
    return str(count if ends else -count)


def _age(born: object, day: date) -> str:
    if born is None:
        return ""
    if not isinstance(born, str) or not _DATE.match(born):
        raise _BadElement(f"Patient.birthDate is no date: {shown(str(born))}")
    try:
        first = date.fromisoformat((born + "-07-01")[:10] if len(born) == 4 else (born + "-15")[:10])
    except ValueError:
        raise _BadElement(f"Patient.birthDate is no date: {shown(born)}") from None
    if first > day:
        raise _BadElement(f"Patient.birthDate lies after {day.isoformat()}")
    return age_on(day, first)


def _has(body: dict[str, Any], column: Column) -> bool:
    return any(
        code == column.code and column.system in {"", system} for system, code in _codes(body.get("code"))
    )


def _codes(concept: object) -> Iterable[tuple[str, str]]:
    codings = concept.get("coding", []) if isinstance(concept, dict) else []
    known = codings if isinstance(codings, list) else []
    return [
        (str(each.get("system", "")), str(each.get("code", ""))) for each in known if isinstance(each, dict)
    ]


def _subject(one: Resource, names: dict[str, str]) -> str:
    subject = one.body.get("subject")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    if not isinstance(reference, str):
        raise _BadElement(f"{one.kind}.subject.reference is missing")
    if reference not in names:
        raise _BadElement(f"{one.kind}.subject.reference names no Patient here: {shown(reference)}")
    return names[reference]


def _time(one: Resource, *elements: str) -> str:
    """A time in UTC, sortable; raises _BadElement for one without a time zone."""
    for element in elements:
        text = one.body.get(element)
        if text is None:
            continue
        if isinstance(text, str) and _DATE.match(text):
            return text
        try:
            return instant(text).isoformat()
        except DataError as error:
            raise _BadElement(f"{one.kind}.{element} {error}: {shown(str(text))}") from None
    raise _BadElement(f"{one.kind}.{elements[0]} is missing")


def _quantity(part: dict[str, Any], column: Column, where: str) -> float | None:
    """The value in the mapping's unit; None where the data are said to be absent."""
    quantity = part.get("valueQuantity")
    if quantity is None and "dataAbsentReason" in part:
        return None
    if not isinstance(quantity, dict):
        raise _BadElement(f"{where}.valueQuantity is missing")
    unit = quantity.get("code", quantity.get("unit"))
    if unit != column.unit:
        raise _BadElement(
            f"{where}.valueQuantity.code is {shown(str(unit))!r}; the mapping asks for {column.unit!r}"
        )
    if "comparator" in quantity:
        raise _BadElement(f"{where}.valueQuantity.comparator: a bound, where a value is asked")
    value = quantity.get("value")
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:  # an integer of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise _BadElement(f"{where}.valueQuantity.value is no number: {shown(str(value))}")
    return number
