"""The nouns of the module: elections, their trustees, and the ballots that stand."""

from typing import Annotated, Literal

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, Record, Text80, encode_record
from consortia.base.hashing import tagged
from consortia.base.times import DAY
from consortia.exact.ballot import Ballot
from consortia.exact.ceremony import Coefficients, SealedShare
from consortia.exact.decryption import Partial
from consortia.exact.elgamal import (
    CHOICES_MAX,
    CHOICES_MIN,
    TRUSTEES_MAX,
    TRUSTEES_MIN,
    Ciphertext,
    Element,
)
from consortia.kernel.block import MEMBERS_MAX

BALLOTS_MIN = 5
"""Fewer distinct ballots are never decrypted: they would tell too much of each."""

OPEN_MAX = 8
"""A member has at most so many elections that are not over."""

DURATION_MILLISECONDS_MAX = 90 * DAY
"""An election's last deadline is at most so many milliseconds ahead: 90 days."""

TERMS_TAG = "consortia/election-terms"
ELECTION_TAG = "consortia/election"
VOTER_TAG = "consortia/voter"

Choice = Annotated[str, Meta(min_length=1, max_length=80)]
Choices = Annotated[tuple[Choice, ...], Meta(min_length=CHOICES_MIN, max_length=CHOICES_MAX)]
Trustees = Annotated[tuple[Name, ...], Meta(min_length=TRUSTEES_MIN, max_length=TRUSTEES_MAX)]
Voters = Annotated[tuple[Name, ...], Meta(min_length=1, max_length=MEMBERS_MAX)]
Shares = Annotated[tuple[SealedShare, ...], Meta(min_length=1, max_length=TRUSTEES_MAX)]
Sums = Annotated[tuple[Ciphertext, ...], Meta(max_length=CHOICES_MAX)]
Counts = Annotated[tuple[U63, ...], Meta(max_length=CHOICES_MAX)]
Elements = Annotated[tuple[Element, ...], Meta(min_length=1, max_length=TRUSTEES_MAX)]

Status = Literal["preparing", "voting", "opening", "decided", "failed"]
Failure = Literal["no_key", "too_few_ballots", "too_few_parts"]


class Times(Record, frozen=True):
    """When each step ends, as block times: the end belongs to the next step.

    Trustees commit until `commit`, open until `open`, complain until `complain`; members vote until `vote`;
    trustees decrypt until `decrypt`.
    """

    commit: Milliseconds
    open: Milliseconds
    complain: Milliseconds
    vote: Milliseconds
    decrypt: Milliseconds

    def rising(self) -> tuple[int, ...]:
        """The ends in their order."""
        return (self.commit, self.open, self.complain, self.vote, self.decrypt)


class Election(Record, frozen=True):
    """What an election is, from its opening on: nothing of it changes.

    `subject` is the hash of what is decided (a proposal's id), `opener` the member that asked, None where
    another module did; `voters` and `trustees` are sorted, a trustee's index is its place from 1.
    """

    id: Digest
    subject: Digest
    title: Text80
    opener: Name | None
    voters: Voters
    trustees: Trustees
    choices: Choices
    times: Times
    height: U63
    time: Milliseconds

    def terms(self) -> bytes:
        """The hash of the whole record, H("consortia/election-terms", encoded record)."""
        return tagged(TERMS_TAG, encode_record(self))


class Key(Record, frozen=True):
    """The election's key: the sums of the qualified dealers' coefficients, the first being the key itself."""

    commitments: Elements
    qualified: Trustees


class Progress(Record, frozen=True):
    """How far an election is. `terms` is the hash of the `Election` record.

    `ballots` voters have a ballot that counts, and `sums` add these up. From the close on `root` is the
    ballots' root and `sum` the name of the one sum that may be decrypted; `closed` is the close's height.
    `absent`, from the end on, are the trustees that did not decrypt; `over` is the height
    from which nothing is left to do.
    """

    terms: Digest
    status: Status
    key: Key | None
    ballots: U63
    sums: Sums
    root: Digest | None
    sum: Digest | None
    closed: U63 | None
    counts: Counts | None
    failure: Failure | None
    absent: Annotated[tuple[Name, ...], Meta(max_length=TRUSTEES_MAX)] | None
    over: U63 | None


class Dealing(Record, frozen=True):
    """What a dealer opened: its coefficients, and a sealed share for each trustee that committed, by name."""

    coefficients: Coefficients
    shares: Shares


class Trustee(Record, frozen=True):
    """A trustee's part in making the key: its sealing key, what it committed to, and what it opened.

    `accuser` is the holder whose share did not fit, which disqualified it; `height` the last change's.
    """

    sealing: Element
    committed: Digest
    dealing: Dealing | None
    accuser: Name | None
    height: U63


class Kept(Record, frozen=True):
    """A voter's ballot that counts: the last one. `casts` is how many the voter cast."""

    ballot: Ballot
    hash: Digest
    transaction: Digest
    casts: U63
    time: Milliseconds


class Seen(Record, frozen=True):
    """Whose ballot brought a ciphertext."""

    voter: Name


class Part(Record, frozen=True):
    """A trustee's part of the decryption, and the block that brought it."""

    partial: Partial
    height: U63


class Open(Record, frozen=True):
    """How many elections of a member are not over."""

    count: U63


class ElectionOpened(Record, frozen=True):
    """Event: an election was opened; trustees commit now."""

    election: Digest
    subject: Digest
    trustees: Trustees
    times: Times


class KeyCommitted(Record, frozen=True):
    """Event: a trustee gave its sealing key and committed to its coefficients."""

    election: Digest
    trustee: Name


class KeyOpened(Record, frozen=True):
    """Event: a trustee opened its coefficients and dealt its shares."""

    election: Digest
    trustee: Name


class DealerDisqualified(Record, frozen=True):
    """Event: a holder showed that its share of a dealer does not fit."""

    election: Digest
    dealer: Name
    accuser: Name


class VotingBegan(Record, frozen=True):
    """Event: there is a key, and members vote."""

    election: Digest
    key: Element
    qualified: Trustees


class BallotCast(Record, frozen=True):
    """Event: a voter's ballot with this hash counts now, and an earlier one (`replaced`) no more."""

    election: Digest
    voter: Name
    ballot: Digest
    replaced: bool


class VotingClosed(Record, frozen=True):
    """Event: the close. `sum` names the one sum that trustees decrypt, None where none may be."""

    election: Digest
    ballots: U63
    root: Digest
    sum: Digest | None


class PartDecrypted(Record, frozen=True):
    """Event: a trustee gave its part of the decryption."""

    election: Digest
    trustee: Name


class ElectionDecided(Record, frozen=True):
    """Event: enough parts are there; these are the counts, in the order of the choices."""

    election: Digest
    counts: Counts


class ElectionFailed(Record, frozen=True):
    """Event: there will be no counts, and why."""

    election: Digest
    failure: Failure


class ElectionEnded(Record, frozen=True):
    """Event: the time for decrypting is over; these trustees gave no part."""

    election: Digest
    absent: Annotated[tuple[Name, ...], Meta(max_length=TRUSTEES_MAX)]


EVENTS: tuple[type[Record], ...] = (
    ElectionOpened,
    KeyCommitted,
    KeyOpened,
    DealerDisqualified,
    VotingBegan,
    BallotCast,
    VotingClosed,
    PartDecrypted,
    ElectionDecided,
    ElectionFailed,
    ElectionEnded,
)
"""Everything that the module tells in receipts."""
