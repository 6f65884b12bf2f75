"""Persons for programs: those whose keys a member enrolled, and the offer by which one comes.

offer = offer_of(network, "north", "ab12", key)      # at the person's side
ledger.persons.enrol(offer)                          # at the member's
ledger.persons.list()
ledger.persons.release("ab12")
"""

import os

from consortia.base.codec import Digest, Name, PublicKey, Record, SignatureBytes
from consortia.base.keys import SigningKey
from consortia.kernel.block import Receipt
from consortia.modules.identity.person_messages import Enrol, Rekey, Release
from consortia.modules.identity.person_queries import (
    PAGE_MAX,
    ByPersonKey,
    ListPersons,
    PersonPage,
    PersonView,
)
from consortia.modules.identity.person_types import PersonClaim
from consortia.modules.identity.persons import person_message
from consortia.sdk.access import Way
from consortia.sdk.paging import pages

__all__ = ["Offer", "PersonView", "Persons", "any_label", "offer_of", "rekey_of"]


class Offer(Record, frozen=True):
    """What a person hands to a member to be enrolled: its public key, and that key's word.

    It says for which network, member and label; nobody else can use it.
    """

    network: Digest
    member: Name
    label: Name
    key: PublicKey
    possession: SignatureBytes


class Persons:
    """The persons of one member."""

    def __init__(self, access: Way, member: str) -> None:
        """Speak for `member`."""
        self._access, self._member = access, member

    def list(self, member: str | None = None) -> list[PersonView]:
        """A member's persons, this one's by default, released ones included."""
        whose, query = member or self._member, self._access.query
        found = pages(query, "identity.persons", lambda at: ListPersons(whose, at, PAGE_MAX), PersonPage)
        return [person for page in found for person in page.persons]

    def of_key(self, key: bytes) -> PersonView:
        """The person that a key, by its id, is or was of; raises TransactionRefused for none."""
        return self._access.query("identity.person", ByPersonKey(key), PersonView)

    def enrol(self, offer: Offer) -> Receipt:
        """Enrol a person who offered it; raises TransactionRefused."""
        return self._access.submit(Enrol(offer.label, offer.key, offer.possession))

    def release(self, label: str) -> Receipt:
        """Let a person go; raises TransactionRefused."""
        return self._access.submit(Release(label))


def any_label() -> str:
    """A label that says nothing of anybody: 16 hex digits at random."""
    return os.urandom(8).hex()


def offer_of(network: bytes, member: str, label: str, key: SigningKey) -> Offer:
    """A person's offer to become this member's person."""
    return Offer(network, member, label, key.public, _word(network, member, label, key))


def rekey_of(network: bytes, view: PersonView, key: SigningKey) -> Rekey:
    """The message by which a person, signing with the key that acts now, takes another."""
    return Rekey(key.public, _word(network, view.member, view.label, key))


def _word(network: bytes, member: str, label: str, key: SigningKey) -> bytes:
    return key.sign(person_message(network, PersonClaim(member, label, key.public)))
