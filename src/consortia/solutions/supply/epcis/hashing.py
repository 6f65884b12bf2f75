"""The hash of an event: partners who hold the same event, however it is written, name it alike.

The fields in one order, names of keys and vocabularies in one form, times in UTC milliseconds, lists sorted,
are one text; its SHA-256 is the event's name. What says who recorded an event and when is left out, so that
two recordings of one event are known as such.

Source: GS1 Core Business Vocabulary 2.0, section 8.9 (event identifiers by hash).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from consortia.engines.train.files import DataError, shown
from consortia.solutions.moments import instant
from consortia.solutions.supply.epcis.keys import canonical

Event = Mapping[str, Any]
Names = Mapping[str, str]

VERSION = "CBV2.0"
DEPTH_MAX = 64
"""Lists and objects of an event stand in one another so deep at most."""

_CBV, _VOC = "https://ref.gs1.org/cbv/", "https://gs1.org/voc/"
_LEFT_OUT = frozenset(("eventID", "recordTime", "errorDeclaration", "type", "isA"))
_COMMENT = "http://www.w3.org/2000/01/rdf-schema#comment"
_IGNORE = ":ignoreFields"
_QUANTITY = ("epcClass", "quantity", "uom")
_LISTS = {
    "epcList": "epc",
    "inputEPCList": "epc",
    "outputEPCList": "epc",
    "childEPCs": "epc",
}
_ELEMENTS = {
    "quantityList": "quantityElement",
    "childQuantityList": "quantityElement",
    "inputQuantityList": "quantityElement",
    "outputQuantityList": "quantityElement",
    "sensorElementList": "sensorElement",
    "bizTransactionList": "",
    "sourceList": "",
    "destinationList": "",
}
_ORDER = (
    "eventTime",
    "eventTimeZoneOffset",
    "certificationInfo",
    "parentID",
    "epcList",
    "inputEPCList",
    "childEPCs",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "action",
    "transformationID",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "destinationList",
    "sourceList",
    "sensorElementList",
)
_WITHIN = {
    "quantityElement": _QUANTITY,
    "persistentDisposition": ("set", "unset"),
    "readPoint": ("id",),
    "bizLocation": ("id",),
    "bizTransactionList": ("type", "bizTransaction"),
    "sourceList": ("type", "source"),
    "destinationList": ("type", "destination"),
    "sensorElement": ("sensorMetadata", "sensorReport"),
    "sensorMetadata": (
        "time",
        "startTime",
        "endTime",
        "deviceID",
        "deviceMetadata",
        "rawData",
        "dataProcessingMethod",
        "bizRules",
    ),
    "sensorReport": (
        "type",
        "exception",
        "deviceID",
        "deviceMetadata",
        "rawData",
        "dataProcessingMethod",
        "time",
        "microorganism",
        "chemicalSubstance",
        "value",
        "component",
        "stringValue",
        "booleanValue",
        "hexBinaryValue",
        "uriValue",
        "minValue",
        "maxValue",
        "meanValue",
        "sDev",
        "percRank",
        "percValue",
        "uom",
        "coordinateReferenceSystem",
    ),
}
_TIMES = frozenset(("eventTime", "time", "startTime", "endTime"))
_WORDS = {
    ("", "bizStep"): (_CBV, "BizStep-", "bizstep"),
    ("", "disposition"): (_CBV, "Disp-", "disp"),
    ("persistentDisposition", "set"): (_CBV, "Disp-", "disp"),
    ("persistentDisposition", "unset"): (_CBV, "Disp-", "disp"),
    ("bizTransactionList", "type"): (_CBV, "BTT-", "btt"),
    ("sourceList", "type"): (_CBV, "SDT-", "sdt"),
    ("destinationList", "type"): (_CBV, "SDT-", "sdt"),
    ("sensorReport", "type"): (_VOC, "", ""),
    ("sensorReport", "exception"): (_VOC, "", ""),
    ("sensorReport", "component"): (_CBV, "Comp-", "comp"),
}
"""Where a field's value is a word of a vocabulary: its home, the word's beginning, its name in a URN."""


def event_hash(event: Event, names: Names, *, ignored: Iterable[str] = ()) -> str:
    """The name of an event: `ni:///sha-256;...?ver=CBV2.0`.

    `names` are the prefixes that the document's context gives to namespaces. `ignored` are fields, with their
    prefix, that are left out besides. Raises DataError for what is no event, or cannot be written again.
    """
    written(event)
    digest = hashlib.sha256(event_text(event, names, ignored=ignored).encode()).hexdigest()
    return f"ni:///sha-256;{digest}?ver={VERSION}"


def written(event: Event) -> bytes:
    """An event as JSON in UTF-8, as short as it goes; raises DataError where it cannot be written so."""
    try:
        said = json.dumps(event, ensure_ascii=False, allow_nan=False, default=str, separators=(",", ":"))
        if said.count("{") + said.count("[") > DEPTH_MAX and _is_deep(event, DEPTH_MAX):
            raise DataError("it is nested too deep.")
        return said.encode()
    except UnicodeEncodeError:
        raise DataError("a text of it holds half a sign, which no UTF-8 has.") from None
    except RecursionError:
        raise DataError("it is nested too deep.") from None
    except DataError:
        raise
    except ValueError:
        raise DataError("a number of it is too large to be one.") from None


def _is_deep(value: Any, most: int) -> bool:  # noqa: ANN401 (any JSON)
    """Whether lists and objects stand in one another more than `most` deep."""
    if not isinstance(value, Mapping | list):
        return False
    inner = value.values() if isinstance(value, Mapping) else value
    return most == 0 or any(_is_deep(one, most - 1) for one in inner)


def event_text(event: Event, names: Names, *, ignored: Iterable[str] = ()) -> str:
    """The one text of an event, of which the hash is taken."""
    kind = event.get("type", event.get("isA"))
    if not isinstance(kind, str):
        raise DataError("an event has no type")
    kept = {name: value for name, value in event.items() if name not in frozenset(ignored)}
    return f"eventType={kind}{_fields(kept, '', _ORDER, names, _LEFT_OUT)}"


def context_names(document: Mapping[str, Any]) -> dict[str, str]:
    """The prefixes of a document's context."""
    found: dict[str, str] = {}
    for part in _listed(document.get("@context", ())):
        if isinstance(part, Mapping):
            found |= {str(name): value for name, value in part.items() if isinstance(value, str)}
    return found


def ignored_fields(document: Mapping[str, Any]) -> frozenset[str]:
    """The fields that a document asks to leave out, `ignoreFields` of any prefix: honoured only if wanted.

    Whoever sends a document could leave out what makes two events differ.
    """
    body = document.get("epcisBody", {})
    parts = [document, body, body.get("queryResults", {}) if isinstance(body, Mapping) else {}]
    found: set[str] = set()
    for part in parts:
        if isinstance(part, Mapping):
            for name, value in part.items():
                if name.endswith(_IGNORE):
                    found |= {one for one in _listed(value) if isinstance(one, str)}
    return frozenset(found)


def events_of(document: Mapping[str, Any]) -> list[Any]:
    """The events of a capture document, a query's answer, or a single event; raises DataError.

    What is no event among them is there as well, for the reader to tell.
    """
    body = document.get("epcisBody")
    if not isinstance(body, Mapping):
        if isinstance(document.get("type"), str) and "eventTime" in document:
            return [document]
        raise DataError("no EPCIS document: it has no epcisBody")
    results = body.get("queryResults")
    if isinstance(results, Mapping):
        body = results.get("resultsBody", {})
    events = body.get("eventList", body.get("event")) if isinstance(body, Mapping) else None
    if events is None:
        raise DataError("no EPCIS document: it has no eventList")
    return _listed(events)


def _fields(
    fields: Event, where: str, order: tuple[str, ...], names: Names, left_out: frozenset[str] = frozenset()
) -> str:
    """The fields in order, then those of other vocabularies, sorted."""
    if not isinstance(fields, Mapping):
        raise DataError(f"{where} holds {shown(str(fields))!r}, which is no object.")
    text = "".join(_field(where, name, fields[name], names) for name in order if name in fields)
    others = [
        _extension(name, value, names) for name, value in fields.items() if _is_other(name, order, left_out)
    ]
    return text + "".join(sorted(filter(None, others)))


def _is_other(name: str, order: tuple[str, ...], left_out: frozenset[str]) -> bool:
    return name not in order and name not in left_out and not name.startswith("@")


def _field(where: str, name: str, value: Any, names: Names) -> str:  # noqa: ANN401 (any JSON)
    """One field of the standard's: its name, and what it says."""
    if name in _LISTS:
        found = sorted(f"{_LISTS[name]}={_said('', _LISTS[name], one, names)}" for one in _listed(value))
        return name + "".join(found) if found else ""
    if name in _ELEMENTS:
        inner = _ELEMENTS[name] or name
        mark = _ELEMENTS[name]
        parts = sorted(mark + _fields(one, inner, _WITHIN[inner], names) for one in _listed(value))
        return name + "".join(parts) if parts else ""
    if name == "sensorReport":
        return "".join(sorted(name + _fields(one, name, _WITHIN[name], names) for one in _listed(value)))
    if isinstance(value, Mapping):
        return name + _fields(value, name, _WITHIN.get(name, ()), names)
    if isinstance(value, list):
        return "".join(sorted(f"{name}={_said(where, name, one, names)}" for one in value))
    return f"{name}={_said(where, name, value, names)}"


def _said(where: str, name: str, value: Any, names: Names) -> str:  # noqa: ANN401
    """What a field says, in one form."""
    if name in _TIMES:
        return _moment(value)
    word = _WORDS.get((where, name))
    if word is not None and isinstance(value, str):
        return _word(value, word, names)
    text = _scalar(value)
    return canonical(text) if isinstance(value, str) else text


def _word(value: str, word: tuple[str, str, str], names: Names) -> str:
    """A word of a vocabulary as a web address: bare, as a URN, or with a prefix."""
    home, begin, urn = word
    if urn and value.startswith(f"urn:epcglobal:cbv:{urn}:"):
        return f"{home}{begin}{value.rpartition(':')[2]}"
    if ":" not in value:
        return f"{home}{begin}{value}"
    prefix, _, rest = value.partition(":")
    known = {"cbv": _CBV, "gs1": _VOC, **names}
    return f"{known[prefix]}{rest}" if prefix in known and not rest.startswith("//") else value


def _extension(name: str, value: Any, names: Names) -> str:  # noqa: ANN401
    """A field of another vocabulary, under its namespace where its prefix is known; nothing for a comment."""
    prefix, _, rest = name.partition(":")
    space = names.get(prefix) if rest else None
    if space is not None and space + rest == _COMMENT:
        return ""
    full = name if space is None else f"{{{space}}}{rest}"
    if isinstance(value, Mapping):
        return full + _fields(value, name, (), names)
    if isinstance(value, list):
        return "".join(sorted(_extension(name, one, names) for one in value))
    return f"{full}={canonical(_scalar(value)) if isinstance(value, str) else _scalar(value)}"


def _scalar(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        text = format(Decimal(str(value)), "f")
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
    return str(value)


def _moment(value: Any) -> str:  # noqa: ANN401
    """A time in UTC, rounded to milliseconds."""
    text = str(value)
    try:
        rounded = instant(text, zoned=False) + timedelta(microseconds=500)
    except (DataError, OverflowError):
        raise DataError(f"time {shown(text)!r}: as 2026-01-31T12:00:00.000+01:00") from None
    return f"{rounded:%Y-%m-%dT%H:%M:%S}.{rounded.microsecond // 1000:03}Z"


def _listed(value: Any) -> list[Any]:  # noqa: ANN401
    return list(value) if isinstance(value, list | tuple) else [value]
