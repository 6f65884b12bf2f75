"""Questions about persons."""

from itertools import islice
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, Digest, Name, Record
from consortia.base.refusals import Refused
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.identity import refusals as codes
from consortia.modules.identity.person_state import PERSON_KEYS, PERSONS, crowd
from consortia.modules.identity.person_types import Person
from consortia.modules.identity.state import text

PAGE_MAX = 100


class ListPersons(Record, frozen=True):
    """A member's persons behind the label `after`, or from the first; shorter labels come first."""

    member: Name
    after: Name | None
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class ByPersonKey(Record, frozen=True):
    """A question about the person whose key has this id."""

    key: Digest


class PersonView(Record, frozen=True):
    """A person, whose it is, and its label."""

    member: Name
    label: Name
    person: Person


class PersonPage(Record, frozen=True):
    """A page of persons; `count` were not released; `next` is the next page's `after`, None on the last."""

    persons: Annotated[tuple[PersonView, ...], Meta(max_length=PAGE_MAX)]
    count: U32
    next: Name | None


def persons(ctx: Context, arguments: ListPersons, _ports: None) -> PersonPage:
    """A member's persons, released ones included."""
    after = () if arguments.after is None else (arguments.after,)
    behind = PERSONS.scan(ctx, arguments.member, after=after)
    page = [
        PersonView(arguments.member, text(key[1]), one) for key, one in islice(behind, arguments.limit + 1)
    ]
    found = tuple(page[: arguments.limit])
    last = found[-1].label if len(page) > len(found) else None
    return PersonPage(found, crowd(ctx, arguments.member).count, last)


def person(ctx: Context, arguments: ByPersonKey, _ports: None) -> PersonView:
    """The person that a key is or was of."""
    held = PERSON_KEYS.get(ctx, arguments.key)
    found = None if held is None else PERSONS.get(ctx, held.member, held.label)
    if held is None or found is None:
        raise Refused(codes.NO_PERSON, arguments.key.hex())
    return PersonView(held.member, held.label, found)


PERSON_QUERIES = (
    Query("persons", ListPersons, PersonPage, persons, "A member's persons, a page at a time."),
    Query("person", ByPersonKey, PersonView, person, "The person that a key is or was of."),
)
