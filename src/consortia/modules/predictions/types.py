"""The nouns of the module: batches of prediction records."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, Record

Purpose = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}\Z")]
COUNT_MAX = 1 << 40
Count = Annotated[int, Meta(ge=1, le=COUNT_MAX)]


class Batch(Record, frozen=True):
    """A member's prediction records under one salted root.

    `model` is the model's asset, `content` the blob id of the version that answered, `policy` the hash of
    the rule that turned its output into a decision, `root` the RFC 6962 root over the records' salted leaf
    hashes, `count` their number. `opened` is the blob that holds all records with their salts where
    the member lets every one of them be replayed; None where it opens them one by one.
    """

    id: Digest
    member: Name
    model: Digest
    content: Digest
    purpose: Purpose
    policy: Digest
    root: Digest
    count: Count
    opened: Digest | None
    height: U63
    time: Milliseconds


class Rooted(Record, frozen=True):
    """The batch that a root was recorded as."""

    batch: Digest


class ByModel(Record, frozen=True):
    """The batch that stands at a place among those of its model."""

    batch: Digest


class Total(Record, frozen=True):
    """How many batches and records stand for a model."""

    batches: U63
    records: U63


class Recorded(Record, frozen=True):
    """A batch of prediction records was recorded."""

    batch: Digest
    member: Name
    model: Digest
    root: Digest
    count: Count


EVENTS: tuple[type[Record], ...] = (Recorded,)
"""Everything that the module tells in receipts."""
