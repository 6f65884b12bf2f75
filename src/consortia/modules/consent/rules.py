"""The module's rules: pure functions of records and times."""

from consortia.base.hashing import tagged
from consortia.modules.consent.types import TERM_MILLISECONDS_MAX, Consent, Cover

_KEY_BITS = 256
_START = bytes(32)
FOREVER = (1 << 63) - 1
"""The end of a cover of nobody."""


def slip_of(secret: bytes) -> bytes:
    """H("consortia/consent", secret): what stands on the ledger of the secret that a person was handed."""
    return tagged("consortia/consent", secret)


def slip_of_person(secret: bytes, person: str) -> bytes:
    """H("consortia/consent-person", secret | person): the slip of a consent that this person's key ends.

    A person is called by its member and its label (`north/ab12`), so the slip outlives a change of its key.
    """
    return tagged("consortia/consent-person", secret + person.encode())


def stands(consent: Consent | None, time: int) -> bool:
    """Whether a consent holds at a block time."""
    return consent is not None and consent.withdrawn is None and time < consent.expires


def is_term(expires: int, time: int) -> bool:
    """Whether a consent given now may end then."""
    return time < expires <= time + TERM_MILLISECONDS_MAX


def holds(cover: Cover | None, withdrawn: int, time: int) -> bool:
    """Whether what was shown of a version so far still holds."""
    return cover is not None and cover.withdrawn == withdrawn and time < cover.until


def is_whole(cover: Cover | None, withdrawn: int, time: int) -> bool:
    """Whether everybody in the version consents, as was shown."""
    return cover is not None and cover.next is None and holds(cover, withdrawn, time)


def fresh(withdrawn: int) -> Cover:
    """A cover of which nothing is shown yet."""
    return Cover(_START, FOREVER, withdrawn, 0)


def following(start: bytes, depth: int) -> bytes | None:
    """Where the part after the one of `depth` bits that begins at `start` begins; None after the last."""
    end = int.from_bytes(start, "big") + (1 << (_KEY_BITS - depth))
    return None if end >> _KEY_BITS else end.to_bytes(32, "big")


def begins_part(start: bytes, depth: int) -> bool:
    """Whether a part of `depth` bits begins at `start`."""
    return int.from_bytes(start, "big") % (1 << (_KEY_BITS - depth)) == 0
