"""Consent for programs: whom it is asked of, who withdrew, which versions are covered, and who used what.

    ledger.consent.require("patients")
    slips = ledger.consent.give("patients", purposes=["research"], days=365)    # hand each person its slip
    ledger.consent.cover("patients", "research")
    ledger.consent.withdraw("patients", "patient-7", ["research"])

A withdrawal at the owner takes the person out of a new version, covers that, and brings it to the studies
that the data set is in, so that they go on without the person from the next round on.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Protocol

from msgspec import Meta

from consortia.base.codec import U32, U63, Digest, Name, Record, Salt
from consortia.base.commitments import record_leaf, subject_key
from consortia.base.hashing import tagged
from consortia.base.setcommit import part
from consortia.base.times import DAY
from consortia.engines.commit import dataset as sets
from consortia.engines.commit.dataset import Presence
from consortia.engines.train.files import DataError
from consortia.modules.assets.messages import NewVersion
from consortia.modules.assets.queries import ListVersions, VersionPage
from consortia.modules.assets.types import Asset
from consortia.modules.consent import messages as asked
from consortia.modules.consent import queries
from consortia.modules.consent.queries import ToPurpose
from consortia.modules.consent.rules import slip_of, slip_of_person
from consortia.modules.consent.types import ENTRIES_MAX, GIVEN_MAX, Use
from consortia.modules.training.messages import Renew
from consortia.modules.training.queries import ById, StudyView
from consortia.sdk.access import Way
from consortia.sdk.errors import LedgerError
from consortia.sdk.openings import ProofOfState, proof_of_subject
from consortia.sdk.paging import PAGE, pages, study_pages
from consortia.workers.rows import heading, raw_table
from consortia.workers.vault import Vault

__all__ = ["Consent", "HandedOut", "Slip", "ToPurpose", "Use", "Withdrawn"]

NO_KEYS: Mapping[str, str] = MappingProxyType({})
AT_ONCE_MAX = 600
"""So many people, once for each purpose, fit one transaction with what else a withdrawal needs."""


class Finds(Protocol):
    """What finds an asset by NAME, MEMBER/NAME or id."""

    def get(self, which: str | bytes) -> Asset:
        """The asset; raises LedgerError."""


Called = Annotated[str, Meta(max_length=65)]
"""What a person with a key of its own is called: its member, a slash, its label."""


class Slip(Record, frozen=True):
    """What a person is handed: with it anybody withdraws the person's consent, through any member.

    `subject` is the person's key in the data set, `salt` shows that it is (`base.commitments.subject_key`).
    `secret` never leaves it: a withdrawal shows everybody the secret for its purpose alone. Where `person` is
    named (`north/ab12`), it ends a consent only together with the key of that person.
    """

    dataset: Digest
    owner: Name
    subject: Digest
    salt: Salt
    secret: Salt
    person: Called | None = None

    def secret_for(self, purpose: str) -> bytes:
        """The secret (32 bytes) that ends the consent to one purpose, and to no other."""
        return tagged("consortia/consent/purpose", self.secret + purpose.encode())

    def slip_for(self, purpose: str) -> bytes:
        """What stands on the ledger of it, beside the consent to one purpose."""
        secret = self.secret_for(purpose)
        return slip_of(secret) if self.person is None else slip_of_person(secret, self.person)


class HandedOut(Record, frozen=True):
    """A person's records as the owner hands them out against the entry at `place` of the log of uses.

    `presence` shows that exactly these stand for the person in the version. They are in the clear.
    """

    dataset: Digest
    version: U32
    place: U63
    presence: Presence


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal led to: the new version, and the studies that go on with it."""

    version: int
    studies: tuple[bytes, ...]


def _subject_of(given: asked.Given) -> bytes:
    return given.subject


class Consent:
    """What people agreed to."""

    def __init__(self, access: Way, member: str, vault: Vault | None, assets: Finds) -> None:
        """Speak for `member`, whose records are in `vault`."""
        self._access, self._member, self._vault, self._assets = access, member, vault, assets

    def asset(self, which: str) -> Asset:
        """The data set of a name or id; raises LedgerError."""
        return self._assets.get(which)

    def require(self, which: str) -> None:
        """Have an own data set read by consent alone, for good."""
        self._access.submit(asked.Require(self._assets.get(which).id))

    def give(
        self,
        which: str,
        *,
        purposes: Sequence[str],
        days: int,
        now: int,
        people: Iterable[str] = (),
        keys: Mapping[str, str] = NO_KEYS,
        keep: Callable[[Mapping[str, Slip]], None] = lambda _: None,
    ) -> dict[str, Slip]:
        """Record the consent of these people (none named: of all in the data set) from block time `now`.

        `keys` says what those are called who have a key of their own (`north/ab12`): their slips need it.
        Gives the slip of each to whom something is new, and `keep` has them before the ledger has the hashes
        of their secrets: an interruption loses none. A consent that stands is prolonged under the slip that
        the person has. Raises LedgerError for a person that the data set does not know.
        """
        found, known = self._subjects(which)
        wanted, expires = tuple(sorted(set(purposes))), now + days * DAY
        slips, given = dict[str, Slip](), list[asked.Given]()
        for name in sorted(people) or sorted(known):
            if name not in known:
                raise LedgerError(f"{found.name} knows no {name!r}")
            one = known[name]
            fresh = Slip(found.id, found.owner, one.key, one.salt or b"", os.urandom(32), keys.get(name))
            standing = {
                each.purpose: each.consent.slip for each in self._of(found.id, one.key) if each.stands
            }
            for purpose in wanted:
                slip = standing.get(purpose) or fresh.slip_for(purpose)
                given.append(asked.Given(one.key, (purpose,), expires, slip))
            if not standing.keys() >= set(wanted):
                slips[name] = fresh
        keep(slips)
        for purpose in wanted:
            ordered = sorted([each for each in given if each.purposes == (purpose,)], key=_subject_of)
            for start in range(0, len(ordered), GIVEN_MAX):
                self._access.submit(asked.Give(found.id, tuple(ordered[start : start + GIVEN_MAX])))
        return slips

    def cover(self, which: str, purpose: str) -> queries.Covered:
        """Show that everybody in the newest version of an own data set consents to a purpose.

        Raises TransactionRefused, `consent.no_consent` where somebody does not.
        """
        found = self._assets.get(which)
        entries = sets.entries(self._held(found), found.version)
        while True:
            seen = self.covered(which, purpose)
            if seen.allowed:
                return seen
            begun = seen.cover is not None and seen.cover.next is not None
            start = seen.cover.next if begun and seen.cover is not None else None
            siblings, people = part(entries, start or bytes(32), ENTRIES_MAX)
            self._access.submit(asked.Cover(found.id, found.version, purpose, siblings, people))

    def covered(self, which: str | bytes, purpose: str) -> queries.Covered:
        """Whether the newest version of a data set may be read for a purpose now."""
        found = self._assets.get(which)
        question = queries.ByVersion(found.id, found.version, purpose)
        return self._access.query("consent.cover", question, queries.Covered)

    def withdraw(self, which: str, person: str, purposes: Sequence[str]) -> Withdrawn:
        """End a person's consent at its owner, and go on without that person.

        1. the consent ends, where the person's own slip has not ended it already; 2. a version without the
        person is registered; 3. it is covered for the same purposes; 4. every study under way that the data
        set is in goes on with it from the next round on, unless more records were added than were taken away.
        Where the version is covered in one part, all is one transaction: no round begins in between, which
        would be without this member.
        """
        found, known = self._subjects(which)
        if person not in known or self._vault is None:
            raise LedgerError(f"{found.name} knows no {person!r}")
        wanted = tuple(sorted(set(purposes)))
        key = known[person].key
        standing = tuple(one.purpose for one in self.of(which, key) if one.stands and one.purpose in wanted)
        ends = (asked.Withdraw(found.id, key, standing, None),) if standing else ()  # 1
        held = self._held(found)
        begun = held.version > found.version and key not in sets.entries(held)  # and then it was interrupted
        made = (
            self._vault.commitment(found.name)
            if begun
            else self._vault.remove_subjects(found.name, [person.encode()])
        )
        version = found.version + 1
        studies = tuple(self._studies(found.id, made.count, set(wanted)))
        renewals = tuple(Renew(study, version, made.count) for study in studies)
        steps: tuple[Record, ...] = (
            *ends,
            NewVersion(found.id, made.root, made.count, made.subjects, None),  # 2
        )
        entries = sets.entries(self._held(found), version)
        if made.count and len(entries) * len(wanted) <= AT_ONCE_MAX:
            siblings, people = part(entries, bytes(32), ENTRIES_MAX)
            covers = [asked.Cover(found.id, version, purpose, siblings, people) for purpose in wanted]  # 3
            self._access.submit(*steps, *covers, *renewals)  # 4
            return Withdrawn(version, studies)
        self._access.submit(*steps)
        for purpose in wanted:  # 3
            self.cover(which, purpose)
        for renewal in renewals:  # 4
            self._access.submit(renewal)
        return Withdrawn(version, studies)

    def withdraw_by_slip(self, slip: Slip, purposes: Sequence[str]) -> None:
        """End a person's consent with its slip, through whichever member.

        Where the slip names a person, that one's key has to sign, each withdrawal by itself: so does one that
        was released.
        """
        ends = [
            asked.Withdraw(slip.dataset, slip.subject, (purpose,), slip.secret_for(purpose))
            for purpose in sorted(set(purposes))
        ]
        for together in [ends] if slip.person is None else [[end] for end in ends]:
            self._access.submit(*together)

    def agree(self, slip: Slip, purposes: Sequence[str], *, days: int, now: int) -> None:
        """As the person whose slip it is, by its own key, consent for longer or anew from time `now`."""
        expires = now + days * DAY
        self._access.submit(
            *(
                asked.Agree(slip.dataset, slip.subject, (purpose,), expires, slip.secret_for(purpose))
                for purpose in sorted(set(purposes))
            )
        )

    def ask(self, which: str, subject: bytes, purpose: str, request: str) -> bytes:
        """Ask for a person's records for a purpose; gives the salt of the request's hash."""
        salt = os.urandom(32)
        record = record_leaf(salt, request.encode())
        self._access.submit(asked.Access(self._assets.get(which).id, subject, purpose, record))
        return salt

    def break_glass(self, which: str, subject: bytes, reasons: str) -> bytes:
        """Ask for a person's records in an emergency; gives the salt of the reasons' hash."""
        salt = os.urandom(32)
        record = record_leaf(salt, reasons.encode())
        self._access.submit(asked.BreakGlass(self._assets.get(which).id, subject, record))
        return salt

    def hand_out(self, which: str, place: int) -> HandedOut:
        """The records that were asked for at a place of an own data set's log, with what shows them.

        Raises LedgerError where nobody asked there, the person does not consent to that any more, or has no
        records in the newest version.
        """
        found, known = self._subjects(which)
        use = self._use(found.id, place)
        stands = {one.purpose for one in self.of(which, use.subject) if one.stands}
        if use.purpose is not None and use.purpose not in stands:
            raise LedgerError(f"that person does not consent to {use.purpose} any more")
        name = next((one.name for one in known.values() if one.key == use.subject), None)
        shown = None if name is None else sets.prove(self._held(found), name, found.version)
        if not isinstance(shown, Presence):
            raise LedgerError(f"{found.name} has no records of that person in version {found.version}")
        return HandedOut(found.id, found.version, place, shown)

    def receive(self, handed: HandedOut) -> list[dict[str, str]]:
        """The records that were handed out to this member, checked against the ledger.

        1. This member asked for this person's records at that place; 2. the owner's version is on the
        ledger; 3. exactly these records stand for the person under its commitment. Raises LedgerError.
        """
        use = self._use(handed.dataset, handed.place)
        key = subject_key(handed.presence.salt, handed.presence.subject)
        if (use.member, use.subject) != (self._member, key):  # 1
            raise LedgerError(f"{self._member} did not ask for these records at place {handed.place}")
        question = ListVersions(handed.dataset, max(handed.version, 1) - 1, 1)
        versions = self._access.query("assets.versions", question, VersionPage).versions
        if not versions or versions[0].number != handed.version:  # 2
            raise LedgerError(f"the data set has no version {handed.version}")
        try:
            sets.verify_presence(versions[0].commitment, handed.presence)  # 3
            table = raw_table("records", handed.presence.rows)
        except (sets.WrongProof, DataError) as error:
            raise LedgerError(f"these are not the records on the ledger: {error}") from None
        heads = [heading(name, unit) for name, unit in zip(table.header, table.units, strict=True)]
        return [dict(zip(heads, row, strict=True)) for row in table.rows]

    def prove(
        self, which: str, person: str, entry: ProofOfState, version: int | None = None
    ) -> tuple[bytes, bool]:
        """A proof file of a person's records in a version of an own data set, or of their absence there.

        Gives the file, which is for that person alone, and whether records are there. `entry` gives proofs of
        state entries. Raises LedgerError for a person that the data set does not know.
        """
        found, _ = self._subjects(which)
        number = found.version if version is None else version
        try:
            shown = sets.prove(self._held(found), person.encode(), number)
        except (KeyError, ValueError):
            raise LedgerError(f"{found.name} knows no {person!r}, or has no version {number}") from None
        there = isinstance(shown, Presence)
        return proof_of_subject(entry, found.id, number, shown), there

    def review(self, which: str, place: int, *, justified: bool) -> None:
        """Say whether an emergency in the log of an own data set was one."""
        self._access.submit(asked.Review(self._assets.get(which).id, place, justified))

    def of(self, which: str | bytes, subject: bytes) -> tuple[ToPurpose, ...]:
        """What a person, by its key, agreed to."""
        return self._of(self._assets.get(which).id, subject)

    def uses(self, which: str | bytes) -> list[Use]:
        """Who asked for whose records, oldest first."""
        dataset, query = self._assets.get(which).id, self._access.query
        found = pages(
            query, "consent.uses", lambda at: queries.ListUses(dataset, at, PAGE), queries.UsePage, 0
        )
        return [use for page in found for use in page.uses]

    def _of(self, dataset: bytes, subject: bytes) -> tuple[ToPurpose, ...]:
        question = queries.BySubject(dataset, subject)
        return self._access.query("consent.consents", question, queries.Consents).consents

    def _use(self, dataset: bytes, place: int) -> Use:
        page = self._access.query("consent.uses", queries.ListUses(dataset, place, 1), queries.UsePage)
        if not page.uses:
            raise LedgerError(f"nobody asked for records at place {place}")
        return page.uses[0]

    def _studies(self, dataset: bytes, records: int, purposes: set[str]) -> Iterable[bytes]:
        """The studies under way that a version of so many records can be brought to."""
        for page in study_pages(self._access.query):
            for item in page.studies:
                seen = self._access.query("training.study", ById(item.id), StudyView)
                brings = any(
                    each.member == self._member
                    and each.part.dataset == dataset
                    and each.part.until is None
                    and records <= each.part.records  # a version with more of them rests in this study
                    for each in seen.parts
                )
                if brings and seen.progress.round is not None and seen.study.terms.purpose in purposes:
                    yield item.id

    def _subjects(self, which: str) -> tuple[Asset, dict[str, sets.Subject]]:
        found = self._assets.get(which)
        subjects = self._held(found).subjects
        return found, {one.name.decode("utf-8", "replace"): one for one in subjects if one.name is not None}

    def _held(self, found: Asset) -> sets.DataSet:
        if self._vault is None or found.owner != self._member:
            raise LedgerError(f"the records of {found.owner}/{found.name} are in no vault here")
        return self._vault.dataset(found.name)
