"""The nouns of consent: data sets under consent, consents, covers of versions, and uses."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Milliseconds, Name, Record
from consortia.base.times import DAY

TERM_MILLISECONDS_MAX = 3_653 * DAY
"""A consent is given for ten years at most; then the person is asked again."""

PURPOSES_MAX = 16
GIVEN_MAX = 64
"""So many people's consents are recorded in one call."""

ENTRIES_MAX = 900
"""So many people are covered in one call: with the path they fit a transaction."""

UNREVIEWED_MAX = 8
"""A member with so many emergencies that nobody reviewed breaks no further glass."""

Purpose = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}\Z")]
"""What records are used for, in the words of the data sets' rights; a GA4GH DUO term can be one."""

Purposes = Annotated[tuple[Purpose, ...], Meta(min_length=1, max_length=PURPOSES_MAX)]


class Scope(Record, frozen=True):
    """A data set that is read by consent alone, from block time `since` on and for good.

    `uses` is how often its records were asked for.
    """

    owner: Name
    since: Milliseconds
    uses: U63


class Consent(Record, frozen=True):
    """What one person agreed to for one purpose, until block time `expires`.

    `slip` is the hash of the secret with which the person, or whoever it gives it to, withdraws it without
    asking the owner; `withdrawn` the block time at which it was. A person that withdrew by its `own` key is
    the only one that consents anew.
    """

    since: Milliseconds
    expires: Milliseconds
    slip: Digest
    withdrawn: Milliseconds | None
    own: bool


class Count(Record, frozen=True):
    """How many consents to one purpose were withdrawn in a data set so far."""

    withdrawn: U63


class Cover(Record, frozen=True):
    """How far it is shown that everybody in a version consents to a purpose.

    Shown is every key below `next`; None stands for all. It holds before block time `until`, when the first
    of them expires, and while no more than `withdrawn` consents to the purpose were withdrawn. `people` is
    how many are shown.
    """

    next: Digest | None
    until: Milliseconds
    withdrawn: U63
    people: U32


class Use(Record, frozen=True):
    """That a member asked for a person's records: for a `purpose`, or in an emergency (None).

    `request` is the salted hash of what was asked for, or of the emergency's reasons, `key` who signed.
    `justified` is what the owner's second officer said of an emergency; None while nobody did.
    """

    member: Name
    key: Digest
    subject: Digest
    purpose: Purpose | None
    request: Digest
    height: U63
    time: Milliseconds
    justified: bool | None


class Emergencies(Record, frozen=True):
    """How many of a member's emergencies in a data set nobody has reviewed."""

    unreviewed: U32


class ConsentRequired(Record, frozen=True):
    """A data set is read by consent alone from now on."""

    dataset: Digest
    owner: Name


class ConsentsGiven(Record, frozen=True):
    """So many people consented."""

    dataset: Digest
    people: U32


class ConsentWithdrawn(Record, frozen=True):
    """A person withdrew."""

    dataset: Digest
    subject: Digest
    purposes: Purposes


class VersionCovered(Record, frozen=True):
    """Everybody in a version consents to a purpose, until block time `until` at the latest."""

    dataset: Digest
    version: U32
    purpose: Purpose
    people: U32
    until: Milliseconds


class RecordsAsked(Record, frozen=True):
    """A member asked for a person's records; `purpose` None in an emergency. `place` is that in the log."""

    dataset: Digest
    place: U63
    member: Name
    subject: Digest
    purpose: Purpose | None


class EmergencyReviewed(Record, frozen=True):
    """The owner said whether an emergency was one."""

    dataset: Digest
    place: U63
    justified: bool


EVENTS: tuple[type[Record], ...] = (
    *(ConsentRequired, ConsentsGiven, ConsentWithdrawn, VersionCovered, RecordsAsked, EmergencyReviewed),
)
"""Everything that the module tells in receipts."""
