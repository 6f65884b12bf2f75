"""What the services and one of their people do in the story, step by step."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from consortia.base.hashing import tagged
from consortia.base.keys import SigningKey
from consortia.base.times import DAY
from consortia.engines.privacy import epsilon
from consortia.engines.train.baskets import ITEMS_MAX, Baskets, Choice, baskets
from consortia.engines.train.ease import Recommender, sums_in
from consortia.engines.train.inverse import Words
from consortia.sdk.consent import Slip
from consortia.sdk.errors import TransactionRefused
from consortia.sdk.jsonform import from_json
from consortia.sdk.training import CannotJoin, Private, StudyEnded, Times
from consortia.solutions.personal import tasks
from consortia.solutions.personal.credential import CredentialError, Wish, check, issue
from consortia.solutions.personal.policy import DATASET, DAYS, OTHER, PAPERS, PURPOSE, RIGHTS
from consortia.solutions.story import Stage, StoryFailed

TIMES = Times(join=120_000, submit=20_000, result=20_000)


@dataclass(frozen=True, slots=True)
class People:
    """The catalogue, and each service's people with what they took, in order."""

    catalogue: tuple[str, ...]
    services: Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(slots=True)
class Counter:
    """The stage and the people; `next` of each one's items, the last, are held out."""

    stage: Stage
    people: People
    next: int
    slips: dict[str, Slip] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)

    @property
    def service(self) -> str:
        """Whose customer the person of the story is."""
        return self.stage.names[0]

    @property
    def person(self) -> str:
        """The person of the story."""
        return next(iter(self.people.services[self.service]))

    def before(self, service: str) -> dict[str, Sequence[str]]:
        """A service's people and what they had, without what is held out."""
        return {who: items[: -self.next] for who, items in self.people.services[service].items()}

    def staying(self) -> Choice:
        """What the people who have not left had early: what the first sums of a study add up now."""
        found = []
        for service in self.stage.names:
            people = {who: had for who, had in self.before(service).items() if who not in self.left}
            found.append(baskets(tasks.table_of(service, people, self.people.catalogue)).had)
        return np.concatenate(found)

    def held_out(self) -> Baskets:
        """Everybody, and what each took next."""
        had, following = dict[str, Sequence[str]](), dict[str, Sequence[str]]()
        for service in self.stage.names:
            for who, items in self.people.services[service].items():
                had[f"{service}/{who}"], following[f"{service}/{who}"] = (
                    items[: -self.next],
                    items[-self.next :],
                )
        return tasks.held_out(had, following, self.people.catalogue)

    def consent(self) -> None:
        """Everybody signs a credential; each service checks its people's and records what they agreed to."""
        now = time.time_ns() // 1_000_000_000 * 1_000
        until = now + DAYS * DAY
        for service in self.stage.names:
            ledger = self.stage.ledger(service)
            rows = tasks.rows_of(self.before(service), self.people.catalogue)
            ledger.assets.register_dataset(
                rows,
                name=DATASET,
                subject=tasks.SUBJECT,
                process=RIGHTS,
                download=RIGHTS,
                purposes=[PURPOSE],
                title=f"items of {service}'s people",
            )
            wish = Wish(_did(service), f"{service}/{DATASET}", [PURPOSE], now, until)
            said = {who: issue(self._key(service, who), wish) for who in self.before(service)}
            checked = list({who: check(one, _did(service), now) for who, one in said.items()})
            ledger.consent.require(DATASET)
            if service == self.service:
                checked.remove(self.person)
                self._forge(said[self.person], now)
                self._accept(said[self.person])
            made = ledger.consent.give(DATASET, purposes=[PURPOSE], days=DAYS, now=now, people=checked)
            ledger.consent.cover(DATASET, PURPOSE)
            self.slips |= {f"{service}/{who}": slip for who, slip in made.items()}
        count = len(self.slips)
        self.stage.line(
            f"{count} people signed for {PURPOSE} until a date; the ledger has their salted keys only"
        )

    def _accept(self, credential: str) -> None:
        """The service takes the person's credential by its command, and hands it slip and receipt.

        The slip is bound to a key that the person made, and that the service enrolled.
        """
        file, out = self._file("credential.jwt"), self._file(PAPERS)
        file.write_text(credential, encoding="ascii")
        whose = ("--person", self.person, "--service", _did(self.service), "--called", self._enrol())
        self.stage.run(self.service, "personal", "accept", DATASET, str(file), *whose, "--out", str(out))
        slip = from_json(Slip, json.loads((out / "slip.json").read_text(encoding="utf-8")))
        self.slips[f"{self.service}/{self.person}"] = slip

    def _enrol(self) -> str:
        """The person makes a key where it is, and the service enrols it: what the ledger calls the person."""
        offer, place = str(self._file("person.offer")), ("--member", self.service, "--plain-keys")
        network = ("--network", self.stage.network.hex())
        self.stage.apart("person", "new", self._key_file, "--offer", offer, *network, *place)
        called = str(self.stage.run(self.service, "person", "enrol", offer)["person"])
        self.stage.line(f"{self.person} signs by a key of its own, as {called}: no vote, its own consents")
        return called

    def _forge(self, credential: str, now: int) -> None:
        """A service shows a credential with another purpose than the one that was signed."""
        head, _, sign = credential.split(".")
        wish = Wish(_did(self.service), f"{self.service}/{DATASET}", [OTHER], now, now + DAY)
        body = issue(self._key(self.service, self.person), wish).split(".")[1]
        try:
            check(f"{head}.{body}.{sign}", _did(self.service), now)
        except CredentialError as error:
            what = f"{self.service} puts {OTHER} into a person's credential"
            self.stage.catch(what, "whoever checks it", str(error))
            return
        raise StoryFailed("a forged credential was taken")

    def _key(self, service: str, person: str) -> SigningKey:
        seed = f"{self.stage.asked.seed} {service} {person}".encode()
        return SigningKey(tagged("consortia/story/person", self.stage.network + seed))

    @property
    def _key_file(self) -> str:
        return str(self._file("person.key.json"))

    @property
    def _slip(self) -> str:
        return str(self._file(PAPERS) / "slip.json")

    def _file(self, name: str) -> Path:
        return self.stage.folder / name

    def train(
        self, name: str, retries: int = 3, private: Private | None = None, items_max: int = ITEMS_MAX
    ) -> Recommender:
        """A study of all three: the pairs of items, the choice of the ridge, the model."""
        lead = self.service
        study = self.stage.ledger(lead).training.propose(
            name,
            data=DATASET,
            label=tasks.WANTED,
            recipe=tasks.RECIPE,
            parameters={"items_max": items_max},
            purpose=PURPOSE,
            private=private,
            members=self.stage.names,
            retries=retries,
            times=TIMES,
        )
        self.stage.settle()  # so that every service's node knows the study
        for service in self.stage.names:
            self.stage.ledger(service).training.get(study.id).join(DATASET)
        state = study.start().wait().view().progress.state
        model = self.stage.client(lead).blob(state, PURPOSE)
        self._file(f"{name}.model").write_bytes(model)
        found = Recommender(model)
        self.stage.line(
            f"study {name}: {found.model.people} people, {len(self.people.catalogue)} items; "
            f"ridge strength {found.model.choice + 1} of {len(found.model.scores)} foretells best"
        )
        return found

    def sums(self, name: str) -> Words:
        """What every member sees of a finished study: its first sums of pairs."""
        study = self.stage.ledger(self.service).training.get(name)
        client = self.stage.client(self.service)
        second = client.ask("training.round", study=study.id, index=1, attempt=None).round
        return sums_in(client.blob(second.state, PURPOSE))

    def guard(self, private: Private, items_max: int) -> Recommender:
        """The services declare a budget on the ledger, and add up with noise that keeps to it; once."""
        for service in self.stage.names:
            self.stage.run(service, "asset", "budget", DATASET, "--epsilon", str(private.epsilon))
        found = self.train("guarded", private=private, items_max=items_max)
        cost = self.stage.ledger(self.service).training.get("guarded").cost()
        told = epsilon(cost.charged, private.delta)
        self.stage.line(
            f"each service limits what may be told of its people to epsilon {private.epsilon:g}; the ledger "
            f"charged {told:.2f} for the study's noisy sums"
        )
        return found

    def overspend(self, private: Private, items_max: int) -> None:
        """Another study of the kind would tell more than the limit allows."""
        try:
            self.train("greedy", private=private, items_max=items_max)
        except (TransactionRefused, CannotJoin) as error:
            what = "somebody wants as much again to be told of the same people"
            self.stage.catch(what, "the ledger", str(error).splitlines()[0])
            return
        raise StoryFailed("more was told than the limit allows")

    def recommend(self) -> None:
        """On the person's own device: what to take next, and why; by the command that people have."""
        own = list(self.before(self.service)[self.person])
        self._file("items.catalogue").write_text("\n".join(self.people.catalogue) + "\n", encoding="utf-8")
        self._file("own.items").write_text("\n".join(own) + "\n", encoding="utf-8")
        files = (str(self._file("first.model")), "--catalogue", str(self._file("items.catalogue")))
        said = self.stage.apart("personal", "recommend", *files, "--own", str(self._file("own.items")))
        for one in said["recommended"][:3]:
            self.stage.line(
                f"{self.person}: {one['item']}, because of {', '.join(one['because']) or 'nothing'}"
            )

    def look(self) -> None:
        """Another service asks for the person's records, for its purpose and beyond; the person sees it."""
        other, slip = self.stage.names[1], self.slips[f"{self.service}/{self.person}"]
        asks = (
            "consent",
            "ask",
            f"{self.service}/{DATASET}",
            slip.subject.hex(),
            "--request",
            "what was taken",
        )
        self.stage.run(other, *asks, "--purpose", PURPOSE)
        said = self.stage.refused(other, *asks, "--purpose", OTHER).splitlines()[0]
        self.stage.catch(
            f"{other} asks for a person's records for {OTHER}", "the ledger", said.removeprefix("error: ")
        )
        lines = self.stage.run(other, "personal", "uses", self._slip)["uses"]
        if {one["purpose"] for one in lines} != {PURPOSE} or len(lines) < 2:
            raise StoryFailed(f"the person's log has other uses than what was done: {lines}")
        for one in lines:
            self.stage.line(f"{self.person} sees: {one['member']}, {one['purpose']}, {one['what']}")
        whose = ("--person", self.person, "--slip", self._slip, "--out", str(self._file("export.json")))
        catalogue = ("--catalogue", str(self._file("items.catalogue")))
        held = self.stage.run(self.service, "personal", "export", DATASET, *whose, *catalogue)
        self.stage.line(
            f"{self.service} hands {self.person} all that it has: {held['items']} items, export.json"
        )

    def leave(self) -> Path:
        """The person withdraws by its own key, through another service; its own goes on without it.

        A study that differs from the last by that alone is not summed: its sum less the other's would be the
        person. Once people of all the others changed too, it is.
        """
        other, proof = self.stage.names[2], self._file("personal.proof")
        self._meddle(other)
        own = ("--slip", self._slip, "--key", self._key_file)
        self.stage.run(other, "consent", "withdraw", *own, "--purpose", PURPOSE)
        done = self.stage.ledger(self.service).consent.withdraw(DATASET, self.person, [PURPOSE])
        self.left.add(self.person)
        self.stage.line(
            f"{self.person} withdraws through {other}; {self.service} has version {done.version} now"
        )
        self._hasten()
        for service in self.stage.names[1:]:
            also = next(iter(self.people.services[service]))
            self.stage.ledger(service).consent.withdraw(DATASET, also, [PURPOSE])
            self.left.add(also)
            self.stage.line(f"{also} withdraws too, from {service}")
        return proof

    def _meddle(self, other: str) -> None:
        """A service that saw the person's slip withdraws in its place, by a key of the service's."""
        try:
            slip = self.slips[f"{self.service}/{self.person}"]
            self.stage.ledger(other).consent.withdraw_by_slip(slip, [PURPOSE])
        except TransactionRefused as error:
            self.stage.catch(f"{other} withdraws by the slip of {self.person}", "the ledger", error.code)
            return
        raise StoryFailed("a slip ended a consent without the key of its person")

    def _hasten(self) -> None:
        """The services add up again when nothing but that one person changed."""
        try:
            self.train("hasty", retries=0)
        except StudyEnded as error:
            what = "the three add up again at once, with nothing changed but the one person"
            self.stage.catch(what, "the ledger", str(error))
            return
        raise StoryFailed("two sums that differ by one member's people alone were both made")

    def erase(self) -> None:
        """The service destroys what it has of the person: no salt is left to show anything by."""
        whose = ("--subject", self.person, "--yes")
        done = self.stage.run(self.service, "asset", "erase", DATASET, *whose)
        self.stage.line(f"{self.service} erases {self.person}: {done['records']} records are left")

    def show(self, proof: Path) -> None:
        """An outsider checks: the person is in the version that the first study read, not in the second's."""
        self.stage.settle()
        ledger, entry = self.stage.ledger(self.service), self.stage.client(self.service).proof_of_state
        versions = [
            next(
                one.part.version
                for one in ledger.training.get(name).view().parts
                if one.member == self.service
            )
            for name in ("first", "second")
        ]
        for version, expected in zip(versions, (True, False), strict=True):
            made, there = ledger.consent.prove(DATASET, self.person, entry, version)
            if there is not expected:
                raise StoryFailed(f"{self.person} is {'' if there else 'not '}in version {version}")
            proof.write_bytes(made)
            verdict = self.stage.outside(proof)
            if not verdict["ok"]:
                raise StoryFailed(f"an outsider refuses the proof at step {verdict['failed']}")
        self.stage.line(
            f"checked offline: {self.person} is in version {versions[0]}, which the first study read, and "
            f"not in version {versions[1]}, which the second read"
        )


def _did(service: str) -> str:
    return f"did:web:{service}.example"
