"""The nouns of the module: batches of prediction records."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, Record, Text80
from consortia.kernel.transaction import CALLS_MAX, Call

Purpose = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}\Z")]
COUNT_MAX = 1 << 40
PPM_MAX = 1_000_000
Ppm = Annotated[int, Meta(ge=0, le=PPM_MAX)]
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


class Account(Record, frozen=True):
    """How an agent accounts for an act: what it saw, what it answered, and why.

    `input` is the salted digest of the integers that it observed, `rationale` the salted hash of its
    reason, `policy` the hash of the rule that turned its answer into messages, `root` the root over its one
    prediction record, `stated` the probability (parts per million) which that record gives to what it acts
    on being decided with yes. `opened` is the blob that holds the record with its salts; None where the
    owner opens it to whom it concerns.
    """

    input: Digest
    rationale: Digest
    purpose: Purpose
    policy: Digest
    root: Digest
    stated: Ppm
    opened: Digest | None


class Deed(Record, frozen=True):
    """An act of an agent, as it stands: under which mandate, by what, and how it is accounted for.

    `model` is None where a program acts; `content` is the model's blob id or the program's hash. It takes
    effect at the block time `due`, at once where that is `time`.
    """

    id: Digest
    mandate: Digest
    owner: Name
    agent: Name
    model: Digest | None
    content: Digest
    account: Account
    transaction: Digest
    height: U63
    time: Milliseconds
    due: Milliseconds


class Waiting(Record, frozen=True):
    """The calls of an act that waits, as they will be carried out."""

    calls: Annotated[tuple[Call, ...], Meta(min_length=1, max_length=CALLS_MAX)]


class Done(Record, frozen=True):
    """The act that a root was recorded with, or that runs in a call."""

    deed: Digest


class Track(Record, frozen=True):
    """The track record of what acts for an owner.

    `acts` it did; `resolved` of its statements were decided, whose squared errors add up to `brier` parts
    per million, and those of always saying yes to `baseline`; officers put another vote in its vote's
    place `overrides` times, and stopped what it brought about `vetoes` times.
    """

    acts: U63
    resolved: U63
    brier: U63
    baseline: U63
    overrides: U63
    vetoes: U63


class Pledge(Record, frozen=True):
    """A statement that waits for its subject to be decided: whose, by what content, how probable."""

    owner: Name
    content: Digest
    stated: Ppm


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


class Acted(Record, frozen=True):
    """An agent accounted for an act, which takes effect at the block time `due`."""

    deed: Digest
    mandate: Digest
    owner: Name
    agent: Name
    stated: Ppm
    due: Milliseconds


class Performed(Record, frozen=True):
    """An act that waited was carried out ("ok"), met a refusal, or was "void", its mandate being over."""

    deed: Digest
    code: Text80


EVENTS: tuple[type[Record], ...] = (Recorded, Acted, Performed)
"""Everything that the module tells in receipts."""
