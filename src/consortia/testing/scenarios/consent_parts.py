"""What the scenarios of consent are put together from: a data set of forty people, and their consents."""

from dataclasses import dataclass
from functools import lru_cache

from consortia.base import setcommit
from consortia.base.times import DAY
from consortia.modules.assets.messages import NewVersion
from consortia.modules.assets.types import Rights
from consortia.modules.consent import messages as asked
from consortia.modules.consent.rules import slip_of
from consortia.testing.machine import Bench
from consortia.testing.scenarios.assets import dataset, digest, registered, right

PURPOSE = "research"
SHARED = Rights(process=right(("north", PURPOSE)), download=right(("east", PURPOSE), ("north", PURPOSE)))


def subject(number: int) -> bytes:
    """The key of a person."""
    return digest(f"person {number}")


def secret(number: int) -> bytes:
    """What the person was handed."""
    return digest(f"secret of person {number}")


@lru_cache
def people(count: int = 40, gone: int | None = None) -> dict[bytes, bytes]:
    """The entries of so many people's rows, `gone`'s left out."""
    return {subject(each): digest(f"rows of {each}") for each in range(count) if each != gone}


def given(*numbers: int, expires: int, purposes: tuple[str, ...] = (PURPOSE,)) -> tuple[asked.Given, ...]:
    """The consents of these people, sorted by subject."""
    found = [asked.Given(subject(each), purposes, expires, slip_of(secret(each))) for each in numbers]
    return tuple(sorted(found, key=lambda each: each.subject))


@dataclass(frozen=True, slots=True)
class Clinic:
    """North's data set under consent."""

    bench: Bench
    id: bytes

    def give(self, *numbers: int, expires: int | None = None, **fields: object) -> asked.Give:
        """What records the consents of these people, for thirty days by default."""
        end = self.bench.time + 30 * DAY if expires is None else expires
        return asked.Give(self.id, given(*numbers, expires=end, **fields))  # type: ignore[arg-type]

    def withdraw(self, number: int = 7, secret: bytes | None = None) -> asked.Withdraw:
        """What ends a person's consent."""
        return asked.Withdraw(self.id, subject(number), (PURPOSE,), secret)

    def cover(
        self, start: bytes = bytes(32), most: int = 900, version: int = 1, gone: int | None = None
    ) -> asked.Cover:
        """What shows the part of a version that begins at `start`."""
        siblings, entries = setcommit.part(people(gone=gone), start, most)
        return asked.Cover(self.id, version, PURPOSE, siblings, entries)

    def access(self, number: int = 7) -> asked.Access:
        """What asks for a person's records."""
        return asked.Access(self.id, subject(number), PURPOSE, digest("the blood counts"))

    def break_glass(self, number: int = 7) -> asked.BreakGlass:
        """What asks for a person's records in an emergency."""
        return asked.BreakGlass(self.id, subject(number), digest("unconscious, allergies unknown"))


def registers(bench: Bench, name: str = "patients", **fields: object) -> bytes:
    """North registers the data set of forty people."""
    usual = {"commitment": setcommit.root(people()), "count": 80, "subjects": 40, "rights": SHARED}
    return registered(bench, dataset(name, **(usual | fields)))


def clinic(bench: Bench) -> Clinic:
    """North's data set under consent, before anybody was asked."""
    found = Clinic(bench, registers(bench))
    bench.ok("north", "operator", asked.Require(found.id))
    return found


def asked_all(bench: Bench) -> Clinic:
    """North's data set, to which everybody consented."""
    found = clinic(bench)
    bench.ok("north", "operator", found.give(*range(40)))
    return found


def covered(bench: Bench) -> Clinic:
    """North's data set, the first version of which is covered."""
    found = asked_all(bench)
    bench.ok("north", "worker", found.cover())
    return found


def without(found: Clinic, gone: int) -> None:
    """North registers the version without this person."""
    root = setcommit.root(people(gone=gone))
    found.bench.ok("north", "worker", NewVersion(found.id, root, 78, 39, digest("schema")))
