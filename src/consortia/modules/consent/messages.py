"""What a member may ask of the module."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Milliseconds, Record, Salt
from consortia.base.setcommit import KEY_BITS
from consortia.modules.consent.types import ENTRIES_MAX, GIVEN_MAX, Purpose, Purposes


class Require(Record, frozen=True):
    """Have an own data set, committed by subject, read by consent alone: for good, by its owner too."""

    dataset: Digest


class Given(Record, frozen=True):
    """What one person agreed to: `subject` is its key in the data set's set hash.

    `slip` is H("consortia/consent", the secret that the person was handed), or, for a person with a key of
    its own, H("consortia/consent-person", that secret | what the person is called).
    """

    subject: Digest
    purposes: Purposes
    expires: Milliseconds
    slip: Digest


class Give(Record, frozen=True):
    """Record what people agreed to, sorted by subject; what stands is prolonged, under its slip."""

    dataset: Digest
    consents: Annotated[tuple[Given, ...], Meta(min_length=1, max_length=GIVEN_MAX)]


class Agree(Record, frozen=True):
    """Consent anew, or for longer, to what one was asked for: a person by its own key, for itself alone.

    `secret` shows that the slips of these consents are that key's.
    """

    dataset: Digest
    subject: Digest
    purposes: Purposes
    expires: Milliseconds
    secret: Salt


class Withdraw(Record, frozen=True):
    """End a person's consent to some purposes: as the owner (no `secret`), or with the person's secret.

    A secret of a person's own key is worth nothing without the key, which then signs.
    """

    dataset: Digest
    subject: Digest
    purposes: Purposes
    secret: Salt | None


class Cover(Record, frozen=True):
    """Show that everybody in a version consents to a purpose, or in the next part of its set.

    `entries` are all (key, value) of the part that begins where the last one ended, `siblings` the way up
    from it to the root (`base.setcommit.root_of_part`); without siblings it is the whole set.
    """

    dataset: Digest
    version: U32
    purpose: Purpose
    siblings: Annotated[tuple[tuple[U63, Digest], ...], Meta(max_length=KEY_BITS)]
    entries: Annotated[tuple[tuple[Digest, Digest], ...], Meta(max_length=ENTRIES_MAX)]


class Access(Record, frozen=True):
    """Ask for a person's records for a purpose; `request` is the salted hash of what is asked for."""

    dataset: Digest
    subject: Digest
    purpose: Purpose
    request: Digest


class BreakGlass(Record, frozen=True):
    """Ask for a person's records in an emergency, without consent; `reasons` is their salted hash."""

    dataset: Digest
    subject: Digest
    reasons: Digest


class Review(Record, frozen=True):
    """Say whether an emergency in the log of an own data set was one."""

    dataset: Digest
    place: U63
    justified: bool
