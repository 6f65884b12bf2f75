"""A ward: random acts of owners, patients, researchers and attackers, each held to the auditor of consent."""

from collections.abc import Callable
from functools import lru_cache
from random import Random

from consortia.base import setcommit
from consortia.base.codec import Record
from consortia.base.keys import key_id
from consortia.modules.assets.messages import MarkErased, NewVersion
from consortia.modules.consent import messages as asked
from consortia.modules.consent.rules import slip_of, slip_of_person
from consortia.modules.consent.state import CONSENTS, COUNTS, COVERS, EMERGENCIES, SCOPES, USES
from consortia.testing.auditors import Found, No
from consortia.testing.auditors.consent import ALL, DAY, KEYED, Auditor, By, Data, Part
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import blob, dataset, digest, registered, right
from consortia.testing.scenarios.consent_parts import SHARED, secret, subject
from consortia.testing.scenarios.persons_parts import enrolled

PEOPLE = 24
PURPOSES = ("diagnosis", "research")
NAMES = ("patients", "cohort", "notes", "screen", "nothing")
MEMBERS = ("north", "north", "north", "east", "west")
WITH_KEYS = 4
"""The first of the people have keys of their own, enrolled by west; their slips need them."""


def slip(opens: int) -> bytes:
    """The slip of a consent that this secret opens."""
    if opens < KEYED:
        return slip_of(secret(opens))
    return slip_of_person(secret(opens), f"west/p{opens - KEYED}")


def own_secret(person: int) -> int:
    """The secret that a person is handed."""
    return person + KEYED if person < WITH_KEYS else person


@lru_cache(maxsize=256)
def entries(people: frozenset[int]) -> dict[bytes, bytes]:
    """The set of these people's rows."""
    return {subject(each): digest(f"rows of {each}") for each in people}


class Ward:
    """One seed's network, its data sets, and the auditor beside."""

    def __init__(self, seed: int) -> None:
        """North has a data set by subject, one that is none, and a model; east another by subject."""
        self.rng, self.bench, self.moves = Random(seed), Bench(), 0
        self.codes = set[str]()
        all_, half = frozenset(range(PEOPLE)), frozenset(range(PEOPLE // 2))
        readers = frozenset(("north", "east"))
        self.model = Auditor(
            {
                "patients": Data("north", by_subject=True, versions=[all_], readers=readers),
                "cohort": Data("east", by_subject=True, versions=[half], readers=frozenset(("east",))),
                "notes": Data("north", by_subject=False, versions=[all_]),
            }
        )
        usual = {"commitment": setcommit.root(entries(all_)), "count": PEOPLE, "subjects": PEOPLE}
        other = {"commitment": setcommit.root(entries(half)), "count": len(half), "subjects": len(half)}
        own = SHARED.__class__(process=(), download=right(("east", "research")))
        self.keys = [enrolled(self.bench, "west", f"p{at}", f"p{at}") for at in range(WITH_KEYS)]
        self.ids = {
            "patients": registered(self.bench, dataset("patients", **usual, rights=SHARED)),
            "cohort": registered(self.bench, dataset("cohort", **other, rights=own), "east"),
            "notes": registered(self.bench, dataset("notes", form="batch", subjects=None)),
            "screen": registered(self.bench, blob("screen")),
            "nothing": digest("nothing"),
        }

    def play(self, moves: int) -> None:
        """Make so many moves; raises Found where the machine does otherwise than foretold."""
        acts = (self.require, self.give, self.give, self.withdraw, self.version, self.cover, self.cover)
        later = (self.cover, self.cover, self.access, self.break_glass, self.review, self.wait, self.agree)
        for _ in range(moves):
            self.moves += 1
            self.rng.choice((*acts, *later))()

    def require(self) -> None:
        """Somebody puts a data set under consent."""
        name = self.rng.choice(NAMES)
        by = self._by("operator")
        self._try(by, asked.Require(self.ids[name]), lambda: self.model.require(by, name))

    def give(self) -> None:
        """People agree, mostly all of them."""
        name, by = self._name(), self._by("operator", "worker")
        people = range(PEOPLE) if self._often(0.5) else self.rng.sample(range(PEOPLE + 2), 2)
        ahead = self.rng.choice((0, 1_000, DAY, 30 * DAY, 300 * DAY, 300 * DAY, 3_653 * DAY, 4_000 * DAY))
        purposes = list(
            self.rng.choice((("diagnosis", "research"), ("research",), ("research", "diagnosis")))
        )
        moved = PEOPLE if len(people) == 2 and self._often(0.5) else 0  # to another secret than its own
        end = by.time + ahead
        given = [(each, purposes, end, own_secret(each) + moved) for each in sorted(people, key=subject)]
        in_order = not (self._often(0.1) and len(given) > 1)
        given = given if in_order else given[::-1]
        sent = tuple(
            asked.Given(subject(each), tuple(words), end, slip(opens)) for each, words, end, opens in given
        )
        message = asked.Give(self.ids[name], sent)
        self._try(by, message, lambda: self.model.give(by, name, given, in_order=in_order))

    def withdraw(self) -> None:
        """Somebody withdraws, or says so."""
        name, by = self._name(), self._by("operator", "worker")
        person = self.rng.randrange(self.rng.choice((WITH_KEYS, PEOPLE)))
        by = self._by_key(person) if person < WITH_KEYS and self._often(0.5) else by
        purposes = list(self.rng.choice((("research",), ("research",), PURPOSES, ("research", "research"))))
        own = own_secret(person)
        shown = self.rng.choice((None, own, own, own + 1, person + PEOPLE))
        message = asked.Withdraw(
            self.ids[name], subject(person), tuple(purposes), None if shown is None else secret(shown)
        )
        self._try(by, message, lambda: self.model.withdraw(by, name, person, purposes, shown))

    def agree(self) -> None:
        """A person consents by its own key, or tries to for another."""
        name, person = self._name(), self.rng.randrange(WITH_KEYS)
        by = self._by_key(person if self._often(0.8) else self.rng.randrange(WITH_KEYS))
        end = by.time + self.rng.choice((0, DAY, 300 * DAY, 300 * DAY, 3_653 * DAY, 4_000 * DAY))
        purposes = list(self.rng.choice((("research",), ("research",), PURPOSES, ("research", "research"))))
        opens = self.rng.choice((own_secret(person), own_secret(person), own_secret(person) + 1, person))
        words = tuple(purposes)
        message = asked.Agree(self.ids[name], subject(person), words, end, secret(opens))
        self._try(by, message, lambda: self.model.agree(by, name, person, purposes, end, secret=opens))

    def version(self) -> None:
        """North goes on with other people, or erases a version."""
        found = self.model.data["patients"]
        if self._often(0.15) and len(found.versions) not in found.erased:
            self.bench.ok("north", "operator", MarkErased(self.ids["patients"], len(found.versions)))
            found.erased.add(len(found.versions))
            return
        gone = {each for (each, _), one in found.agreed.items() if one.withdrawn is not None}
        people = frozenset(range(self.rng.choice((2, PEOPLE, PEOPLE)))) - gone
        if people == found.versions[-1] or not people:
            return
        root = setcommit.root(entries(people))
        message = NewVersion(self.ids["patients"], root, len(people), len(people), None)
        self.bench.ok("north", "operator", message)
        found.versions.append(people)

    def cover(self) -> None:
        """A part of a version is shown to consent: mostly the next one of the newest."""
        name, by = self._name(), self._by("worker", "operator")
        found = self.model.data.get(name) or self.model.data["patients"]
        version = len(found.versions) + self.rng.choice((0, 0, 0, 0, 0, -1, 1))
        people = found.versions[min(max(version, 1), len(found.versions)) - 1]
        purpose = self.rng.choice(("research", "research", "diagnosis"))
        shown = found.shown.get((version, purpose))
        begun = shown is not None and shown.next < ALL and self._often(0.7)
        start = shown.next if shown is not None and begun else 0
        self._cover(by, (name, version, purpose), people, start, self.rng.choice((16, 900)))
        if self._often(0.2):  # and all of it at once, though a part may be shown
            self._cover(by, (name, version, purpose), people, 0, 900)

    def _cover(
        self, by: By, place: tuple[str, int, str], people: frozenset[int], start: int, most: int
    ) -> None:
        name, version, purpose = place
        try:
            siblings, here = setcommit.part(entries(people), start.to_bytes(32, "big"), most)
        except ValueError:
            return
        true = not (self._often(0.1) and here)
        here = here if true else here[1:]
        numbers = {subject(each): each for each in range(PEOPLE + 2)}
        part = Part(start, len(siblings), frozenset(numbers[key] for key, _ in here), true)
        message = asked.Cover(self.ids[name], version, purpose, siblings, here)
        self._try(by, message, lambda: self.model.cover(by, name, version, purpose, part))

    def access(self) -> None:
        """Somebody asks for records."""
        name, by, person = self._name(), self._by("operator", "analyst"), self.rng.randrange(PEOPLE + 2)
        purpose = self.rng.choice(("research", "research", "marketing"))
        message = asked.Access(self.ids[name], subject(person), purpose, digest("request"))
        self._try(by, message, lambda: self.model.access(by, name, person, purpose))

    def break_glass(self) -> None:
        """Somebody breaks the glass, now and then too often."""
        for _ in range(self.rng.choice((1, 1, 5))):
            name, by, person = (
                self._name(),
                self._by("admin", "admin", "operator"),
                self.rng.randrange(PEOPLE + 4),
            )
            message = asked.BreakGlass(self.ids[name], subject(person), digest("reasons"))
            self._try(by, message, lambda: self.model.break_glass(by, name, person))  # noqa: B023 (called at once)

    def review(self) -> None:
        """Somebody reviews an emergency."""
        name, by = self._name(), self._by("admin", "admin", "approver")
        uses = self.model.data[name].uses if name in self.model.data else []
        place, word = self.rng.randrange(len(uses) + 1), self._often(0.5)
        message = asked.Review(self.ids[name], place, word)
        self._try(by, message, lambda: self.model.review(by, name, place, justified=word))

    def wait(self) -> None:
        """Time passes."""
        self.bench.time += self.rng.choice((1_000, DAY, DAY, 40 * DAY))

    def _often(self, chance: float) -> bool:
        return self.rng.random() < chance

    def _name(self) -> str:
        return self.rng.choice(("patients", "patients", "patients", "patients", "cohort", "nothing"))

    def _by(self, *roles: str) -> By:
        return By(self.rng.choice(MEMBERS), self.rng.choice(roles), self.bench.time)

    def _by_key(self, person: int) -> By:
        return By("west", "person", self.bench.time, person)

    def _try(self, by: By, message: Record, foretell: Callable[[], None]) -> None:
        """Do it, and hold the answer and all tables to what the auditor says."""
        said, what = "ok", type(message).__name__
        try:
            foretell()
        except No as no:
            said = f"consent.{no.reason}"
        key = self.bench.key(by.member, by.role) if by.person is None else self.keys[by.person]
        code = self.bench.block(self.bench.sign_with(key, message))[0].code
        self.codes.add(code)
        if code != said:
            raise Found(f"move {self.moves}, {what}: the machine said {code}, the auditor {said}")
        if self._held() != self._foretold():
            raise Found(f"move {self.moves}, {what}: the tables are not as foretold")

    def _held(self) -> set[object]:
        ctx = self.bench.context()
        found: set[object] = {("scope", *key, one.owner, one.uses) for key, one in SCOPES.scan(ctx)}
        for key, one in CONSENTS.scan(ctx):
            found.add(("consent", *key, one.since, one.expires, one.slip, one.withdrawn, one.own))
        found |= {("count", *key, each.withdrawn) for key, each in COUNTS.scan(ctx)}
        for key, cover in COVERS.scan(ctx):
            found.add(("cover", *key, cover.next, cover.until, cover.withdrawn, cover.people))
        for key, use in USES.scan(ctx):
            found.add(("use", *key, use.member, use.key, use.subject, use.purpose, use.time, use.justified))
        waiting = {("waits", *key, each.unreviewed) for key, each in EMERGENCIES.scan(ctx) if each.unreviewed}
        return found | waiting

    def _foretold(self) -> set[object]:
        found = set[object]()
        for name, data in self.model.data.items():
            id_, waits = self.ids[name], dict[object, int]()
            if data.under:
                found.add(("scope", id_, data.owner, len(data.uses)))
            for (person, purpose), one in data.agreed.items():
                times = (one.since, one.expires, slip(one.secret), one.withdrawn, one.own)
                found.add(("consent", id_, subject(person), purpose, *times))
            found |= {("count", id_, purpose, count) for purpose, count in data.gone.items()}
            for (version, purpose), shown in data.shown.items():
                next_ = None if shown.next == ALL else shown.next.to_bytes(32, "big")
                found.add(("cover", id_, version, purpose, next_, shown.until, shown.withdrawn, shown.people))
            for place, use in enumerate(data.uses):
                key = self.bench.key(str(use["member"]), str(use["role"])).public
                who = (use["member"], key_id(key), subject(int(str(use["person"]))))
                found.add(("use", id_, place, *who, use["purpose"], use["time"], use["justified"]))
                if use["purpose"] is None and use["justified"] is None:
                    waits[use["member"]] = waits.get(use["member"], 0) + 1
            found |= {("waits", id_, member, count) for member, count in waits.items()}
        return found
