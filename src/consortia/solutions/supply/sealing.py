"""What was paid and with whom one trades: out of the events that others get, and committed to beside them.

Each sealed field of an event is a subject of one data set, named by the event's hash and the field; the
ledger has the salted commitment of all of them, and any one opens alone. The hash is that of the event as it
is shared, so that whoever holds it can tell what an opening is about.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consortia.base.codec import Malformed, decode
from consortia.engines.train.files import CELL_CHARS_MAX, DataError, shown
from consortia.solutions.supply.epcis.hashing import context_names
from consortia.solutions.supply.epcis.keys import canonical
from consortia.solutions.supply.epcis.objects import json_of
from consortia.solutions.supply.epcis.reading import Recorded, recorded

PARTNERS = ("bizTransactionList", "sourceList", "destinationList")
"""The fields of EPCIS that say with whom one trades; they are always sealed."""

COLUMNS = ("about", "value")
TERMS = "sealed-terms"
"""The one data set of a member's sealed terms: the ledger gives no second one this name."""

_FIELD = re.compile(r"[!-~]{1,79}:[!-~]{1,80}")
_ABOUT = re.compile(r"(ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.0) ([!-~]{1,160})")
_LOCAL = re.compile(r"[:/#]")
_PARTNER_NAMES = frozenset(field.casefold() for field in PARTNERS)


@dataclass(frozen=True, slots=True)
class Term:
    """What one field of an event says: the event's hash as shared, the field, its values as JSON."""

    event: str
    field: str
    values: tuple[str, ...]

    @property
    def about(self) -> str:
        """The subject of the commitment."""
        return f"{self.event} {self.field}"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Events as others get them, and what was taken out of them.

    `kept_back` are the places of events that are nothing without their partner. `elsewhere` are places where
    a field that is shared says what a sealed one does.
    """

    shared: tuple[dict[str, Any], ...]
    terms: tuple[Term, ...]
    kept_back: tuple[str, ...]
    elsewhere: tuple[str, ...]

    def rows(self) -> list[dict[str, str]]:
        """The rows of the data set: `about` names the subject."""
        return [{"about": term.about, "value": value} for term in self.terms for value in term.values]


def seal(events: Sequence[Recorded], fields: Iterable[str] = ()) -> Sealed:
    """Take partners, and the fields of other vocabularies that are named, out of events.

    Raises DataError where a field is no such name or in no event, where something of its name is left in an
    event, and where events that are one without what is sealed say different things there. No value is told.
    """
    private = (*PARTNERS, *_checked(fields))
    missing = set(private) - set(PARTNERS) - {name for event in events for name in event.body}
    if missing:
        raise DataError(f"no event has a field {shown(min(missing))!r}: nothing would be sealed.")
    kept_back = tuple(event.where for event in events if event.kind == "TransactionEvent")
    pairs = [(event, _without(event, private)) for event in events if event.kind != "TransactionEvent"]
    renamed = {event.name: bare.name for event, bare in pairs}
    renamed |= {name: name for name in renamed.values()}
    found = dict[tuple[str, str], Term]()
    elsewhere, shared = list[str](), list[dict[str, Any]]()
    for event, bare in pairs:
        for term in _terms(event, bare.name, private):
            if found.setdefault((term.event, term.field), term) != term:
                raise DataError(
                    f"{event.where}: {term.field} of this event differs from that of an event which is the "
                    "same without it."
                )
        if _strings(event, private) & set(_leaves(bare.body)):
            elsewhere.append(event.where)
        shared.append(_named(bare, renamed))
    return Sealed(tuple(shared), tuple(found.values()), kept_back, tuple(elsewhere))


def term_of(subject: bytes, rows: Sequence[bytes]) -> Term:
    """The term that an opened subject and its rows are; raises DataError."""
    found = _ABOUT.fullmatch(subject.decode("ascii", "replace"))
    if found is None:
        raise DataError("what is opened is no field of an event.")
    values = tuple(_value(row) for row in rows)
    if found[2] not in PARTNERS and len(values) != 1:
        raise DataError(f"{found[2]} is said {len(values)} times: an event says it once.")
    return Term(found[1], found[2], values)


def only_one(dataset: str, *, first: bool) -> str:
    """That what is opened is all that its owner ever said there of the field; raises DataError."""
    if dataset != TERMS:
        raise DataError(
            f"it stands in {dataset}, not in {TERMS}: its owner may have said another thing there."
        )
    if not first:
        raise DataError("its subject has a salt: under another its owner may have said another thing.")
    return f"its owner said nothing else of this field: a member has one data set {TERMS}"


def event_of(term: Term, events: Iterable[Recorded]) -> Recorded:
    """The event that a term is of, by its hash; raises DataError where it is not among these."""
    found = next((event for event in events if event.name == term.event), None)
    if found is None:
        raise DataError(f"what is opened is of another event, {term.event}, which is not in these files.")
    return found


def _checked(fields: Iterable[str]) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(fields))
    for field in named:
        if not _FIELD.fullmatch(field):
            raise DataError(f"{shown(field)!r} is no field of another vocabulary, such as acme:price.")
    return named


def _without(event: Recorded, private: Sequence[str]) -> Recorded:
    """An event without what is private, under the name that others will give it."""
    body = event.alone
    for field in private:
        body.pop(field, None)
    likes = {_local(field) for field in private}
    for name in _names(body, foreign=False):
        if _local(name) in likes:
            raise DataError(
                f"{event.where}: {shown(name)!r} would be shared. A field is sealed that stands in the event "
                "itself: name it, or take it out."
            )
    return recorded(body, context_names(body), event.number, event.where)


def _local(name: str) -> str:
    """A field's name without its vocabulary."""
    return _LOCAL.split(name)[-1].casefold()


def _terms(event: Recorded, name: str, private: Sequence[str]) -> Iterator[Term]:
    body = event.body
    for field in private:
        if field not in body:
            continue
        said = body[field] if field in PARTNERS else [body[field]]
        values = tuple(sorted({_json(each) for each in said}))
        if any(len(value) > CELL_CHARS_MAX for value in values):
            raise DataError(f"{event.where}: {field} has more than {CELL_CHARS_MAX:,} characters.")
        if values:
            yield Term(name, field, values)


def _named(bare: Recorded, renamed: Mapping[str, str]) -> dict[str, Any]:
    """A shared event without ids that are hashes of what it or others said: with those one could guess it.

    `renamed` are the events' hashes as shared, by those that cover what is sealed.
    """
    body = bare.body
    if _is_hash(body.get("eventID")):
        body["eventID"] = bare.name
    wrong = body.get("errorDeclaration")
    if isinstance(wrong, dict) and isinstance(wrong.get("correctiveEventIDs"), list):
        ids = [renamed.get(each, each) for each in wrong["correctiveEventIDs"] if isinstance(each, str)]
        wrong["correctiveEventIDs"] = [each for each in ids if not _is_hash(each) or each in renamed]
    if any(renamed.get(text, text) != text for text in _leaves(body)):
        raise DataError(f"{bare.where}: it names an event by a hash that covers what is sealed.")
    return body


def _is_hash(value: Any) -> bool:  # noqa: ANN401 (any JSON)
    return isinstance(value, str) and value.lower().startswith("ni:")


def _names(value: Any, *, foreign: bool) -> Iterator[str]:  # noqa: ANN401
    """The names of fields, however deep: those of other vocabularies with all in them, and any partner's."""
    if isinstance(value, dict):
        for name, inner in value.items():
            within = foreign or ":" in name
            if name != "@context":
                if within or _local(name) in _PARTNER_NAMES:
                    yield name
                yield from _names(inner, foreign=within)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner, foreign=foreign)


def _strings(event: Recorded, private: Sequence[str]) -> set[str]:
    """The texts that sealed fields say, but for words of vocabularies."""
    body = event.body
    return {text for field in private if field in body for text in _leaves(body[field])}


def _leaves(value: Any) -> Iterator[str]:  # noqa: ANN401
    """All texts in a value in their one form, but for contexts and types."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("@context", "type"):
                yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield canonical(value)


def _value(row: bytes) -> str:
    """The JSON of a row; raises DataError."""
    try:
        cells = decode(row)
    except Malformed:
        cells = None
    value = cells.get("value") if isinstance(cells, dict) and len(cells) == 1 else None
    if not isinstance(value, str):
        raise DataError("a row that is opened is no value of a field.")
    return _json(json_of(value, "a row that is opened"))


def _json(value: Any) -> str:  # noqa: ANN401
    """A value in its one spelling, in ASCII: nothing in it speaks to a terminal."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
