"""What anyone may ask about predictions."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Name, Record
from consortia.kernel.context import Context
from consortia.kernel.module import Query
from consortia.modules.predictions.ports import Ports
from consortia.modules.predictions.rules import trusted
from consortia.modules.predictions.state import BATCHES, BY_ACTOR, BY_MODEL, DEEDS, ROOTS, TOTALS, track_of
from consortia.modules.predictions.types import Batch, Deed, Total, Track

PAGE_MAX = 100


class ById(Record, frozen=True):
    """A batch's id."""

    batch: Digest


class ByRoot(Record, frozen=True):
    """A batch's root."""

    root: Digest


class MaybeBatch(Record, frozen=True):
    """A batch, or None where there is none."""

    batch: Batch | None


class ListBatches(Record, frozen=True):
    """The batches of a model from place `first` on."""

    model: Digest
    first: U63
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class BatchPage(Record, frozen=True):
    """A page of batches, oldest first; `next` is the `first` of the next page, None on the last."""

    batches: tuple[Batch, ...]
    total: Total
    next: U63 | None


def batch(ctx: Context, arguments: ById, ports: Ports) -> MaybeBatch:
    """The batch with this id."""
    return MaybeBatch(BATCHES.get(ctx, arguments.batch))


def by_root(ctx: Context, arguments: ByRoot, ports: Ports) -> MaybeBatch:
    """The batch with this root."""
    rooted = ROOTS.get(ctx, arguments.root)
    return MaybeBatch(None if rooted is None else BATCHES.get(ctx, rooted.batch))


def batches(ctx: Context, arguments: ListBatches, ports: Ports) -> BatchPage:
    """The batches of a model, oldest first."""
    total = TOTALS.get(ctx, arguments.model) or Total(0, 0)
    last = min(total.batches, arguments.first + arguments.limit)
    places = [BY_MODEL.get(ctx, arguments.model, place) for place in range(arguments.first, last)]
    found = [BATCHES.get(ctx, place.batch) for place in places if place is not None]
    page = tuple(one for one in found if one is not None)
    return BatchPage(page, total, last if last < total.batches else None)


class ByDeed(Record, frozen=True):
    """An act's id."""

    deed: Digest


class MaybeDeed(Record, frozen=True):
    """An act, or None where there is none."""

    deed: Deed | None


class ListDeeds(Record, frozen=True):
    """The acts that a content did for an owner, from number `first` on."""

    owner: Name
    content: Digest
    first: U63
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)]


class DeedPage(Record, frozen=True):
    """A page of acts, oldest first, and the track record; `next` is the `first` of the next.

    `advises_only` says whether the record has made the agent an adviser. On the last page there is no `next`.
    """

    deeds: tuple[Deed, ...]
    track: Track
    advises_only: bool
    next: U63 | None


def deed(ctx: Context, arguments: ByDeed, ports: Ports) -> MaybeDeed:
    """The act with this id."""
    return MaybeDeed(DEEDS.get(ctx, arguments.deed))


def deeds(ctx: Context, arguments: ListDeeds, ports: Ports) -> DeedPage:
    """The acts of a content for an owner, oldest first, with its track record."""
    track = track_of(ctx, arguments.owner, arguments.content)
    last = min(track.acts, arguments.first + arguments.limit)
    places = [
        BY_ACTOR.get(ctx, arguments.owner, arguments.content, place) for place in range(arguments.first, last)
    ]
    found = [DEEDS.get(ctx, place.deed) for place in places if place is not None]
    page = tuple(one for one in found if one is not None)
    return DeedPage(page, track, not trusted(track), last if last < track.acts else None)


QUERIES = (
    Query("batch", ById, MaybeBatch, batch, "A batch of prediction records, by id."),
    Query("by_root", ByRoot, MaybeBatch, by_root, "A batch of prediction records, by its root."),
    Query("batches", ListBatches, BatchPage, batches, "The batches of a model, a page at a time."),
    Query("deed", ByDeed, MaybeDeed, deed, "An act of an agent, by id."),
    Query("deeds", ListDeeds, DeedPage, deeds, "What an agent did, a page at a time, and its track record."),
)
