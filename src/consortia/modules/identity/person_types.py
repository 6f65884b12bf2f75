"""The records of persons: whose keys a member enrolled, and what of its quota they may use."""

from typing import Annotated

from msgspec import Meta

from consortia.base.codec import U63, Digest, Milliseconds, Name, PublicKey, Record

PERSONS_MAX = 100_000
"""A member has at most so many persons at a time."""

COST_MAX = 20_000
"""What a person's transactions may cost its member in an epoch, at most: some sixty withdrawals."""

COST_MIN = 1_000
"""What each may cost at least, however many there are, and again once it was released: three withdrawals."""

PERSON = "person"
"""The role under which a person's key signs. A method that does not name it is for members alone."""

WITHDRAW = "consent.withdraw"
"""What every transaction of a released person consists of."""


class PersonClaim(Record, frozen=True):
    """What a person's key signs to show that it is held: whose person it becomes, and under which label."""

    member: Name
    label: Name
    key: PublicKey


class Person(Record, frozen=True):
    """Somebody whose key a member enrolled; `key` is the id of the one that acts, times are block times.

    The label is a pseudonym. It is the person's for ever, and the member's account of that label is its own.
    """

    key: Digest
    since: Milliseconds
    released: Milliseconds | None


class PersonKey(Record, frozen=True):
    """Whose a key is or was, for ever."""

    member: Name
    label: Name
    public: PublicKey


class Crowd(Record, frozen=True):
    """How many persons a member has now, and how many labels it ever gave."""

    count: Annotated[int, Meta(ge=0, le=PERSONS_MAX)]
    labels: U63


class PersonEnrolled(Record, frozen=True):
    """Event: a person's key acts for it from the next block on."""

    member: Name
    label: Name
    key: Digest


class PersonRekeyed(Record, frozen=True):
    """Event: a person signs with another key from the next block on."""

    member: Name
    label: Name
    key: Digest


class PersonReleased(Record, frozen=True):
    """Event: a person's key withdraws its consents and does nothing else; `own`: it asked for that itself."""

    member: Name
    label: Name
    own: bool


PERSON_EVENTS: tuple[type[Record], ...] = (PersonEnrolled, PersonRekeyed, PersonReleased)
