"""Studies and rounds, page by page."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, Digest, Name, Record, Text80
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.kernel.pages import page
from consortia.modules.training import rules
from consortia.modules.training.ports import Ports
from consortia.modules.training.queries import known
from consortia.modules.training.state import OPEN, ROUNDS, STUDIES, parts_of
from consortia.modules.training.types import Progress, Round, Status, Study

PAGE_MAX = 100
Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class ListStudies(Record, frozen=True):
    """Studies of a status (None: of any), by id, behind the cursor `after`."""

    status: Status | None
    after: Digest | None
    limit: Limit


class StudyItem(Record, frozen=True):
    """A study in short: `index` of its `rounds` rounds are final."""

    id: Digest
    proposer: Name
    name: Name
    title: Text80
    purpose: Annotated[str, Meta(max_length=80)]
    status: Status
    index: U32
    rounds: U32
    members: U32
    model: Digest | None


class StudyPage(Record, frozen=True):
    """A page of studies; `next` is the cursor of the next page, None on the last."""

    studies: tuple[StudyItem, ...]
    next: Digest | None


class ListRounds(Record, frozen=True):
    """Every try of the rounds of a study from index `first` on."""

    study: Digest
    first: U32
    limit: Limit


class RoundPage(Record, frozen=True):
    """A page of rounds, whole indices only; `next` is the index of the next page, None on the last."""

    rounds: tuple[Round, ...]
    next: U32 | None


def studies(ctx: Context, arguments: ListStudies, ports: Ports) -> StudyPage:
    """A page of studies, by id."""
    return StudyPage(*page(_listed(ctx, arguments), arguments.limit))


def _listed(ctx: Context, arguments: ListStudies) -> Iterator[tuple[bytes, StudyItem | None]]:
    """The ids among which a page is sought, each with its study where that is wanted."""
    for study in _ids(ctx, arguments):
        record, progress = known(ctx, study)
        wanted = arguments.status in {None, progress.status}
        yield study, _item(ctx, record, progress) if wanted else None


def _ids(ctx: Context, arguments: ListStudies) -> Iterator[bytes]:
    """The ids among which a page is sought, in order: of those that are not over there are few."""
    after = arguments.after
    if arguments.status in {"proposed", "running"}:
        yield from sorted(one.study for _, one in OPEN.scan(ctx) if after is None or one.study > after)
        return
    for _, one in STUDIES.scan(ctx, after=() if after is None else (after,)):
        yield one.id


def rounds(ctx: Context, arguments: ListRounds, ports: Ports) -> RoundPage:
    """A page of rounds with every try of each."""
    _, progress = known(ctx, arguments.study)
    found: list[Round] = []
    index = arguments.first
    while index <= progress.index:
        tries = [record for _, record in ROUNDS.scan(ctx, arguments.study, index)]
        if found and len(found) + len(tries) > arguments.limit:
            return RoundPage(tuple(found), index)
        found += tries
        index += 1
    return RoundPage(tuple(found), None)


def _item(ctx: Context, record: Study, progress: Progress) -> StudyItem:
    terms = record.terms
    return StudyItem(
        id=record.id,
        proposer=record.proposer,
        name=terms.name,
        title=terms.title,
        purpose=terms.purpose,
        status=progress.status,
        index=progress.index,
        rounds=rules.rounds_of(terms.stages),
        members=sum(1 for part in parts_of(ctx, record.id).values() if part.until is None),
        model=progress.model,
    )


QUERIES = (
    Query("studies", ListStudies, StudyPage, studies, "A page of studies."),
    Query("rounds", ListRounds, RoundPage, rounds, "A page of a study's rounds, every try of each."),
)
