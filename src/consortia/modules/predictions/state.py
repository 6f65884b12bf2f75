"""The module's tables."""

from consortia.base.hashing import tagged
from consortia.kernel.context import Context
from consortia.kernel.table import Part, Table
from consortia.modules.predictions.types import (
    Batch,
    ByModel,
    Deed,
    Done,
    Pledge,
    Rooted,
    Total,
    Track,
    Waiting,
)

BATCHES = Table("predictions", "batches", Batch, (bytes,), "a batch of prediction records, by id")
ROOTS = Table("predictions", "roots", Rooted, (bytes,), "the batch with this root")
BY_MODEL = Table("predictions", "by_model", ByModel, (bytes, int), "the batches of a model, from 0 on")
TOTALS = Table("predictions", "totals", Total, (bytes,), "batches and records of a model")

DEEDS = Table("predictions", "deeds", Deed, (bytes,), "an act of an agent, by id")
DEED_ROOTS = Table("predictions", "deed_roots", Done, (bytes,), "the act whose record has this root")
BY_ACTOR = Table("predictions", "by_actor", Done, (str, bytes, int), "acts by owner and content, from 0 on")
WAITING = Table("predictions", "waiting", Waiting, (bytes,), "the calls of an act that waits, by its id")
PERFORMED = Table("predictions", "performed", Done, (bytes, int), "the act that a call carried out")
PLEDGES = Table("predictions", "pledges", Pledge, (bytes, str, str), "a statement, by subject, owner, agent")
TRACKS = Table("predictions", "tracks", Track, (str, bytes), "a track record, by owner and content")

TABLES = (BATCHES, ROOTS, BY_MODEL, TOTALS, DEEDS, DEED_ROOTS, BY_ACTOR, WAITING, PERFORMED, PLEDGES, TRACKS)

_NO_TRACK = Track(0, 0, 0, 0, 0, 0)


def batch_id(ctx: Context) -> bytes:
    """The id of this call's batch: H("consortia/predictions", network | transaction | call as 8 bytes)."""
    return tagged("consortia/predictions", ctx.network + ctx.transaction + ctx.call.to_bytes(8, "big"))


def deed_id(ctx: Context, call: int | None = None) -> bytes:
    """The id of an act: H("consortia/act", network | transaction | call); this call's by default."""
    place = ctx.call if call is None else call
    return tagged("consortia/act", ctx.network + ctx.transaction + place.to_bytes(8, "big"))


def track_of(ctx: Context, owner: str, content: bytes) -> Track:
    """The track record of a content that acts for an owner; noughts where there is none."""
    return TRACKS.get(ctx, owner, content) or _NO_TRACK


def write_track(ctx: Context, owner: str, content: bytes, track: Track) -> None:
    """Set the track record of a content that acts for an owner."""
    TRACKS.put(ctx, track, owner, content)


def text(part: Part) -> str:
    """A key part that is text."""
    if not isinstance(part, str):
        raise TypeError("a part of the key is not text")
    return part
