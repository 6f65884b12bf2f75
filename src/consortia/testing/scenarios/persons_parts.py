"""What the scenarios of persons are put together from."""

from consortia.base.keys import SigningKey
from consortia.modules.identity.person_messages import Enrol, Rekey
from consortia.modules.identity.person_types import PersonClaim
from consortia.modules.identity.persons import person_message
from consortia.testing.machine import Bench, key_from
from consortia.testing.scenarios import Step

LABEL = "ab12"


def person(word: str = "first") -> SigningKey:
    """The key of a person; another `word` gives another."""
    return key_from("person", word)


def possession(bench: Bench, member: str, label: str, key: SigningKey) -> bytes:
    """A key's word that it becomes this member's person of this label."""
    return key.sign(person_message(bench.network, PersonClaim(member, label, key.public)))


def enrolling(
    bench: Bench, member: str = "north", label: str = LABEL, word: str = "first", **fields: object
) -> Enrol:
    """The message by which a member enrols a person."""
    key = person(word)
    usual = {"label": label, "key": key.public, "possession": possession(bench, member, label, key)}
    return Enrol(**(usual | fields))  # type: ignore[arg-type]


def enrolled(bench: Bench, member: str = "north", label: str = LABEL, word: str = "first") -> SigningKey:
    """Have a member enrol a person; its key."""
    bench.ok(member, "operator", enrolling(bench, member, label, word))
    return person(word)


def rekeying(bench: Bench, word: str = "second", member: str = "north", **fields: object) -> Rekey:
    """The message by which a member's person takes another key."""
    key = person(word)
    usual = {"key": key.public, "possession": possession(bench, member, LABEL, key)}
    return Rekey(**(usual | fields))  # type: ignore[arg-type]


def asks(key: SigningKey, *messages: object, before: tuple[bytes, ...] = ()) -> Step:
    """The step in which a person signs these messages, by whichever key."""
    return Step("north", "person", messages, key, before)  # type: ignore[arg-type]
