"""The auditor of consent: what every act comes to, in dictionaries, from the module's README alone.

It knows the people of every version in the clear, which the ledger never does, and so says without any hash
whether a cover is true.
"""

from dataclasses import dataclass, field

from consortia.testing.auditors import refuse

DAY = 86_400_000
ALL = 1 << 256
KEYED = 1_000
"""Secrets from this number on need a key too: that of the person whose number is so much lower."""


@dataclass(slots=True)
class Agreed:
    """A person's consent to a purpose."""

    since: int
    expires: int
    secret: int
    withdrawn: int | None = None
    own: bool = False


@dataclass(slots=True)
class Shown:
    """How far a version is covered: where the next part begins, until when, after how many withdrawals."""

    next: int
    until: int
    withdrawn: int
    people: int


@dataclass(slots=True)
class Data:
    """A data set: whose, whether by subject, the people of each version, and which members may have it."""

    owner: str
    by_subject: bool
    versions: list[frozenset[int]]
    erased: set[int] = field(default_factory=set)
    readers: frozenset[str] = frozenset()
    under: bool = False
    agreed: dict[tuple[int, str], Agreed] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    shown: dict[tuple[int, str], Shown] = field(default_factory=dict)
    uses: list[dict[str, object]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, and when: member, role of the key, block time; `person` is the number of one by its key."""

    member: str
    role: str
    time: int
    person: int | None = None

    def opens(self, secret: int) -> bool:
        """Whether a secret is worth something in these hands."""
        return secret < KEYED or self.person == secret - KEYED


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a version that a cover shows: where it begins, its bits, whom; `true` if that is all."""

    start: int
    bits: int
    people: frozenset[int]
    true: bool


class Auditor:
    """All data sets, by the names that the play has for them; each act raises No or changes the model."""

    def __init__(self, data: dict[str, Data]) -> None:
        """Begin with these data sets."""
        self.data = data

    def require(self, by: By, name: str) -> None:
        """A data set comes under consent."""
        found = self.data.get(name)
        refuse("unknown_dataset", when=found is None)
        if found is not None:
            refuse("not_owner", when=found.owner != by.member)
            refuse("no_subjects", when=not found.by_subject)
            refuse("required", when=found.under)
            found.under = True

    def give(
        self, by: By, name: str, given: list[tuple[int, list[str], int, int]], *, in_order: bool
    ) -> None:
        """People agree: person, purposes, until when, and whose secret ends it."""
        found = self._own(by, name)
        refuse("unsorted", when=not in_order)
        for person, purposes, expires, secret in given:
            refuse("unsorted", when=purposes != sorted(set(purposes)))
            refuse("bad_term", when=not by.time < expires <= by.time + 3_653 * DAY)
            for purpose in purposes:
                before = found.agreed.get((person, purpose))
                if before is not None and self._stands(before, by.time):
                    refuse("shorter", when=expires < before.expires)
                    refuse("other_slip", when=secret != before.secret)
                refuse("not_yours", when=before is not None and before.own)
        for person, purposes, expires, secret in given:
            for purpose in purposes:
                found.agreed[person, purpose] = Agreed(by.time, expires, secret)

    def withdraw(self, by: By, name: str, person: int, purposes: list[str], secret: int | None) -> None:
        """A person's consent ends; `secret` is whose secret is shown."""
        found = self._under(name)
        refuse("unsorted", when=purposes != sorted(set(purposes)))
        for purpose in purposes:
            agreed = found.agreed.get((person, purpose))
            refuse("not_given", when=agreed is None or not self._stands(agreed, by.time))
            opened = agreed is not None and secret == agreed.secret and by.opens(agreed.secret)
            own = found.owner == by.member and by.person is None
            refuse("not_yours", when=not (own if secret is None else opened))
        for purpose in purposes:
            found.agreed[person, purpose].withdrawn = by.time
            found.agreed[person, purpose].own = secret is not None and secret >= KEYED
            found.gone[purpose] = found.gone.get(purpose, 0) + 1

    def agree(
        self, by: By, name: str, person: int, purposes: list[str], expires: int, *, secret: int
    ) -> None:
        """A person consents by its own key."""
        found = self._under(name)
        refuse("unsorted", when=purposes != sorted(set(purposes)))
        refuse("bad_term", when=not by.time < expires <= by.time + 3_653 * DAY)
        for purpose in purposes:
            agreed = found.agreed.get((person, purpose))
            keyed = agreed is not None and agreed.secret == secret >= KEYED and by.opens(secret)
            refuse("not_yours", when=not keyed)
            stands = agreed is not None and self._stands(agreed, by.time)
            refuse("shorter", when=agreed is not None and stands and expires < agreed.expires)
        for purpose in purposes:
            found.agreed[person, purpose] = Agreed(by.time, expires, secret)

    def cover(self, by: By, name: str, version: int, purpose: str, part: Part) -> None:
        """It is shown that everybody in a part of a version consents."""
        found = self._own(by, name)
        refuse("unknown_version", when=not 1 <= version <= len(found.versions) or version in found.erased)
        gone = found.gone.get(purpose, 0)
        shown = found.shown.get((version, purpose))
        if shown is None or shown.withdrawn != gone or by.time >= shown.until:
            shown = Shown(0, (1 << 63) - 1, gone, 0)
        refuse("covered", when=shown.next == ALL)
        refuse("wrong_part", when=not part.true or part.start != shown.next)
        ends = []
        for person in part.people:
            agreed = found.agreed.get((person, purpose))
            refuse("no_consent", when=agreed is None or not self._stands(agreed, by.time))
            ends += [] if agreed is None else [agreed.expires]
        found.shown[version, purpose] = Shown(
            part.start + (ALL >> part.bits), min([shown.until, *ends]), gone, shown.people + len(ends)
        )

    def access(self, by: By, name: str, person: int, purpose: str) -> None:
        """A member asks for a person's records."""
        found = self._under(name)
        allowed = by.member in found.readers and purpose == "research"
        refuse("no_right", when=not allowed)
        agreed = found.agreed.get((person, purpose))
        refuse("no_consent", when=agreed is None or not self._stands(agreed, by.time))
        self._used(found, by, person, purpose)

    def break_glass(self, by: By, name: str, person: int) -> None:
        """A member asks for a person's records in an emergency."""
        found = self._under(name)
        refuse("unknown_person", when=all(known != person for known, _ in found.agreed))
        waiting = [one for one in found.uses if one["purpose"] is None and one["justified"] is None]
        refuse("unreviewed", when=sum(one["member"] == by.member for one in waiting) >= 8)
        self._used(found, by, person, None)

    def review(self, by: By, name: str, place: int, *, justified: bool) -> None:
        """The owner says what an emergency was."""
        found = self._own(by, name)
        use = found.uses[place] if place < len(found.uses) else None
        refuse("no_emergency", when=use is None or use["purpose"] is not None or use["justified"] is not None)
        if use is not None:
            refuse("four_eyes", when=(use["member"], use["role"]) == (by.member, by.role))
            use["justified"] = justified

    def _used(self, found: Data, by: By, person: int, purpose: str | None) -> None:
        who = {"member": by.member, "role": by.role, "time": by.time}
        found.uses.append({**who, "person": person, "purpose": purpose, "justified": None})

    def _under(self, name: str) -> Data:
        found = self.data.get(name)
        refuse("not_required", when=found is None or not found.under)
        return found or Data("", by_subject=False, versions=[])

    def _own(self, by: By, name: str) -> Data:
        found = self._under(name)
        refuse("not_owner", when=found.owner != by.member)
        return found

    @staticmethod
    def _stands(agreed: Agreed, time: int) -> bool:
        return agreed.withdrawn is None and time < agreed.expires
