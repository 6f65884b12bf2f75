"""What the auditor of identity keeps of persons, and what their messages do, as the README has it."""

from collections.abc import Sequence
from typing import Any

from consortia.base.codec import encode
from consortia.base.hashing import tagged
from consortia.modules.identity import person_messages as asked
from consortia.testing.auditors import Entries, Model, Plain, Said, refuse
from consortia.testing.auditors.identity_mandates import Mandated
from consortia.testing.auditors.identity_roll import key_id
from consortia.testing.auditors.notes import signed
from consortia.testing.curve import is_prime_order

PERSONS_MAX = 100_000
COST_MAX = 20_000
COST_MIN = 1_000


class Enrolled(Mandated):
    """Persons and every key that they ever had."""

    def __init__(self, others: dict[str, Model]) -> None:
        """Start with none."""
        super().__init__(others)
        self.persons: dict[tuple[str, str], Plain] = {}
        self.persons_keys: dict[bytes, tuple[str, str, bytes]] = {}
        """By key id: the member, the label and the public key."""

    def directory(self, time: int) -> dict[bytes, tuple[str, bytes, frozenset[str], bool]]:
        """As of members and agents, and the persons'; those of a member that left stay."""
        found = super().directory(time)
        for id_, (member, label, public) in self.persons_keys.items():
            acts = self.persons[member, label]["key"] == id_
            found[id_] = (member, public, frozenset({"person"}), acts)
        return found

    def bounds(self) -> dict[bytes, tuple[str, frozenset[str]]]:
        """As of agents; a released person sends one withdrawal at a time."""
        found = super().bounds()
        for id_, (member, label, _) in self.persons_keys.items():
            if self.persons[member, label]["released"] is not None:
                found[id_] = ("consent.withdraw", frozenset())
        return found

    def quota(self, name: str) -> Plain:
        """What a member may consume; the persons of one that left, a hundredth of it."""
        quota = dict(super().quota(name))
        if name in self.members and self.members[name]["left"] is not None:
            for part in ("cost_per_block", "cost_per_epoch"):
                quota[part] = max(COST_MIN, quota[part] // 100)
        return quota

    def purses(self) -> dict[bytes, tuple[str, int]]:
        """By key id: what a person is called, and what it may cost in an epoch."""
        found = {}
        for id_, (member, label, _) in self.persons_keys.items():
            half = int(self.quota(member)["cost_per_epoch"]) // 2
            share = half // max(1, self.labels(member))
            gone = self.persons[member, label]["released"] is not None
            most = COST_MIN if gone else max(COST_MIN, min(COST_MAX, share - COST_MIN))
            found[id_] = (f"{member}/{label}" + "/released" * gone, most)
        return found

    def crowd(self, member: str) -> int:
        """How many persons a member has."""
        return sum(key[0] == member and one["released"] is None for key, one in self.persons.items())

    def labels(self, member: str) -> int:
        """How many persons a member ever had."""
        return sum(key[0] == member for key in self.persons)

    def person(self, said: Said) -> str | None:
        """What the person who signs is called; None for whoever is none. Refuses one that acts no more."""
        held = self.persons_keys.get(said.key)
        if held is None:
            return None
        member, label, _ = held
        person = self.persons[member, label]
        refuse("identity.signer_gone", when=person["key"] != said.key or person["released"] is not None)
        return f"{member}/{label}"

    def check_points(self, time: int, keys: Sequence[Any]) -> None:
        """As of members and agents: a person's key is nobody else's either."""
        super().check_points(time, keys)
        refuse("key_known", when=any(key_id(key.public) in self.persons_keys for key in keys))

    def is_known(self, key: bytes) -> bool:
        """Whether a key is or was anybody's."""
        return super().is_known(key) or key in self.persons_keys

    def is_named(self, owner: str, name: str) -> bool:
        """Whether a name is a label of the owner's."""
        return (owner, name) in self.persons

    def enrol(self, said: Said, m: asked.Enrol) -> None:
        """A person may sign."""
        self.check_signer(said)
        self.check_offer(said, m.label, m)
        known = (said.member, m.label) in self.persons or m.label in self.newest(said.member)
        refuse("label_taken", when=known)
        half = int(self.quota(said.member)["cost_per_epoch"]) // 2
        refuse("too_many_persons", when=self.crowd(said.member) >= PERSONS_MAX)
        refuse("too_many_persons", when=2 * COST_MIN * (self.labels(said.member) + 1) > half)
        key = key_id(m.key)
        self.persons[said.member, m.label] = {"key": key, "since": said.at.time, "released": None}
        self.persons_keys[key] = (said.member, m.label, m.key)
        self.tell("person_enrolled", member=said.member, label=m.label, key=key)

    def rekey(self, said: Said, m: asked.Rekey) -> None:
        """A person signs with another key."""
        self.person(said)
        member, label, _ = self.persons_keys[said.key]
        self.check_offer(said, label, m)
        key = key_id(m.key)
        self.persons[member, label]["key"] = key
        self.persons_keys[key] = (member, label, m.key)
        self.tell("person_rekeyed", member=member, label=label, key=key)

    def release(self, said: Said, m: asked.Release) -> None:
        """A person withdraws from now on, and does nothing else."""
        own = self.person(said)
        if own is None:
            self.check_signer(said)
        refuse("no_person", when=own not in {None, f"{said.member}/{m.label}"})
        person = self.persons.get((said.member, m.label))
        if person is None or person["released"] is not None:
            return refuse("no_person", when=True)
        person["released"] = said.at.time
        return self.tell("person_released", member=said.member, label=m.label, own=own is not None)

    def check_offer(self, said: Said, label: str, m: asked.Enrol | asked.Rekey) -> None:
        """Refuse a weak key, one that is or was anybody's, and one that its holder did not offer for this."""
        refuse("small_order", when=not is_prime_order(m.key))
        refuse("key_known", when=self.is_known(key_id(m.key)))
        claim = encode({"member": said.member, "label": label, "key": m.key})
        text = tagged("consortia/person", said.at.network + claim)
        refuse("bad_possession", when=not signed(m.key, text, m.possession))

    def entries(self) -> Entries:
        """All tables."""
        found = super().entries()
        found |= {("persons", *key): person for key, person in self.persons.items()}
        for id_, (member, label, public) in self.persons_keys.items():
            found["person_keys", id_] = {"member": member, "label": label, "public": public}
        for member in {member for member, _ in self.persons}:
            found["crowds", member] = {"count": self.crowd(member), "labels": self.labels(member)}
        return found
