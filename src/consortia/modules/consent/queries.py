"""What anyone may ask about consent."""

from itertools import islice
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Record
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.consent.ports import Ports
from consortia.modules.consent.rules import is_whole, stands
from consortia.modules.consent.state import CONSENTS, COVERS, SCOPES, USES, withdrawn
from consortia.modules.consent.types import Consent, Cover, Purpose, Scope, Use

PAGE_MAX = 100
CONSENTS_MAX = 256


class ByDataset(Record, frozen=True):
    """A data set's id."""

    dataset: Digest


class MaybeScope(Record, frozen=True):
    """A data set under consent, or None where it stands under none."""

    scope: Scope | None


class BySubject(Record, frozen=True):
    """A person's key in a data set."""

    dataset: Digest
    subject: Digest


class ToPurpose(Record, frozen=True):
    """A consent to a purpose, and whether it stands now."""

    purpose: Purpose
    consent: Consent
    stands: bool


class Consents(Record, frozen=True):
    """What a person agreed to, by purpose; of more than 256 purposes the first."""

    consents: Annotated[tuple[ToPurpose, ...], Meta(max_length=CONSENTS_MAX)]


class ByVersion(Record, frozen=True):
    """A version of a data set, and a purpose."""

    dataset: Digest
    version: U32
    purpose: Purpose


class Covered(Record, frozen=True):
    """What was shown of a version, and whether it may be read for the purpose now."""

    cover: Cover | None
    allowed: bool


class ListUses(Record, frozen=True):
    """The uses of a data set's records from place `first` on."""

    dataset: Digest
    first: U63
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class UsePage(Record, frozen=True):
    """A page of uses, oldest first; `next` is the `first` of the next page, None on the last."""

    uses: Annotated[tuple[Use, ...], Meta(max_length=PAGE_MAX)]
    total: U63
    next: U63 | None


def scope(ctx: Context, arguments: ByDataset, ports: Ports) -> MaybeScope:
    """The data set under consent with this id."""
    return MaybeScope(SCOPES.get(ctx, arguments.dataset))


def consents(ctx: Context, arguments: BySubject, ports: Ports) -> Consents:
    """What a person agreed to."""
    found = CONSENTS.scan(ctx, arguments.dataset, arguments.subject)
    told = islice(found, CONSENTS_MAX)
    return Consents(tuple(ToPurpose(str(key[2]), each, stands(each, ctx.time)) for key, each in told))


def covered(ctx: Context, arguments: ByVersion, ports: Ports) -> Covered:
    """Whether everybody in a version consents to a purpose, as far as was shown."""
    found = COVERS.get(ctx, arguments.dataset, arguments.version, arguments.purpose)
    gone = withdrawn(ctx, arguments.dataset, arguments.purpose)
    free = not SCOPES.has(ctx, arguments.dataset)
    return Covered(found, free or is_whole(found, gone, ctx.time))


def uses(ctx: Context, arguments: ListUses, ports: Ports) -> UsePage:
    """Who asked for whose records, oldest first."""
    found = SCOPES.get(ctx, arguments.dataset)
    total = 0 if found is None else found.uses
    last = min(total, arguments.first + arguments.limit)
    page = [USES.get(ctx, arguments.dataset, place) for place in range(arguments.first, last)]
    return UsePage(tuple(use for use in page if use is not None), total, last if last < total else None)


QUERIES = (
    Query("scope", ByDataset, MaybeScope, scope, "Whether a data set is read by consent alone."),
    Query("consents", BySubject, Consents, consents, "What a person, by key, agreed to."),
    Query("cover", ByVersion, Covered, covered, "Whether everybody in a version consents to a purpose."),
    Query("uses", ListUses, UsePage, uses, "Who asked for whose records, a page at a time."),
)
